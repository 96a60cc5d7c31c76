"""Losses whose parameters are arrays of the module: ``lossFun(inputs, targets, hprev) -> loss, dWxh, dWhh, ..., h``.

It is seen from what is returned: a number first, then gradients called after arrays that the function finds in its
module.
"""

from collections.abc import Mapping
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import call, is_variable, named_inputs, variables
from gradcheck.checking.conventions.common.gradient_names import is_gradient_of
from gradcheck.checking.conventions.common.returned_names import returned_names
from gradcheck.checking.conventions.common.roles import is_cotangent
from gradcheck.checking.conventions.functions.function import is_number
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Array, Options, Parameter, Pullback, Subject, as_outputs, copies


class ModuleArrays(Subject):
    """A function that returns its loss and the gradients of arrays of its module."""

    takes_cotangent = False
    stores_gradients = False

    def __init__(self, f: FunctionType, where: Mapping[str, int], inputs: tuple[Any, ...], name: str | None) -> None:
        self.f, self.where = f, where
        self.name = name or f.__name__
        self.inputs = named_inputs(f, inputs)
        self.parameters = {array: self._parameter(array) for array in where}
        held = {array: np.array(parameter.read()) for array, parameter in self.parameters.items()}
        self.tensors = variables(self.inputs) | held
        self.understood = f"function returning (value, gradients); parameters {', '.join(where)} in its module"

    def _parameter(self, array: str) -> Parameter:
        def write(value: Any) -> None:
            self.f.__globals__[array][...] = value

        return Parameter(partial(self.f.__globals__.__getitem__, array), write, lambda: None)

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run it; the pullback hands out what it returned after the value."""
        value, *rest = call("f", self.f, inputs.values())
        return as_outputs(value, self.name), lambda _: {array: rest[i - 1] for array, i in self.where.items()}


def arrays_returned_for(function: Any) -> dict[str, int]:
    """The arrays of its module whose gradients a function returns, and the place of each among what it returns."""
    if not isinstance(function, FunctionType):
        return {}
    known = [name for name in function.__code__.co_names if is_variable(function.__globals__.get(name))]
    for names in returned_names(function):
        if is_cotangent(names[0]):
            continue
        found = {a: i for i, name in enumerate(names) if i and name for a in known if is_gradient_of(name, a)}
        if found and len(set(found.values())) == len(found):
            return found
    return {}


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """A function that returns a number and, by name, gradients in the shapes of arrays of its module."""
    given = options.backward is not None or (options.grad is not None and options.grad is not False)
    where = {} if given else arrays_returned_for(thing)
    if not where:
        return None
    state = State([thing, *inputs])
    try:
        returned = thing(*copies({str(i): value for i, value in enumerate(inputs)}).values())
    finally:
        state.restore()
    held = thing.__globals__
    if not (isinstance(returned, tuple) and is_number(returned[0])):
        return None
    if any(np.shape(returned[i]) != held[array].shape for array, i in where.items() if returned[i] is not None):
        return None
    subject = ModuleArrays(thing, where, inputs, options.name)
    subject.trials += 1
    return subject
