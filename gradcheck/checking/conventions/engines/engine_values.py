"""The values of small autodiff engines: micrograd's ``Value``, DeZero's ``Variable``, a ``Tensor`` of one's own.

A value is an object with ``data``, ``grad`` and ``backward()``. With this file one can

* tell one, and find the class of an engine in the code that makes values from arrays (:func:`value_class`);
* make fresh leaves with other numbers in them (:func:`leaf`), and read numbers and gradients;
* find the values that a model holds, by name (:func:`held_values`).
"""

import copy
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from gradcheck.checking.conventions.frameworks.mentions import used_by
from gradcheck.checking.conventions.frameworks.trees import leaves
from gradcheck.checking.subject import Array, Parameter

_ELSEWHERE = ("torch", "jax", "jaxlib", "tensorflow", "numpy", "scipy", "autograd", "sklearn")


def is_value(thing: Any) -> bool:
    """Whether it is a value of a small autodiff engine."""
    kind = type(thing)
    if isinstance(thing, type) or kind.__module__.partition(".")[0] in _ELSEWHERE:
        return False
    return callable(getattr(kind, "backward", None)) and hasattr(thing, "data") and hasattr(thing, "grad")


def is_scalar(value: Any) -> bool:
    """Whether a value holds a plain number, as micrograd's does, rather than an array."""
    return isinstance(value.data, int | float | np.number)


def value_class(thing: Any) -> type | None:
    """The class of values that calling this object makes, where its ``__call__`` names one: DeZero's ``Function``."""
    if isinstance(thing, FunctionType | MethodType):
        return None
    call = next((vars(kind)["__call__"] for kind in type(thing).__mro__ if "__call__" in vars(kind)), None)
    return next((kind for kind in used_by(call) if _makes_values(kind)), None)


def mentioned(function: Any) -> list[Any]:
    """The values that a function's code leads to by the names in it, or the classes that make them."""
    used = list(used_by(function))
    held = [value for thing in used for value in [thing, *held_values(thing).values()] if is_value(value)]
    return held or [thing for thing in used if _makes_values(thing)]


def _makes_values(kind: Any) -> bool:
    if not isinstance(kind, type) or not callable(getattr(kind, "backward", None)) or hasattr(kind, "forward"):
        return False
    try:
        return is_value(kind(np.ones(1)))
    except Exception:  # whatever it makes, it is not made from an array alone
        return False


def leaf(number: Any, like: Any) -> Any:
    """A fresh leaf with this number or array: a copy of another value, or made by the class of an engine."""
    if isinstance(like, type):
        wants = "requires_grad" in inspect.signature(like).parameters
        return like(number, requires_grad=True) if wants else like(number)
    twin, began = copy.copy(like), like.grad
    twin.data = number
    twin.grad = began  # whatever a setter of data did to it
    if getattr(twin, "requires_grad", True) is False:
        twin.requires_grad = True
        _zeroed(twin)
    clear(twin)
    return twin


def _zeroed(value: Any) -> bool:
    """Whether the engine's own ``zero_grad()`` could be called."""
    try:
        value.zero_grad()
    except Exception:  # there is none, or it wants a gradient that is there already
        return False
    return True


def clear(value: Any) -> None:
    """No gradient yet: zero where the engine begins with zero, else None."""
    grad = value.grad
    if is_value(grad) and _zeroed(value):
        return
    if isinstance(grad, np.ndarray):
        value.grad = np.zeros_like(grad)
    elif isinstance(grad, int | float | np.number):
        value.grad = type(grad)(0)
    else:
        value.grad = None


def numbers(value: Any) -> Array:
    """What a value holds, as an array of its own."""
    while is_value(value):
        value = value.data
    array = np.array(value)
    return array if np.issubdtype(array.dtype, np.floating) else array.astype(float)


def gradient(value: Any) -> Array:
    """The gradient of a leaf as an array; zero where backward did not come by."""
    return np.zeros(np.shape(value.data)) if value.grad is None else numbers(value.grad)


def held_values(owner: Any) -> dict[str, Any]:
    """The values that a model hands out by ``parameters()`` or ``params()``, by the path of attributes to each."""
    given = [value for value in _handed_out(owner) if is_value(value)]
    named = {id(value): path for path, value in _attributes(owner, "", {id(owner)})}
    names = [named.get(id(value)) or f"parameters[{i}]" for i, value in enumerate(given)]
    return dict(zip(names, given, strict=True))


def _handed_out(owner: Any) -> list[Any]:
    if _is_foreign(owner):
        return []
    for name in ("parameters", "params"):
        found = getattr(owner, name, None)
        if callable(found) and not _needs_arguments(found):
            found = found()
        if isinstance(found, Mapping):
            found = found.values()
        if isinstance(found, Iterable) and not isinstance(found, str | np.ndarray):
            distinct = {id(value): value for value in found}
            return list(distinct.values())
    return [value for _, value in _attributes(owner, "", {id(owner)})]


def _is_foreign(thing: Any) -> bool:
    """Whether it comes from Python itself or a large library, where nobody keeps values of an engine of his own."""
    package = type(thing).__module__.partition(".")[0]
    return isinstance(thing, type) or package in sys.stdlib_module_names or package in _ELSEWHERE


def _needs_arguments(function: Any) -> bool:
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError):
        return True
    return False


def _attributes(thing: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Every value that can be reached by attributes, items of lists and of dictionaries, with its path."""
    for step, part in _parts(thing):
        name = f"{path}{step}".removeprefix(".")
        if is_value(part):
            yield name, part
        elif id(part) not in seen:
            seen.add(id(part))
            yield from _attributes(part, name, seen)


def _parts(thing: Any) -> list[tuple[str, Any]]:
    if isinstance(thing, list | tuple):
        return [(f"[{i}]", part) for i, part in enumerate(thing)]
    if isinstance(thing, dict):
        return [(f"[{key!r}]", part) for key, part in thing.items()]
    if _is_foreign(thing):
        return []
    return [(f".{name}", part) for name, part in getattr(thing, "__dict__", {}).items()]


def as_one(tree: Any) -> Array | None:
    """A value, a number or nested lists of them as one array; None where it holds no float and no value, or others."""
    if is_value(tree) or isinstance(tree, np.ndarray):
        return numbers(tree) if is_value(tree) or np.issubdtype(tree.dtype, np.floating) else None
    parts = list(leaves(tree, "x").values()) if isinstance(tree, list | tuple) else []
    if not all(is_value(part) or type(part) in (int, float) for part in parts):
        return None
    if not any(is_value(part) or isinstance(part, float) for part in parts):
        return None
    try:
        return np.array(_plain(tree), float)
    except ValueError:  # ragged
        return None


def _plain(tree: Any) -> Any:
    return [_plain(part) for part in tree] if isinstance(tree, list | tuple) else float(getattr(tree, "data", tree))


def as_list(returned: Any) -> Any:
    """An array of objects as a list of them; anything else as it is."""
    return returned.ravel().tolist() if isinstance(returned, np.ndarray) and returned.dtype == object else returned


def gradients(value: Any) -> Array:
    """The gradient of a leaf, or of an array of leaves."""
    if not isinstance(value, np.ndarray):
        return gradient(value)
    return np.array([gradient(entry) for entry in value.ravel()]).reshape(value.shape)


def array_parameter(value: Any) -> Parameter:
    """An array that a value holds, and its gradient."""

    def write(array: Array) -> None:
        value.data = array.copy()

    return Parameter(lambda: numbers(value), write, lambda: gradient(value))


def number_parameter(values: list[Any]) -> Parameter:
    """Every number of ``parameters()``, in that order, as one array."""

    def write(array: Array) -> None:
        for value, number in zip(values, array, strict=True):
            value.data = float(number)

    def read() -> Array:
        return np.array([float(value.data) for value in values])

    return Parameter(read, write, lambda: np.array([gradient(value) for value in values]))
