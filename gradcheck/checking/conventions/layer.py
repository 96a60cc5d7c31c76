"""Layer objects: ``forward(x)`` and ``backward(dout)``, parameters and gradients as attributes."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.checking.conventions.arguments import (
    assign,
    call,
    complaint,
    ignored_default,
    named_inputs,
    positional_names,
    required_count,
    surplus,
    variables,
)
from gradcheck.checking.conventions.parameters import (
    attribute,
    by_shape,
    find_parameters,
    float_attributes,
    zero_gradients,
)
from gradcheck.checking.subject import Array, Options, Parameter, Pullback, Subject, as_outputs, copies


class LayerSubject(Subject):
    """An object with ``forward``, or that can be called, and with ``backward``."""

    holds_cache = True

    def __init__(self, layer: Any, inputs: tuple[Any, ...], name: str | None) -> None:
        self.layer = layer
        self.run, self.back = _methods(layer)
        self.name = name or type(layer).__name__
        self.inputs = named_inputs(self.run, inputs)
        self.takes_cotangent = bool(positional_names(self.back)) or required_count(self.back) is None
        self.returned: Any = None
        self.arrays = float_attributes(layer)
        self.parameters, where = find_parameters(layer)
        self.stored = self.parameters
        if set(self.arrays) - set(self.parameters):
            self._run_once()
            self.stored, where = find_parameters(layer)
            returned = self._parameters_returned()
            self.parameters = self.stored | returned
            if returned:
                where = f"parameters {', '.join(self.parameters)} as attributes, gradients returned after the inputs'"
        self.unclaimed = {name: attribute(layer, name) for name in self.arrays if name not in self.parameters}
        self.understood = f"layer object; {where}"
        ignored = ignored_default(self.back)
        if ignored:
            self.takes_cotangent = False
            self.understood += f"; backward ignores {ignored}: right as the last layer only"
        held = {name: np.array(parameter.read()) for name, parameter in self.parameters.items()}
        self.tensors = {**variables(self.inputs), **held}

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run ``forward``; the pullback runs ``backward`` and collects what it returned and stored."""
        zero_gradients(self.stored, inputs.values())
        outputs = as_outputs(call("forward", self.run, inputs.values()))

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            self.returned = self.back(*cotangents) if self.takes_cotangent else self.back()
            self.surplus = "" if self._places() is not None else complaint(self.returned, inputs)
            stored = {name: parameter.gradient() for name, parameter in self.parameters.items()}
            return {**assign(self.returned, inputs), **stored}

        return outputs, pullback

    def _run_once(self) -> None:
        """Forward and backward once, for layers that first have a gradient when there is one."""
        self.trials += 1
        outputs, pullback = self.forward(copies(self.inputs))
        pullback([np.ones_like(output) for output in outputs])

    def _parameters_returned(self) -> dict[str, Parameter]:
        """The arrays whose gradients are stored nowhere, but returned after those of the inputs."""
        places = self._places() or {}
        return {name: self._returned_at(i, name) for name, i in places.items() if name not in self.stored}

    def _places(self) -> dict[str, int] | None:
        """Where among the gradients returned after those of the inputs that of each array is; None if they fit none."""
        own = {name: getattr(self.layer, name, None) for name in self.arrays}
        stored = {name: parameter.read() for name, parameter in self.stored.items()}
        return by_shape(surplus(self.returned, self.inputs), own | stored)

    def _returned_at(self, i: int, name: str) -> Parameter:
        found = attribute(self.layer, name)
        return Parameter(found.read, found.write, lambda: dict(enumerate(surplus(self.returned, self.inputs))).get(i))

    def twin(self) -> Subject | None:
        """A deep copy of the layer, where it can be copied."""
        try:
            double = copy.deepcopy(self.layer)
        except Exception:
            return None
        twin = LayerSubject(double, tuple(self.inputs.values()), self.name)
        self.trials += twin.trials
        return twin


def _methods(layer: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Forward and backward; an object that is called instead of forwarded, as in DeZero and micrograd, will do."""
    return layer.forward if callable(getattr(layer, "forward", None)) else layer.__call__, layer.backward


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """An object with both methods."""
    if options.grad is not None:
        return None
    forward = callable(getattr(thing, "forward", None)) or callable(thing)
    return LayerSubject(thing, inputs, options.name) if forward and callable(getattr(thing, "backward", None)) else None
