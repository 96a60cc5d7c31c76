"""Before anyone is accused: the same entries once more, along other lines and by other steps."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.verdict.tolerance import SAFETY, Tolerance, outside
from gradcheck.numerical.entries import Entries
from gradcheck.numerical.line import Contraction, Line
from gradcheck.numerical.meter import FAR, EntryMeter
from gradcheck.numerical.noise import SUSPICIOUS, Noise, jitter_along, norm, with_treads
from gradcheck.numerical.steps import exact_direction, scales
from gradcheck.numerical.treads import climb_in_steps, tread

Array = NDArray[Any]

WITNESSES = 12
"""So many of the worst entries get a second opinion."""

CLOSE_CALL = 4 * SAFETY
"""A charge of no more bounds than that is dropped if the jitter along the entry is too large; what is promised to be
noticed is more."""

ALIKE = 16
"""A climb in steps may come to no more times that of one output, since others add to it."""

PLATEAUS = 2
"""After so many entries along which f is constant, and no staircase, no further one is taken for the tread of one."""

A_SHARE = 0.1
"""What long stretches miss of the claimed slope is no more than this share of what small steps miss, if it is meant."""

A_WIDE_TREAD = 2.0**-8
"""No arithmetic rounds to so large a share of a number."""

STRETCH = 0.7310585786300049
"""The second scheme's steps are no power of two times the first's."""


def confirm(meter: EntryMeter, tolerance: Tolerance, entries: Entries, wrong: Array) -> None:
    """Look at the worst of the wrong entries again; where the looks contradict each other, nothing is known.

    `entries` is updated: it takes over a look that could have told and finds nothing wrong; its error becomes infinite
    where the numerical derivative is not to be trusted, and the range of subgradients grows where a look finds a kink.
    """
    distance = np.where(wrong, outside(tolerance.analytic, entries.low, entries.high), -1)
    worst = np.argsort(distance, axis=None)[::-1][: min(WITNESSES, int(wrong.sum()))]
    plateaus = 0
    for i in worst:
        index = np.unravel_index(int(i), wrong.shape)
        if plateaus < PLATEAUS and _stands_still(meter, tolerance, entries, index):
            charge = outside(tolerance.analytic[index], entries.low[index], entries.high[index])
            if _stands_on_a_tread(meter, index, charge):
                entries.error[index] = np.inf
                continue
            plateaus += 1
        _hear(meter, tolerance, entries, index)
    if not np.any(_still_wrong(tolerance, entries).ravel()[worst]):  # if the worst cannot be confirmed, none can
        entries.error[wrong & _still_wrong(tolerance, entries)] = np.inf


def _hear(meter: EntryMeter, tolerance: Tolerance, entries: Entries, index: Any) -> None:
    """What further looks at one entry have to say of an accusation; one that none can hear is dropped."""
    analytic = tolerance.analytic[index]
    charge = outside(analytic, entries.low[index], entries.high[index])
    excuses = (_may_be_rounded_away, _is_right_between_steps, _is_right_across_steps)
    if any(excuse(meter, index, analytic, charge) for excuse in excuses):
        entries.error[index] = np.inf
        return
    heard = told = False
    for look in _looks(meter, index):
        charge = outside(analytic, entries.low[index], entries.high[index])
        apart = outside(look.value, entries.low[index], entries.high[index])
        if outside(analytic, look.low, look.high) <= SAFETY * look.error:
            if SAFETY * look.error < charge:  # it could have told
                entries.value[index], entries.error[index] = look.value, look.error
                entries.low[index], entries.high[index] = look.low, look.high
                return
            if look.louder and charge <= CLOSE_CALL * entries.error[index]:
                entries.error[index] = max(entries.error[index], look.error)
                return
        elif apart > SAFETY * (look.error + entries.error[index]):
            entries.error[index] = np.inf
            return
        heard |= np.isfinite(look.error)
        told |= SAFETY * look.error < charge
        if look.kink:
            entries.low[index] = min(entries.low[index], look.low)
            entries.high[index] = max(entries.high[index], look.high)
    if not heard:
        entries.error[index] = np.inf
    elif not told:
        _measure_alone(meter, tolerance, entries, index)


def _measure_alone(meter: EntryMeter, tolerance: Tolerance, entries: Entries, index: Any) -> None:
    """An entry that was measured together with others, by itself at the same steps, where no look was as sharp.

    Entries far below the others take no part in the proof that their axes are separable.
    """
    alone = np.zeros_like(meter.direction)
    alone[index] = unit = meter.direction[index]
    slope = meter.settled(meter.line(alone)).slope()
    value, error = float(slope.value / unit), float(slope.error / abs(unit))
    charge = outside(tolerance.analytic[index], entries.low[index], entries.high[index])
    if not slope.kink and abs(value - tolerance.analytic[index]) <= SAFETY * error < charge:
        entries.value[index] = entries.low[index] = entries.high[index] = value
        entries.error[index] = error


def _stands_still(meter: EntryMeter, tolerance: Tolerance, entries: Entries, index: Any) -> bool:
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


def _stands_on_a_tread(meter: EntryMeter, index: Any, charge: float) -> bool:
    """Whether f is a staircase along an entry, constant here only as its values are rounded coarsely on the way.

    What it climbs from tread to tread has to be of the size of what is in dispute. Nobody knows whether 0 is meant,
    the derivative of a staircase almost everywhere, or the slope of what was rounded.
    """
    step = np.zeros_like(meter.near.x)
    step[index] = max(abs(meter.near.x[index]), scales(meter.near.x)[index])
    return charge * float(step[index]) <= ALIKE * climb_in_steps(meter.near, step, meter.cotangent)


@np.errstate(all="ignore")
def _may_be_rounded_away(meter: EntryMeter, index: Any, _: float, charge: float) -> bool:
    """Whether an output that does not move at the steps taken, but further away, may hide as much in its last digit.

    A saturated softmax is 1 to the last digit; what it loses to a neighbour that grows is less than that digit.
    """
    x, last_digits = meter.near.x, meter.near.eps * np.abs(meter.cotangent * meter.near.base)
    own = abs(x[index]) or scales(x)[index]
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


def _is_right_between_steps(meter: EntryMeter, index: Any, analytic: float, charge: float) -> bool:
    """Whether f rises as claimed between steps that were taken for rounding: they may be its own, as those of mod."""
    rounding = Noise.rounding(meter.near)
    if not np.any(meter.noise.deviation > SUSPICIOUS * rounding.deviation):
        return False
    line = Line(meter.near, _along(meter, index), Contraction(meter.cotangent), rounding)
    slope, unit = line.measure(meter.ladder.lower[:3] + meter.ladder.wide[:2]).slope(), line.direction[index]
    apart = outside(analytic * unit, min(slope.left, slope.right), max(slope.left, slope.right))
    if slope.value == 0:  # a tread, and no narrow one, as rounding makes them
        ends = meter.near(side * A_WIDE_TREAD * line.direction for side in (1, -1))
        return bool(apart == 0 and any(np.array_equal(end, meter.near.base) for end in ends))
    return bool(apart <= SAFETY * slope.error < charge * abs(unit))


def _is_right_across_steps(meter: EntryMeter, index: Any, analytic: float, charge: float) -> bool:
    """Whether f rises as claimed over longer stretches, and does so in jumps: a sawtooth that rounding makes.

    At 1e-9 the teeth of ``(exp(x) - 1) / x`` are steep, and what they climb is lost again at each step.
    """
    line = Line(meter.near, _along(meter, index), Contraction(meter.cotangent), meter.noise_close_by)
    levels, unit = line.measure(meter.ladder.wide[2:]).levels.values(), line.direction[index]
    apart = [(level.right + level.left) / 2 - analytic * unit for level in levels]
    if not all(np.abs(apart) <= A_SHARE * charge * abs(unit)):
        return False
    step = np.asarray(line.direction * line.direction.dtype.type(2.0**FAR))
    return with_treads(meter.near, meter.noise_close_by, step) is not meter.noise_close_by


def _along(meter: EntryMeter, index: Any) -> Array:
    """One entry, by its own length."""
    direction = np.zeros_like(meter.near.x)
    direction[index] = abs(meter.near.x[index]) or scales(meter.near.x)[index]
    return exact_direction(meter.near.x, direction, meter.ladder.lowest)


def _still_wrong(tolerance: Tolerance, entries: Entries) -> Array:
    return np.asarray(outside(tolerance.analytic, entries.low, entries.high) > tolerance.of_entries(entries))


class _Look(NamedTuple):
    """The slope in one entry, seen once more; louder if f jitters more along this entry than it seemed."""

    value: float
    error: float
    low: float
    high: float
    kink: bool
    louder: bool


def _looks(meter: EntryMeter, index: Any) -> Iterator[_Look]:
    """One entry along itself, with the jitter measured there: by other steps, and by ever so small ones."""
    x, scale = meter.near.x, float(scales(meter.near.x)[index])
    own = abs(float(x[index])) or scale
    lengths = [max(own, scale / 1024), *([own] if own < scale / 1024 else [])]
    for length in lengths:
        direction = np.zeros_like(x)
        direction[index] = STRETCH * length
        direction = exact_direction(x, direction, meter.ladder.lowest)
        unit = float(direction[index])
        if not unit:
            continue
        noise = _with_jitter_along(meter, direction)
        louder = bool(np.any(noise.deviation > meter.noise.deviation))
        line = Line(meter.near, direction, Contraction(meter.cotangent), noise)
        slope = line.measure([k + 1 for k in meter.ladder.wide]).go_down(meter.ladder.lower).slope()
        low, high = sorted([float(slope.left) / unit, float(slope.right) / unit])
        value, error = float(slope.value) / unit, float(slope.error) / abs(unit)
        yield _Look(value, error, low, high, bool(slope.kink), louder)


def _with_jitter_along(meter: EntryMeter, direction: Array) -> Noise:
    """The meter's noise, or what shows along a direction where that is more."""
    seen = jitter_along(meter.near, direction * np.asarray(2.0 ** (meter.ladder.wide[0] - 4), direction.dtype))
    return replace(meter.noise, deviation=np.fmax(meter.noise.deviation, np.where(np.isfinite(seen), seen, 0)))


def repeatedly_differs(meter: EntryMeter, tolerance: Tolerance) -> bool:
    """Whether one of three fresh random lines disagrees with the gradient under test as well: two are no accident."""
    steps = sorted(meter.witnesses[0].levels)  # as sharp as the lines that differed first
    resting = meter.overstepped(steps[-1])
    return any(_differs(tolerance, meter.modest_line(resting).measure(steps)) for _ in range(3))


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
    error = norm(meter.cotangent * slope.error)
    claimed = np.sum(tolerance.analytic * exact)
    return bool(outside(claimed, np.minimum(*ends).sum(), np.maximum(*ends).sum()) > tolerance.of_line(line, error))
