"""What an argument may be, before the lengths of axes are known; and how it is made once they are."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.modules.sizes import Sizes

Axes = tuple[str, ...]
Domain = Literal["signed", "positive", "unit", "rows", "binary", "signs"]


@dataclass(frozen=True)
class Floats:
    """An array of floats; the domain says from where: of both signs, positive, in (0, 1), rows that sum to 1, ...

    Values lie off the kinks of the usual functions (0, ±1, integers) and no two are alike.
    """

    axes: Axes
    domain: Domain = "signed"

    def make(self, sizes: Sizes, rng: np.random.Generator) -> NDArray[Any]:
        """The array."""
        shape = sizes.shape(self.axes)
        return np.asarray(self._flat(int(np.prod(shape)), shape[-1] if shape else 1, rng), float).reshape(shape)

    def _flat(self, count: int, row: int, rng: np.random.Generator) -> NDArray[Any]:
        """The numbers in one row; those of `rows` add up to 1 in each."""
        alternating = rng.permutation(np.arange(count) % 2)
        steps = (rng.permutation(count) + rng.uniform(0.2, 0.8, count)) / max(count, 1)
        by_row = (0.2 + steps).reshape(-1, row)
        domains = {
            "signed": (0.15 + 1.4 * steps) * (2 * alternating - 1 if count > 1 else 1),
            "positive": 0.4 + 1.5 * steps,
            "unit": 0.1 + 0.8 * steps,
            "rows": by_row / by_row.sum(axis=1, keepdims=True),
            "binary": alternating,
            "signs": 2 * alternating - 1,
        }
        return np.asarray(domains[self.domain])


@dataclass(frozen=True)
class Labels:
    """Integers below the length of an axis: classes, indices."""

    axes: Axes
    classes: str

    def make(self, sizes: Sizes, rng: np.random.Generator) -> NDArray[Any]:
        """The array; of several one repeats, and not all are 0: with zeros alone a sign cannot be seen."""
        labels = rng.integers(0, sizes.of(self.classes), sizes.shape(self.axes))
        if labels.size > 1:
            labels.flat[-1] = labels.flat[0]
        if labels.size > 1 and not labels.any():
            labels.flat[labels.size // 2] = sizes.of(self.classes) - 1
        return labels


@dataclass(frozen=True)
class OneHot:
    """Rows with a single 1."""

    axes: Axes

    def make(self, sizes: Sizes, rng: np.random.Generator) -> NDArray[Any]:
        """The array, of floats."""
        shape = sizes.shape(self.axes)
        return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


@dataclass(frozen=True)
class HotColumns:
    """Columns with a single 1."""

    axes: Axes

    def make(self, sizes: Sizes, rng: np.random.Generator) -> NDArray[Any]:
        """The array, of floats."""
        return np.ascontiguousarray(OneHot(self.axes[::-1]).make(sizes, rng).T)


@dataclass(frozen=True)
class Mask:
    """An array of booleans, more True than False."""

    axes: Axes

    def make(self, sizes: Sizes, rng: np.random.Generator) -> NDArray[Any]:
        """The array."""
        shape = sizes.shape(self.axes)
        return np.asarray(rng.permutation(np.arange(int(np.prod(shape))) % 3 > 0)).reshape(shape)


@dataclass(frozen=True)
class Length:
    """The length of an axis, as a constructor takes it."""

    axis: str

    def make(self, sizes: Sizes, rng: np.random.Generator) -> int:
        """The integer."""
        return sizes.of(self.axis)


@dataclass(frozen=True)
class Shape:
    """The lengths of several axes in a tuple, or in a list."""

    axes: Axes
    listed: bool = False

    def make(self, sizes: Sizes, rng: np.random.Generator) -> tuple[int, ...] | list[int]:
        """The tuple or list."""
        shape = sizes.shape(self.axes)
        return list(shape) if self.listed else shape


@dataclass(frozen=True)
class Fixed:
    """A value that does not depend on lengths."""

    value: Any

    def make(self, sizes: Sizes, rng: np.random.Generator) -> Any:
        """The value; an array, a list or a dictionary is copied, so that nobody changes the original."""
        return copy.deepcopy(self.value) if isinstance(self.value, np.ndarray | list | dict) else self.value


@dataclass(frozen=True)
class Entries:
    """A dictionary of further arguments: ``conv_param``, ``bn_param``."""

    specs: Mapping[str, Any] = field(default_factory=dict)

    def make(self, sizes: Sizes, rng: np.random.Generator) -> dict[str, Any]:
        """The dictionary."""
        return {key: spec.make(sizes, rng) for key, spec in self.specs.items()}


@dataclass(frozen=True)
class Leave:
    """Not passed: the default holds."""

    def make(self, sizes: Sizes, rng: np.random.Generator) -> Any:
        """Nothing; an argument left out is made by nobody."""
        raise AssertionError("an argument that is left out has no value")


Spec = Floats | Labels | OneHot | HotColumns | Mask | Length | Shape | Fixed | Entries | Leave


def axes_of(spec: Spec) -> list[str]:
    """The axes whose lengths decide what is made, without the factors in front."""
    if isinstance(spec, Length):
        axes: Axes = (spec.axis,)
    elif isinstance(spec, Entries):
        return [axis for inner in spec.specs.values() for axis in axes_of(inner)]
    else:
        axes = getattr(spec, "axes", ())
    bare = [axis.lstrip("0123456789") for axis in axes]
    return [axis for axis in bare if axis]
