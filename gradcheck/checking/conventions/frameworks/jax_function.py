"""JAX: functions, ``custom_vjp`` and ``custom_jvp``, jitted or not, with pytrees as arguments and results.

Every leaf of floats is a tensor under the name that its path has, ``params['dense']['w']``; what is checked is what
``jax.vjp`` makes of the function. Double precision is switched on around each run, and for that run alone.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np

from gradcheck.checking.conduct.evidence import Evidence, close, first_change
from gradcheck.checking.conventions.common.arguments import call, name_of, named_inputs
from gradcheck.checking.conventions.frameworks.jax_values import (
    as_array,
    float_leaves,
    has_loops,
    is_theirs,
    jax_module,
    paths,
    precision,
    with_leaves,
)
from gradcheck.checking.conventions.frameworks.second_order import cotangent_names, symmetric
from gradcheck.checking.report import Finding
from gradcheck.checking.subject import Array, NotUnderstoodError, Options, Pullback, Subject

Flat = Callable[[dict[str, Any]], list[Any]]
"""A function of named arrays that returns a list of arrays: what a pytree function is at heart."""


class _Traced(Subject):
    """Something that JAX differentiates with respect to named arrays."""

    keeps_input = True
    stores_gradients = False
    double = True

    @abstractmethod
    def flat(self) -> Flat:
        """The function of its tensors alone."""

    @cached_property
    def function(self) -> Flat:
        """The same; compiled where it has loops, which JAX would else compile anew in each call."""
        with precision(self.double):
            f = self.flat()
            return jax_module().jit(f) if has_loops(f, self._variables(self.inputs)) else f

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run the function plainly; the pullback traces it once."""
        variables = self._variables(inputs)
        with precision(self.double):
            outputs = [np.array(out) for out in self.function(variables)]
        traced = cache(lambda: self.vjp(self.function, variables))

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            with precision(self.double):
                values, vjp = traced()
                return self._pulled(values, vjp, cotangents)

        return outputs, pullback

    def vjp(self, f: Flat, variables: dict[str, Any]) -> tuple[list[Any], Callable[..., Any]]:
        """``jax.vjp``; where JAX cannot trace the function, what to do about it."""
        jax = jax_module()
        try:
            return jax.vjp(f, variables)  # type: ignore[no-any-return]  # JAX is not known to the type checker
        except (jax.errors.JAXTypeError, jax.errors.JAXIndexError) as problem:
            raise NotUnderstoodError(
                f"JAX cannot trace {self.name}: {str(problem).splitlines()[0]} Inside it use jax.numpy for NumPy, "
                "lax.cond or jnp.where for an if on a traced value, no float() or int() of one; or hand over its "
                "derivative: backward=..., grad=..."
            ) from problem

    def _variables(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        with precision(self.double):
            return {name: jax_module().numpy.asarray(inputs[name]) for name in self.tensors}

    def _pulled(self, outputs: list[Any], vjp: Callable[..., Any], cotangents: list[Array]) -> dict[str, Any]:
        pairs = zip(cotangents, outputs, strict=True)
        self.surplus = ""
        try:
            (gradients,) = vjp([jax_module().numpy.asarray(v, out.dtype) for v, out in pairs])
        except (TypeError, ValueError) as problem:
            if "ustom VJP" not in str(problem) and "bwd" not in str(problem):
                raise
            self.surplus = f"JAX refuses what the rule returned: {' '.join(str(problem).split())}"
            return {}
        return {name: np.array(gradient) for name, gradient in gradients.items()}


class JaxSubject(_Traced):
    """A function of pytrees."""

    def __init__(self, f: Callable[..., Any], inputs: tuple[Any, ...], name: str | None, *, double: bool) -> None:
        self.f, self.double, self.name = f, double, name or name_of(f)
        held = _held_by_rule(f)
        self.trees = dict(zip(named_inputs(f, inputs), inputs, strict=True))
        flat = {arg: {} if i in held else paths(tree, arg) for i, (arg, tree) in enumerate(self.trees.items())}
        self.trees, self.owner = self._with_owner(f, flat)
        given = {path: leaf for part in flat.values() for path, leaf in part.items()}
        floats = float_leaves(given)
        self.narrow = any(getattr(leaf, "dtype", np.float64) != np.float64 for leaf in floats.values())
        self.inputs = {path: as_array(leaf, double) if path in floats else leaf for path, leaf in given.items()}
        self.parameters = {}
        self.tensors = {path: self.inputs[path] for path in floats}
        self.understood = "; ".join(filter(None, [self._kind(), f"tensors {', '.join(self.tensors)}", self._in()]))

    def _with_owner(self, f: Any, flat: dict[str, dict[str, Any]]) -> tuple[dict[str, Any], bool]:
        """A callable pytree, a model that holds its parameters, is one more argument: the first."""
        own = {path.lstrip("."): leaf for path, leaf in paths(f, "").items()}
        if list(own) == [""] or not float_leaves(own):
            return self.trees, False
        flat["self"] = own
        return {**self.trees, "self": f}, True

    def _kind(self) -> str:
        """What it is, in the words of JAX."""
        kind = type(self.f).__name__
        if kind in ("custom_vjp", "custom_jvp"):
            return f"jax {kind} function"
        return "jax pytree that is called" if self.owner else "jax function"

    def _in(self) -> str:
        if not self.narrow:
            return ""
        return "double precision for the check alone" if self.double else "in its own precision"

    def flat(self) -> Flat:
        """The function of its leaves of floats."""

        def run(variables: dict[str, Any]) -> list[Any]:
            leaves = {**self.inputs, **variables}
            arguments = {arg: with_leaves(tree, arg, leaves) for arg, tree in self.trees.items()}
            f = arguments.pop("self") if self.owner else self.f
            return self._outputs(call("f", f, arguments.values()))

        return run

    def _outputs(self, returned: Any) -> list[Any]:
        found = float_leaves(paths(returned, "output"))
        if not found:
            raise NotUnderstoodError(
                f"{self.name} returned {type(returned).__name__}, in which there is no array of floats; return an "
                "array, or a pytree of arrays"
            )
        return [jax_module().numpy.asarray(leaf) for leaf in found.values()]

    def conduct(self, evidence: Evidence) -> Iterable[Finding]:
        """What the rule computes on its way forward is what the function computes."""
        evidence.runner.reset()
        self.trials += 1
        with precision(self.double):
            values, _ = self.vjp(self.function, self._variables(evidence.runner.inputs))
        for i, (plain, traced) in enumerate(zip(evidence.outputs, map(np.asarray, values), strict=True)):
            if plain.shape != traced.shape or not close(plain, traced):
                message = (
                    f"under differentiation output {i} is another one than without, {first_change(plain, traced)}; "
                    "let the rule (fwd, or the jvp) return what the function returns"
                )
                return [Finding("value", False, message, "wrong-value")]
        return [Finding("value", True, "under differentiation the outputs are the same as without")]

    def second_order(self, cotangents: list[Array]) -> Subject:
        """Its gradient, which JAX can differentiate like any function."""
        return JaxSecondOrder(self, cotangents)


class JaxSecondOrder(_Traced):
    """The gradient of a JAX subject for a cotangent, as a function of both."""

    def __init__(self, first: JaxSubject, cotangents: list[Array]) -> None:
        self.first, self.name, self.double = first, first.name, first.double
        self.seeds = cotangent_names(cotangents, first.inputs)
        self.inputs = {**first.inputs, **self.seeds}
        self.tensors = {**first.tensors, **self.seeds}
        self.parameters = {}
        self.understood = "second order by jax.vjp of jax.vjp"

    def flat(self) -> Flat:
        """The gradient as a function of the tensors and the cotangents."""

        def gradient(variables: dict[str, Any]) -> list[Any]:
            tensors = {name: variables[name] for name in self.first.tensors}
            _, vjp = self.first.vjp(self.first.function, tensors)
            (gradients,) = vjp([variables[name] for name in self.seeds])
            return [gradients[name] for name in tensors]

        return gradient

    def conduct(self, evidence: Evidence) -> Iterable[Finding]:
        """The Hessian is symmetric."""
        return symmetric(evidence, list(self.first.tensors))


def _held_by_rule(f: Any) -> tuple[int, ...]:
    """The arguments that a custom rule declares as not to be differentiated."""
    return tuple(getattr(f, "nondiff_argnums", ()) or ())


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """What JAX can differentiate, where the caller has imported it and no derivative is given."""
    given = options.backward is not None or not (options.grad is None or options.grad is False)
    if given or not callable(thing) or isinstance(thing, type) or not is_theirs(thing, inputs):
        return None
    return _in_double(thing, inputs, options.name) or JaxSubject(thing, inputs, options.name, double=False)


def _in_double(thing: Any, inputs: tuple[Any, ...], name: str | None) -> Subject | None:
    """The subject in double precision; None where it does not run in it."""
    subject = JaxSubject(thing, inputs, name, double=True)
    if not subject.narrow:
        return subject
    try:
        outputs, _ = subject.forward(subject.inputs)
    except Exception:  # what was written for single precision only; in that its own errors will show
        return None
    subject.trials += 1
    return subject if any(output.dtype == np.float64 for output in outputs) else None
