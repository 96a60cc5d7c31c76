"""Checking in double precision what was handed over in single, where the subject lets itself be cast."""

import copy
from typing import Any

import numpy as np

from gradcheck.checking.state.snapshot import ArrayPiece, State

_NARROW = (np.dtype(np.float32), np.dtype(np.float16))


def is_narrow(value: Any) -> bool:
    """Whether it is an array of single or half precision."""
    return isinstance(value, np.ndarray | np.floating) and value.dtype in _NARROW


def in_double(thing: Any, inputs: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]] | None:
    """A deep copy of a subject and its inputs in which every narrow array is float64, or None if it has no copy.

    Arrays that several attributes share are still shared in the copy.
    """
    state = State([thing, *inputs])
    arrays = [piece.array for piece in state.pieces if isinstance(piece, ArrayPiece) and is_narrow(piece.array)]
    memo: dict[int, Any] = {id(array): array.astype(np.float64) for array in arrays}
    for narrow in (np.float32, np.float16):
        memo |= {id(narrow): np.float64, id(np.dtype(narrow)): np.dtype(np.float64)}
    try:
        double = copy.deepcopy(thing, memo)
    except Exception:
        return None
    finally:
        state.restore()
    return double, tuple(value.astype(np.float64) if is_narrow(value) else value for value in inputs)
