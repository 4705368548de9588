"""Drawn pictures whose truth is known: terminals, shapes, harnesses, defects."""

from kenpin.drawn.defects import SIMULATED, simulate
from kenpin.drawn.harness import HarnessDrawing, draw_harness
from kenpin.drawn.harness_defects import HARNESS_DEFECTS
from kenpin.drawn.like_good import drawn_like
from kenpin.drawn.marks import spot_at
from kenpin.drawn.shapes import SHAPES27, shapes16, shapes27
from kenpin.drawn.terminals import TERMINAL_DEFECTS, Drawing, draw_terminals
