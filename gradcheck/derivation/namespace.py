"""The same code with another NumPy: a function's copy in which ``np`` means something else.

So autograd can run code that was written for plain NumPy; and ``np.array([w1, w2])``, which would make plain numbers of
traced values before anyone is asked, can stack them instead, and ``np.zeros(3)`` can be an array to write them into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import CellType, CodeType, FunctionType
from typing import Any

import numpy as np

from gradcheck.derivation.filled import Filled
from gradcheck.derivation.untraced import is_installed
from gradcheck.derivation.value import Traced


def with_numpy(f: FunctionType, numpy: Any) -> FunctionType:
    """A copy of `f`, and of the user's functions that it calls, that knows `numpy` as NumPy."""
    return _copied(f, numpy, {})


def _copied(f: FunctionType, numpy: Any, done: dict[int, FunctionType]) -> FunctionType:
    if id(f) in done:
        return done[id(f)]

    def other(value: Any) -> Any:
        if value is np:
            return numpy
        near = isinstance(value, FunctionType) and (value.__module__ == f.__module__ or not is_installed(value))
        return _copied(value, numpy, done) if near else value

    names = dict(f.__globals__)
    cells = tuple(CellType() for _ in f.__closure__ or ())
    done[id(f)] = copy = FunctionType(f.__code__, names, f.__name__, f.__defaults__, cells or None)
    copy.__kwdefaults__ = f.__kwdefaults__
    copy.__dict__.update(f.__dict__)
    for mine, theirs in zip(cells, f.__closure__ or (), strict=True):
        mine.cell_contents = other(theirs.cell_contents)
    names.update({name: other(names[name]) for name in _names(f.__code__) if name in names})
    return copy


def _names(code: CodeType) -> Iterator[str]:
    """The names a code looks up, also in the functions it defines."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


_REDUCTIONS = ("sum", "mean", "prod", "max", "min", "amax", "amin", "var", "std", "median")


def _of_lists(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, also of a list with traced values in it."""
    return lambda *args, **options: function(*(_joined(x) if _is_traced_list(x) else x for x in args), **options)


def _is_traced_list(x: Any) -> bool:
    return isinstance(x, list | tuple) and _has_traced(x)


class TracedNumPy:
    """NumPy, but `array` joins traced values to one, and what `zeros` and its like make can be filled with them."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(np, name)
        return _of_lists(function) if name in _REDUCTIONS else function

    def array(self, values: Any, *args: Any, **options: Any) -> Any:
        """The values as one array: numbers as always, traced ones stacked, a traced array copied."""
        return np.copy(values) if isinstance(values, Traced) else self.asarray(values, *args, **options)

    def asarray(self, values: Any, *args: Any, **options: Any) -> Any:
        """The same, but what is a traced array stays what it is."""
        return _joined(values) if _has_traced(values) else np.array(values, *args, **options)

    def ascontiguousarray(self, values: Any, *args: Any, **options: Any) -> Any:
        """The same: how an array lies in memory is no matter here."""
        return self.asarray(values, *args, **options)

    def zeros(self, *args: Any, **options: Any) -> Any:
        """As in NumPy; floats may be filled with traced values."""
        return _fillable(np.zeros(*args, **options))

    def empty(self, *args: Any, **options: Any) -> Any:
        """As in NumPy, but with zeros."""
        return _fillable(np.zeros(*args, **options))

    def ones(self, *args: Any, **options: Any) -> Any:
        """As in NumPy; floats may be filled with traced values."""
        return _fillable(np.ones(*args, **options))

    def full(self, *args: Any, **options: Any) -> Any:
        """As in NumPy; floats may be filled with traced values."""
        return _fillable(np.full(*args, **options))

    def zeros_like(self, x: Any, *args: Any, **options: Any) -> Any:
        """As in NumPy; floats may be filled with traced values."""
        return _fillable(np.zeros_like(x, *args, **options))

    def empty_like(self, x: Any, *args: Any, **options: Any) -> Any:
        """As in NumPy, but with zeros."""
        return _fillable(np.zeros_like(x, *args, **options))


class WideNumPy:
    """NumPy, but the floats of every new array are double: what single ones round off would drown a difference."""

    def __getattr__(self, name: str) -> Any:
        if name in ("float32", "float16", "single", "half"):
            return np.float64
        return _widened(getattr(np, name)) if name in _MAKERS else getattr(np, name)


_MAKERS = ("array", "asarray", "zeros", "empty", "ones", "full", "zeros_like", "empty_like", "ones_like", "full_like")


def _widened(make: Callable[..., Any]) -> Callable[..., Any]:
    def wide(*args: Any, **options: Any) -> Any:
        made = make(*args, **options)
        return made.astype(float) if made.dtype.kind == "f" and made.dtype != float else made

    return wide


def _fillable(array: Any) -> Any:
    is_plain = isinstance(array, np.ndarray) and array.ndim > 0 and array.dtype.kind == "f"
    return Filled(Traced(array.astype(float))) if is_plain else array


def _has_traced(values: Any) -> bool:
    if isinstance(values, list | tuple):
        return any(map(_has_traced, values))
    return isinstance(values, Traced)


def _joined(values: Any) -> Any:
    if isinstance(values, list | tuple):
        return np.stack([x if isinstance(x, Traced) else Traced(np.asarray(x, float)) for x in map(_joined, values)])
    return values
