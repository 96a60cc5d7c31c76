"""Elementwise functions of several steps, taken over pieces that stay in the cache.

NumPy takes each step over the whole array before the next, so a large array goes to memory and back at every step. Over
pieces of 64 KB the steps in between stay close to the processor, which makes a large array several times faster.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from gradcheck.analytic.validation import Array

PIECE = 1 << 16
"""Bytes: small enough for the second cache with all that is in between, large enough to hide the cost of a call."""

Result = TypeVar("Result", Array, tuple[Array, Array])


def in_blocks(function: Callable[..., Result]) -> Callable[..., Result]:
    """Makes a function of arrays of one shape, whose results have that shape, go through them piece by piece.

    Keyword arguments are passed on as they are.

    >>> @in_blocks
    ... def cube(x):
    ...     return x * x * x
    >>> cube(np.array([1.0, 2.0]))
    array([1., 8.])
    """

    @wraps(function)
    def whole(*arrays: Array, **options: Any) -> Result:
        shape, size, length = arrays[0].shape, arrays[0].size, PIECE // arrays[0].itemsize
        if size <= length:
            return function(*arrays, **options)
        flat = [array.reshape(size) for array in arrays]
        results: tuple[Array, ...] = ()
        for start in range(0, size, length):
            piece = slice(start, start + length)
            found = function(*[array[piece] for array in flat], **options)
            parts = found if isinstance(found, tuple) else (found,)
            results = results or tuple(np.empty(size, part.dtype) for part in parts)
            for result, part in zip(results, parts, strict=True):
                result[piece] = part
        shaped = tuple(result.reshape(shape) for result in results)
        return shaped if len(shaped) > 1 else shaped[0]  # type: ignore[return-value]  # as many as the function gives

    return whole
