"""Finding a few wrong entries among very many, by halves: O(k log n) evaluations for k of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.verdict.tolerance import Tolerance, outside
from gradcheck.numerical.differences import Slope
from gradcheck.numerical.entries import Entries
from gradcheck.numerical.line import Line
from gradcheck.numerical.meter import EntryMeter

Array = NDArray[Any]

BUDGET = 400
"""Evaluations after which the search stops, with what it has found by then."""

WORK = 10**8
"""Entries evaluated, all evaluations together, after which it stops likewise."""


def locate(meter: EntryMeter, tolerance: Tolerance) -> tuple[Entries, Array, bool]:
    """The wrong entries of a tensor that disagrees along a random direction.

    The direction is cut in halves for as long as the part disagrees. What is left for the other half is known
    without measuring it: the slopes of the parts add up to the slope of the whole.

    Returns
    -------
    entries : Entries
        The entries that were measured; the error of all others is infinite.
    wrong : ndarray of bool
    complete : bool
        Whether the search came to its end.

    References
    ----------
    Dorfman, The detection of defective members of large populations, Ann. Math. Statist. 14 (1943).
    """
    search = _Search(meter, tolerance)
    size = tolerance.analytic.size
    pending = [(0, size, *search.disagreement(0, size))]
    start = meter.near.evaluations
    while pending:
        spent = meter.near.evaluations - start
        if spent > BUDGET or (search.wrong.any() and spent * size > WORK):
            return search.entries, search.wrong, False
        low, high, distance, allowed = pending.pop()
        if abs(distance) <= allowed:
            continue
        if high - low == 1:
            search.measure(low)
            continue
        middle = (low + high) // 2
        first, first_allowed = search.disagreement(low, middle)
        rest, rest_allowed = distance - first, allowed + first_allowed
        # The likelier half on top of the stack.
        halves = [(low, middle, first, first_allowed), (middle, high, rest, rest_allowed)]
        pending.extend(sorted(halves, key=lambda half: abs(half[2]) / half[3]))
    return search.entries, search.wrong, True


class _Search:
    """One random direction through all entries, of which parts are measured."""

    def __init__(self, meter: EntryMeter, tolerance: Tolerance) -> None:
        self.meter, self.tolerance = meter, tolerance
        self.direction = meter.random_direction()
        self.few = meter.ladder.narrow
        self.entries = Entries.empty(meter.near.x.shape, meter.near.x.dtype)
        self.wrong = np.zeros(meter.near.x.shape, bool)

    def line(self, low: int, high: int) -> Line:
        part = np.zeros_like(self.direction)
        part.flat[low:high] = self.direction.flat[low:high]
        return self.meter.line(part)

    def disagreement(self, low: int, high: int) -> tuple[float, float]:
        """Claimed minus measured slope of the entries low..high of the direction, and how much is allowed."""
        line = self.line(low, high).measure(self.few)
        slope = line.slope()
        if not np.isfinite(slope.error) or slope.kink:
            slope = line.measure(self.meter.ladder.wide).go_down(self.meter.ladder.lower).slope()
        claimed = float(np.sum(self.tolerance.analytic * line.direction))
        nearest = float(np.clip(claimed, min(slope.left, slope.right), max(slope.left, slope.right)))
        return claimed - nearest, self.tolerance.of_line(line, slope.error)

    def measure(self, i: int) -> None:
        """One entry by itself, at every step."""
        index = np.unravel_index(i, self.wrong.shape)
        line = self.line(i, i + 1).measure(self.meter.ladder.wide)
        slope: Slope = line.go_down(self.meter.ladder.lower).slope()
        self.entries.put(index, slope, self.direction[index])
        away = outside(self.tolerance.analytic[index], self.entries.low[index], self.entries.high[index])
        self.wrong[index] = away > self.tolerance.of_entries(self.entries)[index]
