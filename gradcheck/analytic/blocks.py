"""Elementwise functions of several steps, taken over pieces that stay in the cache.

NumPy takes each step over the whole array before the next, so a large array goes to memory and back at every step. Over
pieces the steps in between stay close to the processor, and each step writes where the last one has read: into `out`.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from gradcheck.analytic.validation import Array

PIECE = 1 << 17
"""Bytes: small enough for the second cache with all that is in between, large enough to hide the cost of a call."""


def in_blocks(function: Callable[..., None]) -> Callable[..., Array]:
    """Makes of ``function(*arrays, out)``, which fills `out` in, one that returns it, and goes through pieces.

    All arrays have one shape; `out` has it too, and the dtype of the first. Keyword arguments are passed on as they
    are.

    >>> @in_blocks
    ... def cube(x, out):
    ...     np.multiply(x, x, out=out)
    ...     out *= x
    >>> cube(np.array([1.0, 2.0]))
    array([1., 8.])
    """

    @wraps(function)
    def whole(*arrays: Array, **options: Any) -> Array:
        out = _like(arrays[0])
        _through(function, (*arrays, out), options)
        return out

    return whole


def pair_in_blocks(function: Callable[..., None]) -> Callable[..., tuple[Array, Array]]:
    """The same for ``function(*arrays, first, second)``, which fills two arrays in."""

    @wraps(function)
    def whole(*arrays: Array, **options: Any) -> tuple[Array, Array]:
        first, second = _like(arrays[0]), _like(arrays[0])
        _through(function, (*arrays, first, second), options)
        return first, second

    return whole


def _like(x: Array) -> Array:
    """An array of its shape and dtype to fill in, in reading order, so that it can be taken apart."""
    return np.empty(x.shape, x.dtype)


def _through(function: Callable[..., None], arrays: tuple[Array, ...], options: dict[str, Any]) -> None:
    size, length = arrays[0].size, PIECE // arrays[0].itemsize
    if size <= length:
        function(*arrays, **options)
        return
    flat = [array.reshape(size) for array in arrays]
    for start in range(0, size, length):
        function(*[array[start : start + length] for array in flat], **options)
