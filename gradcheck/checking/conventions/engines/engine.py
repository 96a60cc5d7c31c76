"""Small autodiff engines in the style of micrograd and DeZero: values with ``data``, ``grad`` and ``backward()``.

Checked are functions of such values, models that hold some (``parameters()``), and operations that make them. How a
cotangent is handed to a backward that begins with one is told from the engine itself: see :data:`SEEDS`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import call, name_of, named_inputs, positional_names
from gradcheck.checking.conventions.engines.engine_second_order import EngineSecondOrder
from gradcheck.checking.conventions.engines.engine_values import (
    array_parameter,
    as_list,
    as_one,
    clear,
    gradients,
    held_values,
    is_scalar,
    is_value,
    leaf,
    mentioned,
    number_parameter,
    numbers,
    value_class,
)
from gradcheck.checking.conventions.frameworks.trees import leaves, rebuilt
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Array, NotUnderstoodError, Options, Pullback, Subject

_SEED_NAMES = ("grad", "gradient", "grad_output", "dout", "dy", "gy", "g", "upstream", "seed", "v")


class GraphUsedUpError(RuntimeError):
    """A second backward through one graph, which small engines do not support: its inner gradients are still there."""


class EngineSubject(Subject):
    """Anything that maps values of a small engine to such values."""

    keeps_input = True
    stores_gradients = False

    def __init__(self, thing: Any, inputs: tuple[Any, ...], name: str | None, known: list[Any]) -> None:
        self.thing, self.known = thing, known
        self.name = name or (type(thing).__name__ if not hasattr(thing, "__name__") else name_of(thing))
        self.scalar = any(not isinstance(value, type) and is_scalar(value) for value in known)
        self.held: dict[str, Any] = {}
        self.born: list[tuple[Any, Array]] = []
        self.parameters = {}
        self.holds_cache = callable(getattr(thing, "backward", None))  # an operation that keeps its inputs
        self.trees = named_inputs(thing if hasattr(thing, "__name__") else thing.__call__, inputs)
        self._name_inputs()
        self._before = State([thing, *inputs])
        self.seed = ""
        self._name_parameters()
        self.tensors = {name: self.inputs[name] for name in self.likes}
        self.tensors |= {name: parameter.read() for name, parameter in self.parameters.items()}
        self._choose_seed()
        self.understood = "; ".join(filter(None, [self._kind(), self._where(), SEEDS[self.seed]]))

    def _kind(self) -> str:
        """Whose values they are, in one phrase."""
        kind = self.known[0] if isinstance(self.known[0], type) else type(self.known[0])
        return f"autodiff engine, {kind.__name__} with data, grad and backward()"

    def _where(self) -> str:
        if not self.parameters:
            return ""
        there = f"{len(self.held)} numbers" if self.scalar else f"parameters {', '.join(self.parameters)}"
        return f"{there} that it holds"

    def _name_inputs(self) -> None:
        """Arrays by name, and for each what its leaves are to be like."""
        self.inputs: dict[str, Any] = {}
        self.likes: dict[str, Any] = {}
        self.whole: set[str] = set()
        for arg, tree in self.trees.items():
            array = as_one(tree) if self.scalar else None
            if array is not None:
                self.whole.add(arg)
            for path, part in ({arg: array} if array is not None else leaves(tree, arg)).items():
                self._name_input(path, part)

    def _name_input(self, path: str, part: Any) -> None:
        self.inputs[path] = part
        if is_value(part):
            self.inputs[path], self.likes[path] = numbers(part), part
        elif isinstance(part, np.ndarray) and np.issubdtype(part.dtype, np.floating):
            self.likes[path] = self.known[0] if isinstance(self.known[0], type) else type(self.known[0])

    def _name_parameters(self) -> None:
        self.held = held_values(getattr(self.thing, "__self__", self.thing))
        unborn = [value for value in self.held.values() if value.data is None]
        if unborn:
            self.run(self.inputs)  # they are made in the first forward, and the same in all that follow
            self.trials += 1
            self.born = [(value, numbers(value)) for value in unborn if value.data is not None]
            self._before.restore()
            self._bear()
        if self.scalar and self.held:
            name = "parameters" if "parameters" not in self.inputs else "self.parameters"
            self.parameters = {name: number_parameter(list(self.held.values()))}
        elif not self.scalar:
            self.parameters = {
                name if name not in self.inputs else f"self.{name}": array_parameter(value)
                for name, value in self.held.items()
                if np.issubdtype(np.asarray(value.data).dtype, np.floating)
            }

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run it on fresh leaves; the pullback runs ``backward()`` once."""
        fresh, outputs = self.run(inputs)
        used = False

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            nonlocal used
            if used:
                raise GraphUsedUpError("run forward again")
            used = True
            return self._pulled(inputs, fresh, outputs, cotangents)

        return self._arrays(outputs), pullback

    def run(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
        """The leaves by name, singly or in arrays of objects, and the values that came out."""
        self._bear()
        for value in self.held.values():
            clear(value)
        fresh = {name: self._leaves(name, inputs[name]) for name in self.likes}
        given = {**inputs, **{name: self._as_given(name, value) for name, value in fresh.items()}}
        arguments = [given[a] if a in self.whole else rebuilt(t, a, given) for a, t in self.trees.items()]
        returned = call("forward", self.thing, arguments)
        found = [part for part in leaves(as_list(returned), "output").values() if is_value(part)]
        if not found:
            raise NotUnderstoodError(
                f"{self.name} returned {type(returned).__name__}, in which there is no value with data, grad and "
                "backward(); return what the operations of the engine give"
            )
        return fresh, found

    def _bear(self) -> None:
        for value, array in self.born:
            if value.data is None:
                value.data = array.copy()

    def _leaves(self, name: str, array: Array) -> Any:
        """One value for an array, or in an engine of numbers one for each entry."""
        like = self.likes[name]
        if not self.scalar:
            return leaf(array, like)
        made = np.empty(array.shape, object)
        for i in np.ndindex(array.shape):
            made[i] = leaf(float(array[i]), like)
        return made

    def _as_given(self, name: str, value: Any) -> Any:
        """Lists as lists, a single value as such."""
        if not self.scalar:
            return value
        return value.tolist() if isinstance(self.trees.get(name), list | tuple) or not value.ndim else value

    def _arrays(self, outputs: list[Any]) -> list[Array]:
        """In an engine of numbers all outputs are one array."""
        if not self.scalar:
            return [numbers(output) for output in outputs]
        return [np.array([numbers(output) for output in outputs]).reshape(() if len(outputs) == 1 else -1)]

    def _pulled(
        self, inputs: Mapping[str, Any], fresh: dict[str, Any], outputs: list[Any], v: list[Array]
    ) -> dict[str, Any]:
        """The gradients after one backward; of several arrays, each has a forward of its own."""
        if self.scalar:
            self._backward(outputs, list(np.ravel(v[0])))
            return self.read(fresh)
        total: dict[str, Any] = {}
        for i, cotangent in enumerate(v):
            if i:
                self.trials += 1
                fresh, outputs = self.run(inputs)
            self._backward(outputs[i : i + 1], [cotangent])
            found = self.read(fresh)
            total = {name: total[name] + g for name, g in found.items()} if total else found
        return total

    def read(self, fresh: Mapping[str, Any]) -> dict[str, Array]:
        """The gradients by name, after a backward."""
        found = {name: gradients(value) for name, value in fresh.items()}
        return found | {name: parameter.gradient() for name, parameter in self.parameters.items()}

    def _backward(self, outputs: list[Any], seeds: list[Any]) -> None:
        output, seed = outputs[0], seeds[0]
        if self.seed == "argument":
            output.backward(seed)
        elif self.seed == "preset":
            output.grad = leaf(seed, type(output)) if self.wraps else seed
            output.backward()
        elif self.seed == "weighted":
            terms = [y * (float(v) if self.scalar else leaf(v, type(y))) for y, v in zip(outputs, seeds, strict=True)]
            total = terms[0]
            for term in terms[1:]:
                total = total + term
            total.backward()
        else:
            output.backward()

    def _choose_seed(self) -> None:
        """The first way of handing over a cotangent that this engine honours: twice the seed, twice the gradient."""
        self.wraps = self._grads_are_values()
        for self.seed in ("argument", "preset", "weighted"):
            if self._honours_seed():
                return
        self.seed, self.takes_cotangent = "one", False

    def _grads_are_values(self) -> bool:
        self.seed = "one"
        fresh, outputs = self._tried()
        try:
            outputs[0].backward()
        except Exception:  # it wants a cotangent, or a number to begin with
            return False
        found = [getattr(v, "grad", None) for v in (*fresh.values(), *self.held.values())]
        return any(is_value(grad) for grad in found)

    def _honours_seed(self) -> bool:
        wants = any(name in _SEED_NAMES for name in positional_names(self._tried()[1][0].backward)[:1])
        if wants != (self.seed == "argument") and self.seed != "weighted":
            return False
        if self.scalar and self.seed == "preset":
            return False  # of several numbers only a weighted sum is one output
        once, twice = (self._gradients_for(factor) for factor in (1.0, 2.0))
        if once is None or twice is None or self.seed == "weighted":
            return once is not None and twice is not None
        return all(np.allclose(2 * once[name], twice[name], rtol=1e-6, atol=0) for name in once)

    def _gradients_for(self, factor: float) -> dict[str, Array] | None:
        fresh, outputs = self._tried()
        cotangents = [np.full_like(y, factor) for y in self._arrays(outputs)]
        try:
            return dict(self._pulled(self.inputs, fresh, outputs, cotangents))
        except Exception:  # this is not how it takes one
            return None

    def _tried(self) -> tuple[dict[str, Any], list[Any]]:
        self._before.restore()
        self.trials += 1
        return self.run(self.inputs)

    def second_order(self, cotangents: list[Array]) -> Subject | None:
        """Its gradient, where backward() can leave a graph behind, as DeZero's with ``create_graph=True``."""
        _, outputs = self.run(self.inputs)
        can = self.wraps and len(outputs) == 1 and "create_graph" in positional_names(outputs[0].backward)
        return EngineSecondOrder(self, cotangents) if can else None


SEEDS: dict[str, str] = {
    "argument": "the cotangent is an argument of backward()",
    "preset": "the cotangent is put into the grad of the output",
    "weighted": "the outputs are weighted by the engine's own * and +",
    "one": "backward() begins with 1",
}
"""How a cotangent is handed to ``backward()``, in the order in which it is tried."""


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """A callable that is given values of a small engine, holds some, or makes some; no derivative is given."""
    if options.backward is not None or not (options.grad is None or options.grad is False) or not callable(thing):
        return None
    given = [part for tree in inputs for part in leaves(tree, "x").values() if is_value(part)]
    layered = callable(getattr(thing, "backward", None)) and not given
    held = [] if layered else list(held_values(getattr(thing, "__self__", thing)).values())
    made = value_class(thing) if layered else None
    known = [v for v in (*given, *held) if v.data is not None] or [type(v) for v in held] or ([made] if made else [])
    if known:
        return EngineSubject(thing, inputs, options.name, known)
    return _by_what_it_uses(thing, inputs, options.name)


def _by_what_it_uses(thing: Any, inputs: tuple[Any, ...], name: str | None) -> Subject | None:
    """A function whose code names a class of values, or a model that holds some, and that returns one."""
    known = mentioned(thing)
    try:
        return EngineSubject(thing, inputs, name, known) if known else None
    except NotUnderstoodError:
        return None
