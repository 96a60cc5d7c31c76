"""Inputs that are lists or dictionaries of arrays: each a tensor by itself, ``X[0]``, ``p['W1']``, ``p[1][0]``."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

from gradcheck.checking.conventions.common.arguments import is_variable


def spread(inputs: Mapping[str, Any], deep: bool = False) -> dict[str, Any]:
    """Each entry of lists of arrays by itself, or of all that is nested; all else as it is.

    Examples
    --------
    >>> import numpy as np
    >>> W, b = np.ones((2, 3)), np.ones(3)
    >>> list(spread({"p": [(W, b), {"W": W}], "labels": [0, 1], "x": W}, deep=True))
    ['p[0][0]', 'p[0][1]', "p[1]['W']", 'labels', 'x']
    """
    flat: dict[str, Any] = {}
    for name, value in inputs.items():
        if deep:
            flat |= leaves(name, value)
        elif type(value) in (list, tuple) and value and all(map(is_variable, value)):
            flat |= {f"{name}[{key!r}]": part for key, part in entries(value)}
        else:
            flat[name] = value
    return flat


def leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The parts of what is nested, each with the path to it; of what is not, itself."""
    if not is_nested(value):
        yield path, value
        return
    for key, part in entries(value):
        yield from leaves(f"{path}[{key!r}]", part)


def is_nested(value: Any) -> bool:
    """Whether it is a list, a tuple, named or not, or a dictionary with an array of floats somewhere inside."""
    try:
        return _is_container(value) and _holds_floats(value)
    except RecursionError:  # it holds itself
        return False


def _holds_floats(value: Any) -> bool:
    if not _is_container(value):
        return is_variable(value)
    found = [_holds_floats(part) for _, part in entries(value)]  # all are asked, to meet it again if it holds itself
    return any(found)


def _is_container(value: Any) -> bool:
    return type(value) in (dict, OrderedDict, list, tuple) or _is_named_tuple(value)


def _is_named_tuple(value: Any) -> bool:
    return isinstance(value, tuple) and hasattr(type(value), "_make")


def entries(value: Any) -> list[tuple[Any, Any]]:
    """What a container holds, by key or by index."""
    return list(value.items()) if isinstance(value, Mapping) else list(enumerate(value))


def gather(flat: Mapping[str, Any], inputs: Mapping[str, Any]) -> list[Any]:
    """The arguments again, with the lists and dictionaries they came in."""
    return [_gathered(flat, name, value) for name, value in inputs.items()]


def _gathered(flat: Mapping[str, Any], path: str, value: Any) -> Any:
    if path in flat:
        return flat[path]
    parts = {key: _gathered(flat, f"{path}[{key!r}]", part) for key, part in entries(value)}
    if isinstance(value, dict):
        return type(value)(parts)
    return type(value)._make(parts.values()) if _is_named_tuple(value) else type(value)(parts.values())


def is_like(given: Any, value: Any) -> bool:
    """Whether gradients come in the same lists and dictionaries as that of which they are."""
    if given is None or not is_nested(value):
        return not isinstance(given, Mapping | list | tuple)
    if isinstance(value, Mapping):
        return isinstance(given, Mapping)
    alike = isinstance(given, list | tuple) and len(given) == len(value)
    return alike and all(is_like(g, part) for g, part in zip(given, value, strict=True))
