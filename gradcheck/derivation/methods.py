"""What NumPy's ufuncs do besides being called: ``np.maximum.reduce``, ``np.add.accumulate``, ``np.multiply.outer``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.derivation.untraced import leave

_REDUCED: dict[np.ufunc, Callable[..., Any]] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
}
_ACCUMULATED: dict[np.ufunc, Callable[..., Any]] = {np.add: np.cumsum, np.multiply: np.cumprod}
_ADDED: dict[np.ufunc, Callable[[Any, Any], Any]] = {np.add: np.add, np.subtract: np.subtract}


def method(ufunc: np.ufunc, name: str, *inputs: Any, **options: Any) -> Any:
    """What ``ufunc.name(*inputs)`` gives, written with functions that are traced."""
    if name == "reduce":
        return _reduce(ufunc, *inputs, **options)
    if name == "accumulate" and ufunc in _ACCUMULATED and not options.keys() - {"axis"}:
        return _ACCUMULATED[ufunc](*inputs, **{"axis": 0, **options})
    if name == "outer" and not options:
        x, y = inputs
        return ufunc(x[(..., *[None] * np.ndim(y))], y)
    if name == "at" and ufunc in _ADDED and len(inputs) == 3 and hasattr(inputs[0], "add_at"):
        return inputs[0].add_at(inputs[1], inputs[2], _ADDED[ufunc])
    return leave(f"np.{ufunc.__name__}.{name}", "has no derivative rule", "write np.sum, np.max or np.prod")


def _reduce(ufunc: np.ufunc, x: Any, axis: Any = 0, keepdims: bool = False, **options: Any) -> Any:
    """Along the first axis by default, as NumPy's; of any ufunc of two arguments one entry after the other."""
    if options:
        leave(f"np.{ufunc.__name__}.reduce({', '.join(options)}=)", "has no derivative rule", "leave the option out")
    if ufunc in _REDUCED:
        return _REDUCED[ufunc](x, axis=axis, keepdims=keepdims)
    if not isinstance(axis, int) or keepdims:
        leave(f"np.{ufunc.__name__}.reduce over these axes", "has no derivative rule", "reduce one axis at a time")
    return functools.reduce(ufunc, np.moveaxis(x, axis, 0))
