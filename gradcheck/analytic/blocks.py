"""Elementwise functions of several steps, taken over pieces that stay in the cache.

NumPy takes each step over the whole array before the next, so a large array goes to memory and back at every step. Over
pieces the steps in between stay close to the processor, and each step writes where the last one has read: into `out`.
"""

from collections.abc import Callable, Iterator
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
        for pieces in _pieces((*arrays, out), PIECE // out.itemsize):
            function(*pieces, **options)
        return out

    return whole


def pair_in_blocks(scratch: int) -> Callable[[Callable[..., None]], Callable[..., tuple[Array, Array]]]:
    """The same for ``function(*arrays, first, second, scratch)``, which fills two arrays in.

    `scratch` (rows, entries of a piece) is for what is in between, so many rows of it: to ask for memory anew at each
    piece takes longer than to fill it. With so much in between, the pieces are half as long.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., tuple[Array, Array]]:
        @wraps(function)
        def whole(*arrays: Array, **options: Any) -> tuple[Array, Array]:
            x = arrays[0]
            first, second, length = _like(x), _like(x), PIECE // (2 * x.itemsize)
            rows = np.empty((scratch, min(x.size, length)), x.dtype)
            for pieces in _pieces((*arrays, first, second), length):
                function(*pieces, rows[:, : pieces[0].size], **options)
            return first, second

        return whole

    return decorate


def _like(x: Array) -> Array:
    """An array of its shape and dtype to fill in, in reading order, so that it can be taken apart."""
    return np.empty(x.shape, x.dtype)


def _pieces(arrays: tuple[Array, ...], length: int) -> Iterator[list[Array]]:
    """The same stretch of each of these arrays, of at most so many entries."""
    flat = [array.reshape(arrays[0].size) for array in arrays]  # also of a single number, which could not be filled in
    for start in range(0, arrays[0].size, length):
        yield [array[start : start + length] for array in flat]
