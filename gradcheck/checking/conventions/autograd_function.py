"""Functions of ``autograd.numpy`` and primitives with ``defvjp``: autograd's own derivative is checked."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from gradcheck.checking.conventions.arguments import call, name_of, named_inputs, variables
from gradcheck.checking.subject import Array, NotUnderstoodError, Options, Pullback, Subject, as_outputs


class AutogradSubject(Subject):
    """A function that autograd differentiates."""

    keeps_input = True

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...], name: str | None) -> None:
        self.f = f
        self.name = name or name_of(f)
        self.inputs = named_inputs(f, inputs)
        self.parameters = {}
        self.tensors = variables(self.inputs)
        self.understood = "autograd function; its own derivative is the analytic side"

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run f plainly; the pullback traces it once for each argument."""
        arguments = list(inputs.values())
        outputs = as_outputs(call("f", self.f, arguments))

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            return {name: self._vjp(list(inputs).index(name), arguments, cotangents) for name in self.tensors}

        return outputs, pullback

    def _vjp(self, i: int, arguments: list[Any], cotangents: list[Array]) -> Any:
        from autograd import make_vjp

        try:
            vjp, value = make_vjp(self.f, i)(*arguments)
        except (TypeError, AttributeError, NotImplementedError) as problem:
            raise NotUnderstoodError(
                f"autograd cannot differentiate {self.name} with respect to argument {i}: {problem}. Use "
                "autograd.numpy inside it, or pass its derivative: backward=..., grad=..."
            ) from problem
        return vjp(tuple(cotangents) if isinstance(value, tuple) else cotangents[0])


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """A callable, where the caller has imported autograd and no derivative is given."""
    given = options.backward is not None or options.grad is not None
    if given or not callable(thing) or isinstance(thing, type) or "autograd" not in sys.modules:
        return None
    return AutogradSubject(thing, inputs, options.name)
