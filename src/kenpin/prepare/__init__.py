"""From the user's picture to what the model sees, and the way back."""

from kenpin.prepare.compression import compress
from kenpin.prepare.geometry import (
    as_option,
    distorts,
    fitting_size,
    in_pixels,
    rectangle_of,
    region_through,
    resize,
    scaling,
)
from kenpin.prepare.learned import (
    ignoring,
    learn_compression,
    learn_overview_alignment,
    learn_standard,
)
from kenpin.prepare.preparation import Preparation, Prepared, in_picture

__all__ = ["Preparation", "Prepared", "as_option", "compress", "distorts", "fitting_size",
           "ignoring", "in_picture", "in_pixels", "learn_compression", "learn_overview_alignment",
           "learn_standard", "rectangle_of", "region_through", "resize", "scaling"]  # fmt: skip
