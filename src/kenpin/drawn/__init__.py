"""Drawn pictures whose truth is known: terminals, shapes, defects."""

from kenpin.drawn.defects import SIMULATED, simulate
from kenpin.drawn.like_good import drawn_like
from kenpin.drawn.marks import spot_at
from kenpin.drawn.shapes import SHAPES27, shapes16, shapes27
from kenpin.drawn.terminals import TERMINAL_DEFECTS, Drawing, draw_terminals
