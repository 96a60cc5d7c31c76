"""The arguments of a function: their names, how many it insists on, which of them vary."""

import dis
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from gradcheck.checking.subject import NotUnderstoodError, counted


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
    return [p.name for p in parameters_of(function) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]


def required_count(function: Callable[..., Any]) -> int | None:
    """How many positional arguments the function insists on; None where that cannot be known."""
    signature = _signature(function)
    if signature is None or any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values()):
        return None
    parameters = signature.parameters.values()
    return sum(p.default is p.empty for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))


def takes_any_number(function: Callable[..., Any]) -> bool:
    """Whether it ends in a star, after at least one argument of its own: ``f(dout, *inputs)``."""
    return bool(positional_names(function)) and any(p.kind is p.VAR_POSITIONAL for p in parameters_of(function))


def ignored_default(function: Callable[..., Any]) -> str:
    """The first parameter, where it has a default and the code never reads it: ``backward(self, dout=1)`` of a loss.

    One that the code reads and yet makes no difference is no such thing, but a mistake; so is one without a default.
    """
    first = next(iter(parameters_of(function)), None)
    code = getattr(inspect.unwrap(function), "__code__", None)
    if first is None or first.default is first.empty or code is None or first.name in code.co_cellvars:
        return ""
    loads = [step.argval for step in dis.get_instructions(code) if "LOAD_FAST" in step.opname]
    read = any(first.name in (loaded if isinstance(loaded, tuple) else (loaded,)) for loaded in loads)
    return "" if read else first.name


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a function, where its signature can be read; none where it cannot."""
    signature = _signature(function)
    return list(signature.parameters.values()) if signature else []


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # builtins and ufuncs may have none
        return None


def is_variable(value: Any) -> bool:
    """Whether an input can be differentiated with respect to: floats, not labels, indices or masks."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "fc"


def variables(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The float inputs, converted from lists of floats never: what is not an array is passed through."""
    return {name: value for name, value in inputs.items() if is_variable(value)}


def call(
    role: str, function: Callable[..., Any], arguments: Iterable[Any], keywords: Mapping[str, Any] | None = None
) -> Any:
    """Call the user's function; a call that does not fit its signature is explained."""
    arguments = list(arguments)
    try:
        return function(*arguments, **(keywords or {}))
    except TypeError as problem:
        if problem.__traceback__ is None or problem.__traceback__.tb_next is None:  # raised by the call itself
            _explain(role, function, arguments)
        raise


def _explain(role: str, function: Callable[..., Any], arguments: list[Any]) -> None:
    signature = _signature(function)
    if signature is None:
        return
    try:
        signature.bind(*arguments)
    except TypeError as mismatch:
        raise NotUnderstoodError(
            f"{role} {getattr(function, '__qualname__', function)!s}{signature} cannot be called "
            f"with the {counted(len(arguments), 'input')} given: {mismatch}"
        ) from None
