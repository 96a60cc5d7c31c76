"""Layers that leave each gradient at its array, ``self.inp.g = self.out.g @ self.w.T``, as a course of fast.ai does.

They are called with arrays that can be given attributes, or with tensors of PyTorch where that is imported; their own
parameters are such arrays already. Tensors are those of a copy, in double precision.
"""

import copy
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import call, is_variable, named_inputs, required_count, variables
from gradcheck.checking.conventions.common.roles import is_target
from gradcheck.checking.conventions.frameworks.torch_values import torch_module
from gradcheck.checking.conventions.functions.attributes import as_array, attributes_set, holder_for, is_tensor, tensor
from gradcheck.checking.conventions.layers.methods import find_methods
from gradcheck.checking.conventions.layers.places import Place, objects, walk
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Array, Options, Parameter, Pullback, Subject, as_outputs, copies


class AttributeLayer(Subject):
    """An object whose backward takes nothing and leaves gradients at the arrays it remembers."""

    holds_cache = True

    def __init__(
        self,
        layer: Any,
        run: Callable[..., Any],
        inputs: tuple[Any, ...],
        options: Options,
        mark: str,
        hold: Callable[[Array], Any] | None,
    ) -> None:
        self.layer, self.mark = layer, mark
        self.run = layer if callable(layer) else run
        self.name = options.name or type(layer).__name__
        self.hold = hold or holder_for(inputs)
        self.inputs = {name: as_array(value) for name, value in named_inputs(run, inputs).items()}
        self.parameters = {}
        self.places: dict[str, Place] = {}
        self.parameters = self._find_parameters()
        self.tensors = variables(self.inputs) | {n: np.array(p.read()) for n, p in self.parameters.items()}
        self.understood = f"layer object; gradients left at the arrays, as {mark}"
        if self.parameters:
            self.understood += f"; parameters {', '.join(self.parameters)} as attributes"

    def _find_parameters(self) -> dict[str, Parameter]:
        """The arrays that were there before forward, are still, and have a gradient after backward."""
        state = State([self.layer])
        before = {place: value for place, value in walk(self.layer) if is_variable(value) or is_tensor(value)}
        for value in before.values():
            self._forget(value)
        self.trials += 1
        outputs, pullback = self.forward(copies(self.inputs))
        pullback([np.ones_like(output) for output in outputs])
        kept = {p: v for p, v in before.items() if p.read() is v and getattr(v, self.mark, None) is not None}
        state.restore()
        first = {id(value): place for place, value in reversed(kept.items())}
        self.places = {place.path: place for place in kept if place in first.values()}
        return {name: self._parameter(place) for name, place in self.places.items()}

    def _parameter(self, place: Place) -> Parameter:
        def write(value: Any) -> None:
            live = place.read()
            if is_tensor(live):
                live.data.copy_(self.hold(value))
            else:
                place.write(value)

        return Parameter(lambda: as_array(place.read()), write, lambda: getattr(place.read(), self.mark, None))

    def _forget(self, value: Any) -> None:
        """What an earlier backward left is no part of the next one."""
        if hasattr(value, self.mark) and hasattr(value, "__dict__"):
            vars(value).pop(self.mark, None)

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Call the layer; the pullback leaves the cotangent at the output, runs backward and collects."""
        for place in self.places.values():
            self._forget(place.read())
        held = {name: self.hold(value) if is_variable(value) else value for name, value in inputs.items()}
        output = call("forward", self.run, held.values())
        outputs = as_outputs(as_array(output))
        self.takes_cotangent = outputs[0].size != 1

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            if hasattr(output, "__dict__"):
                setattr(
                    output, self.mark, self.hold(cotangents[0] if self.takes_cotangent else np.ones_like(outputs[0]))
                )
            call("backward", self.layer.backward, [])
            left = {name: getattr(value, self.mark, None) for name, value in held.items() if is_variable(inputs[name])}
            left = {name: gradient for name, gradient in left.items() if gradient is not None or not is_target(name)}
            left |= {name: parameter.gradient() for name, parameter in self.parameters.items()}
            return {name: as_array(gradient) for name, gradient in left.items()}

        return outputs, pullback


def _mark(layer: Any) -> str:
    """Under which attribute it, or what it is made of, leaves gradients at arrays that are not itself."""
    return next((mark for method in _methods(layer) for owner, mark in attributes_set(method) if owner != "self"), "")


def _methods(layer: Any) -> Iterator[Callable[..., Any]]:
    for cls in dict.fromkeys(cls for part in objects(layer) for cls in type(part).__mro__):
        yield from (method for method in vars(cls).values() if isinstance(method, FunctionType))


def _on_tensors(layer: Any) -> Any:
    """A copy of a layer that holds tensors in double precision where it held tensors, or arrays."""
    double = copy.deepcopy(layer)
    cast: dict[int, Any] = {}
    for place, value in list(walk(double)):
        if is_variable(value) or (is_tensor(value) and value.is_floating_point()):
            place.rebind(cast.setdefault(id(value), tensor(as_array(value))))
    return double


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """An object with a backward that takes no arguments, where its methods set ``.g`` of what they are called with."""
    if options.grad is not None or options.backward is not None or isinstance(thing, type) or not inputs:
        return None
    back = getattr(thing, "backward", None)
    methods = find_methods(thing) if callable(back) and required_count(back) == 0 else None
    mark = _mark(thing) if methods is not None else ""
    if methods is None or not mark:
        return None
    tensors = any(map(is_tensor, (*inputs, *(value for _, value in walk(thing)))))
    for kind in (*([] if tensors else [thing]), *([_on_tensors(thing)] if torch_module() else [])):
        found = find_methods(kind)
        try:
            return AttributeLayer(
                kind, (found or methods).run, inputs, options, mark, tensor if kind is not thing else None
            )
        except (AttributeError, TypeError):  # its own arrays have no place for a gradient
            continue
    return None
