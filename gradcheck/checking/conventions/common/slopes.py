"""One directional derivative, measured: it tells a right reading of somebody's code from any other.

It decides between readings, never about right and wrong: under each reading the gradient is checked like any other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.checking.subject import Array

NEAR = 1e-4
"""A claim this close to the measured slope, relative to its size, is taken to be meant."""


@dataclass(frozen=True)
class Slope:
    """How each output changes along a direction of one tensor, at the point."""

    direction: Array
    changes: list[Array]

    def along(self, gradient: Any) -> float | None:
        """What a gradient of a number says of the direction; None where it cannot be one."""
        array = np.asarray(gradient) if gradient is not None else None
        if array is None or array.shape != self.direction.shape or array.dtype.kind not in "fiu":
            return None
        return float(np.sum(array * self.direction))

    def weighted(self, cotangents: list[Array]) -> float:
        """The change of the outputs, each weighted by its cotangent."""
        return sum(float(np.sum(v * change)) for v, change in zip(cotangents, self.changes, strict=True))


def measure(run: Callable[[Mapping[str, Array]], list[Array]], name: str, value: Array) -> Slope | None:
    """A central difference of `run`, which is given the changed tensors and starts anew each time; None if it fails."""
    rng = np.random.default_rng(0)
    scale = np.where(value == 0, np.max(np.abs(value), initial=0.0) or 1.0, np.abs(value))
    direction = np.asarray(rng.choice([-1.0, 1.0], value.shape) * rng.uniform(0.5, 1.0, value.shape) * scale)
    h = float(np.finfo(value.dtype).eps) ** (1 / 3)
    with np.errstate(all="ignore"):
        try:
            ahead, behind = (
                [y.astype(float) for y in run({name: np.asarray(value + s * direction, value.dtype)})] for s in (h, -h)
            )
        except Exception:  # no neighbour on one side, say
            return None
    return Slope(direction, [(a - b) / (2 * h) for a, b in zip(ahead, behind, strict=True)])


def distance(claimed: float | None, measured: float) -> float:
    """How far a claim is off, relative to the larger of both; infinitely, where there is none."""
    if claimed is None or not (np.isfinite(claimed) and np.isfinite(measured)):
        return float("inf")
    return abs(claimed - measured) / max(abs(claimed), abs(measured), np.finfo(float).tiny)
