"""Everything a person may decide about a part."""

from kenpin.recipe.parse import parse_pixels, parse_rectangle, parse_seconds, parse_size
from kenpin.recipe.recipe import Recipe, with_windows_in
from kenpin.recipe.settings import (
    LARGEST_SIDE,
    MOST_FALSE_REJECT,
    SMALLEST_SIDE,
    AeSettings,
    CompressionSettings,
    DenseAeSettings,
    FeatureSettings,
    MtSettings,
    NetworkSettings,
    PcaSettings,
    Rectangle,
    RtSettings,
    Settings,
    VaeSettings,
)
