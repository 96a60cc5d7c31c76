"""Before anyone is accused: the same entries once more, along other lines and by other steps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.tolerance import SAFETY, Tolerance, outside
from gradcheck.numerical.differences import Contraction, Line
from gradcheck.numerical.entries import Entries, EntryMeter
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
        if not np.isfinite(error):
            continue
        if outside(value, entries.low[index], entries.high[index]) > SAFETY * (error + entries.error[index]):
            entries.error[index] = np.inf
        entries.low[index] = min(entries.low[index], *ends) if slope.kink else entries.low[index]
        entries.high[index] = max(entries.high[index], *ends) if slope.kink else entries.high[index]


def _measured_again(meter: EntryMeter, index: Any) -> tuple[Any, Any]:
    x = meter.near.x
    direction = np.zeros_like(x)
    own = abs(x[index]) if x[index] != 0 else scales(x)[index]
    direction[index] = STRETCH * max(own, scales(x)[index] / 1024)
    direction = exact_direction(x, direction, meter.ladder.lowest)
    exponents = [k + 1 for k in meter.ladder.wide]
    line = meter.line(direction).measure(exponents).go_down(meter.ladder.lower)
    return line.slope(), direction[index] if direction[index] else 1.0


def repeatedly_differs(meter: EntryMeter, tolerance: Tolerance) -> bool:
    """Whether two fresh random lines disagree with the gradient under test as well."""
    return all(_differs(tolerance, meter.random_line()) for _ in range(2))


def _differs(tolerance: Tolerance, line: Line) -> bool:
    slope = line.slope()
    claimed = float(np.sum(tolerance.analytic * line.direction))
    distance = outside(claimed, min(slope.left, slope.right), max(slope.left, slope.right))
    return bool(distance > tolerance.of_line(line, slope.error))


def joint_subgradients(meter: EntryMeter, tolerance: Tolerance, entries: Entries) -> Array:
    """The kinked entries, if they cannot all be right together; otherwise none.

    Each entry of ``max(a, b)`` at a tie may claim any share, but not both the whole: along ``a + t, b + t`` there
    is no kink. So lines are taken through all kinked entries with equal and with random signs, and every output may
    choose any slope between its own two.
    """
    base = np.where(entries.kinks, meter.direction, 0)
    for equal_signs in (True, True, False):
        spread = meter.rng.uniform(0.5, 1.5, base.shape)
        signs = 1.0 if equal_signs else meter.rng.choice([-1.0, 1.0], base.shape)
        direction = exact_direction(meter.near.x, (base * spread * signs).astype(base.dtype), meter.ladder.lowest)
        line = Line(meter.near, meter.near.base, direction, Contraction(), meter.noise, meter.near.eps)
        slope = line.measure(meter.ladder.wide).go_down(meter.ladder.lower).slope()
        ends = meter.cotangent * slope.left, meter.cotangent * slope.right
        error = np.sqrt(np.sum((meter.cotangent * slope.error) ** 2))
        low, high = np.minimum(*ends).sum(), np.maximum(*ends).sum()
        claimed = np.sum(tolerance.analytic * direction)
        if outside(claimed, low, high) > tolerance.of_line(line, error):
            return entries.kinks.copy()
    return np.zeros(base.shape, bool)
