"""One point and one cotangent: what backward gave there, and what is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.bench import joined
from gradcheck.checking.conduct.evidence import as_array, pulled
from gradcheck.checking.diagnosis.jacobian import LARGEST, measured_gradient, measured_jacobian
from gradcheck.checking.subject import Runner

Array = NDArray[Any]
Point = Mapping[str, Array]


@dataclass(frozen=True)
class Effort:
    """How many groups of entries of a tensor may be differenced, and which entries matter most."""

    groups: int
    first: Mapping[str, Array]


class Trial:
    """A forward and a backward at one point with one cotangent, and the Jacobian there.

    Attributes
    ----------
    point : dict
        The tensors, by name.
    outputs, cotangents : list of ndarray
    gradients : dict
        What backward gave, raw.
    effort : Effort
        How much may be differenced.
    """

    def __init__(self, runner: Runner, point: Point, cotangents: Sequence[Array], effort: Effort) -> None:
        self.runner, self.point, self.effort = runner, dict(point), effort
        outputs, pullback = runner.start(self.point)
        self.outputs = [np.array(out, float) for out in outputs]
        self.cotangents = [np.array(c) for c in cotangents]
        self.gradients = pulled(pullback, self.cotangents)
        self._jacobians: dict[str, Array] = {}
        self._known: dict[str, Array] = {}

    @property
    def output(self) -> Array:
        """The outputs, several in one row."""
        return joined(self.outputs)

    @property
    def cotangent(self) -> Array:
        """The cotangents, several in one row."""
        return np.asarray(joined(self.cotangents), float)

    def claimed(self, name: str) -> Array:
        """The gradient under test; without entries where there is none."""
        array = as_array(self.gradients.get(name))
        return np.empty(0) if array is None else np.asarray(array, float)

    def knows(self, name: str, right: Array) -> None:
        """The right gradient has been measured already."""
        self._known[name] = np.asarray(right, float)

    def right(self, name: str) -> Array:
        """The right gradient by differences; NaN where it was not measured."""
        if name not in self._known:
            self._known[name] = self._measured(name)
        return self._known[name]

    def jacobian(self, name: str) -> Array:
        """The derivatives of all outputs by all entries of a tensor, of shape ``output.shape + tensor.shape``."""
        if name not in self._jacobians:
            f, x, effort = self._as_function_of(name), self.point[name], self.effort
            self._jacobians[name] = measured_jacobian(f, x, effort.groups, effort.first.get(name))
        return self._jacobians[name]

    def _measured(self, name: str) -> Array:
        if self.output.size * self.point[name].size <= LARGEST:
            return self.pulled_back(name, self.cotangent)
        f, x, effort = self._as_function_of(name), self.point[name], self.effort
        return measured_gradient(f, x, self.cotangent, effort.groups, effort.first.get(name))

    def pulled_back(self, name: str, cotangent: Array) -> Array:
        """The right gradient for another cotangent, which may be any array in the shape of the outputs."""
        jacobian = self.jacobian(name)
        return np.tensordot(cotangent, jacobian, axes=cotangent.ndim)

    def contributions(self, name: str) -> Array:
        """What each output contributes to each entry of the right gradient, in the shape of the Jacobian."""
        v = self.cotangent
        return v.reshape(*v.shape, *[1] * self.point[name].ndim) * self.jacobian(name)

    def elsewhere(self, changes: Point) -> "Trial":
        """The same with some tensors replaced."""
        return Trial(self.runner, {**self.point, **changes}, self.cotangents, self.effort)

    def again(self, cotangents: Sequence[Array]) -> "Trial":
        """The same point with other cotangents; the Jacobians stay."""
        other = Trial(self.runner, self.point, cotangents, self.effort)
        other._jacobians = self._jacobians
        return other

    def is_sound(self, like: "Trial") -> bool:
        """Whether outputs and gradients are finite, in the shapes they have elsewhere."""
        arrays = [*self.outputs, *(self.claimed(name) for name in self.gradients)]
        shapes = [out.shape for out in self.outputs] == [out.shape for out in like.outputs]
        return shapes and all(np.all(np.isfinite(array)) for array in arrays)

    def _as_function_of(self, name: str) -> Any:
        return lambda value: joined(self.runner.outputs({**self.point, name: value}))
