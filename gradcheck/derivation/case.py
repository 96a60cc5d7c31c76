"""What is asked: a function, a point and a variable, checked before anything is run."""

from __future__ import annotations

import inspect
import io
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np

from gradcheck.derivation.namespace import TracedNumPy, with_numpy
from gradcheck.derivation.trace import Graph, trace
from gradcheck.derivation.value import Traced, apply

_ENTRY = re.compile(r"\s*([\w.]+(?:\[\d+\])?)\s*\[([\s\d,-]+)\]\s*")  # a network's parameters have names like 0.W


class UnfaithfulError(ValueError):
    """The traced run computed something else than the plain run."""


@dataclass(frozen=True)
class Case:
    """The function `f` at `point`, to be derived with respect to argument `name`, or its entry `index`."""

    f: Callable[..., Any]
    point: dict[str, Any]
    name: str
    index: tuple[int, ...] | None

    @property
    def called(self) -> str:
        """What the function is called in messages."""
        return called(self.f)

    @property
    def variable(self) -> Any:
        """The value to be varied."""
        value = self.point[self.name]
        return value if self.index is None else value[self.index]

    def run(self, x: Any = None) -> float:
        """The function, run plainly; with the variable set to `x` if it is given."""
        arguments = {name: value.copy() if _is_array(value) else value for name, value in self.point.items()}
        if x is not None and self.index is None:
            arguments[self.name] = np.array(x)[()]
        elif x is not None:
            arguments[self.name][self.index] = x
        with redirect_stdout(io.StringIO()):  # hundreds of runs; what the code prints is printed by the traced one
            return float(self.f(**arguments))

    def trace(self) -> tuple[Graph, Traced]:
        """The function, run on traced values; and the one that varies."""
        whole = self.index is None
        inputs = {
            name: Traced(value, "input", name=name, depends=whole and name == self.name) if _is_number(value) else value
            for name, value in self.point.items()
        }
        variable = inputs[self.name]
        if self.index is not None:
            inputs[self.name], variable = _with_entry(variable, self.index)
        graph = trace(with_numpy(self.f, TracedNumPy()) if isinstance(self.f, FunctionType) else self.f, inputs)
        self._require_faithful(graph)
        return graph, variable

    def _require_faithful(self, graph: Graph) -> None:
        """The traced run must compute what the plain run computes."""
        plain, traced = self.run(), float(graph.result.value)
        if not np.isfinite(plain):
            raise ValueError(f"{self.called} is {plain} at this point; choose one where it is finite")
        if abs(plain - traced) > 1e-9 * max(abs(plain), abs(traced)):
            raise UnfaithfulError(
                f"{self.called} is {plain!r} when run plainly and {traced!r} when traced: it is random, "
                "keeps state, rounds, asks for types, or changes an array in place; make it a function of its "
                "arguments alone."
            )


def case(f: Callable[..., Any], wrt: str, at: Mapping[str, Any]) -> Case:
    """The case, or an error that says what does not fit and what to do about it."""
    return at_point(f, wrt, _given(f, _parameters(f), at))


def at_point(f: Callable[..., Any], wrt: str, given: Mapping[str, Any]) -> Case:
    """The case of a function all of whose arguments are known by name."""
    name, index = (wrt, None) if wrt in given else _split(wrt)
    if name not in given:
        raise ValueError(f"wrt is {wrt!r}, but {called(f)} has the arguments {_list(given)}; name one of them")
    point = {other: _number(other, value, other == name) for other, value in given.items()}
    if index is not None:
        index = _position(name, index, np.shape(point[name]))
    return Case(f, point, name, index)


def called(f: Callable[..., Any]) -> str:
    """The name of a function, if it has one."""
    return str(getattr(f, "__name__", "f"))


def _split(wrt: str) -> tuple[str, tuple[int, ...] | None]:
    """The name and the index of a variable such as W[0, 1]."""
    if not isinstance(wrt, str):
        raise TypeError(f'wrt is {wrt!r}; give the name of an argument, such as "w1" or "W[0, 1]"')
    match = _ENTRY.fullmatch(wrt)
    if match is None:
        return wrt, None
    return match[1], tuple(int(i) for i in match[2].split(",") if i.strip())


def _parameters(f: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    if not callable(f):
        raise TypeError(f"f is {f!r}; give the function to be explained")
    parameters: Mapping[str, inspect.Parameter]
    try:
        parameters = inspect.signature(f).parameters
    except ValueError:  # built in
        parameters = {}
    if not parameters or isinstance(f, np.ufunc):
        raise TypeError(f"{called(f)} names no arguments; wrap it in a def with named arguments")
    nameless = (
        inspect.Parameter.VAR_POSITIONAL,
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.VAR_KEYWORD,
    )
    for name, parameter in parameters.items():
        if parameter.kind in nameless:
            raise TypeError(
                f"{called(f)} takes {name} without a name of its own; wrap it in a def with named arguments"
            )
    return parameters


def _given(f: Callable[..., Any], parameters: Mapping[str, inspect.Parameter], at: Mapping[str, Any]) -> dict[str, Any]:
    """Every argument with its value, in the order of the signature; defaults where `at` is silent."""
    unknown = [name for name in at if name not in parameters]
    if unknown:
        raise ValueError(f"at names {_list(unknown)}, but {called(f)} has the arguments {_list(parameters)}")
    missing = [name for name, p in parameters.items() if name not in at and p.default is p.empty]
    if missing:
        raise ValueError(f"at has no value for {_list(missing)}, which {called(f)} needs; add it to at")
    return {name: at.get(name, parameter.default) for name, parameter in parameters.items()}


def _number(name: str, value: Any, varies: bool) -> Any:
    """A copy of `value` fit for tracing; what is no number (a string, None) is passed on as it is."""
    array = np.asarray(value)
    kind = array.dtype.kind
    if kind == "c":
        raise TypeError(f"{name} is complex; take its real and its imaginary part as arguments of their own")
    if kind == "f" or (varies and isinstance(value, int) and not isinstance(value, bool)):
        return np.array(array, float)[()]
    if varies and kind in "iu":
        raise TypeError(f"{name} has dtype {array.dtype}, which cannot vary by a little; cast it: {name}.astype(float)")
    if varies:
        raise TypeError(f"{name} is {value!r}; a derivative needs a number or an array of floats")
    return array.copy() if _is_array(value) or (isinstance(value, list) and kind in "iu") else value


def _position(name: str, index: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    if len(index) != len(shape) or any(not -n <= i < n for i, n in zip(index, shape, strict=True)):
        raise ValueError(f"wrt names the entry {list(index)} of {name}, whose shape is {shape}")
    return tuple(i % n for i, n in zip(index, shape, strict=True))


def _with_entry(whole: Traced, index: tuple[int, ...]) -> tuple[Traced, Traced]:
    """`whole` as an array of constants but for one entry, and that entry."""
    label = f"{whole.name}[{', '.join(map(str, index))}]"
    entry = Traced(whole.value[index], "input", name=label, depends=True)
    joined = apply("put", whole, entry, index=index)
    joined.name = whole.name
    joined.items = {other: whole[other] for other in np.ndindex(whole.shape)} | {index: entry}
    return joined, entry


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number | np.ndarray) and not isinstance(value, bool)


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
