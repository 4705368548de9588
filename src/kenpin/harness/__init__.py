"""Wire harnesses: what never lies twice in the same place, followed and laid straight."""

from kenpin.harness.harness import Harness, check_installed, end_named, line_named
from kenpin.harness.pattern import TRUNK
from kenpin.harness.reading import LEAST, Measure, Reading
from kenpin.harness.sheet import Row
from kenpin.harness.strips import GREY
from kenpin.harness.tips import TIP, tip_of, unlike
