"""From a picture as it is given to what models are shown, and the way back."""

from kenpin.prepare.brought_back import in_picture
from kenpin.prepare.depth import Depth, learn_depth, white_of
from kenpin.prepare.geometry import (
    Map,
    as_bytes,
    as_option,
    distorts,
    fitting_size,
    from_rectangle,
    in_pixels,
    rectangle_of,
    reduced,
    region_through,
    resize,
    scaling,
)
from kenpin.prepare.learn_preparation import (
    ignoring,
    learn_compression,
    learn_overview_alignment,
    learn_standard,
)
from kenpin.prepare.light import LEAST, MOST, MOST_TINT, REACH, Light
from kenpin.prepare.preparation import Mask, Preparation, Prepared, check_places
from kenpin.prepare.tiles import MOST_TILES, tiles_over
from kenpin.prepare.windows import propose_windows
