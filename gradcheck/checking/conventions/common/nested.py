"""Inputs that are lists or dictionaries of arrays: each a tensor by itself, ``X[0]`` or ``parameters['W1']``."""

from collections.abc import Mapping
from typing import Any

from gradcheck.checking.conventions.common.arguments import is_variable


def spread(inputs: Mapping[str, Any], dictionaries: bool = False) -> dict[str, Any]:
    """Each entry of lists of arrays, or of dictionaries, by itself; all else as it is."""
    flat: dict[str, Any] = {}
    for name, value in inputs.items():
        if _is_spread(value, dictionaries):
            flat |= {f"{name}[{key!r}]": part for key, part in _items(value)}
        else:
            flat[name] = value
    return flat


def gather(flat: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[Any]:
    """The arguments again, with the lists and dictionaries they came in."""
    arguments = []
    for name, value in inputs.items():
        if name in flat:
            arguments.append(flat[name])
            continue
        parts = {key: flat[f"{name}[{key!r}]"] for key, _ in _items(value)}
        arguments.append(parts if isinstance(value, Mapping) else type(value)(parts.values()))
    return arguments


def _is_spread(value: Any, dictionaries: bool) -> bool:
    if dictionaries:
        return type(value) is dict and any(map(is_variable, value.values()))
    return type(value) in (list, tuple) and bool(value) and all(map(is_variable, value))


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, Mapping) else list(enumerate(value))
