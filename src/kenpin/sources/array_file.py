"""A raw array in a .npy file, as NumPy writes it, read as a picture."""

import io

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from kenpin.text import Notice

MARK = npy.MAGIC_PREFIX
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def shape_of(content: bytes) -> tuple[int, ...]:
    """Of the array that a file with this beginning holds; raises ValueError."""
    return _header(io.BytesIO(content))[0]


def array_of(content: bytes) -> NDArray[np.generic]:
    """The array; raises ValueError when it is damaged or holds objects."""
    file = io.BytesIO(content)
    shape, dtype = _header(file)
    here = len(content) - file.tell()
    needed = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if dtype.hasobject or here < needed:
        raise ValueError(Notice("array_short", bytes=here, needed=needed))
    array: NDArray[np.generic] = np.load(io.BytesIO(content), allow_pickle=False)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _header(file: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    version = npy.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(Notice("array_version", version=".".join(map(str, version))))
    shape, _, dtype = _HEADERS[version](file)
    return shape, dtype
