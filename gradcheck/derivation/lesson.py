"""`lesson`: for a gradient that a check found wrong, the derivation of its worst entry up to the step that is wrong.

A check knows numbers; here the subject is asked once more, by the conventions in which most are written, for its own
gradient at the point of the check, and that is held against the derivation of its forward.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import FunctionType
from typing import Any

import numpy as np

from gradcheck.derivation.depart import depart
from gradcheck.derivation.derivation import Derivation
from gradcheck.derivation.layers import LayerFunction, is_layer
from gradcheck.derivation.namespace import TracedNumPy, with_numpy
from gradcheck.derivation.value import Traced

_LARGEST = 100_000  # numbers in all; what is larger is no lesson


def lesson(
    subject: Any,
    *inputs: Any,
    wrt: Iterable[str] = (),
    backward: Callable[..., Any] | None = None,
    grad: Callable[..., Any] | bool | None = None,
) -> Derivation | None:
    """Where the subject's own gradient departs from the derivation of its forward.

    Parameters
    ----------
    subject, *inputs, backward, grad
        As :func:`gradcheck.check` takes them.
    wrt : iterable of str
        The tensors whose gradients are wrong, the worst first; by default all there are.

    Returns
    -------
    Derivation or None
        With the `departure` of the first of them that has one; None where the code cannot be followed, or its gradient
        is right for the cotangent chosen here.

    Examples
    --------
    >>> found = lesson(lambda x: np.sum(np.sin(x) ** 2), np.array([0.3, 0.7]), grad=lambda x: 2 * np.sin(x))
    >>> found.departure.remark[1]["factor"]
    'cos(x)'
    """
    with suppress(Exception):  # whatever code in the hands of traced values may raise, a check has said what is wrong
        layer = subject if is_layer(subject) else Pair(subject, inputs, backward, grad)
        f = LayerFunction(layer, inputs, None, 0)
        if sum(np.size(value) for value in f.point.values()) > _LARGEST:
            return None
        wanted = [name for name in wrt if name in f.variables]
        for name in wanted or f.variables:
            found = _departed(layer, inputs, name, f.gradients().get(name))
            if found is not None:
                return found
    return None


def _departed(layer: Any, inputs: tuple[Any, ...], name: str, given: Any) -> Derivation | None:
    if given is None:
        return None
    with suppress(Exception):
        found = depart(layer, *inputs, wrt=name, given=given)
        return found if found.departure is not None and found.ok else None
    return None


class Pair:
    """A forward function with its backward, or a function with its gradient, as an object with both."""

    def __init__(self, f: Any, inputs: tuple[Any, ...], backward: Any, grad: Any) -> None:
        self.inputs, self._backward, self._grad = inputs, backward, grad
        self.cache: tuple[Any, ...] = ()
        traced = with_numpy(f, TracedNumPy()) if isinstance(f, FunctionType) else f

        @functools.wraps(f)
        def forward(*given: Any) -> Any:
            has_traced = any(isinstance(value, Traced) for value in given)
            returned = (traced if has_traced else f)(*given)
            if isinstance(returned, tuple) and not has_traced:
                self.cache = returned[1:]
            return returned

        self.forward = forward
        self.__dict__["__name__"] = getattr(f, "__name__", "f")

    def __deepcopy__(self, memo: Any) -> Pair:
        return self  # what forward leaves is read by the backward that follows

    def backward(self, dy: Any = 1.0) -> Any:
        """The gradients of the float inputs, in order."""
        given = [np.array(x) if isinstance(x, np.ndarray) else x for x in self.inputs]
        if self._grad is True:
            found = self.cache[0]
        elif self._grad is not None:
            found = self._grad(*given)
        else:
            found = self._backward(dy, *(self.cache or given[: self._takes() - 1]))
        return tuple(found.values()) if isinstance(found, dict) else found

    def _takes(self) -> int:
        return len(inspect.signature(self._backward).parameters)
