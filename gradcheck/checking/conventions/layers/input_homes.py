"""Where a backward that returns nothing leaves the gradients of the inputs: ``dinputs``, ``dx``, ``grad_input``."""

from collections.abc import Mapping, Sequence
from typing import Any

from gradcheck.checking.conventions.common.arguments import is_variable, variables
from gradcheck.checking.conventions.common.gradient_names import tensor_name, tensors_meant
from gradcheck.checking.conventions.layers.places import Place

_ANY_INPUT = frozenset((word,) for word in ("x", "input", "inputs", "in", "inp", "prev", "layerinput"))


def input_gradients(written: Sequence[Place], inputs: Mapping[str, Any]) -> dict[str, Place]:
    """The gradients of the inputs, among the places that backward wrote and no parameter claims.

    Names tell; where there is one float input and no name tells, an array of its shape is taken.
    """
    free = [place for place in written if is_variable(place.read())]
    floats = variables(inputs)
    found: dict[str, Place] = {}
    for name, value in floats.items():
        words = {tensor_name([name])} | (_ANY_INPUT if name == next(iter(floats)) else set())
        fits = [place for place in free if tensors_meant(place.keys[-1:]) & words]
        if not fits and len(floats) == 1:
            fits = [place for place in free if place.read().shape == value.shape]
        if fits:
            found[name] = min(fits, key=lambda place: (len(place.steps), place.read().shape != value.shape))
    return found
