"""Pictures in an idx file, such as MNIST's."""

import gzip
import io
import zlib

import numpy as np
from numpy.typing import NDArray

from kenpin.errors import DatasetError
from kenpin.sources.zip_file import MOST_BYTES
from kenpin.text import Notice

IDX_SUFFIXES = ("-ubyte", "-ubyte.gz", ".idx", ".idx.gz")


def is_idx(name: str) -> bool:
    """Whether a file is called like an idx file."""
    return name.lower().endswith(IDX_SUFFIXES)


def read_idx(content: bytes, name: str) -> NDArray[np.uint8]:
    """The array of unsigned bytes in an idx file, packed by gzip or not; raises DatasetError.

    The format: two zero bytes, the kind of value, the number of axes, their lengths as 32-bit
    numbers, then the values (LeCun, Cortes and Burges, "The MNIST database").
    """
    try:
        if content[:2] == b"\x1f\x8b":
            content = _unpacked(content)
        if content[:3] != b"\0\0\x08":
            raise ValueError(Notice("idx_kind"))
        axes = content[3]
        shape = np.frombuffer(content, ">u4", axes, offset=4)
        values = np.frombuffer(content, np.uint8, offset=4 + 4 * axes)
        return values.reshape([int(length) for length in shape])
    except (ValueError, IndexError, OSError, EOFError, zlib.error) as error:
        raise DatasetError("idx_damaged", path=name, reason=error) from None


def _unpacked(content: bytes) -> bytes:
    with gzip.open(io.BytesIO(content)) as file:
        unpacked = file.read(MOST_BYTES + 1)
    if len(unpacked) > MOST_BYTES:
        raise ValueError(Notice("idx_large", limit=MOST_BYTES // 2**20))
    return unpacked
