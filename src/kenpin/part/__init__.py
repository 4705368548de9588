"""What was learned about one part, its file, and how it is told in words."""

from kenpin.part.bundle import Bundle, describe
from kenpin.part.file import hash_of_file, is_part
from kenpin.part.in_words import (
    depth_in_words,
    depth_lines,
    how_held_out,
    judge_in_words,
    looks_like,
    ng_in_words,
    promise,
    promise_spread,
    sight_in_words,
    sizes_in_words,
)
from kenpin.part.kept import LabelJudge, Provenance, Sight
from kenpin.part.shown_reconstruction import SHOWN_LONGEST, ShownReconstruction, learn_shown
