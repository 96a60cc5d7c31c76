"""Networks: ``loss(x, t)`` and ``gradient(x, t)``, with a dictionary ``params``."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import call, is_variable, named_inputs
from gradcheck.checking.conventions.common.assigning import by_name
from gradcheck.checking.conventions.common.roles import training_values
from gradcheck.checking.conventions.layers.parameters import mapping_parameter
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Array, Options, Pullback, Subject, as_outputs


class NetworkSubject(Subject):
    """An object whose ``gradient(x, t)`` returns a dictionary like its ``params``."""

    takes_cotangent = False
    stores_gradients = False
    way = "loss(x, t) and gradient(x, t)"

    def __init__(self, network: Any, inputs: tuple[Any, ...], name: str | None) -> None:
        self.network = network
        self.name = name or type(network).__name__
        self.inputs = named_inputs(network.loss, inputs)
        self.switches = training_values(network.loss, len(inputs))
        self._start = State([network])
        self.parameters = {
            key: mapping_parameter(network, key) for key, value in network.params.items() if is_variable(value)
        }
        self.tensors = {key: np.array(parameter.read()) for key, parameter in self.parameters.items()}
        self.understood = f"network; parameters {', '.join(self.tensors)} in `params`, {self.way}"

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run ``loss``; the pullback runs ``gradient`` on the same inputs."""
        self._start.rewind()
        outputs = as_outputs(call("loss", self.network.loss, inputs.values(), self.switches), "loss")

        def pullback(_: list[Array]) -> Mapping[str, Any]:
            self._start.rewind()  # gradient runs the loss as well, and is to draw the same dropout masks
            gradients = call("gradient", self.network.gradient, inputs.values())
            return {name: by_name(gradients, name) for name in self.tensors}

        return outputs, pullback


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """An object with the two methods, a ``params`` dictionary, and inputs and targets at hand."""
    if options.grad is not None or len(inputs) < 2 or not isinstance(getattr(thing, "params", None), MutableMapping):
        return None
    has_both = callable(getattr(thing, "loss", None)) and callable(getattr(thing, "gradient", None))
    if has_both and getattr(thing, "loss_function", thing) is not None:  # one without a loss is a layer
        return NetworkSubject(thing, inputs, options.name)
    return None
