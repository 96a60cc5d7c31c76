"""Checking in double precision what was handed over in single, where the subject lets itself be cast."""

import copy
from typing import Any

import numpy as np

from gradcheck.checking.state.snapshot import ArrayPiece, State

_NARROW = (np.dtype(np.float32), np.dtype(np.float16))
_FLOATS = (*_NARROW, np.dtype(np.float64))


def is_narrow(value: Any) -> bool:
    """Whether it is an array of single or half precision."""
    return isinstance(value, np.ndarray | np.floating) and value.dtype in _NARROW


def in_double(thing: Any, inputs: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]] | None:
    """A deep copy of a subject and its inputs in which every narrow array is float64, or None if it has no copy.

    Arrays that several attributes share are still shared in the copy.
    """
    try:
        return in_dtype(np.dtype(np.float64), thing, inputs, of=_NARROW)
    except Exception:
        return None


def in_dtype(
    dtype: "np.dtype[Any]", thing: Any, inputs: tuple[Any, ...], of: tuple["np.dtype[Any]", ...] = _FLOATS
) -> tuple[Any, tuple[Any, ...]]:
    """A deep copy of a subject and its inputs in which every array of certain types is of this one."""

    def is_meant(value: Any) -> bool:
        return isinstance(value, np.ndarray | np.floating) and value.dtype in of

    def cast(value: Any) -> Any:
        if isinstance(value, dict | list | tuple):
            return copy.deepcopy(value, memo)
        return value.astype(dtype) if is_meant(value) else value

    state = State([thing, *inputs])
    arrays = [piece.array for piece in state.pieces if isinstance(piece, ArrayPiece) and is_meant(piece.array)]
    memo: dict[int, Any] = {id(array): array.astype(dtype) for array in arrays}
    for other in of:
        memo |= {id(other.type): dtype.type, id(other): dtype}
    try:
        return copy.deepcopy(thing, memo), tuple(cast(x) for x in inputs)
    finally:
        state.restore()
