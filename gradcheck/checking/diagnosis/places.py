"""Where in an array some entries lie, in words."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


LONGEST = 128
"""Slices of longer axes are not looked at one by one."""


def said_of_places(where: Array) -> str:
    """A clause on the places of some entries, beginning with a colon; empty where there is nothing to say.

    Examples
    --------
    >>> said_of_places(np.array([[True, True], [False, False]]))
    ': all of them, and nothing else, in row 0'
    >>> said_of_places(np.eye(3, dtype=bool))
    ': all of them, and nothing else, on the diagonal'
    """
    for phrase, mask in places(where.shape):
        if np.array_equal(where, mask):
            return f": all of them, and nothing else, {phrase}"
    for phrase, mask in places(where.shape):
        if not np.any(where & ~mask):
            return f": all of them {phrase}"
    return ""


def places(shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:  # noqa: PLR0912 - a list, not a maze
    """Regions of an array that have a name: single slices, diagonals, borders, halves."""
    index = np.indices(shape)
    for axis, n in enumerate(shape):
        names = _axis_name(axis, len(shape))
        for i in range(n if 1 < n <= LONGEST else 0):
            last = f" (the last of {n})" if i == n - 1 else ""
            yield f"in {names} {i}{last}", index[axis] == i
    if len(shape) >= 2:
        for axis, n in enumerate(shape):
            if n > 2:
                yield f"everywhere but in {_axis_name(axis, len(shape))} 0", index[axis] > 0
                yield f"everywhere but in the last {_axis_name(axis, len(shape))}", index[axis] < n - 1
    if len(shape) == 2 and min(shape) > 1:
        row, column = index
        yield "on the diagonal", row == column
        yield "off the diagonal", row != column
        yield "above the diagonal", column > row
        yield "below the diagonal", column < row
    if len(shape) >= 2 and min(shape[-2:]) > 2:
        border = np.zeros(shape, bool)
        for axis in (-2, -1):
            border |= (index[axis] == 0) | (index[axis] == shape[axis] - 1)
        yield "along the border of the last two axes", border
        yield "inside, off the border of the last two axes", ~border
    for axis, n in enumerate(shape):
        for i in range(2, n - 1 if n <= LONGEST else 0):
            yield f"from {_axis_name(axis, len(shape))} {i} on", index[axis] >= i
            yield f"before {_axis_name(axis, len(shape))} {i}", index[axis] < i
        for step in (2, 3):
            if n > 2 * step:
                for start in range(step):
                    yield (
                        f"in every {['', '', 'second', 'third'][step]} {_axis_name(axis, len(shape))} from {start} on",
                        (index[axis] % step == start),
                    )


def _axis_name(axis: int, ndim: int) -> str:
    if ndim == 1:
        return "entry"
    if ndim == 2:
        return ("row", "column")[axis]
    if ndim == 4 and axis == 1:
        return "channel"
    return f"slice (along axis {axis})"
