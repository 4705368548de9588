"""Which pictures a person means, and one picture read safely."""

from kenpin.sources.contents import Labelled, LeftOut
from kenpin.sources.find import (
    files_of,
    find_good,
    find_good_of_labels,
    find_labelled,
    find_pictures,
    find_tested,
    is_picture_name,
    read_mask,
)
from kenpin.sources.idx_file import read_idx
from kenpin.sources.litter import is_litter
from kenpin.sources.picture import (
    MOST_PIXELS,
    SMALLEST_PICTURE,
    Header,
    PictureSource,
    Taken,
    check_bytes,
    encode,
    name_of,
    read_header,
    read_picture,
    take,
    write_png,
)
from kenpin.sources.picture_table import NAMES_OF_GOOD, Layout, PictureTable, read_table
from kenpin.sources.zip_file import ZipMember
