"""Indices of traced arrays: positions are constant, so whatever says where something stands becomes plain numbers."""

from __future__ import annotations

from typing import Any

import numpy as np


def plain_index(index: Any) -> Any:
    """An index made of plain numbers, slices and arrays; a mask, which is constant near a point, as positions."""
    if isinstance(index, tuple):
        parts = [plain_index(i) for i in index]
        return tuple(j for i in parts for j in (i if isinstance(i, tuple) else (i,)))
    traced = hasattr(index, "as_position")
    value = index.value if traced else index
    if isinstance(value, list | np.ndarray) and np.asarray(value).dtype == bool and np.ndim(value):
        places = np.nonzero(value)
        return places if len(places) > 1 else places[0]
    return index.as_position() if traced else index


def is_position(index: Any) -> bool:
    """Whether `index` is made of whole numbers only, like [0] and [0, 1]."""
    return all(isinstance(i, int | np.integer) and not isinstance(i, bool) for i in as_tuple(index))


def as_tuple(index: Any) -> tuple[Any, ...]:
    """An index with one part for each axis it is about."""
    return index if isinstance(index, tuple) else (index,)


def has_arrays(index: Any) -> bool:
    """Whether some positions are listed one by one, and so may come twice or not at all."""
    return any(isinstance(i, np.ndarray | list) for i in as_tuple(index))
