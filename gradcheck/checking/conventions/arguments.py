"""Names for inputs, and which of the returned gradients belongs to which."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from gradcheck.checking.subject import NotUnderstoodError


def name_of(function: Callable[..., Any]) -> str:
    """What to call a function."""
    return str(getattr(function, "__name__", type(function).__name__))


def named_inputs(function: Callable[..., Any], inputs: tuple[Any, ...]) -> dict[str, Any]:
    """The inputs by the names that the function's own signature gives them; scalars become 0-d arrays."""
    values = [np.asarray(value) if isinstance(value, float | np.floating) else value for value in inputs]
    return dict(zip(_names(function, len(inputs)), values, strict=True))


def _names(function: Callable[..., Any], count: int) -> list[str]:
    names = positional_names(function)[:count]
    spare = (
        (f"input{i}" for i in range(len(names), count)) if names else iter(["x"] + [f"x{i}" for i in range(1, count)])
    )
    return [*names, *spare][:count]


def positional_names(function: Callable[..., Any]) -> list[str]:
    """The parameters that can be passed by position, where the signature can be read."""
    return [p.name for p in _parameters(function) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def required_count(function: Callable[..., Any]) -> int | None:
    """How many positional arguments the function insists on; None where that cannot be known."""
    parameters = _parameters(function)
    if not parameters and not _has_signature(function):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return sum(p.default is p.empty for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values()) if _has_signature(function) else []


def _has_signature(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function)
    except (TypeError, ValueError):  # builtins and ufuncs may have none
        return False
    return True


def is_variable(value: Any) -> bool:
    """Whether an input can be differentiated with respect to: floats, not labels, indices or masks."""
    return isinstance(value, np.ndarray) and np.issubdtype(value.dtype, np.inexact)


def variables(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The float inputs, converted from lists of floats never: what is not an array is passed through."""
    return {name: value for name, value in inputs.items() if is_variable(value)}


def assign(returned: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Which input each returned gradient belongs to.

    A single array belongs to the first float input, and the others are held constant (a loss and its targets).
    A tuple has one for each float input, or one for each input. A dictionary has them by name, or by ``d`` + name.
    """
    names = list(variables(inputs))
    if not names:
        return {}
    if isinstance(returned, Mapping):
        return {name: by_name(returned, name) for name in names}
    if isinstance(returned, tuple | list) and not (isinstance(returned, list) and _numbers(returned)):
        if len(returned) == len(inputs) != len(names):
            every = dict(zip(inputs, returned, strict=True))
            return {name: every[name] for name in names}
        given = iter(returned)
        return {name: next(given, None) for name in names}
    return {names[0]: returned}


def by_name(gradients: Mapping[Any, Any], name: str) -> Any:
    """A gradient by the name of its tensor, as W, dW, dw, grad_W or W_grad."""
    for key in (name, f"d{name}", f"d{name.lower()}", f"grad_{name}", f"{name}_grad"):
        if key in gradients:
            return gradients[key]
    return None


def call(role: str, function: Callable[..., Any], arguments: Iterable[Any]) -> Any:
    """Call the user's function; a call that does not fit its signature is explained."""
    arguments = list(arguments)
    if _has_signature(function):
        try:
            inspect.signature(function).bind(*arguments)
        except TypeError as mismatch:
            raise NotUnderstoodError(
                f"{role} {getattr(function, '__qualname__', function)!s}{inspect.signature(function)} cannot be called "
                f"with the {len(arguments)} inputs given: {mismatch}"
            ) from None
    return function(*arguments)


def _numbers(values: list[Any]) -> bool:
    return all(isinstance(value, int | float) for value in values)
