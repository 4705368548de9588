"""A station at the line: triggers come in, pictures are judged, answers go out."""

from kenpin.line.check import check_line
from kenpin.line.line import run_line
from kenpin.line.map_of_words import WordMap, word_maps
from kenpin.line.service import unit_file
from kenpin.line.settings import LineSettings
from kenpin.line.simulate import Simulated, make_demo, simulate
