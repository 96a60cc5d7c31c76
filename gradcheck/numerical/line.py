"""A function along a line: measured from both sides at a ladder of steps, one more wherever that would tell more."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradcheck.numerical.differences import NOISE_FACTOR, Slope, slope_of
from gradcheck.numerical.evaluation import Neighbourhood
from gradcheck.numerical.noise import CHUNK, Noise, norm
from gradcheck.numerical.steps import ladder

Array = NDArray[Any]


class Level(NamedTuple):
    """What one step showed: the rise on either side of the point, divided by the step, and its noise."""

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


class Line:
    """A function along ``x + t · direction``, measured at as many steps t as it takes.

    Parameters
    ----------
    near : Neighbourhood
        The function around x.
    direction : ndarray
        The displacement for t = 1; exactly representable steps are the caller's concern.
    contract : Contraction
        What of the outputs is wanted.
    noise : Noise
        The jitter of each output.
    """

    def __init__(self, near: Neighbourhood, direction: Array, contract: Contraction, noise: Noise) -> None:
        self.near, self.direction, self.contract, self.noise = near, direction, contract, noise
        self.wild = contract.of_noise(noise.wild * noise.deviation) > 0 if noise.wild.any() else np.asarray(False)
        ratio = np.divide(near.x, direction, where=direction != 0, out=np.zeros_like(near.x))
        self._rounded_inputs = float(np.max(np.abs(ratio), initial=0.0))
        self._lowest = ladder(near.coarsest).lowest
        self.levels: dict[int, Level] = {}
        self._slope: Slope | None = None

    def measure(self, exponents: Sequence[int]) -> "Line":
        """Measure at the steps ``2**exponent``, two evaluations each."""
        for k in exponents:
            if k not in self.levels:
                self.take(k, *self.near(self.displacements(k)))
        return self

    def go_down(self, lower: Sequence[int]) -> "Line":
        """Go on to smaller steps while some slope bends, a side has no values, or a kink may be near but not here."""
        pending = list(lower)
        while pending:
            if self._bends() or self._at_an_edge():
                taken = 1
            elif np.any(self.slope().kink):  # it is there at every step or at none: look at a few
                taken = min(3, len(pending))
            else:
                break
            self.measure([pending[taken - 1]])
            pending = pending[taken:]
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

    def averages(self) -> bool:
        """Whether large steps agree on a slope that the smallest does not show: that of a staircase, or a kink."""
        slopes = [(level.right + level.left) / 2 for _, level in sorted(self.levels.items())]
        apart, differ = np.abs(slopes[0] - slopes[-1]), np.abs(slopes[-2] - slopes[-1])
        noise = 2 * NOISE_FACTOR * self.levels[min(self.levels)].noise
        return bool(np.any((apart > 4 * differ + noise) & (differ <= 0.1 * np.abs(slopes[-1])) & ~self.slope().kink))

    def jumps(self) -> bool:
        """Whether what is measured is somewhere else at once, however small the step: the point lies at a jump."""
        smallest, largest = min(self.levels), max(self.levels)
        for side in ("right", "left"):
            near_by, far = (np.abs(getattr(self.levels[k], side)) * 2.0**k for k in (smallest, largest))
            noise = NOISE_FACTOR * self.levels[smallest].noise * 2.0**smallest
            if np.any((near_by > 0.5 * far) & (near_by > 100 * noise)):
                return True
        return False

    def _bends(self) -> bool:
        """Whether some slope still changes at the smallest step, or was not seen at any although f is wild."""
        slope = self.slope()
        straight = (slope.error <= 1e-3 * np.abs(slope.value)) | ~self.bent()
        visible = slope.seen | ~self.wild
        return not bool(np.all(np.isfinite(slope.error) & straight & visible))

    def blind(self) -> Array:
        """How large a slope may be if none was seen: the noise of the first step, or of the smallest if f is wild."""
        return np.where(self.wild, self.levels[min(self.levels)].noise, self.levels[next(iter(self.levels))].noise)

    def _at_an_edge(self) -> bool:
        """Whether one side has no values at the smallest step so far; a smaller one may have."""
        level = self.levels[min(self.levels)]
        return bool(np.any(np.isfinite(level.right) != np.isfinite(level.left)))

    def displacements(self, k: int) -> Iterator[Array]:
        """The two points of the step ``2**k``, relative to x."""
        for sign in (1.0, -1.0):
            yield self.direction * np.asarray(sign * 2.0**k, self.direction.dtype)

    def take(self, k: int, above: Array, below: Array) -> None:
        """Note the outputs at the two displacements of step ``2**k``."""
        with np.errstate(all="ignore"):
            level = self._level(2.0**k, above, below)
        if k < self._lowest:  # an output that does not move any more may have lost the step beside something larger
            lost = (level.right == 0) & (level.left == 0)
            level = level._replace(noise=np.where(lost, np.inf, level.noise))
        self.levels[k] = level
        self._slope = None

    def _level(self, step: float, above: Array, below: Array) -> Level:
        size = np.asarray(np.abs(above))
        np.fmax(size, np.abs(below), out=size)  # one side may have no value
        size *= size.dtype.type(self.near.eps)
        np.fmax(self.noise.deviation, size, out=size, casting="same_kind")
        jitter = self.contract.of_noise(size)
        right, left = (self.contract(rise) / step for rise in (above - self.near.base, self.near.base - below))
        # What depends on x with this slope was computed from an x that is itself rounded.
        rounded = self.near.eps * (self._rounded_inputs + step)
        jitter = np.fmax(jitter, rounded * np.fmax(np.abs(right), np.abs(left)))
        return Level(right, left, jitter / step)

    def slope(self) -> Slope:
        """The slope and its bound, from every level measured so far; worked out once for each set of levels."""
        if self._slope is None:
            (self._slope,) = slopes_of([self])
        return self._slope

    def found(self, slope: Slope) -> None:
        """Note the slope that all levels measured so far show, where it was worked out together with others."""
        self._slope = slope


def slopes_of(lines: Sequence[Line]) -> list[Slope]:
    """The slopes of lines that were measured at the same steps, worked out in one go."""
    steps = sorted(lines[0].levels)

    def ladder_of(part: str) -> list[Array]:
        return [_in_a_row([getattr(line.levels[k], part) for line in lines]) for k in steps]

    rows, blind = [ladder_of(part) for part in ("right", "left", "noise")], _in_a_row([line.blind() for line in lines])
    parts = []
    for start in range(0, max(1, blind.size), CHUNK):
        chunk = slice(start, start + CHUNK)
        right, left, noise = (np.array([of_level[chunk] for of_level in of_levels]) for of_levels in rows)
        parts.append(slope_of(np.array([2.0**k for k in steps]), right, left, noise, blind[chunk]))
    together = Slope.joined(parts, (len(lines), *lines[0].levels[steps[0]].right.shape))
    return [Slope(*(of_all[i, ...] for of_all in together)) for i in range(len(lines))]


def _in_a_row(parts: Sequence[Array]) -> Array:
    return parts[0].ravel() if len(parts) == 1 else np.concatenate([part.ravel() for part in parts])
