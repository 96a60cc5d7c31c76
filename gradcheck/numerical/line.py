"""A function along a line: measured from both sides at a ladder of steps, one more wherever that would tell more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numerical.differences import NOISE_FACTOR, Slope, combine, extrapolate

Array = NDArray[Any]

SUSPICIOUS = 1e3
"""Jitter of so many roundoffs is looked at once more, closer."""


@dataclass(frozen=True)
class Level:
    """What one step showed: the rise on either side of the point, divided by the step, and its noise."""

    step: float
    right: Array
    left: Array
    noise: Array


@dataclass(frozen=True)
class Contraction:
    """Which combination of the outputs is measured: ``Σ cotangent · output``, summed over `axes`."""

    cotangent: Array | None = None
    axes: tuple[int, ...] | None = None

    def __call__(self, outputs: Array) -> Array:
        """Weigh a change of the outputs."""
        if self.cotangent is None:
            return outputs
        if self.axes is None:
            return np.asarray(np.vdot(self.cotangent, outputs))
        return np.asarray(np.sum(self.cotangent * outputs, axis=self.axes))

    def of_noise(self, noise: Array) -> Array:
        """Weigh independent errors of the outputs: their squares add."""
        if self.cotangent is None:
            return noise
        return norm(self.cotangent * noise, self.axes)


def norm(array: Array, axes: tuple[int, ...] | None = None) -> Array:
    """The root of the sum of squares, also where the squares themselves would under- or overflow."""
    largest = np.max(np.abs(array), axis=axes, keepdims=True, initial=0.0)
    unit = np.where((largest > 0) & np.isfinite(largest), largest, 1)
    return np.asarray(np.sqrt(np.sum((array / unit) ** 2, axis=axes)) * np.squeeze(unit, axis=axes))


class Line:
    """A function along ``x + t · direction``, measured at as many steps t as it takes.

    Parameters
    ----------
    evaluate : callable
        Takes a list of displacements from x, returns the outputs there (non-finite where there are none).
    base : ndarray
        The outputs at x.
    direction : ndarray
        The displacement for t = 1; exactly representable steps are the caller's concern.
    contract : Contraction
        What of the outputs is wanted.
    noise : ndarray
        The standard deviation of the noise of each output at x.
    eps : float
        The unit roundoff of the outputs.
    """

    def __init__(
        self,
        evaluate: Callable[[Sequence[Array]], Sequence[Array]],
        base: Array,
        direction: Array,
        contract: Contraction,
        noise: Array,
        eps: float,
    ) -> None:
        self.evaluate, self.base, self.direction = evaluate, base, direction
        self.contract, self.noise, self.eps = contract, noise, eps
        self.levels: dict[int, Level] = {}
        self._jitter, self._rounding = contract.of_noise(noise), contract.of_noise(eps * np.abs(base))

    def measure(self, exponents: Sequence[int]) -> "Line":
        """Measure at the steps ``2**exponent``, two evaluations each."""
        for k in exponents:
            if k not in self.levels:
                self.take(k, *self.evaluate(self.displacements(k)))
        return self

    def go_down(self, lower: Sequence[int]) -> "Line":
        """Go on to smaller steps while some slope still bends, or a side has no values."""
        for k in lower:
            if not self._bends() and not self._at_an_edge():
                break
            self.measure([k])
        return self

    def go_up(self, higher: Sequence[int], wanted: Any) -> "Line":
        """Go on to larger steps while some bound is above `wanted` and is all noise, even at the largest step."""
        for k in higher:
            if not np.any(self.drowned() & (self.slope().error > wanted)):
                break
            self.measure([k])
        return self

    def drowned(self) -> Array:
        """Whether the bound is no more than noise: then a larger step may help."""
        slope = self.slope()
        return np.asarray(np.isfinite(slope.error) & ~slope.kink & ~self.bent())

    def bent(self) -> Array:
        """Whether the bound is above the noise at the smallest step: then a smaller one would help."""
        return np.asarray(~(self.slope().error <= 2 * NOISE_FACTOR * self.levels[min(self.levels)].noise))

    def _bends(self) -> bool:
        """Whether some slope still changes at the smallest step, or has a kink that may only be close by."""
        slope = self.slope()
        straight = (slope.error <= 1e-3 * np.abs(slope.value)) | ~self.bent()
        visible = slope.seen | ~self._jitters()
        return not bool(np.all(np.isfinite(slope.error) & straight & visible & ~slope.kink))

    def _jitters(self) -> Array:
        """Whether there is more noise than rounding explains: it may be structure finer than any step so far."""
        return np.asarray(self._jitter > SUSPICIOUS * self._rounding)

    def _blind(self) -> Array:
        """How large a slope may be if none was seen: the noise of the first step, or of the smallest if it jitters."""
        return np.where(
            self._jitters(), self.levels[min(self.levels)].noise, self.levels[next(iter(self.levels))].noise
        )

    def _at_an_edge(self) -> bool:
        """Whether one side has no values at the smallest step so far; a smaller one may have."""
        level = self.levels[min(self.levels)]
        return bool(np.any(np.isfinite(level.right) != np.isfinite(level.left)))

    def displacements(self, k: int) -> tuple[Array, Array]:
        """The two points of the step ``2**k``, relative to x."""
        ahead = self.direction * np.asarray(2.0**k, self.direction.dtype)
        return ahead, -ahead

    def take(self, k: int, above: Array, below: Array) -> None:
        """Note the outputs at the two displacements of step ``2**k``."""
        with np.errstate(all="ignore"):
            self.levels[k] = self._level(2.0**k, above, below)

    def _level(self, step: float, above: Array, below: Array) -> Level:
        size = np.fmax(np.abs(above), np.abs(below))  # one side may have no value
        noise = np.fmax(self.noise, self.eps * size)
        return Level(
            step,
            self.contract(above - self.base) / step,
            self.contract(self.base - below) / step,
            self.contract.of_noise(noise) / step,
        )

    def slope(self) -> Slope:
        """The slope and its bound, from every level measured so far."""
        levels = [self.levels[k] for k in sorted(self.levels)]
        steps = np.array([level.step for level in levels])
        right = np.stack([level.right for level in levels])
        left = np.stack([level.left for level in levels])
        noise = np.stack([level.noise for level in levels])
        blind = self._blind()
        with np.errstate(all="ignore"):
            return combine(
                extrapolate((right + left) / 2, steps, noise, blind, power=2, jumps=np.abs(right - left)),
                extrapolate(left, steps, 2 * noise, 2 * blind, power=1),
                extrapolate(right, steps, 2 * noise, 2 * blind, power=1),
                edge=np.isfinite(right[0]) != np.isfinite(left[0]),
            )
