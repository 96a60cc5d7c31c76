"""What the checks of conduct go by: a subject that can be run, one forward and backward of it, and ways to run more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.state.snapshot import same_values
from gradcheck.checking.subject import Pullback, Runner, copies

Array = NDArray[Any]
Gradients = Mapping[str, Any]


@dataclass
class Evidence:
    """A subject that can be run, one forward and backward of it, and what came of them.

    Attributes
    ----------
    runner : Runner
    rng : numpy.random.Generator
        For further cotangents.
    outputs, cotangents, gradients
        Of the forward and the backward that were run.
    names : list of str
        The tensors to check.
    jitter : dict
        How much each entry of the gradient of a tensor varies by rounding.
    pending : callable or None
        The pullback of the last forward, which ran at the point itself and has no backward behind it that would
        show in another.
    """

    runner: Runner
    rng: np.random.Generator
    outputs: list[Array]
    cotangents: list[Array]
    gradients: Gradients
    names: list[str]
    jitter: dict[str, Array] = field(default_factory=dict)
    pending: Pullback | None = None

    @property
    def tensors(self) -> dict[str, Array]:
        """The checked tensors at the point."""
        return {name: self.runner.subject.tensors[name] for name in self.names}

    @property
    def varied(self) -> dict[str, Array]:
        """The checked tensors that are inputs: forward can be called with others, and nothing has to be written."""
        return {name: value for name, value in self.tensors.items() if name not in self.runner.subject.parameters}

    def comparable(self, *gradients: Gradients) -> list[str]:
        """The tensors for which all these have a numeric gradient of the right shape."""
        tensors = self.tensors
        return [name for name in self.names if all(is_comparable(g.get(name), tensors[name]) for g in gradients)]

    def pullback(self) -> Pullback:
        """That of a forward at the point, the last one that was run."""
        return self.pending or self.runner.start()[1]

    def backward(self, cotangents: Sequence[Array]) -> dict[str, Any]:
        """The gradients for these cotangents, as copies; one forward serves for as many as it can."""
        return pulled(self.pullback(), cotangents)


def pulled(pullback: Pullback, cotangents: Sequence[Array]) -> dict[str, Any]:
    """What a pullback makes of copies of these cotangents, as copies."""
    return copies(pullback([cotangent.copy() for cotangent in cotangents]))


def is_comparable(gradient: Any, tensor: Array) -> bool:
    """Whether a gradient is an array of real numbers in the tensor's shape."""
    array = as_array(gradient)
    return array is not None and array.shape == tensor.shape


def as_array(gradient: Any) -> Array | None:
    """A gradient as an array of real numbers, if it is one."""
    try:
        array = np.asarray(gradient)
    except ValueError:  # ragged
        return None
    if gradient is None or array.dtype.kind not in "fiu":
        return None
    return array


def largest(array: Array) -> float:
    """The largest magnitude; NaN if there is one."""
    return float(np.abs(array).max(initial=0.0))


def close(a: Array, b: Array) -> bool:
    """Whether two arrays of one shape are the same but for rounding."""
    with np.errstate(invalid="ignore", over="ignore"):
        equal = np.array_equal(a, b)
        if equal or np.result_type(a, b).kind != "f":
            return equal
        allowed = rounding(a, b) * max(largest(a), largest(b))
        return bool(np.all(same_values(a, b) | (np.abs(a - b) <= allowed)))


def rounding(*arrays: Array) -> float:
    """A relative difference that rounding may well cause, after many operations."""
    return float(float(np.finfo(np.result_type(*arrays)).eps) ** 0.6)


def index(name: str, at: Sequence[Any]) -> str:
    """An entry as one writes it: ``W[1, 2]``; for a scalar the name alone."""
    return f"{name}[{', '.join(str(int(i)) for i in at)}]" if len(at) else name


def first_change(before: Array, after: Array) -> str:
    """Where two arrays begin to differ, and how."""
    if before.shape != after.shape:
        return f"from shape {before.shape} to {after.shape}"
    where = np.argwhere(~same_values(before, after))
    if not len(where):
        return "by rounding"
    i = tuple(where[0])
    return f"first at {index('', i) or 'its only entry'}: {before[i]:.6g} became {after[i]:.6g}"
