"""Scalar functions with their gradient: a second function, or ``(value, gradient)`` in one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import call, is_variable, name_of, named_inputs, variables
from gradcheck.checking.conventions.common.assigning import assign_nested, complaint
from gradcheck.checking.conventions.common.nested import gather, is_nested, spread
from gradcheck.checking.conventions.common.returned_names import owners, returned_names
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
        self.inputs = spread(self.shape, deep=True)
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
        value, *gradients = self._value_first(returned)
        gradient = gradients[0] if len(gradients) == 1 else tuple(gradients)
        return self._scalar(value), lambda _: self._assigned(gradient, inputs)

    def _value_first(self, returned: Sequence[Any]) -> Sequence[Any]:
        """Both in one order: in ``return grads, cost`` the value comes last."""
        if is_number(returned[0]) or not is_number(returned[-1]):
            return returned
        self.understood = "function returning (gradient, value)"
        return [returned[-1], *returned[:-1]]

    def _assigned(self, gradients: Any, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
        named = self._by_their_names(gradients)
        if named:
            return dict(zip(named, gradients, strict=True))
        self.surplus = complaint(gradients, inputs, "grad" if self.grad else self.name)
        assigned = assign_nested(gradients, self.shape)
        if isinstance(gradients, Mapping):  # of the parameters by name; data and targets have none
            return {name: gradient for name, gradient in assigned.items() if gradient is not None}
        return assigned

    def _by_their_names(self, gradients: Any) -> list[str]:
        """Whose the gradients in a tuple are: as they are called where they are returned, dw, db; else by shape."""
        if not isinstance(gradients, tuple) or any(map(is_nested, (*gradients, *self.shape.values()))):
            return []
        shapes = {name: np.shape(value) for name, value in self.tensors.items()}
        if [np.shape(gradient) for gradient in gradients] == list(shapes.values()):
            return []  # one for each, in order: a name that says otherwise is the mistake to be found
        fits = [[name for name, shape in shapes.items() if shape == np.shape(gradient)] for gradient in gradients]
        alone = [name for names in fits if len(names) == 1 for name in names]
        by_shape = alone if len(gradients) < len(shapes) and len(set(alone)) == len(gradients) else []
        return owners(returned_names(self.grad or self.f), len(gradients), self.tensors) or by_shape

    def _scalar(self, value: Any) -> list[Array]:
        if np.size(value) != 1:
            raise NotUnderstoodError(
                f"{self.name} returned an array of shape {np.shape(value)}, and a gradient belongs to one number; "
                "sum it, or check the pair of a forward and its vector-Jacobian product: check(f, x, backward=vjp)"
            )
        return as_outputs(value, self.name)


def is_number(value: Any) -> bool:
    """Whether something returned can be the value of a loss."""
    return isinstance(value, float | np.floating) or (is_variable(value) and np.size(value) == 1)


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
