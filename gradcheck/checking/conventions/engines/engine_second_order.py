"""The second order of engines whose gradients are values themselves, so that they have a backward of their own."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.checking.conduct.evidence import Evidence
from gradcheck.checking.conventions.engines.engine_values import clear, gradient, is_value, leaf, numbers
from gradcheck.checking.conventions.frameworks.second_order import cotangent_names, symmetric
from gradcheck.checking.report import Finding
from gradcheck.checking.subject import Array, Pullback, Subject

if TYPE_CHECKING:
    from gradcheck.checking.conventions.engines.engine import EngineSubject


class EngineSecondOrder(Subject):
    """The gradient of a subject with one output for a cotangent, as a function of both."""

    keeps_input = True
    stores_gradients = False

    def __init__(self, first: "EngineSubject", cotangents: list[Array]) -> None:
        self.first, self.name, self.holds_cache = first, first.name, first.holds_cache
        self.seeds = cotangent_names(cotangents, first.tensors)
        self.inputs = {**first.inputs, **self.seeds}
        self.tensors = {**first.tensors, **self.seeds}
        self.parameters = first.parameters
        self.understood = "second order by backward(create_graph=True)"

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """The gradient of the first; the pullback makes it once more for each tensor, and differentiates that."""
        _, gradients = self._graph(inputs)

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            parts = [self._differentiated(inputs, i, cotangent) for i, cotangent in enumerate(cotangents)]
            return {name: np.sum([part[name] for part in parts], axis=0) for name in self.tensors}

        return [numbers(value) for value in gradients], pullback

    def _graph(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
        """The leaves, with the cotangent among them, and the gradients as values that remember how they were made."""
        (name,) = self.seeds
        fresh, (output,) = self.first.run({key: value for key, value in inputs.items() if key != name})
        output.grad = seed = leaf(inputs[name], type(output))
        output.backward(create_graph=True)
        leaves = [*fresh.values(), *(value for value in self.first.held.values() if is_value(value))]
        gradients = [value.grad if is_value(value.grad) else type(seed)(gradient(value)) for value in leaves]
        for value in leaves:
            clear(value)
        clear(seed)
        return {**fresh, name: seed}, gradients

    def _differentiated(self, inputs: Mapping[str, Any], i: int, cotangent: Array) -> dict[str, Array]:
        """What one of the gradients gives for a cotangent of its own."""
        fresh, gradients = self._graph(inputs)
        self.trials += 1
        gradients[i].grad = leaf(cotangent, type(gradients[i]))
        gradients[i].backward()
        return self.first.read(fresh)

    def conduct(self, evidence: Evidence) -> Iterable[Finding]:
        """The Hessian is symmetric."""
        return symmetric(evidence, list(self.first.tensors))
