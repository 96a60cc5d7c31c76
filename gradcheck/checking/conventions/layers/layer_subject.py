"""A layer object as a subject: its forward and backward called as planned, gradients read where they were found."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import (
    call,
    ignored_default,
    named_inputs,
    positional_names,
    takes_any_number,
    variables,
)
from gradcheck.checking.conventions.common.assigning import Returned, complaint
from gradcheck.checking.conventions.common.nested import gather, spread
from gradcheck.checking.conventions.common.roles import training_values
from gradcheck.checking.conventions.layers.history import History
from gradcheck.checking.conventions.layers.homes import Homes
from gradcheck.checking.conventions.layers.left import OUTPUTS, forgets, returns_nothing, stored
from gradcheck.checking.conventions.layers.methods import Methods, find_methods
from gradcheck.checking.conventions.layers.parameters import zero_gradients
from gradcheck.checking.conventions.layers.places import objects
from gradcheck.checking.conventions.layers.plan import Plan, plans
from gradcheck.checking.conventions.layers.reduction import ENTRIES, Reduction, weighted
from gradcheck.checking.conventions.refusals.stub import require_written
from gradcheck.checking.subject import Array, NotUnderstoodError, Options, Pullback, Subject, as_outputs, copies, listed


class LayerSubject(Subject):
    """An object with a forward and a backward, or with a value and its derivative."""

    holds_cache = True

    def __init__(self, layer: Any, methods: Methods, inputs: tuple[Any, ...], options: Options) -> None:
        self.layer, self.methods, self.options = layer, methods, options
        self.name = options.name or type(layer).__name__
        self.ignored = ignored_default(methods.back)
        self.shape = named_inputs(methods.run, inputs)
        self.inputs = spread(self.shape)
        require_written(self.name, {"forward": methods.run, methods.back.__name__: methods.back}, self.inputs)
        self.switches = training_values(methods.run, len(inputs))
        self.homes, self.history = Homes(layer), History(layer)
        self.reduction: Reduction | None = None
        self.scale = 1.0
        self.parameters = {}
        self.plans = self._plans_for(1)
        self.plan = next(iter(self.plans), Plan((), ()))

    def plan_for(self, outputs: int) -> None:
        """Call backward in a way that fits so many outputs, or things that forward returns beside one."""
        self.plans = self._plans_for(outputs)
        if not self.plans:
            raise NotUnderstoodError(_unplanned(self.methods, self.inputs))
        self.plan = self.plans[0]

    def _plans_for(self, outputs: int) -> list[Plan]:
        kept = next((name for name in OUTPUTS if name in stored(self.methods.run)), "")
        return plans(self.methods.back, self.inputs, self.methods.is_backward, outputs, kept)

    @property
    def takes_cotangent(self) -> bool:  # type: ignore[override]
        """Whether the gradient depends on an upstream gradient."""
        if self.reduction is not None:
            return self.reduction is ENTRIES
        return self.plan.takes_cotangent and not self.ignored

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run ``forward``; the pullback runs ``backward`` and collects what it returned and stored."""
        outputs, caches = self.run(inputs)

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            with self.homes.watching():
                given = cotangents if self.scale == 1 else [self.scale * v for v in cotangents]
                returned = Returned(self.back(given, inputs, outputs, caches), inputs)
                self.homes.returned = returned
                if self.homes.in_order:
                    returned.leave_to_parameters()
                stored = {name: parameter.gradient() for name, parameter in self.parameters.items()}
                gradients = {**self.of_inputs(returned), **(copies(stored) if self.homes.restores else stored)}
            self.surplus = "" if self.homes.has_room(returned) else complaint(returned.raw, inputs)
            return self._weighted(self._unscaled(gradients), cotangents)

        reduce = self.reduction.reduce if self.reduction else None
        return [reduce(output) for output in outputs] if reduce else outputs, pullback

    def run(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Sequence[Any]]:
        """The outputs that have a cotangent, and what forward returns beside them to be handed back."""
        self.history.forget()
        zero_gradients(self.parameters, inputs.values())
        returned = call("forward", self.methods.run, gather(inputs, self.shape), self.switches)
        proper, caches = self.plan.split(returned)
        return as_outputs(proper)[: None if self._takes_all else self.plan.roles.count("dout") or None], caches

    def back(
        self, cotangents: list[Array], inputs: Mapping[str, Any], outputs: list[Array], caches: Sequence[Any]
    ) -> Any:
        """Run ``backward`` as planned; what it returned."""
        ignored = not self.takes_cotangent and self.plan.takes_cotangent
        if ignored and set(self.plan.roles) == {"dout"}:
            return self.methods.back()
        given = [v[()] if v.ndim == 0 else v for v in cotangents]  # beside a float, a float
        return self.methods.back(*(given if self._takes_all else self._arguments(given, inputs, outputs, caches)))

    def _arguments(
        self, given: list[Any], inputs: Mapping[str, Any], outputs: list[Array], caches: Sequence[Any]
    ) -> list[Any]:
        kept = self.plan.kept
        return self.plan.arguments(given, inputs, outputs, caches, getattr(self.layer, kept) if kept else None)

    @property
    def _takes_all(self) -> bool:
        """Whether backward takes a cotangent for each output, however many there are: ``backward(dy, *more)``."""
        return set(self.plan.roles) == {"dout"} and takes_any_number(self.methods.back)

    def of_inputs(self, returned: Returned) -> dict[str, Any]:
        """Returned or stored; a network that gives none beside those of its parameters holds its inputs constant."""
        if returned.is_nothing and self.homes.of_inputs:
            return {name: place.read() for name, place in self.homes.of_inputs.items()}
        none = all(gradient is None for gradient in returned.of_inputs.values())
        at_an_end = returned.raw is None and (self._is_last or self._is_first)
        elsewhere = not self.takes_cotangent or returned.is_of_parameters or at_an_end
        return {} if none and self.parameters and elsewhere else returned.of_inputs

    @property
    def _is_first(self) -> bool:
        """Whether it is written as the first of a network: backward takes its step, and nothing else comes of it."""
        back = self.methods.back
        return bool(self.homes.steps) and returns_nothing(back) and not forgets(back)

    @property
    def _is_last(self) -> bool:
        """Whether nothing comes before it that would want gradients of its inputs: a whole network, by its parts."""
        parts = (part for part in objects(self.layer) if part is not self.layer)
        return any(find_methods(part) is not None for part in parts)

    def _unscaled(self, gradients: dict[str, Any]) -> dict[str, Any]:
        if self.scale == 1:
            return gradients
        return {name: None if g is None else np.asarray(g) / self.scale for name, g in gradients.items()}

    def _weighted(self, gradients: dict[str, Any], cotangents: list[Array]) -> dict[str, Any]:
        if self.reduction is not ENTRIES:
            return gradients
        return {name: None if g is None else weighted(np.asarray(g), cotangents[0]) for name, g in gradients.items()}

    def settle(self, where: str) -> None:
        """When everything is found: the tensors, and the line on how it was understood."""
        self.understood = "; ".join([self._kind(), where, *self._remarks()])
        held = {name: np.array(parameter.read()) for name, parameter in self.parameters.items()}
        self.tensors = {**variables(self.inputs), **held}

    def _kind(self) -> str:
        names = self.methods.names
        return f"layer object, {names}" if names else "layer object"

    def _remarks(self) -> Iterator[str]:
        """What was guessed, and what else backward does."""
        if self.methods.left:
            yield f"forward leaves its output in {self.methods.left}"
        if self.switches:
            yield "forward called with " + ", ".join(f"{name}={value!r}" for name, value in self.switches.items())
        if self.plan.text:
            yield self.plan.text + (", which fits the numbers best" if len(self.plans) > 1 else "")
        if self.reduction is not None:
            yield f"{self.methods.back.__name__} is {self.reduction.text}"
        if self.ignored and self.plan.takes_cotangent:
            yield f"backward ignores {self.ignored}: right as the last layer only"
        if self.scale != 1:
            yield f"backward clips its gradients; checked below that, with a cotangent {1 / self.scale:g} times smaller"
        if self.homes.steps:
            yield f"backward takes a step as well, which is undone: it changes {listed(self.homes.steps)}"


def _unplanned(methods: Methods, inputs: Mapping[str, Any]) -> str:
    back = getattr(methods.back, "__qualname__", "backward")
    names = positional_names(methods.back)
    given = ", ".join(["dout", *names[1:]] if names else names)
    run = getattr(methods.run, "__name__", "forward")
    return (
        f"{back} wants arguments that are neither a cotangent (dout, grad_output) nor an input of forward, which has "
        f"{listed(inputs) or 'none'}: {listed(names)}. Give them defaults, or fill them in:\n"
        f"    check(layer.{run}, {', '.join(inputs)}, backward=lambda dout: layer.{methods.back.__name__}({given}))"
    )
