"""Layer objects: ``forward(x)`` and ``backward(dout)``, parameters and gradients as attributes."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.checking.conventions.arguments import (
    assign,
    call,
    named_inputs,
    positional_names,
    required_count,
    variables,
)
from gradcheck.checking.conventions.parameters import attribute, find_parameters, float_attributes
from gradcheck.checking.subject import Array, Options, Pullback, Subject, as_outputs, copies


class LayerSubject(Subject):
    """An object with ``forward`` and ``backward``."""

    holds_cache = True

    def __init__(self, layer: Any, inputs: tuple[Any, ...], name: str | None) -> None:
        self.layer = layer
        self.name = name or type(layer).__name__
        self.inputs = named_inputs(layer.forward, inputs)
        self.takes_cotangent = bool(positional_names(layer.backward)) or required_count(layer.backward) is None
        arrays = float_attributes(layer)
        self.parameters, where = find_parameters(layer)
        if set(arrays) - set(self.parameters):
            self._run_once()
            self.parameters, where = find_parameters(layer)
        self.unclaimed = {name: attribute(layer, name) for name in arrays if name not in self.parameters}
        self.understood = f"layer object; {where}"
        held = {name: np.array(parameter.read()) for name, parameter in self.parameters.items()}
        self.tensors = {**variables(self.inputs), **held}

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run ``forward``; the pullback runs ``backward`` and collects what it returned and stored."""
        outputs = as_outputs(call("forward", self.layer.forward, inputs.values()))

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            returned = self.layer.backward(*cotangents) if self.takes_cotangent else self.layer.backward()
            stored = {name: parameter.gradient() for name, parameter in self.parameters.items()}
            return {**assign(returned, inputs), **stored}

        return outputs, pullback

    def _run_once(self) -> None:
        """Forward and backward once, for layers that first store a gradient when there is one."""
        self.trials += 1
        outputs, pullback = self.forward(copies(self.inputs))
        pullback([np.ones_like(output) for output in outputs])

    def twin(self) -> Subject | None:
        """A deep copy of the layer, where it can be copied."""
        try:
            double = copy.deepcopy(self.layer)
        except Exception:
            return None
        return LayerSubject(double, tuple(self.inputs.values()), self.name)


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """An object with both methods."""
    if options.grad is not None or isinstance(thing, type):
        return None
    both = callable(getattr(thing, "forward", None)) and callable(getattr(thing, "backward", None))
    return LayerSubject(thing, inputs, options.name) if both else None
