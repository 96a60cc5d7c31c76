"""Slopes from differences: many steps, extrapolation, and a bound on what is left wrong.

With this file one can

* measure a function along a line, from both sides, at a ladder of steps (:class:`Line`);
* turn the measurements into a slope with an error bound, and tell a kink from a curve (:class:`Slope`).

Small steps are accurate but noisy, large ones quiet but bent. Starting from the smallest, larger steps are
believed for as long as what they say lies within the bounds of all smaller ones (Lepskii's balancing principle);
the narrowest believed bound is the answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SUSPICIOUS = 1e3
"""Jitter of so many roundoffs is looked at once more, closer."""

NOISE_FACTOR = 4.0
"""How many standard deviations of rounding noise a bound allows for."""


@dataclass(frozen=True)
class Slope:
    """A derivative along a line with its error bound, and the slopes on either side of the point.

    ``seen`` is false where no two steps show the same slope above their noise.
    """

    value: Array
    error: Array
    left: Array
    right: Array
    kink: Array
    seen: Array


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
        # What jitters by more than rounding may have structure finer than any step so far.
        visible = slope.seen | ~(self._jitter > SUSPICIOUS * self._rounding)
        return not bool(np.all(np.isfinite(slope.error) & straight & visible & ~slope.kink))

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
        with np.errstate(all="ignore"):
            return combine(
                extrapolate((right + left) / 2, steps, noise, power=2, jumps=np.abs(right - left)),
                extrapolate(left, steps, 2 * noise, power=1),
                extrapolate(right, steps, 2 * noise, power=1),
                edge=np.isfinite(right[0]) != np.isfinite(left[0]),
            )


def combine(central: "Limit", left: "Limit", right: "Limit", edge: Array) -> Slope:
    """One slope out of three: central where f is smooth, one-sided at the edge of its domain, both at a kink."""
    value, error = central.value, central.error
    known = np.isfinite(left.error) & np.isfinite(right.error)
    kink = known & (np.abs(right.value - left.value) > 2 * (left.error + right.error))
    for side in (left, right):
        alone = edge & np.isfinite(side.error)
        value, error = np.where(alone, side.value, value), np.where(alone, side.error, error)
    error = np.where(kink, np.maximum(left.error, right.error), error)
    before, after = (np.where(kink, side.value, value) for side in (left, right))
    return Slope(value, error, before, after, kink, np.asarray(central.seen | left.seen | right.seen))


class Limit(NamedTuple):
    """A limit, a bound on its error, and whether anything was seen above the noise."""

    value: Array
    error: Array
    seen: Array


def extrapolate(slopes: Array, steps: Array, noise: Array, power: int, jumps: Array | None = None) -> Limit:
    """The limit of `slopes` for vanishing steps, and a bound on its error.

    Two neighbouring levels with truncation error ``c · step**power`` give
    ``R_k = (q C_k − C_{k+1}) / (q − 1)`` with ``q = (step_{k+1} / step_k)**power``.

    Parameters
    ----------
    slopes : ndarray, shape (K, ...)
        Difference quotients C_k, smallest step first.
    steps : ndarray, shape (K,)
        The steps, ascending.
    noise : ndarray, shape (K, ...)
        The standard deviation of the rounding error of each quotient.
    power : int
        2 for central differences, 1 for one-sided ones.
    jumps : ndarray, shape (K, ...), optional
        By how much the slopes on either side differ: across a curve in proportion to the step, across a kink always.

    Returns
    -------
    Limit
        With an infinite bound where the quotients do not settle.

    References
    ----------
    Richardson, The deferred approach to the limit, 1927. Ridders, Accurate computation of F'(x) and F''(x),
    1982. Lepskii, On a problem of adaptive estimation in Gaussian white noise, 1991.
    """
    noise = NOISE_FACTOR * noise
    if len(steps) == 1:
        return Limit(slopes[0], np.full(slopes.shape[1:], np.inf), np.zeros(slopes.shape[1:], bool))
    gap = np.abs(np.diff(slopes, axis=0))
    q = (steps[1:] / steps[:-1]) ** power
    q = q.reshape(-1, *[1] * (slopes.ndim - 1))
    limit = (q * slopes[:-1] - slopes[1:]) / (q - 1)
    value = limit[0]
    believed = _settles(gap, slopes, noise)
    error = np.where(believed, gap[0] + noise[0], np.inf)
    if jumps is not None:
        error = np.where(jumps[0] > jumps[1] / 2 + noise[0] + noise[1], np.maximum(error, jumps[0] / 2), error)
    low, high = value - error, value + error
    for k, bound in _candidates(limit, gap, noise):
        if jumps is not None:
            persists = jumps[k] > jumps[k + 1] / 2 + noise[k] + noise[k + 1]
            bound = np.maximum(bound, np.where(persists, jumps[k] / 2, 0))  # noqa: PLW2901 - the bound, made honest
        below, above = limit[k] - bound, limit[k] + bound
        believed = believed & (below <= high) & (above >= low) & _grows(gap, noise, k)
        low, high = np.where(believed, np.maximum(low, below), low), np.where(believed, np.minimum(high, above), high)
        better = believed & (bound < error)
        value, error = np.where(better, limit[k], value), np.where(better, bound, error)
    # Where no two steps show the same slope above their noise, nothing was seen, and no quiet step must claim it was.
    seen = np.any((np.abs(slopes[:-1]) > noise[:-1]) & (gap <= 0.1 * np.abs(slopes[:-1])), axis=0)
    return Limit(value, np.where(seen, error, np.maximum(error, noise[0])), np.asarray(seen))


def _settles(gap: Array, slopes: Array, noise: Array) -> Array:
    """Whether the smallest steps have reached the regime in which a smaller step changes less."""
    allowed = noise[0] + noise[1]
    shrinks = 1e-3 * np.abs(slopes[0])
    if len(gap) > 1:
        shrinks = np.where(np.isfinite(gap[1]), gap[1] / 2, shrinks)
    return np.asarray(np.isfinite(gap[0]) & (gap[0] <= shrinks + allowed))


def _grows(gap: Array, noise: Array, k: int) -> Array:
    """Whether the quotients up to level k + 1 differ ever more, as a truncation error does.

    A plateau at large steps, with other values below, is a staircase or an average over something finer.
    """
    if k == 0:
        return np.ones(gap.shape[1:], bool)
    return np.asarray(gap[k - 1] <= gap[k] + (noise[k - 1] + noise[k]) / 2)


def _candidates(limit: Array, gap: Array, noise: Array) -> list[tuple[int, Array]]:
    """Bounds for each limit, in the order of the largest step they rest on."""
    ordered = []
    for k in range(len(limit)):
        if k > 0:
            ordered.append((k, gap[k] + noise[k]))
        if k + 1 < len(limit):
            ordered.append((k, np.abs(limit[k + 1] - limit[k]) + noise[k]))
    return sorted(ordered, key=lambda entry: entry[0])
