"""Where an object keeps its parameters and, after backward, their gradients."""

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from gradcheck.checking.conventions.arguments import by_name, is_variable
from gradcheck.checking.subject import Parameter

_GRADIENT_NAMES = ("d{}", "grad_{}", "{}_grad", "grad{}", "{}_gradient")


def find_parameters(owner: Any) -> tuple[dict[str, Parameter], str]:
    """The parameters of an object by name, and a phrase on where they and their gradients were found.

    Looked for in this order: dictionaries ``params`` and ``grads``; parallel lists of the same names; attribute
    pairs such as ``W`` and ``dW``.
    """
    params, grads = getattr(owner, "params", None), getattr(owner, "grads", None)
    if isinstance(params, MutableMapping) and isinstance(grads, Mapping):
        found = {name: _in_mapping(owner, name) for name, value in params.items() if is_variable(value)}
        return found, _phrase(found, "in `params`, gradients in `grads`")
    if isinstance(params, list) and isinstance(grads, Sequence):
        found = {f"params[{i}]": _in_list(owner, i) for i, value in enumerate(params) if is_variable(value)}
        return found, _phrase(found, "in the list `params`, gradients in the list `grads`")
    found = {}
    for name in float_attributes(owner):
        gradient = next((g.format(name) for g in _GRADIENT_NAMES if hasattr(owner, g.format(name))), None)
        if gradient is not None:
            found[name] = attribute(owner, name, gradient)
    return found, _phrase(found, "as attributes, gradients beside them")


def _phrase(found: Mapping[str, Any], where: str) -> str:
    return f"parameters {', '.join(found)} {where}" if found else "no parameters"


def float_attributes(owner: Any) -> list[str]:
    """The public attributes that are arrays of floats, and are not themselves named as gradients."""
    names = [name for name, value in getattr(owner, "__dict__", {}).items() if is_variable(value)]
    gradients = {g.format(name) for name in names for g in _GRADIENT_NAMES}
    return [name for name in names if not name.startswith("_") and name not in gradients]


def mapping_parameter(owner: Any, name: str, gradient: Callable[[], Any]) -> Parameter:
    """An array in the dictionary ``params``, which is looked up anew each time: it may be replaced."""
    return Parameter(
        lambda: owner.params[name],
        _writer(lambda: owner.params[name], lambda value: owner.params.__setitem__(name, value)),
        gradient,
    )


def _in_mapping(owner: Any, name: str) -> Parameter:
    return mapping_parameter(owner, name, lambda: by_name(owner.grads, name))


def _in_list(owner: Any, i: int) -> Parameter:
    return Parameter(
        lambda: owner.params[i],
        _writer(lambda: owner.params[i], lambda value: owner.params.__setitem__(i, value)),
        lambda: owner.grads[i] if i < len(owner.grads) else None,
    )


def attribute(owner: Any, name: str, gradient: str = "") -> Parameter:
    """An array that is an attribute, as its gradient is."""
    return Parameter(
        lambda: getattr(owner, name),
        _writer(lambda: getattr(owner, name), lambda value: setattr(owner, name, value)),
        lambda: getattr(owner, gradient, None),
    )


def _writer(read: Callable[[], Any], rebind: Callable[[Any], None]) -> Callable[[Any], None]:
    """Write into the array itself, so that every alias of it sees the change; rebind where that cannot be."""

    def write(value: Any) -> None:
        live = read()
        if isinstance(live, np.ndarray) and live.flags.writeable and live.shape == value.shape:
            live[...] = value
        else:
            rebind(value.copy())

    return write


def by_shape(gradients: Iterable[Any], arrays: Mapping[str, Any]) -> dict[str, int] | None:
    """Which of these gradients belongs to which array, as far as shapes tell; None if one fits none of the arrays.

    Where several arrays have one shape, it is left open: gamma and beta may be returned in either order.
    """
    shapes = [np.shape(gradient) for gradient in gradients]
    there = [np.shape(array) for array in arrays.values()]
    if any(shapes.count(shape) > there.count(shape) for shape in shapes):
        return None
    alone = {name: shape for name, shape in zip(arrays, there, strict=True) if there.count(shape) == 1}
    return {name: shapes.index(shape) for name, shape in alone.items() if shape in shapes}


def zero_gradients(parameters: Mapping[str, Parameter], inputs: Iterable[Any]) -> None:
    """Set the gradients that are there already to zero in place, as before each step of training.

    What an earlier backward left in a layer that adds to its gradients is no part of this one's. An array that is
    shared with a parameter or an input is no leftover.
    """
    held = (*inputs, *(parameter.read() for parameter in parameters.values()))
    kept = [value for value in held if isinstance(value, np.ndarray)]
    for parameter in parameters.values():
        gradient = parameter.gradient()
        leftover = isinstance(gradient, np.ndarray) and gradient.flags.writeable and gradient.dtype != object
        if leftover and not any(np.may_share_memory(gradient, value) for value in kept):
            gradient[...] = 0
