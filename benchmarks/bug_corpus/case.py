"""A layer, its right backward, and the wrong ones: how the files of the corpus are written down.

A layer is entered once, with a factory of inputs; its backwards are entered beneath it::

    @pair(lambda rng: dict(x=rng.normal(size=(5, 3)), b=rng.normal(size=3)))
    def add_bias(x, b):
        return x + b, None

    @add_bias.right
    def backward(dout, cache):
        return dout.copy(), dout.sum(axis=0)

    @add_bias.wrong("extra-mean")
    def bias_gradient_averaged(dout, cache):
        return dout.copy(), dout.mean(axis=0)

There are four forms, each as people write it: `pair` (a forward with its backward), `scalar` (a function and its
gradient), `loss` (one function that returns value and gradients) and `class_of` (an object with ``forward`` and
``backward``, or a network with ``loss`` and ``gradient``). The factory draws everything from `rng`, sizes included.
"""

import inspect
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck import Report, check

Array = NDArray[Any]
Inputs = Callable[[np.random.Generator], dict[str, Any]]

CAUSES = {
    "sign": "the sign is wrong",
    "missing-mean": "the division by the number averaged over is missing",
    "extra-mean": "a mean where a sum belongs, or divided once too often",
    "factor": "any other constant",
    "zero": "nothing flows back",
    "transposed": "a matrix, or one it is made of, is transposed",
    "permuted": "axes, gates or an order are exchanged or reversed",
    "swapped": "the gradients of two tensors are exchanged",
    "missing-sum": "an axis that was broadcast is not summed",
    "extra-sum": "an axis is summed that was not broadcast",
    "missing-cotangent": "the upstream gradient is not multiplied in",
    "cotangent-twice": "the upstream gradient is multiplied in twice",
    "missing-activation-derivative": "the slope of an activation is not multiplied in",
    "activation-derivative-at-wrong-point": "the slope is taken at the output instead of the input, or the reverse",
    "missing-mask": "what the forward dropped or clipped gets a gradient all the same",
    "inverted-mask": "what was kept and what was dropped are exchanged",
    "wrong-mask": "the mask is that of something else",
    "missing-term": "one summand of the derivative, a path through the graph, is missing",
    "overwritten": "of several contributions only the last is kept",
    "accumulated": "gradients of an earlier call are still in it",
    "stale-cache": "backward uses the values of another forward",
    "missing-epsilon": "the small constant of the forward is forgotten",
    "shifted": "a window, stride or padding is off by one",
    "ties": "a tie gets the whole gradient more than once",
    "one-sample": "only one sample of the batch contributes",
    "precision": "computed in a narrower type",
    "truncated": "time steps are cut off",
    "mutates-input": "an input is changed in place",
    "mutates-cotangent": "the upstream gradient is changed in place",
    "nondeterministic": "two runs give two answers",
    "wrong-shape": "the gradient does not have the shape of its tensor",
    "wrong-dtype": "the gradient is of a narrower type than its tensor",
    "not-finite": "NaN or infinity",
    "missing": "there is no gradient at all",
    "nonlinear": "not linear in the upstream gradient, and not one of the above",
}
"""What a wrong backward may be labelled with."""


@dataclass(frozen=True)
class Case:
    """One backward of one layer, with drawn inputs.

    Attributes
    ----------
    layer : Layer
    name : str
        Layer and mistake (or hard point), in words.
    causes : tuple of str
        The labels: any of them is a right answer. Empty if the backward is right, or if no label fits.
    wrong : bool
    """

    layer: "Layer"
    name: str
    wrong: bool
    causes: tuple[str, ...]
    forward: Any
    backward: Any
    inputs: Inputs

    def draw(self, seed: int) -> dict[str, Any]:
        """Inputs, the same for the same seed and layer."""
        return self.inputs(np.random.default_rng([seed, zlib.crc32(self.layer.name.encode())]))

    def check(self, seed: int = 0, **keywords: Any) -> Report:
        """What `gradcheck.check` says of it."""
        subject, inputs, derivative = self.layer.form.for_check(self.forward, self.backward, self.draw(seed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the mistake may overflow
            return check(subject, *inputs, seed=seed, name=self.name, **derivative, **keywords)

    def as_pair(self, inputs: dict[str, Any]) -> tuple[Callable[..., Any], Callable[..., Any], list[Array]]:
        """The same as ``forward(*floats) -> (out, cache)`` and ``backward(dout, cache) -> tuple``, with the floats."""
        names = self.layer.form.variables(self.backward, inputs)
        forward, backward = self.layer.form.as_pair(self.forward, self.backward, inputs)

        def of_floats(*floats: Array) -> tuple[Array, Any]:
            return forward({**inputs, **dict(zip(names, floats, strict=True))})

        def of_cotangent(dout: Array, cache: Any) -> tuple[Array, ...]:
            found = backward(dout, cache)
            return tuple(np.zeros_like(inputs[n]) if found.get(n) is None else found[n] for n in names)

        return of_floats, of_cotangent, [np.array(inputs[name]) for name in names]

    def gradients(self, seed: int) -> dict[str, Any]:
        """What the backward claims, for a random cotangent that is the same for all backwards of a layer."""
        inputs = self.draw(seed)
        forward, backward = self.layer.form.as_pair(self.forward, self.backward, inputs)
        out, cache = forward(inputs)
        return backward(np.random.default_rng(seed).normal(size=np.shape(out)).astype(np.asarray(out).dtype), cache)

    def wrong_tensors(self, seed: int = 0) -> list[str]:
        """Those whose gradient is not that of the layer's right backward."""
        right = replace(self.layer.right_case(), inputs=self.inputs).gradients(seed)
        claimed = self.gradients(seed)
        return [name for name in right if right[name] is not None and not same(right[name], claimed.get(name))]


@dataclass(eq=False)
class Layer:
    """A layer with its right backward, which :meth:`right`, :meth:`wrong` and :meth:`at` enter."""

    name: str
    form: Any
    forward: Any
    inputs: Inputs
    backward: Any = None
    cases: list[Case] = field(default_factory=list)

    def __post_init__(self) -> None:
        LAYERS.append(self)

    @property
    def family(self) -> str:
        """The file it is in."""
        return str(self.forward.__module__).split(".")[-1]

    def __call__(self, *inputs: Any) -> Any:
        """Run the forward."""
        return self.forward(*inputs)

    def right(self, backward: Any) -> Any:
        """Enter the right backward (as a decorator)."""
        self.backward = backward
        return backward

    def wrong(
        self, *causes: str, forward: Any = None, inputs: Inputs | None = None, why: str = ""
    ) -> Callable[[Any], Any]:
        """Enter a wrong backward (as a decorator) with its cause, ``"a+b"`` for two at once.

        Several causes are all accepted; `why` says why they are equally true.
        """
        assert len(causes) <= 1 or why, "several accepted causes need a reason"
        assert {part for cause in causes for part in cause.split("+")} <= set(CAUSES), causes

        def enter(backward: Any) -> Any:
            name = f"{self.name}: {backward.__name__.lstrip('_').replace('_', ' ')}"
            self.cases.append(Case(self, name, True, causes, forward or self.forward, backward, inputs or self.inputs))
            return backward

        return enter

    def at(self, point: str, inputs: Inputs, forward: Any = None, backward: Any = None) -> None:
        """Enter the right backward at a hard point."""
        self.cases.append(
            Case(self, f"{self.name} {point}", False, (), forward or self.forward, backward or self.backward, inputs)
        )

    def right_case(self) -> Case:
        """The right backward at its usual inputs."""
        return Case(self, self.name, False, (), self.forward, self.backward, self.inputs)


LAYERS: list[Layer] = []
"""Every layer, in the order of the files."""


# ------------------------------------------------------------------------------------------------ the four forms


class Form:
    """What the forms have in common."""

    @staticmethod
    def variables(backward: Any, inputs: dict[str, Any]) -> list[str]:
        """The inputs that are differentiated: the floats."""
        return [name for name, value in inputs.items() if is_float(value)]


class PairForm(Form):
    """``forward(*inputs) -> (out, cache)``, ``backward(dout, cache)``."""

    @staticmethod
    def for_check(forward: Any, backward: Any, inputs: dict[str, Any]) -> tuple[Any, list[Any], dict[str, Any]]:
        return forward, list(inputs.values()), {"backward": backward}

    @staticmethod
    def as_pair(forward: Any, backward: Any, inputs: dict[str, Any]) -> tuple[Any, Any]:
        return (lambda xs: forward(*xs.values())), (lambda dout, cache: by_name(backward(dout, cache), inputs))


class ScalarForm(Form):
    """``f(*inputs) -> number``, ``gradient(*inputs)``."""

    @staticmethod
    def for_check(f: Any, gradient: Any, inputs: dict[str, Any]) -> tuple[Any, list[Any], dict[str, Any]]:
        return f, list(inputs.values()), {"grad": gradient}

    @staticmethod
    def as_pair(f: Any, gradient: Any, inputs: dict[str, Any]) -> tuple[Any, Any]:
        return (
            lambda xs: (np.asarray(f(*xs.values())), by_name(gradient(*xs.values()), inputs)),
            times,
        )


class LossForm(Form):
    """``loss(*inputs) -> (value, gradient)`` or ``(value, gradient, gradient, ...)``."""

    @staticmethod
    def for_check(f: Any, loss: Any, inputs: dict[str, Any]) -> tuple[Any, list[Any], dict[str, Any]]:
        return loss, list(inputs.values()), {"grad": True}

    @staticmethod
    def as_pair(f: Any, loss: Any, inputs: dict[str, Any]) -> tuple[Any, Any]:
        def forward(xs: dict[str, Any]) -> Any:
            value, *gradients = loss(*xs.values())
            return np.asarray(value), by_name(gradients[0] if len(gradients) == 1 else tuple(gradients), inputs)

        return forward, times


class ClassForm(Form):
    """``Layer(*parameters)`` with ``forward(x)``, ``backward(dout)``, ``W`` and ``dW``; or a network of `params`."""

    @classmethod
    def variables(cls, kind: Any, inputs: dict[str, Any]) -> list[str]:
        """The floats; of a network only its parameters."""
        own = inspect.signature(kind).parameters if hasattr(kind, "gradient") else inputs
        return [name for name in Form.variables(kind, inputs) if name in own]

    @classmethod
    def for_check(cls, _: Any, kind: Any, inputs: dict[str, Any]) -> tuple[Any, list[Any], dict[str, Any]]:
        thing, given = cls.build(kind, inputs)
        return thing, list(given.values()), {}

    @staticmethod
    def build(kind: Any, inputs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """An instance with the parameters that its constructor asks for, and what is left for forward."""
        own = [name for name in inspect.signature(kind).parameters if name in inputs]
        parameters = {name: np.array(inputs[name]) if is_float(inputs[name]) else inputs[name] for name in own}
        return kind(**parameters), {name: value for name, value in inputs.items() if name not in own}

    @classmethod
    def as_pair(cls, _: Any, kind: Any, inputs: dict[str, Any]) -> tuple[Any, Any]:
        network = hasattr(kind, "gradient")

        def forward(xs: dict[str, Any]) -> Any:
            thing, given = cls.build(kind, xs)
            if network:
                return np.asarray(thing.loss(*given.values())), thing.gradient(*given.values())
            return thing.forward(*given.values()), (thing, given)

        def backward(dout: Array, cache: Any) -> dict[str, Any]:
            thing, given = cache
            found = by_name(thing.backward(dout), given)
            return {name: found[name] if name in found else getattr(thing, f"d{name}", None) for name in inputs}

        return forward, times if network else backward


def times(dout: Array, gradients: dict[str, Any]) -> dict[str, Any]:
    """The gradients of a scalar, times the cotangent of the scalar."""
    return {name: None if g is None else np.asarray(dout * np.asarray(g)) for name, g in gradients.items()}


def by_name(gradients: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    """Gradients as a dictionary: one for each float input, or one for each input."""
    if isinstance(gradients, dict):
        return gradients
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    names = [name for name, value in inputs.items() if is_float(value)]
    return dict(zip(list(inputs) if len(gradients) == len(inputs) else names, gradients, strict=False))


def pair(inputs: Inputs) -> Callable[[Any], Layer]:
    """Enter a forward that returns ``(out, cache)``."""
    return lambda forward: Layer(words(forward), PairForm, forward, inputs)


def scalar(inputs: Inputs) -> Callable[[Any], Layer]:
    """Enter a function that returns one number; its backwards are gradients of the same inputs."""
    return lambda f: Layer(words(f), ScalarForm, f, inputs)


def loss(inputs: Inputs) -> Callable[[Any], Layer]:
    """Enter a function that returns its value and its right gradients; the wrong ones are whole functions too."""
    return lambda f: Layer(words(f), LossForm, f, inputs, backward=f)


def class_of(kind: Any, inputs: Inputs) -> Layer:
    """Enter a right class; the wrong ones derive from it."""
    return Layer(kind.__name__, ClassForm, kind, inputs, backward=kind)


def words(function: Any) -> str:
    """A function's name, in words."""
    return str(function.__name__).replace("_", " ")


# --------------------------------------------------------------------------------------------------------- inputs


def sizes(rng: np.random.Generator, count: int, low: int = 3, high: int = 8) -> list[int]:
    """Sizes of axes, no two alike: equal ones cannot be told apart."""
    return [int(n) for n in rng.choice(np.arange(low, high + 1), count, replace=False)]


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Values of which no two are closer than 0.01: maxima without ties."""
    n = int(np.prod(shape))
    return rng.permutation(np.linspace(-2, 2, n) + rng.uniform(-0.001, 0.001, n)).reshape(shape)


def is_float(value: Any) -> bool:
    """Whether an input is differentiated."""
    return isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def same(right: Any, claimed: Any) -> bool:
    """Whether two gradients are one, but for rounding."""
    if claimed is None or np.shape(right) != np.shape(claimed):
        return False
    return bool(np.allclose(right, claimed, rtol=1e-9, atol=1e-12 * np.max(np.abs(right), initial=0)))
