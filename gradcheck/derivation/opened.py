"""A layer, a loss or a network whose computation runs on traced values: its own code, or its textbook's form.

The conversions at a layer's entrance would lose the trace. So the computation behind them, where there is one as
``_forward(x) -> (y, cache)``, takes the place of ``forward`` in a copy of the layer; and its methods get a NumPy in
which arrays can be filled with traced values (:mod:`gradcheck.derivation.namespace`).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from gradcheck.derivation.forms import form_of
from gradcheck.derivation.forms.networks import has_penalty, penalized_loss
from gradcheck.derivation.namespace import TracedNumPy, with_numpy
from gradcheck.derivation.value import Traced

_PLAIN = (str, bytes, int, float, complex, bool, type(None), np.ndarray, np.generic, np.dtype, type)


def open_up(layer: Any, forms: bool) -> set[str]:
    """Let every layer in `layer` run its computation without the conversions at the entrance.

    That is the textbook's form of it, where `forms` are wanted and there is one; the names of those are returned.
    """
    parts = [part for part in parts_of(layer) if callable(getattr(part, "forward", None)) or part is layer]
    numbers = itertools.count(1) if len(parts) > 1 else None
    used = set()
    for part in parts:
        form = form_of(part) if forms else None
        follow(part, TracedNumPy())
        if form is not None or _has_code(part):
            part.forward = _Opened(part, form, numbers)
            used |= {type(part).__name__} if form is not None else set()
        if forms and has_penalty(part):
            part.loss = functools.partial(penalized_loss, part)
    return used


def _has_code(part: Any) -> bool:
    """Whether its computation stands in ``_forward``, and a subclass has not written a forward of its own."""
    homes = [kind for kind in type(part).__mro__ if {"forward", "_forward"} & vars(kind).keys()]
    return bool(homes) and "_forward" in vars(homes[0])


def follow(part: Any, numpy: Any) -> None:
    """Let the methods of `part` know `numpy` as NumPy; those that Python itself calls stay as they are."""
    methods = {name: value for kind in reversed(type(part).__mro__) for name, value in vars(kind).items()}
    for name, method in methods.items():
        if isinstance(method, FunctionType) and not name.startswith("__") and name not in vars(part):
            setattr(part, name, MethodType(with_numpy(method, numpy), part))
        elif isinstance(method, staticmethod) and isinstance(method.__func__, FunctionType):
            setattr(part, name, with_numpy(method.__func__, numpy))


class _Opened:
    """The computation of a layer in place of its forward; `numbers` for the results within a network: y1, y2, ..."""

    def __init__(self, layer: Any, form: Any, numbers: Iterator[int] | None) -> None:
        self.layer, self.form, self.numbers = layer, form, numbers

    def __call__(self, x: Any, *more: Any) -> Any:
        if more:
            more = (self._targets(x, more[0]), *more[1:])
        y = self.form(self.layer, x, *more) if self.form is not None else self._code(x, *more)
        if self.numbers is not None and isinstance(y, Traced) and y.inputs and not y.name:
            y.name = f"y{next(self.numbers)}"
        return y

    def _code(self, x: Any, *more: Any) -> Any:
        values = self.layer._forward(x, *more)[0]
        reduction = getattr(self.layer, "reduction", "none") if more else "none"
        return np.mean(values) if reduction == "mean" else np.sum(values) if reduction == "sum" else values

    def _targets(self, x: Any, t: Any) -> Any:
        """The targets as a loss makes use of them: as they are given, or as rows made of them."""
        checked = getattr(type(self.layer), "_checked_targets", None)  # as it is, not as it would be followed
        if checked is None:
            return t
        scores, given = (np.asarray(a.value if isinstance(a, Traced) else a) for a in (x, t))
        used = checked(self.layer, scores, given)
        if np.array_equal(used, given):
            return t
        plain = given.dtype.kind in "iu" and bool(np.isin(used, (0, 1)).all())
        return Traced(used, name="one_hot" if plain else "targets")


def parts_of(layer: Any) -> list[Any]:
    """The layer and all objects it holds."""
    return list(_parts(layer, set()))


def _parts(thing: Any, seen: set[int], depth: int = 6) -> Iterator[Any]:
    """`thing` and the objects it holds, also in lists and dicts."""
    if id(thing) in seen or isinstance(thing, (*_PLAIN, Traced)) or depth < 0:
        return
    seen.add(id(thing))
    if isinstance(thing, Mapping):
        held: Iterable[Any] = thing.values()
    elif isinstance(thing, list | tuple | set):
        held = thing
    else:
        yield thing
        held = vars(thing).values() if hasattr(thing, "__dict__") else ()
    for part in list(held):
        yield from _parts(part, seen, depth - 1)
