"""What speaks for an accused entry: rounding hides its slope, or makes treads and teeth that look like another."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.verdict.tolerance import SAFETY, Tolerance, outside
from gradcheck.numerical.entries import Entries
from gradcheck.numerical.line import Contraction, Line
from gradcheck.numerical.meter import FAR, EntryMeter
from gradcheck.numerical.noise import SUSPICIOUS, Noise, with_treads
from gradcheck.numerical.steps import exact_direction, scales
from gradcheck.numerical.treads import climb_in_steps, tread

Array = NDArray[Any]

ALIKE = 16
"""A climb in steps may come to no more times that of one output, since others add to it."""

A_SHARE = 0.1
"""What long stretches miss of the claimed slope is no more than this share of what small steps miss, if it is meant."""

A_WIDE_TREAD = 2.0**-8
"""No arithmetic rounds to so large a share of a number."""


def stands_still(meter: EntryMeter, tolerance: Tolerance, entries: Entries, index: Any) -> bool:
    """Whether f seems constant along an entry, or is said to be where it is rounded on purpose."""
    said = tolerance.analytic[index] == 0 and _is_rounded_on_purpose(meter, index)
    return bool(entries.value[index] == 0 or said)


def _is_rounded_on_purpose(meter: EntryMeter, index: Any) -> bool:
    """Whether f stands still close by, and then rises by what does not end in zero bits, as it does by arithmetic."""
    step, base = np.zeros_like(meter.near.x), meter.near.base
    step[index] = meter.direction[index]
    if not np.array_equal(meter.near([step * step.dtype.type(2.0 ** meter.ladder.lower[1])])[0], base):
        return False
    values = meter.near(step * step.dtype.type(2.0**k) for k in meter.ladder.wide[-2:])
    rises = np.array([np.ravel(value - base) for value in values])
    moved = np.any(rises != 0, axis=0)
    return bool(moved.any() and not np.any(tread(rises[:, moved], base.ravel()[moved])))


def stands_on_a_tread(meter: EntryMeter, index: Any, charge: float) -> bool:
    """Whether f is a staircase along an entry, constant here only as its values are rounded coarsely on the way.

    What it climbs from tread to tread has to be of the size of what is in dispute. Nobody knows whether 0 is meant,
    the derivative of a staircase almost everywhere, or the slope of what was rounded.
    """
    step = np.zeros_like(meter.near.x)
    step[index] = max(abs(meter.near.x[index]), scales(meter.near.x)[index])
    return charge * float(step[index]) <= ALIKE * climb_in_steps(meter.near, step, meter.cotangent)


@np.errstate(all="ignore")
def may_be_rounded_away(meter: EntryMeter, index: Any, _: float, charge: float) -> bool:
    """Whether an output that does not move at the steps taken, but further away, may hide as much in its last digit.

    A saturated softmax is 1 to the last digit; what it loses to a neighbour that grows is less than that digit.
    """
    x, last_digits = meter.near.x, meter.near.eps * np.abs(meter.cotangent * meter.near.base)
    own = own_length(meter, index)
    far = max(own, np.max(np.abs(x)))
    if charge * own > np.max(last_digits, initial=0):
        return False

    def moved(*lengths: float) -> Array:
        steps = np.zeros((len(lengths), *x.shape), x.dtype)
        for step, length in zip(steps, lengths, strict=True):
            step[index] = length
        changed = [~(value == meter.near.base) for value in meter.near(steps)]  # NaN has changed, too
        return np.asarray(np.any(changed, axis=0))

    taken = float(meter.direction[index]) * 2.0 ** meter.ladder.wide[-1]
    hidden = moved(own, -own, 4 * far, -4 * far) & ~moved(taken, -taken)
    return bool(charge * own <= np.max(last_digits, where=hidden, initial=0))


def is_right_between_steps(meter: EntryMeter, index: Any, analytic: float, charge: float) -> bool:
    """Whether f rises as claimed between steps that were taken for rounding: they may be its own, as those of mod."""
    rounding = Noise.rounding(meter.near)
    if not np.any(meter.noise.deviation > SUSPICIOUS * rounding.deviation):
        return False
    line = Line(meter.near, along(meter, index, own_length(meter, index)), Contraction(meter.cotangent), rounding)
    slope, unit = line.measure(meter.ladder.lower[:3] + meter.ladder.wide[:2]).slope(), line.direction[index]
    apart = outside(analytic * unit, min(slope.left, slope.right), max(slope.left, slope.right))
    if slope.value == 0:  # a tread, and no narrow one, as rounding makes them
        ends = meter.near(side * A_WIDE_TREAD * line.direction for side in (1, -1))
        return bool(apart == 0 and any(np.array_equal(end, meter.near.base) for end in ends))
    return bool(apart <= SAFETY * slope.error < charge * abs(unit))


def is_right_across_steps(meter: EntryMeter, index: Any, analytic: float, charge: float) -> bool:
    """Whether f rises as claimed over longer stretches, and does so in jumps: a sawtooth that rounding makes.

    At 1e-9 the teeth of ``(exp(x) - 1) / x`` are steep, and what they climb is lost again at each step.
    """
    direction = along(meter, index, own_length(meter, index))
    line = Line(meter.near, direction, Contraction(meter.cotangent), meter.noise_close_by)
    levels, unit = line.measure(meter.ladder.wide[2:]).levels.values(), line.direction[index]
    apart = [(level.right + level.left) / 2 - analytic * unit for level in levels]
    if not all(np.abs(apart) <= A_SHARE * charge * abs(unit)):
        return False
    step = np.asarray(line.direction * line.direction.dtype.type(2.0**FAR))
    return with_treads(meter.near, meter.noise_close_by, step) is not meter.noise_close_by


def own_length(meter: EntryMeter, index: Any) -> Any:
    """The size of an entry itself; of one that is 0 its scale."""
    return abs(meter.near.x[index]) or scales(meter.near.x)[index]


def along(meter: EntryMeter, index: Any, length: Any) -> Array:
    """The direction of one entry alone."""
    direction = np.zeros_like(meter.near.x)
    direction[index] = length
    return exact_direction(meter.near.x, direction, meter.ladder.lowest)
