"""Scalar functions with their gradient: a second function, or ``(value, gradient)`` in one."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import call, name_of, named_inputs, variables
from gradcheck.checking.conventions.common.assigning import assign_entries, complaint
from gradcheck.checking.conventions.common.nested import gather, spread
from gradcheck.checking.subject import Array, NotUnderstoodError, Options, Pullback, Subject, as_outputs, kind_of


class FunctionSubject(Subject):
    """A scalar function and what claims to be its gradient."""

    takes_cotangent = False
    keeps_input = True

    def __init__(
        self,
        f: Callable[..., Any],
        grad: Callable[..., Any] | None,
        inputs: tuple[Any, ...],
        name: str | None,
    ) -> None:
        self.f, self.grad = f, grad
        self.name = name or name_of(f)
        self.shape = named_inputs(f, inputs)
        self.inputs = spread(self.shape, dictionaries=True)
        self.parameters = {}
        self.tensors = variables(self.inputs)
        self.understood = "scalar function with its gradient" if grad else "function returning (value, gradient)"

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run f; the pullback runs its gradient, or hands out what f returned with the value."""
        returned = call("f", self.f, gather(inputs, self.shape))
        if self.grad is not None:
            grad = self.grad
            return self._scalar(returned), lambda _: self._assigned(
                call("grad", grad, gather(inputs, self.shape)), inputs
            )
        if not (isinstance(returned, tuple | list) and len(returned) >= 2):
            raise NotUnderstoodError(
                f"with grad=True f must return (value, gradient), but it returned {type(returned).__name__}; "
                "pass the gradient as a function, grad=df, or return both"
            )
        value, *gradients = returned
        gradient = gradients[0] if len(gradients) == 1 else tuple(gradients)
        return self._scalar(value), lambda _: self._assigned(gradient, inputs)

    def _assigned(self, gradients: Any, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        self.surplus = complaint(gradients, inputs, "grad" if self.grad else self.name)
        assigned = assign_entries(gradients, inputs)
        if isinstance(gradients, Mapping):  # of the parameters by name; data and targets have none
            return {name: gradient for name, gradient in assigned.items() if gradient is not None}
        return assigned

    def _scalar(self, value: Any) -> list[Array]:
        if np.size(value) != 1:
            raise NotUnderstoodError(
                f"{self.name} returned an array of shape {np.shape(value)}, and a gradient belongs to one number; "
                "sum it, or check the pair of a forward and its vector-Jacobian product: check(f, x, backward=vjp)"
            )
        return as_outputs(value, self.name)


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """A callable, where ``grad=`` is given."""
    if options.grad is None or options.grad is False:
        return None
    if not callable(thing):
        raise NotUnderstoodError(
            f"check(f, *inputs, grad=...) takes a function first, but got {type(thing).__name__}; "
            "check(f, x, grad=df), or grad=True where f returns (value, gradient)"
        )
    if options.grad is not True and not callable(options.grad):
        raise NotUnderstoodError(
            f"grad is {kind_of(options.grad)}; pass the function that computes it, grad=df, "
            "or grad=True where f returns (value, gradient)"
        )
    return FunctionSubject(thing, None if options.grad is True else options.grad, inputs, options.name)
