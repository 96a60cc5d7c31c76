"""The gradient once more, by autograd: the same code, run with autograd's NumPy in place of NumPy."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import CellType, FunctionType, ModuleType
from typing import Any

import numpy as np


def autograd_gradient(f: Callable[..., Any], point: Mapping[str, Any], name: str) -> Any:
    """∂f/∂name at `point` by autograd, or None where the code cannot be run with it."""
    if not isinstance(f, FunctionType):
        return None
    try:
        import autograd
        import autograd.numpy as anp
    except ImportError:
        return None
    ours = _with_numpy(f, anp, {})
    with np.errstate(all="ignore"), warnings.catch_warnings(), suppress(Exception):  # it cannot do everything
        warnings.simplefilter("ignore")
        return autograd.grad(lambda x: ours(**{**point, name: x}))(point[name])
    return None


def _with_numpy(f: FunctionType, numpy: ModuleType, done: dict[int, FunctionType]) -> FunctionType:
    """A copy of `f`, and of the functions of its module that it calls, that knows `numpy` as NumPy."""
    if id(f) in done:
        return done[id(f)]

    def other(value: Any) -> Any:
        if value is np:
            return numpy
        near = isinstance(value, FunctionType) and value.__module__ == f.__module__
        return _with_numpy(value, numpy, done) if near else value

    names = dict(f.__globals__)
    cells = tuple(CellType() for _ in f.__closure__ or ())
    done[id(f)] = copy = FunctionType(f.__code__, names, f.__name__, f.__defaults__, cells or None)
    copy.__kwdefaults__ = f.__kwdefaults__
    for mine, theirs in zip(cells, f.__closure__ or (), strict=True):
        mine.cell_contents = other(theirs.cell_contents)
    names.update({name: other(names[name]) for name in f.__code__.co_names if name in names})
    return copy
