"""The derivative with respect to every entry, at the cost of two evaluations a step for each group of entries."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numerical.differences import NOISE_FACTOR, Slope
from gradcheck.numerical.entries import Entries, Group, agrees
from gradcheck.numerical.evaluation import Neighbourhood
from gradcheck.numerical.line import Contraction, Line, slopes_of
from gradcheck.numerical.noise import Noise, with_treads
from gradcheck.numerical.separability import Grouping, propose_grouping
from gradcheck.numerical.steps import exact_direction, ladder, random_direction, scales

Array = NDArray[Any]

WANTED = 2e-8
"""An entry is measured again, at more steps, while its bound is above this share of the typical entry."""

FAR = -14
"""The exponent of the step at which treads are looked for, if large steps agree on what small ones do not show."""

LOUD = 2**9
"""A rise of so many times the noise is none of it, even where the noise is larger than here."""

DENSE_BELOW = 2
"""A single entry is differenced at once: probing for structure would cost more."""


class EntryMeter:
    """Measures ``∂⟨cotangent, f⟩/∂x`` entry by entry.

    Parameters
    ----------
    near : Neighbourhood
        The function around x.
    cotangent : ndarray
        The weights of the outputs, in their shape.
    noise : Noise
        Of each output.
    rng : numpy.random.Generator
        For probes and proofs.
    typical : float, optional
        The size of a typical entry, where it is known beforehand.
    scale : ndarray, optional
        The length of a unit step for each entry, where x is more than one array; by default their :func:`scales`.
    """

    def __init__(
        self,
        near: Neighbourhood,
        cotangent: Array,
        noise: Noise,
        rng: np.random.Generator,
        typical: float | None = None,
        scale: Array | None = None,
    ) -> None:
        self.near, self.cotangent, self.rng, self.typical = near, cotangent, rng, typical
        self.noise = self.noise_close_by = noise  # they differ where larger steps cross treads
        self.ladder = ladder(near.coarsest)
        self.direction = exact_direction(near.x, scales(near.x) if scale is None else scale, self.ladder.lowest)

    @cached_property
    def witnesses(self) -> list[Line]:
        """Two random lines through all entries; the second at few steps, unless those say nothing."""
        first = self.line(self.random_direction()).measure(self.ladder.wide)
        if first.averages():
            self.noise = with_treads(self.near, self.noise, first.direction * self.near.x.dtype.type(2.0**FAR))
            first = self.line(first.direction)
        self.settled(first)
        second = self.line(self.random_direction()).measure(self._few([first]))
        if first.slope().kink or second.slope().kink or not np.isfinite(second.slope().error):
            self.settled(second)
        return [first, second]

    @cached_property
    def rise_further_out(self) -> float:
        """What f rises over the length of its scales, along a line through all entries; 0 if that may be rounding."""
        direction = self.witnesses[0].direction
        weigh = Contraction(self.cotangent)
        rises = [abs(float(weigh(value - self.near.base))) for value in self.near([direction, -direction])]
        rise = max((rise for rise in rises if np.isfinite(rise)), default=0.0)
        return rise if rise > LOUD * float(weigh.of_noise(self.noise_close_by.deviation)) else 0.0

    def measure(self, grouping: Grouping | None = None, exponents: Sequence[int] = ()) -> Entries:
        """Every entry, through the separable axes where those prove true, at few steps or at these."""
        grouping = grouping or self.propose()
        exponents = exponents or self._few(self.witnesses)
        entries = self.measure_groups(grouping, exponents)
        if grouping.pairs and not self._proved(entries):
            entries = self.measure_groups(Grouping(self.near.x.shape), exponents)
        return entries

    def _proved(self, entries: Entries) -> bool:
        """Whether the entries add up to the slopes along random lines, which a wrong grouping would not let them."""
        if all(agrees(line, entries) for line in self.witnesses):
            return True
        resting = self._far_below_typical() & (entries.error < np.inf)
        return bool(resting.any()) and all(agrees(self.modest_line(resting), entries) for _ in range(2))

    def overstepped(self, exponent: int) -> Array:
        """The entries that a step of ``2**exponent`` of the scales takes further than to 0, or nearly so."""
        reach = self.near.x.dtype.type(2.0 ** (exponent + 1))
        return np.asarray(self._far_below_typical() & (np.abs(self.near.x) < reach * self.direction))

    def _far_below_typical(self) -> Array:
        x = self.near.x
        return np.asarray((x != 0) & (np.abs(x) < self.direction / 4))

    def _few(self, lines: list[Line]) -> tuple[int, ...]:
        return self.ladder.straight if all(map(_is_straight, lines)) else self.ladder.narrow

    def propose(self) -> Grouping:
        """The separable axes, where the array is large enough to be worth the probes."""
        x = self.near.x
        if x.size < DENSE_BELOW:
            return Grouping(x.shape)
        step = self.direction * np.asarray(2.0 ** self.ladder.narrow[-1], x.dtype)
        return propose_grouping(self.near, self.near.base, step, self.rng)

    def measure_groups(self, grouping: Grouping, exponents: Sequence[int]) -> Entries:
        """Every group at few steps; at more where that leaves doubt; each output apart at a kink."""
        entries = Entries.empty(self.near.x.shape, self.near.x.dtype)
        for group, line in self.lines(grouping, grouping, self.direction, exponents):
            self._put(entries, grouping, group, line.slope())
        doubtful = self._doubtful(entries)
        unsettled = [group for group in grouping if doubtful[group].any()]
        wanted = WANTED * self._typical(entries)
        for group, line in self.lines(grouping, unsettled, self.direction, self.ladder.wide):
            self.settled(line, wanted * np.min(np.abs(self.direction[group])))
            self._put(entries, grouping, group, line.slope())
        self._measure_small(grouping, unsettled, entries)
        for group in grouping:
            if entries.kinks[group].any():
                self._range_of_subgradients(grouping, group, entries)
        return entries

    def lines(
        self,
        grouping: Grouping,
        groups: Sequence[Group] | Grouping,
        direction: Array,
        exponents: Sequence[int],
    ) -> Iterator[tuple[Group, Line]]:
        """A measured line for each group, evaluated in batches so that an executor has work to share."""
        contract = Contraction(self.cotangent, grouping.summed_axes(self.near.base.ndim))
        batch_size = max(1, min(64, 2**21 // max(1, self.near.x.size)))
        pending = iter(groups)
        while batch := list(islice(pending, batch_size)):
            lines = [self._line(direction, group, contract) for group in batch]
            values = iter(self.near([d for line in lines for k in exponents for d in line.displacements(k)]))
            for line in lines:
                for k in exponents:
                    line.take(k, next(values), next(values))
            for line, slope in zip(lines, slopes_of(lines), strict=True):
                line.found(slope)
            yield from zip(batch, lines, strict=True)

    def random_line(self) -> Line:
        """The whole array along a random direction, measured at every step until its slope is known."""
        return self.settled(self.line(self.random_direction()))

    def modest_line(self, resting: Array) -> Line:
        """A random line in which some entries rest: those that it would overstep."""
        return self.settled(self.line(np.where(resting, 0, self.random_direction())))

    def random_direction(self) -> Array:
        """Random signs times [0.5, 1.5] times the scale of each entry."""
        direction = self.direction * random_direction(self.near.x, self.rng)
        return exact_direction(self.near.x, direction, self.ladder.lowest)

    def settled(self, line: Line, wanted: Any = np.inf) -> Line:
        """A line measured at every step it takes for a bound, and for one below `wanted` where steps can do that."""
        lower = self.ladder.lower
        if not np.any(np.logical_and(self.near.x, line.direction)):
            lower += self.ladder.near_zero
        return line.measure(self.ladder.wide).go_down(lower).go_up(self.ladder.higher, wanted)

    def line(self, direction: Array) -> Line:
        """A line through the whole array, not measured yet."""
        return Line(self.near, direction, Contraction(self.cotangent), self.noise)

    def column(self, group: Group) -> Iterator[tuple[Slope, Array]]:
        """The slope of every output along a group, and the directions it was measured along.

        Once more at steps of their own size, where entries are far below the typical one and that may be sharper.
        """
        x = self.near.x
        slope = self.settled(self._line(self.direction, group, Contraction())).slope()
        yield slope, self.direction
        known = np.all(slope.error <= 1e-5 * np.max(np.abs(slope.value), initial=0.0))
        if not known and np.any(x[group]):
            own = exact_direction(x, np.where(x == 0, scales(x), np.abs(x)).astype(x.dtype), self.ladder.lowest)
            yield self.settled(self._line(own, group, Contraction())).slope(), own

    def _line(self, direction: Array, group: Any, contract: Contraction) -> Line:
        part = np.zeros_like(direction)
        part[group] = direction[group]
        return Line(self.near, part, contract, self.noise)

    def _put(self, entries: Entries, grouping: Grouping, group: Group, slope: Slope) -> None:
        entries.put(group, _arranged(slope, grouping), self.direction[group])

    def _doubtful(self, entries: Entries, share: float = WANTED) -> Array:
        size = np.maximum(np.abs(entries.value), self._typical(entries))
        return np.asarray((self.direction != 0) & (~(entries.error <= share * size) | entries.kinks))

    def _typical(self, entries: Entries) -> float:
        size = np.abs(entries.value)
        known = size[np.isfinite(entries.error) & (size > entries.error)]
        return self.typical or (float(np.median(known)) if known.size else 0.0)

    def _measure_small(self, grouping: Grouping, groups: Sequence[Group], entries: Entries) -> None:
        """Entries much smaller than the typical one, at steps in proportion to themselves."""
        x = self.near.x
        doubtful = self._doubtful(entries, share=1e-5) & ~entries.kinks & self._far_below_typical()
        own = exact_direction(x, np.where(doubtful, np.abs(x), 0).astype(x.dtype), self.ladder.lowest)
        left = [group for group in groups if doubtful[group].any()]
        for group, line in self.lines(grouping, left, own, self.ladder.wide):
            slope = _arranged(self.settled(line).slope(), grouping)
            unit = np.where(own[group] == 0, 1, own[group])
            better = doubtful[group] & (slope.error / np.abs(unit) < entries.error[group])
            entries.put(group, slope, own[group], where=better)

    def _range_of_subgradients(self, grouping: Grouping, group: Group, entries: Entries) -> None:
        """At a kink every output may take any slope between its own left and right one."""
        slope = self.settled(self._line(self.direction, group, Contraction())).slope()
        ends = self.cotangent * slope.left, self.cotangent * slope.right
        axes = grouping.summed_axes(self.near.base.ndim)
        low, high = (grouping.arrange(end(*ends).sum(axis=axes)) for end in (np.minimum, np.maximum))
        unit = self.direction[group]
        with np.errstate(all="ignore"):
            sides = low / unit, high / unit
        kinks = entries.kinks[group]
        entries.low[group] = np.where(kinks, np.minimum(entries.low[group], np.minimum(*sides)), entries.low[group])
        entries.high[group] = np.where(kinks, np.maximum(entries.high[group], np.maximum(*sides)), entries.high[group])


def _is_straight(line: Line) -> bool:
    """Whether all steps show the same slope but for noise."""
    levels = list(line.levels.values())
    slopes = np.array([(level.right + level.left) / 2 for level in levels])
    noise = np.array([NOISE_FACTOR * level.noise for level in levels])
    return bool(np.all(slopes - noise <= np.min(slopes + noise)))


def _arranged(slope: Slope, grouping: Grouping) -> Slope:
    return Slope(*map(grouping.arrange, slope))
