"""Containers of values, as frameworks take and return them: which leaves they have, and what each is called.

With this file one can

* name every leaf as its owner would write it, ``state['h']`` or ``batch[0].image`` (:func:`leaves`);
* build the same container around other leaves (:func:`rebuilt`).
"""

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any


def leaves(tree: Any, name: str) -> dict[str, Any]:
    """Every leaf of nested lists, tuples, dictionaries and dataclasses by its path.

    Examples
    --------
    >>> leaves({"h": 1.0, "c": [2.0, None]}, "state")
    {"state['h']": 1.0, "state['c'][0]": 2.0, "state['c'][1]": None}
    """
    branches = _branches(tree)
    if branches is None:
        return {name: tree}
    return {path: leaf for step, branch in branches.items() for path, leaf in leaves(branch, name + step).items()}


def rebuilt(tree: Any, name: str, values: Mapping[str, Any]) -> Any:
    """The same container with other leaves, given by their paths.

    Examples
    --------
    >>> rebuilt([1.0, (2.0,)], "x", {"x[0]": "a", "x[1][0]": "b"})
    ['a', ('b',)]
    """
    branches = _branches(tree)
    if branches is None:
        return values[name]
    parts = [rebuilt(branch, name + step, values) for step, branch in branches.items()]
    return _container(tree, parts)


def _branches(tree: Any) -> dict[str, Any] | None:
    """The branches by the last step of their paths; None for a leaf."""
    if isinstance(tree, dict):
        return {f"[{key!r}]": branch for key, branch in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return {f".{field}": branch for field, branch in zip(tree._fields, tree, strict=True)}
    if isinstance(tree, list | tuple):
        return {f"[{i}]": branch for i, branch in enumerate(tree)}
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        return {f".{field.name}": getattr(tree, field.name) for field in dataclasses.fields(tree)}
    return None


def _container(tree: Any, parts: list[Any]) -> Any:
    if isinstance(tree, dict):
        twin = copy.copy(tree)
        twin.update(zip(tree, parts, strict=True))
        return twin
    if isinstance(tree, tuple):
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    if isinstance(tree, list):
        return parts
    twin = copy.copy(tree)
    for field, part in zip(dataclasses.fields(tree), parts, strict=True):
        object.__setattr__(twin, field.name, part)  # a frozen one too
    return twin
