"""Before anyone is accused: the same entries once more, along other lines and by other steps."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.verdict.tolerance import SAFETY, Tolerance, outside
from gradcheck.numerical.entries import Entries, EntryMeter
from gradcheck.numerical.line import Contraction, Line
from gradcheck.numerical.steps import exact_direction, scales

Array = NDArray[Any]

WITNESSES = 12
"""So many of the worst entries get a second opinion."""

STRETCH = 0.7310585786300049
"""The second scheme's steps are no power of two times the first's."""


def confirm(meter: EntryMeter, tolerance: Tolerance, entries: Entries, wrong: Array) -> None:
    """Measure the worst of the wrong entries again; where the two schemes contradict each other, nothing is known.

    `entries` is updated: its error becomes infinite where the numerical derivative is not to be trusted, and the
    range of subgradients grows where the second look finds a kink.
    """
    distance = np.where(wrong, outside(tolerance.analytic, entries.low, entries.high), -1)
    worst = np.argsort(distance, axis=None)[::-1][: min(WITNESSES, int(wrong.sum()))]
    for i in worst:
        index = np.unravel_index(int(i), wrong.shape)
        slope, unit = _measured_again(meter, index)
        value, error = slope.value / unit, slope.error / abs(unit)
        ends = slope.left / unit, slope.right / unit
        if not np.isfinite(error):  # an accusation that cannot be confirmed is none
            entries.error[index] = np.inf
            continue
        apart, sum_of_bounds = outside(value, entries.low[index], entries.high[index]), error + entries.error[index]
        if apart > sum_of_bounds and outside(tolerance.analytic[index], min(ends), max(ends)) <= SAFETY * error:
            # Measured in a group it looked wrong, alone it does not: the group was none.
            entries.value[index], entries.error[index] = value, error
            entries.low[index], entries.high[index] = min(ends), max(ends)
        elif apart > SAFETY * sum_of_bounds:
            entries.error[index] = np.inf
        entries.low[index] = min(entries.low[index], *ends) if slope.kink else entries.low[index]
        entries.high[index] = max(entries.high[index], *ends) if slope.kink else entries.high[index]
    if not np.any(_still_wrong(tolerance, entries).ravel()[worst]):  # if the worst cannot be confirmed, none can
        entries.error[wrong] = np.inf


def _still_wrong(tolerance: Tolerance, entries: Entries) -> Array:
    return np.asarray(outside(tolerance.analytic, entries.low, entries.high) > tolerance.of_entries(entries))


def _measured_again(meter: EntryMeter, index: Any) -> tuple[Any, Any]:
    x = meter.near.x
    direction = np.zeros_like(x)
    scale = scales(x)[index]
    own = abs(x[index]) if x[index] != 0 else scale
    direction[index] = STRETCH * max(own, scale / 1024)
    direction = exact_direction(x, direction, meter.ladder.lowest)
    exponents = [k + 1 for k in meter.ladder.wide]
    line = meter.line(direction).measure(exponents).go_down(meter.ladder.lower)
    return line.slope(), direction[index] if direction[index] else 1.0


def repeatedly_differs(meter: EntryMeter, tolerance: Tolerance) -> bool:
    """Whether one of three fresh random lines disagrees with the gradient under test as well: two are no accident."""
    steps = sorted(meter.witnesses[0].levels)  # as sharp as the lines that differed first
    return any(_differs(tolerance, meter.random_line().measure(steps)) for _ in range(3))


def _differs(tolerance: Tolerance, line: Line) -> bool:
    slope = line.slope()
    claimed = float(np.sum(tolerance.analytic * line.direction))
    distance = outside(claimed, min(slope.left, slope.right), max(slope.left, slope.right))
    return bool(distance > tolerance.of_line(line, slope.error))


def joint_subgradients(meter: EntryMeter, tolerance: Tolerance, entries: Entries) -> Array:
    """The kinked entries that cannot all be right together.

    Each entry of ``max(a, b)`` at a tie may claim any share, but all shares must add up: along ``a + t, b + t`` there
    is no kink. Entries whose kinks bend the same way form a convex function (or a concave one), and a subgradient of
    it lies between its slopes along every line; every output may choose between its own two. Kinks that bend
    opposite ways may hide each other, so they are looked at apart.

    References
    ----------
    Rockafellar, Convex Analysis, 1970, section 23 (the directional derivative supports the subdifferential).
    """
    wrong = np.zeros(entries.kinks.shape, bool)
    for bent_alike in (entries.kinks & entries.convex, entries.kinks & ~entries.convex):
        if bent_alike.sum() > 1 and any(
            _outside_along(meter, tolerance, direction)
            for direction in _joint_directions(meter, bent_alike, tolerance.analytic)
        ):
            wrong |= bent_alike
    return wrong


def _joint_directions(meter: EntryMeter, among: Array, claimed: Array) -> Iterator[Array]:
    """All entries by the same amount, in which a tie stays one; by amounts of their own; the way the gradient points.

    Along its own signs a gradient claims the steepest rise it can.
    """
    length = np.median(meter.direction[among])
    signs = np.where(claimed == 0, meter.rng.choice([-1.0, 1.0], among.shape), np.sign(claimed))
    yield np.where(among, length, 0)
    yield np.where(among, length * meter.rng.uniform(0.5, 1.5, among.shape), 0)
    yield np.where(among, length * signs, 0)


def _outside_along(meter: EntryMeter, tolerance: Tolerance, direction: Array) -> bool:
    exact = exact_direction(meter.near.x, direction.astype(meter.near.x.dtype), meter.ladder.lowest)
    line = Line(meter.near, exact, Contraction(), meter.noise)
    slope = line.measure(meter.ladder.wide[:2]).slope()  # smaller steps have confirmed these kinks already
    ends = meter.cotangent * slope.left, meter.cotangent * slope.right
    error = np.sqrt(np.sum((meter.cotangent * slope.error * ~slope.kink) ** 2))
    claimed = np.sum(tolerance.analytic * exact)
    return bool(outside(claimed, np.minimum(*ends).sum(), np.maximum(*ends).sum()) > tolerance.of_line(line, error))
