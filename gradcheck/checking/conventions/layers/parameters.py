"""Where an object keeps its parameters and, after backward, their gradients."""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import is_variable
from gradcheck.checking.conventions.common.assigning import by_name
from gradcheck.checking.conventions.common.gradient_names import is_spelled_like, tensor_name, tensors_meant
from gradcheck.checking.conventions.layers.places import Place, container, places
from gradcheck.checking.subject import Parameter


def kept_together(owner: Any) -> tuple[dict[str, Parameter], str] | None:
    """Parameters in ``params`` and gradients in ``grads``, dictionaries or parallel lists, where that is all there is.

    None where an object has other arrays as well, or declares parameters that it does not have yet: then it has to be
    run to be known.
    """
    params, grads = getattr(owner, "params", None), getattr(owner, "grads", None)
    if isinstance(params, MutableMapping) and isinstance(grads, Mapping):
        keys: list[Any] = list(params)
        where = "in `params`, gradients in `grads`"
    elif isinstance(params, list) and isinstance(grads, Sequence):
        keys = list(range(len(params)))
        where = "in the list `params`, gradients in the list `grads`"
    else:
        return None
    values = list(grads.values()) if isinstance(grads, Mapping) else list(grads)
    known = {id(value) for value in (*(params[key] for key in keys), *values)}
    if not all(map(is_variable, (params[key] for key in keys))):
        return None
    if not _are_none([place for place in places(owner) if id(place.read()) not in known]):
        return None
    first = {id(params[key]): key for key in reversed(keys)}
    shared = {key: [other for other in keys if params[other] is params[key]] for key in first.values()}
    found = {_shown(key): _together(owner, shared[key]) for key in keys if key in shared}
    added = ", added up where one array has several" if len(found) < len(keys) else ""
    return found, f"parameters {', '.join(found)} {where}{added}" if found else "no parameters"


def _are_none(others: Sequence[Place]) -> bool:
    """Whether none of these looks like a parameter that has a gradient, or will have one."""
    names = {tensor_name(place.keys) for place in others}
    own = {place.steps[0][1] for place in others if len(place.steps) == 1 and is_variable(place.read())}
    marked = any(tensors_meant(place.keys) & names for place in others)
    return not marked and not any(not name.startswith("_") for name in own if isinstance(name, str))


def _shown(key: Any) -> str:
    return key if isinstance(key, str) else f"params[{key!r}]"


def _together(owner: Any, keys: list[Any]) -> Parameter:
    """One array, and its gradient; where the array stands in several places, the sum of all its gradients."""
    place = Place(owner, (("attribute", "params"), ("item", keys[0])))

    def one(key: Any) -> Any:
        if isinstance(owner.grads, Mapping):
            return by_name(owner.grads, key)
        return owner.grads[key] if key < len(owner.grads) else None

    def gradient() -> Any:
        parts = {id(part): part for part in map(one, keys)}
        return sum(parts.values()) if len(parts) > 1 else next(iter(parts.values()))

    return Parameter(place.read, place.write, gradient)


def mapping_parameter(owner: Any, name: str) -> Parameter:
    """An array in the dictionary ``params``, which is looked up anew each time: it may be replaced."""
    place = Place(owner, (("attribute", "params"), ("item", name)))
    return Parameter(place.read, place.write, lambda: None)


def same_array(held: Iterable[Place]) -> list[list[Place]]:
    """The places grouped by the array they hold; the nearest place of each array first."""
    groups: dict[Any, list[Place]] = {}
    for place in held:
        value = place.read()
        groups.setdefault(id(value) if is_variable(value) else place, []).append(place)
    return list(groups.values())


def gradient_places(aliases: Sequence[Place], after: Iterable[Place]) -> list[Place]:
    """Where the gradient of an array may be, by names: the likeliest first.

    One beside the parameter comes before one elsewhere, and one of the right shape before any other.
    """
    names = {tensor_name(place.keys) for place in aliases}
    own = {place.steps for place in aliases}
    value = aliases[0].read()
    found = [place for place in after if place.steps not in own and tensors_meant(place.keys) & names]
    found = [place for place in found if not _is_same(place.read(), value)]
    return sorted(
        found,
        key=lambda place: (
            np.shape(place.read()) != np.shape(value),
            not any(_is_spelled_like(place, alias) for alias in aliases),
            not any(are_siblings(place, alias) for alias in aliases),
            len(place.steps),
            -max(_shared(place, alias) for alias in aliases),
        ),
    )


def _is_spelled_like(gradient: Place, tensor: Place) -> bool:
    """Whether the last word on the way to a tensor stands in full on the way to its gradient."""
    last = next((key for key in reversed(tensor.keys) if tensor_name([key])), "")
    return any(is_spelled_like(key, last) for key in gradient.keys)


def are_siblings(one: Place, other: Place) -> bool:
    """Whether two paths differ in one step: ``params[0]`` and ``grads[0]``, ``W`` and ``dW``."""
    together = zip(one.steps, other.steps, strict=False)
    return len(one.steps) == len(other.steps) and sum(a != b for a, b in together) == 1


def parts_of_gradient(aliases: Sequence[Place], gradients: Sequence[Place]) -> list[Place]:
    """The gradients to be added up: one for each place of a shared array in a list ``params``, else the first."""
    first = gradients[0]
    alias = next((alias for alias in aliases if are_siblings(alias, first)), aliases[0])
    shared = [other for other in aliases if other.steps[:-1] == alias.steps[:-1] and other.steps[-1][0] == "item"]
    if len(shared) < 2:
        return [first]
    return [g for g in gradients if g.steps[:-1] == first.steps[:-1] and any(are_siblings(g, a) for a in shared)]


def added_up(gradients: Sequence[Place]) -> Any:
    """The sum of the arrays in these places, each counted once; one alone as it is."""
    parts = {id(part): part for part in (place.read() for place in gradients) if part is not None}
    return sum(parts.values()) if len(parts) > 1 else next(iter(parts.values()), None)


def _is_same(one: Any, other: Any) -> bool:
    return one is other and isinstance(one, np.ndarray)


def _shared(one: Place, other: Place) -> int:
    """How far two paths go together."""
    together = [a == b for a, b in zip(one.steps, other.steps, strict=False)]
    return together.index(False) if False in together else len(together)


def shown_names(groups: Sequence[Sequence[Place]], taken: Iterable[str]) -> list[str]:
    """What to call each array: the shortest name that is its own."""
    short = [_short(group[0]) for group in groups]
    reserved = set(taken)
    return [
        name if short.count(name) == 1 and name not in reserved else group[0].path
        for name, group in zip(short, groups, strict=True)
    ]


def _short(place: Place) -> str:
    """``W`` for ``params['W']`` and ``W.data``; else the path."""
    steps = place.steps
    if steps[-1] in (("attribute", word) for word in ("data", "value", "val", "values", "tensor")) and len(steps) > 1:
        steps = steps[:-1]
    containers = ("params", "parameters", "_params", "_parameters")
    kept = [
        step
        for i, step in enumerate(steps)
        if not (step[1] in containers and i + 1 < len(steps) and isinstance(steps[i + 1][1], str))
    ]
    after_container = [
        ("attribute", key) if kind == "item" and isinstance(key, str) and key.isidentifier() and i else (kind, key)
        for i, (kind, key) in enumerate(kept)
    ]
    return str(kept[0][1]) if len(kept) == 1 else Place(place.root, tuple(after_container)).path


def where_found(homes: Mapping[str, tuple[Place, Place]]) -> list[str]:
    """In words where parameters and their gradients were found, those of the same containers together."""
    together: dict[tuple[str, str], list[str]] = {}
    for name, (place, gradient) in homes.items():
        together.setdefault((container(place), container(gradient)), []).append(name)
    phrases = []
    for (home, gradients), names in together.items():
        where = f"in `{home}`" if home else "as attributes"
        paths = ", ".join(homes[name][1].path for name in names)
        beside = f"in `{gradients}`" if gradients else f"{'' if home else 'beside them '}in {paths}"
        phrases.append(f"parameters {', '.join(names)} {where}, gradients {beside}")
    return phrases


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


def without_gradients(aliases: list[Place]) -> list[Place]:
    """The places of an array without those that are named as its gradient: ``dW = W``, until the first backward."""
    names = {tensor_name(place.keys) for place in aliases}
    return [place for place in aliases if not tensors_meant(place.keys) & names] or aliases
