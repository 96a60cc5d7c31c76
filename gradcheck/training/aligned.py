"""Arrays that begin on a line of the cache, where the widest instructions take 64 bytes at once.

NumPy promises multiples of 16 bytes. An operation on three arrays that all begin on such a line takes a tenth less
time, or a fifth; what comes out is the same to the last bit.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

LINE = 64  # bytes


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """An array to be filled in, the first entry of which begins a line of the cache.

    >>> aligned_empty((2, 3), np.dtype(np.float32)).ctypes.data % 64
    0
    """
    size = prod(shape) * dtype.itemsize
    room = np.empty(size + LINE, np.uint8)
    start = -room.__array_interface__["data"][0] % LINE
    return room[start : start + size].view(dtype).reshape(shape)


def aligned_copy(array: NDArray[Any]) -> NDArray[Any]:
    """The same numbers in an array that begins a line of the cache."""
    copy = aligned_empty(array.shape, array.dtype)
    copy[...] = array
    return copy
