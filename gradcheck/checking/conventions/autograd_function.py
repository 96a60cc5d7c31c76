"""Functions of ``autograd.numpy`` and primitives with ``defvjp``: autograd's own derivative is checked."""

import sys
import warnings
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
        returned = call("f", self.f, arguments)
        outputs = as_outputs(returned, self.name)
        traced = _as_tuple(self.f) if isinstance(returned, tuple | list) else self.f

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            return {name: self._vjp(traced, list(inputs).index(name), arguments, cotangents) for name in self.tensors}

        return outputs, pullback

    def _vjp(self, f: Callable[..., Any], i: int, arguments: list[Any], cotangents: list[Array]) -> Any:
        from autograd import make_vjp

        try:
            with warnings.catch_warnings():
                # Then the derivative is zero, which is compared like any other.
                warnings.filterwarnings("ignore", "Output seems independent of input")
                vjp, value = make_vjp(f, i)(*arguments)
        except (TypeError, AttributeError, NotImplementedError) as problem:
            raise NotUnderstoodError(
                f"autograd cannot differentiate {self.name} with respect to argument {i}: {problem}. Use "
                "autograd.numpy inside it, or pass its derivative: backward=..., grad=..."
            ) from problem
        return vjp(tuple(cotangents) if isinstance(value, tuple) else cotangents[0])


def _as_tuple(f: Callable[..., Any]) -> Callable[..., Any]:
    """The same function; its several outputs are one value to autograd."""
    from autograd.builtins import tuple as traceable

    return lambda *arguments: traceable(f(*arguments))


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """A callable without a backward of its own, where the caller has imported autograd and no derivative is given."""
    given = options.backward is not None or options.grad is not None or hasattr(thing, "backward")
    if given or not callable(thing) or isinstance(thing, type) or "autograd" not in sys.modules:
        return None
    return AutogradSubject(thing, inputs, options.name)
