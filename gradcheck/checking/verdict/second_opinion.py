"""Before anyone is accused: the same entries once more, along other lines and by other steps."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.verdict.excuses import (
    along,
    is_right_across_steps,
    is_right_between_steps,
    may_be_rounded_away,
    own_length,
    stands_on_a_tread,
    stands_still,
)
from gradcheck.checking.verdict.tolerance import SAFETY, Tolerance, outside
from gradcheck.numerical.entries import Entries
from gradcheck.numerical.line import Contraction, Line
from gradcheck.numerical.meter import EntryMeter
from gradcheck.numerical.noise import Noise, jitter_along
from gradcheck.numerical.steps import scales

Array = NDArray[Any]

WITNESSES = 12
"""So many of the worst entries get a second opinion."""

CLOSE_CALL = 4 * SAFETY
"""A charge of no more bounds than that is dropped if the jitter along the entry is too large; what is promised to be
noticed is more."""

PLATEAUS = 2
"""After so many entries along which f is constant, and no staircase, no further one is taken for the tread of one."""

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
        if plateaus < PLATEAUS and stands_still(meter, tolerance, entries, index):
            charge = outside(tolerance.analytic[index], entries.low[index], entries.high[index])
            if stands_on_a_tread(meter, index, charge):
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
    excuses = (may_be_rounded_away, is_right_between_steps, is_right_across_steps)
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
    alone = along(meter, index, meter.direction[index])
    slope, unit = meter.settled(meter.line(alone)).slope(), alone[index]
    value, error = float(slope.value / unit), float(slope.error / abs(unit))
    charge = outside(tolerance.analytic[index], entries.low[index], entries.high[index])
    if not slope.kink and abs(value - tolerance.analytic[index]) <= SAFETY * error < charge:
        entries.value[index] = entries.low[index] = entries.high[index] = value
        entries.error[index] = error


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
    own, scale = own_length(meter, index), scales(meter.near.x)[index]
    lengths = [max(own, scale / 1024), *([own] if own < scale / 1024 else [])]
    for length in lengths:
        direction = along(meter, index, STRETCH * length)
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
