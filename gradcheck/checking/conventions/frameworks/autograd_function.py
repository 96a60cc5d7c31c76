"""Functions of ``autograd.numpy`` and primitives with ``defvjp``: autograd's own derivative is checked.

Each argument is traced by itself, so that each rule of a primitive answers for itself; lists and dictionaries of
parameters are taken apart into their arrays, ``params[0]['w']``.
"""

import sys
import warnings
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from gradcheck.checking.conduct.evidence import Evidence
from gradcheck.checking.conventions.common.arguments import call, is_variable, name_of, named_inputs
from gradcheck.checking.conventions.frameworks.second_order import cotangent_names, symmetric
from gradcheck.checking.conventions.frameworks.trees import leaves, rebuilt
from gradcheck.checking.report import Finding
from gradcheck.checking.subject import Array, NotUnderstoodError, Options, Pullback, Subject, as_outputs


class _Traced(Subject):
    """Something that autograd differentiates with respect to named arrays."""

    keeps_input = True

    @abstractmethod
    def value(self, inputs: Mapping[str, Any]) -> Any:
        """What the function returns: an array, or several in a tuple or list."""

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run the function plainly; the pullback traces it once for each argument."""
        outputs = as_outputs(self.value(inputs), self.name)
        vjps: dict[str, Callable[..., Any]] = {}

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            for name in self.tensors:
                if name not in vjps:
                    vjps[name] = self.vjp(name, inputs)
            return {name: vjp(cotangents) for name, vjp in vjps.items()}

        return outputs, pullback

    def vjp(self, name: str, inputs: Mapping[str, Any]) -> Callable[[list[Any]], Any]:
        """The function from cotangents to the gradient of one tensor."""
        from autograd import make_vjp
        from autograd.builtins import tuple as traceable

        several = False

        def along(x: Any) -> Any:
            nonlocal several
            returned = self.value({**inputs, name: x})
            several = isinstance(returned, tuple | list)
            return traceable(returned) if several else returned

        try:
            with warnings.catch_warnings():
                # Then the derivative is zero, which is compared like any other.
                warnings.filterwarnings("ignore", "Output seems independent of input")
                vjp, _ = make_vjp(along)(inputs[name])
        except (TypeError, AttributeError, NotImplementedError) as problem:
            raise NotUnderstoodError(
                f"autograd cannot differentiate {self.name} with respect to {name}: {problem}. Use "
                "autograd.numpy inside it, or pass its derivative: backward=..., grad=..."
            ) from problem
        return lambda cotangents: vjp(tuple(cotangents) if several else cotangents[0])


class AutogradSubject(_Traced):
    """A function that autograd differentiates."""

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...], name: str | None) -> None:
        self.f = f
        self.name = name or name_of(f)
        self.trees = named_inputs(getattr(f, "fun", f), inputs)  # what a primitive wraps knows the names
        self.inputs = {path: leaf for arg, tree in self.trees.items() for path, leaf in _taken_apart(tree, arg).items()}
        self.parameters = {}
        self.tensors = {path: leaf for path, leaf in self.inputs.items() if is_variable(leaf)}
        self.understood = "autograd function; its own derivative is the analytic side"

    def value(self, inputs: Mapping[str, Any]) -> Any:
        """Call the function with its containers around these leaves."""
        return call("f", self.f, [_put_together(tree, arg, inputs) for arg, tree in self.trees.items()])

    def second_order(self, cotangents: list[Array]) -> Subject:
        """Its gradient, which autograd can trace like any function."""
        return AutogradSecondOrder(self, cotangents)


class AutogradSecondOrder(_Traced):
    """The gradient of an autograd function for a cotangent, as a function of both."""

    def __init__(self, first: AutogradSubject, cotangents: list[Array]) -> None:
        self.first, self.name = first, first.name
        self.seeds = cotangent_names(cotangents, first.inputs)
        self.inputs = {**first.inputs, **self.seeds}
        self.tensors = {**first.tensors, **self.seeds}
        self.parameters = {}
        self.understood = "second order by autograd of autograd"

    def value(self, inputs: Mapping[str, Any]) -> Any:
        """The gradient of the first, one for each of its tensors."""
        cotangents = [inputs[name] for name in self.seeds]
        return [self.first.vjp(name, inputs)(cotangents) for name in self.first.tensors]

    def conduct(self, evidence: Evidence) -> Iterable[Finding]:
        """The Hessian is symmetric."""
        return symmetric(evidence, list(self.first.tensors))


def _taken_apart(tree: Any, name: str) -> dict[str, Any]:
    """The leaves of a container that holds arrays of floats; anything else is one leaf."""
    found = leaves(tree, name)
    if not any(map(is_variable, found.values())):
        return {name: tree}
    return {path: np.asarray(leaf) if isinstance(leaf, float) else leaf for path, leaf in found.items()}


def _put_together(tree: Any, name: str, values: Mapping[str, Any]) -> Any:
    return values[name] if name in values else rebuilt(tree, name, values)


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """A callable without a backward of its own, where the caller has imported autograd and no derivative is given."""
    given = options.backward is not None or options.grad is not None or hasattr(thing, "backward")
    if given or not callable(thing) or isinstance(thing, type) or "autograd" not in sys.modules:
        return None
    return AutogradSubject(thing, inputs, options.name)
