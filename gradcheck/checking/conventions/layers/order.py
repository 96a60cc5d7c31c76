"""Gradients of parameters that are returned without names: in the order of the parameters, or in lists like theirs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import is_variable
from gradcheck.checking.conventions.common.assigning import Returned
from gradcheck.checking.conventions.common.gradient_names import tensor_name
from gradcheck.checking.conventions.common.returned_names import owners

_BIASES = (("b",), ("intercept",), ("b0",))


def in_order(
    returned: Returned,
    arrays: Mapping[str, Any],
    lists: Mapping[str, str],
    numbers: Mapping[str, Any],
    inputs: Sequence[tuple[int, ...]],
    called: Iterable[Sequence[str]],
) -> tuple[list[str], str] | None:
    """The parameters in the order in which their gradients come, and a phrase on how that was seen.

    `lists` says in which list each array is, `called` what backward calls the gradients where it returns them.
    """
    if order := in_lists(returned, arrays, lists):
        homes = " and ".join(dict.fromkeys(lists[name] for name in order))
        return order, f"parameters in {homes}, gradients returned in lists like them"
    if order := in_turn(returned, arrays, numbers, inputs):
        return order, f"parameters {', '.join(order)}, gradients returned in their order"
    if order := owners(called, len(returned.listed), arrays):
        return order, f"parameters {', '.join(order)}, gradients returned under their names"
    return None


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
