"""From plain Python and NumPy code to a graph of named values.

:func:`trace` runs the function once on traced values and names every intermediate as the code does;
:func:`interior` is the sub-expression between one named value and the named values it is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.derivation.naming import NameRecorder, give_names, name_constants, name_positions
from gradcheck.derivation.untraced import UntracedError
from gradcheck.derivation.value import Traced


@dataclass(frozen=True)
class Graph:
    """One run of a function: what went in, what came out, and everything with a name, in order."""

    inputs: dict[str, Traced]
    result: Traced
    named: tuple[Traced, ...]


def trace(f: Callable[..., Any], inputs: Mapping[str, Any]) -> Graph:
    """Run `f` on these values, and name what it computes; what is not traced is passed on as it is."""
    with NameRecorder() as recorder:
        returned = _run(f, inputs)
    result = _scalar(returned, getattr(f, "__name__", "f"))
    traced = {name: value for name, value in inputs.items() if isinstance(value, Traced)}
    recorder.values.update({id(value): value for value in traced.values()})
    given = [value.name for value in ancestors([result]) if value.name]
    give_names(recorder, result, _default_name(f), given)
    everything = ancestors([result, *recorder.values.values()])
    name_constants(recorder, everything)
    name_positions(everything)
    return Graph(traced, result, tuple(value for value in everything if value.name))


def _run(f: Callable[..., Any], inputs: Mapping[str, Any]) -> Any:
    try:
        return f(**inputs)
    except ValueError as error:
        if isinstance(error.__cause__, UntracedError):  # NumPy wraps what goes wrong in a[i] = value
            raise error.__cause__ from None
        raise


def ancestors(values: Iterable[Traced]) -> list[Traced]:
    """`values` and all they were computed from, in the order of computation."""
    found: dict[int, Traced] = {}
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if id(value) not in found:
            found[id(value)] = value
            waiting.extend(value.inputs)
    return sorted(found.values(), key=lambda value: value.order)


def interior(value: Traced) -> list[Traced]:
    """The unnamed values between `value` and the named ones it is made of, in order."""
    found: dict[int, Traced] = {}
    waiting = [x for x in value.inputs if not x.name]
    while waiting:
        inner = waiting.pop()
        if id(inner) not in found:
            found[id(inner)] = inner
            waiting.extend(x for x in inner.inputs if not x.name)
    return sorted(found.values(), key=lambda inner: inner.order)


def _default_name(f: Callable[..., Any]) -> str:
    name = getattr(f, "__name__", "f")
    return name if name.isidentifier() else "f"


def _scalar(returned: Any, name: str) -> Traced:
    if isinstance(returned, tuple | list | dict | None):
        kind = type(returned).__name__
        raise TypeError(f"{name} returns a {kind}; a derivation needs one number: return the loss alone.")
    returned = getattr(returned, "held", returned)
    result = returned if isinstance(returned, Traced) else Traced(np.asarray(returned)[()])
    if result.shape != ():
        raise ValueError(
            f"{name} returns an array of shape {result.shape}; a derivation needs one number: "
            "return one entry of it, or its np.sum."
        )
    return result
