"""Names for inputs, and which of the returned gradients belongs to which."""

import dis
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from gradcheck.checking.subject import NotUnderstoodError, counted, listed


def name_of(function: Callable[..., Any]) -> str:
    """What to call a function."""
    return str(getattr(function, "__name__", type(function).__name__))


def named_inputs(function: Callable[..., Any], inputs: tuple[Any, ...]) -> dict[str, Any]:
    """The inputs by the names that the function's own signature gives them; scalars become 0-d arrays."""
    for i, value in enumerate(inputs):
        if isinstance(value, np.matrix | np.ma.MaskedArray):
            raise TypeError(f"input {i} is a {type(value).__name__}, whose arithmetic is its own; pass np.asarray(x)")
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


def takes_any_number(function: Callable[..., Any]) -> bool:
    """Whether it ends in a star, after at least one argument of its own: ``f(dout, *inputs)``."""
    return bool(positional_names(function)) and any(p.kind is p.VAR_POSITIONAL for p in _parameters(function))


def ignored_default(function: Callable[..., Any]) -> str:
    """The first parameter, where it has a default and the code never reads it: ``backward(self, dout=1)`` of a loss.

    One that the code reads and yet makes no difference is no such thing, but a mistake; so is one without a default.
    """
    first = next(iter(_parameters(function)), None)
    code = getattr(inspect.unwrap(function), "__code__", None)
    if first is None or first.default is first.empty or code is None or first.name in code.co_cellvars:
        return ""
    loads = [step.argval for step in dis.get_instructions(code) if "LOAD_FAST" in step.opname]
    read = any(first.name in (loaded if isinstance(loaded, tuple) else (loaded,)) for loaded in loads)
    return "" if read else first.name


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
    What a tuple has beyond that is :func:`surplus`.
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


def surplus(returned: Any, inputs: Mapping[str, Any]) -> list[Any]:
    """The gradients in a tuple that belong to no input, as there are more than :func:`assign` has places for."""
    if not isinstance(returned, tuple | list) or (isinstance(returned, list) and _numbers(returned)):
        return []
    places = len(inputs) if len(returned) == len(inputs) else len(variables(inputs))
    return [gradient for gradient in returned[places:] if gradient is not None]


def complaint(returned: Any, inputs: Mapping[str, Any], role: str = "backward") -> str:
    """One sentence on gradients that belong to no input; empty where there are none."""
    if not surplus(returned, inputs):
        return ""
    names = list(variables(inputs))
    there = f"{counted(len(names), 'float input')}, {listed(names)}" if names else "no float input"
    return f"{role} returned {len(returned)} gradients, but forward has {there}; return one for each"


def by_name(gradients: Mapping[Any, Any], name: str) -> Any:
    """A gradient by the name of its tensor, as W, dW, dw, grad_W or W_grad."""
    for key in (name, f"d{name}", f"d{name.lower()}", f"grad_{name}", f"{name}_grad"):
        if key in gradients:
            return gradients[key]
    return None


def call(role: str, function: Callable[..., Any], arguments: Iterable[Any]) -> Any:
    """Call the user's function; a call that does not fit its signature is explained."""
    arguments = list(arguments)
    try:
        return function(*arguments)
    except TypeError as problem:
        if problem.__traceback__ is None or problem.__traceback__.tb_next is None:  # raised by the call itself
            _explain(role, function, arguments)
        raise


def _explain(role: str, function: Callable[..., Any], arguments: list[Any]) -> None:
    if not _has_signature(function):
        return
    signature = inspect.signature(function)
    try:
        signature.bind(*arguments)
    except TypeError as mismatch:
        raise NotUnderstoodError(
            f"{role} {getattr(function, '__qualname__', function)!s}{signature} cannot be called "
            f"with the {counted(len(arguments), 'input')} given: {mismatch}"
        ) from None


def _numbers(values: list[Any]) -> bool:
    return all(isinstance(value, int | float) for value in values)
