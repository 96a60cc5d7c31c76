"""Gradients of parameters that are returned without names: in the order of the parameters, or in lists like theirs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import is_variable
from gradcheck.checking.conventions.common.assigning import Returned
from gradcheck.checking.conventions.common.gradient_names import tensor_name

_BIASES = (("b",), ("intercept",), ("b0",))


def in_lists(returned: Returned, arrays: Mapping[str, Any], lists: Mapping[str, str]) -> list[str] | None:
    """Whose gradients these are, where they come in lists like the lists of arrays there are: nabla_b, nabla_w.

    `lists` says in which list each array is.
    """
    parts = returned.raw if isinstance(returned.raw, tuple) else ()
    if not parts or not all(isinstance(part, list) and part and all(map(is_variable, part)) for part in parts):
        return None
    members: dict[str, list[str]] = {}
    for name in arrays:
        members.setdefault(lists[name], []).append(name)
    free = {key: [np.shape(arrays[name]) for name in names] for key, names in members.items() if key}
    order: list[str] = []
    for part in parts:
        key = next((key for key, shapes in free.items() if shapes == [np.shape(g) for g in part]), "")
        if not free.pop(key, None):
            return None
        order += members[key]
    return order


def in_turn(
    returned: Returned, arrays: Mapping[str, Any], numbers: Mapping[str, Any], inputs: Sequence[tuple[int, ...]]
) -> list[str] | None:
    """Whose gradients these are, where there is one for each array, or array and bias, and none for an input.

    Of single numbers a bias may be a parameter; others are settings.
    """
    shapes = [np.shape(gradient) for gradient in returned.listed]
    if not arrays or any(g is not None and np.shape(g) in inputs for g in returned.listed):
        return None
    biases = {name: value for name, value in numbers.items() if tensor_name([name]) in _BIASES or name in arrays}
    for some in (arrays, biases):
        if shapes == [np.shape(value) for value in some.values()]:
            return list(some)
    return None
