"""The trainable arrays of a layer or network, wherever they are kept, and their gradients.

``params`` may be a dictionary, with gradients in ``grads``; or a list, as ``params[0]``, ``params[1]``; where there is
none, an attribute ``W`` with a ``dW`` beside it is a parameter too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

_TWINS = ("d{}", "{}_grad", "grad_{}")


def parameters_of(layer: Any) -> dict[str, Any]:
    """The arrays by name."""
    params = getattr(layer, "params", None)
    if isinstance(params, list | tuple):
        return {f"params[{k}]": value for k, value in enumerate(params)}
    return dict(params) if params else {name: getattr(layer, name) for name, _ in _attributes(layer)}


def gradients_of(layer: Any) -> dict[str, Any]:
    """What backward left for each of them."""
    grads = getattr(layer, "grads", None)
    if isinstance(grads, list | tuple):
        return {f"params[{k}]": value for k, value in enumerate(grads)}
    return dict(grads) if grads else {name: getattr(layer, twin) for name, twin in _attributes(layer)}


def with_parameters(layer: Any, values: Mapping[str, Any], parts: list[Any]) -> None:
    """Put these arrays in the place of the layer's own, also where one of its `parts` holds the same array."""
    old = parameters_of(layer)
    params = getattr(layer, "params", None)
    for name, value in values.items():
        for part in parts:
            _replace(part, old[name], value)
        if isinstance(params, Mapping):
            params[name] = value  # type: ignore[index]  # a dictionary, or one that passes it on


def _replace(part: Any, old: Any, new: Any) -> None:
    for attribute, held in list(getattr(part, "__dict__", {}).items()):
        if held is old:
            setattr(part, attribute, new)
        elif isinstance(held, list) and any(item is old for item in held):
            held[:] = [new if item is old else item for item in held]
        elif type(held) is tuple and any(item is old for item in held):
            setattr(part, attribute, tuple(new if item is old else item for item in held))
        elif type(held) is dict:
            held.update({key: new for key, item in held.items() if item is old})


def _attributes(layer: Any) -> Iterator[tuple[str, str]]:
    """The attributes with a gradient beside them, and what that is called."""
    held = getattr(layer, "__dict__", {})
    for name, value in held.items():
        twin = next((twin.format(name) for twin in _TWINS if twin.format(name) in held), None)
        if twin is not None and isinstance(value, np.ndarray) and value.dtype.kind == "f":
            yield name, twin
