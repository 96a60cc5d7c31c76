"""Which of the gradients that a backward returns belongs to which input."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import is_variable, variables
from gradcheck.checking.conventions.common.gradient_names import find
from gradcheck.checking.conventions.common.nested import entries, is_like, is_nested, spread
from gradcheck.checking.conventions.common.roles import predicted
from gradcheck.checking.subject import counted, listed


def assign(returned: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Which input each returned gradient belongs to.

    A single array belongs to the first float input, or to the prediction where the targets come first, or to the only
    one of its shape; the others are held constant.
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
    return {_owner(returned, inputs, predicted(inputs) or names[0]): returned}


def _owner(gradient: Any, inputs: Mapping[str, Any], usual: str) -> str:
    """Whose a single gradient is: that of the data too may be a matter of its shape, in ``cost(X, y, theta)``."""
    shapes = {name: np.shape(value) for name, value in variables(inputs).items()}
    fits = [name for name, shape in shapes.items() if shape == np.shape(gradient)]
    return fits[0] if len(fits) == 1 and usual not in fits else usual


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


class Returned:
    """What the backward of an object returned: gradients of the inputs, and after them, or by name, of parameters.

    Attributes
    ----------
    raw : object
        As it was returned.
    of_inputs : dict
        The gradients of the float inputs.
    beyond : list
        Those that come after them.
    named : dict
        Those in dictionaries.
    """

    def __init__(self, raw: Any, inputs: Mapping[str, Any]) -> None:
        self.raw = raw
        self.named: dict[str, Any] = {}
        self.listed: list[Any] = []
        self.beyond: list[Any] = []
        self._spread(raw)
        names = list(variables(inputs))
        if not self.listed:
            self.of_inputs = {name: by_name(self.named, name) for name in names}
            return
        whole = tuple(self.listed) if isinstance(raw, tuple | list) and self.listed is not raw else raw
        if not isinstance(whole, tuple):
            self.of_inputs = assign(whole, inputs)
            return
        ordered = _inputs_first(whole, [inputs[name] for name in names])
        self.of_inputs, self.beyond = assign(ordered, inputs), surplus(ordered, inputs)

    def leave_to_parameters(self) -> None:
        """All of it is gradients of parameters, in their order."""
        self.of_inputs, self.beyond = {}, self.listed

    @property
    def is_of_parameters(self) -> bool:
        """Whether something was returned, but nothing that could be the gradient of an input."""
        return self.raw is not None and not self.listed

    @property
    def is_nothing(self) -> bool:
        """Whether nothing that could be a gradient was returned."""
        return not self.named and all(np.ndim(part) == 0 for part in self.listed)

    def _spread(self, part: Any) -> None:
        """A tuple may hold the gradients of the parameters as a dictionary, or as a list of their own."""
        if isinstance(part, Mapping):
            self.named |= {str(key): value for key, value in part.items()}
        elif isinstance(part, tuple | list) and not (isinstance(part, list) and _numbers(part)):
            for one in part:
                self._spread(one)
        elif part is None or np.asarray(part).dtype != object:
            self.listed.append(part)


def _inputs_first(gradients: tuple[Any, ...], inputs: list[Any]) -> tuple[Any, ...]:
    """The gradients of the inputs before all others, where shapes alone tell that they come last."""
    shapes, wanted = [np.shape(g) for g in gradients], [np.shape(x) for x in inputs]
    if len(gradients) <= len(inputs) or shapes[: len(wanted)] == wanted or shapes[-len(wanted) :] != wanted:
        return gradients
    if any(shapes.count(shape) != wanted.count(shape) for shape in wanted):
        return gradients
    return (*gradients[-len(wanted) :], *gradients[: -len(wanted)])


def by_name(gradients: Mapping[Any, Any], name: str) -> Any:
    """A gradient by the name of its tensor, as W, dW, dw, grad_W or W_grad; None where there is none."""
    entry = re.fullmatch(r"\w+\['(\w+)'\]", name)
    if entry:  # parameters['W1']
        name = entry[1]
    key = name if name in gradients else find((key for key in gradients if isinstance(key, str)), name)
    return None if key is None else gradients[key]


def assign_nested(returned: Any, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Like :func:`assign`, where some inputs are lists or dictionaries of arrays.

    Gradients come as these do: one such list among others, in the order of the inputs; that of one input alone; or all
    in one row. Entries of dictionaries, what is not named beside them, and all of a list may have none.
    """
    nested = [name for name, value in inputs.items() if is_nested(value)]
    if not nested:
        return assign(returned, inputs)
    flat = spread(inputs, deep=True)
    found = _as_they_come(returned, inputs, nested, flat)
    if found is None:
        plain = variables({name: value for name, value in inputs.items() if name not in nested})
        return assign(returned, plain or flat)
    lists = [name for name in nested if not isinstance(inputs[name], Mapping) and not _is_empty(found, name)]
    wanted = tuple(f"{name}[" for name in lists)
    named = isinstance(returned, Mapping)
    return {
        path: gradient
        for path, gradient in found.items()
        if gradient is not None or path.startswith(wanted) or (path in inputs and not named)
    }


def _as_they_come(
    returned: Any, inputs: Mapping[str, Any], nested: list[str], flat: Mapping[str, Any]
) -> dict[str, Any] | None:
    """The gradients by the paths of their tensors; None where they do not come as any inputs do."""
    if isinstance(returned, Mapping):
        by_input = {name: by_name(returned, name) for name in inputs}
        if all(by_input[name] is None for name in nested):  # their entries stand beside the others
            by_input |= dict.fromkeys(nested, returned)
        return _by_input(by_input, inputs)
    if not isinstance(returned, tuple | list):
        return None
    for several in ([name for name in inputs if name in nested or is_variable(inputs[name])], list(inputs)):
        if len(several) == len(returned) and all(map(is_like, returned, (inputs[name] for name in several))):
            return _by_input(dict(zip(several, returned, strict=True)), inputs)
    meant = [name for name in nested if is_like(returned, inputs[name])]
    exact = [name for name in meant if type(inputs[name]) is type(returned) and _have_shapes(returned, inputs[name])]
    if meant and (exact or not _have_shapes(returned, list(filter(is_variable, inputs.values())))):
        name = (exact or meant)[0]
        return _by_input({name: returned}, inputs)
    names = list(variables(flat))
    return dict(zip(names, returned, strict=True)) if len(names) == len(returned) else None


def _by_input(given: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    pairs = (_paired(name, inputs[name], gradients) for name, gradients in given.items())
    return {path: gradient for some in pairs for path, gradient in some}


def _paired(path: str, value: Any, given: Any) -> Iterator[tuple[str, Any]]:
    """The paths of the arrays in something nested, each with what stands there in something alike."""
    if not is_nested(value):
        if is_variable(value):
            yield path, given
        return
    for key, part in entries(value):
        yield from _paired(f"{path}[{key!r}]", part, _entry(given, key))


def _entry(given: Any, key: Any) -> Any:
    if isinstance(given, Mapping):
        return given[key] if key in given else by_name(given, str(key))
    return given[key] if isinstance(given, Sequence) and isinstance(key, int) and key < len(given) else None


def _have_shapes(gradients: Any, tensors: Any) -> bool:
    """Whether these are gradients of just these tensors, as far as shapes tell."""
    if len(gradients) != len(tensors) or not all(map(is_variable, gradients)):
        return False
    return all(is_variable(x) and g.shape == x.shape for g, x in zip(gradients, tensors, strict=True))


def _is_empty(found: Mapping[str, Any], name: str) -> bool:
    return all(gradient is None for path, gradient in found.items() if path.startswith(f"{name}["))


def _numbers(values: list[Any]) -> bool:
    return all(isinstance(value, int | float) for value in values)
