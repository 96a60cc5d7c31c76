"""The verdict on one tensor, with evaluations spent where it needs them.

1. *Directions*: two random directions settle a right tensor of any size, or all tensors at once
   (:mod:`~gradcheck.checking.together`).
2. *Entries*: what they do not settle is measured entry by entry, or searched by halves where that is dearer.
3. *Second opinion*: what looks wrong is measured once more by other steps before anyone is accused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.report import Comparison, Verdict
from gradcheck.checking.verdict.locate import locate
from gradcheck.checking.verdict.second_opinion import confirm, repeatedly_differs
from gradcheck.checking.verdict.subgradients import joint_subgradients
from gradcheck.checking.verdict.tolerance import (
    MEANINGLESS,
    SETTLED,
    Tolerance,
    outside,
    relative,
)
from gradcheck.checking.verdict.typical import size_before_cancelling, typical_size
from gradcheck.numerical.entries import Entries
from gradcheck.numerical.meter import EntryMeter

Array = NDArray[Any]

AFFORDABLE = 4096
"""Groups up to this number are all measured; beyond, wrong entries are searched for by halves."""

COSTLY = 16
"""More groups than these are not measured each where that would tell hardly more."""

HOPELESS = 1.0
"""A direction that hides a whole typical entry in noise leaves no hope for the entries."""

SHARPER = 3
"""So many more steps are spent on a direction that agrees but would not have noticed enough."""

OUTSIDE = "the forward returns NaN or infinity at this point; choose inputs inside its domain"
LARGE_KINK = "a kink lies at this point, and the tensor is too large to measure every entry; use exhaustive=True"


@dataclass
class Directions:
    """What a few lines through all entries showed."""

    differs: bool
    kinked: bool
    noticeable: Array


def compare(
    name: str, meter: EntryMeter, tolerance: Tolerance, *, exhaustive: bool = False, wanted: float = SETTLED
) -> Comparison:
    """Compare the gradient under test with the numerical one, first along directions, then where needed by entry.

    Directions get a few more steps while they would not have noticed a relative error of `wanted`.
    """
    analytic = tolerance.analytic
    if (known := _known_at_once(name, meter, tolerance)) is not None:
        return known
    typical = typical_size(meter, tolerance)

    def sharp(seen: Directions) -> bool:
        return relative(_strictly(meter, tolerance, seen).noticeable, analytic, typical) <= min(wanted, SETTLED)

    seen = sharpened(meter, tolerance, sharp)
    resolution = relative(seen.noticeable, analytic, typical)
    if seen.differs or (resolution > SETTLED and _may_be_rounding(typical, meter)):
        tolerance = tolerance.closer()
        seen, typical = along_directions(meter, tolerance), typical_size(meter, tolerance)
        resolution = relative(seen.noticeable, analytic, typical)
    open_questions = exhaustive or seen.differs or seen.kinked
    if not open_questions and resolution <= SETTLED:
        return settled(name, tolerance, seen.noticeable, typical, resolution)
    grouping = meter.propose()
    # What is drowned in noise along all entries at once is no less so along each of them.
    costly = len(grouping) > COSTLY and meter.witnesses[0].drowned()
    if not open_questions and costly and not MEANINGLESS < resolution <= HOPELESS:
        return _undivided(name, meter, tolerance, seen, typical)
    if exhaustive or len(grouping) <= AFFORDABLE:
        entries = meter.measure(grouping)
        if seen.differs and not _wrong(tolerance, entries).any():  # where lines see it, entries have to be as sharp
            entries = meter.measure(grouping, meter.ladder.wide)
        return by_entries(name, meter, tolerance, entries, seen)
    if seen.differs:
        return by_search(name, meter, tolerance, seen, typical)
    return _undivided(name, meter, tolerance, seen, typical)


def _may_be_rounding(typical: float, meter: EntryMeter) -> bool:
    """Whether a gradient is so small that it may be what rounding left of one that is zero."""
    before = size_before_cancelling(meter)
    return bool(np.isfinite(before) and typical <= meter.near.eps**0.5 * before)


def _known_at_once(name: str, meter: EntryMeter, tolerance: Tolerance) -> Comparison | None:
    """What needs no measurement: outputs or gradients that are not finite, and tensors without entries."""
    analytic = tolerance.analytic
    if not np.all(np.isfinite(meter.near.base)):
        return settled(name, tolerance, np.full(analytic.shape, np.inf), 0.0, np.inf, OUTSIDE)
    if not np.all(np.isfinite(analytic)):
        return _not_finite(name, analytic, ~np.isfinite(analytic))
    return None if analytic.size else settled(name, tolerance, np.zeros(analytic.shape), 0.0, 0.0)


def along_directions(meter: EntryMeter, tolerance: Tolerance) -> Directions:
    """Compare the slopes along the meter's random lines with what the gradient under test says of them."""
    differs = kinked = False
    noticeable = np.full(tolerance.analytic.shape, np.inf)
    for line in meter.witnesses:
        slope = line.slope()
        if not (np.isfinite(slope.error) and np.isfinite(slope.value)):
            continue
        low, high = min(slope.left, slope.right), max(slope.left, slope.right)
        allowed = tolerance.of_line(line, slope.error)
        claimed = float(np.vdot(tolerance.analytic, line.direction))
        differs |= bool(outside(claimed, low, high) > allowed)
        kinked |= bool(slope.kink)
        with np.errstate(divide="ignore"):
            noticeable = np.fmin(noticeable, (2 * allowed + high - low) / np.abs(line.direction))
    return Directions(differs, kinked, noticeable)


def sharpened(meter: EntryMeter, tolerance: Tolerance, sharp: Callable[[Directions], bool]) -> Directions:
    """The directions, with more steps while they agree but would not have noticed enough."""
    line, steps = meter.witnesses[0], meter.ladder
    between, higher, lower = list(steps.between), list(steps.higher), list(steps.lower)
    seen = along_directions(meter, tolerance)
    for _ in range(SHARPER):
        if seen.differs or seen.kinked or sharp(seen):
            break
        towards = between or (higher if line.drowned() else lower if line.bent() else [])
        if not towards:
            break
        line.measure([towards.pop(0)])
        seen = along_directions(meter, tolerance)
    return seen


def _strictly(meter: EntryMeter, tolerance: Tolerance, seen: Directions) -> Directions:
    """What the directions show without what the caller accepts on top."""
    return along_directions(meter, tolerance.strict()) if tolerance.rtol else seen


def by_entries(name: str, meter: EntryMeter, tolerance: Tolerance, entries: Entries, seen: Directions) -> Comparison:
    """The verdict where every entry was measured."""
    analytic = tolerance.analytic
    wrong = _wrong(tolerance, entries)
    if wrong.any():
        tolerance = tolerance.closer()
        confirm(meter, tolerance, entries, wrong)
        wrong &= _wrong(tolerance, entries)
    if entries.kinks.any() and not wrong.any():
        wrong |= joint_subgradients(meter, tolerance, entries)
    unblamed = seen.differs and not wrong.any() and not entries.kinks.any() and np.all(np.isfinite(entries.error))
    typical = typical_size(meter, tolerance, entries)
    if unblamed and _differs_as_a_whole(meter, tolerance, seen, typical):
        return by_search(name, meter, tolerance, seen, typical)
    varied = np.isfinite(meter.near.x)
    kinks = entries.kinks & np.isfinite(entries.error)
    judged = varied & (~kinks | kinks.all())
    size = np.maximum(np.abs(analytic), np.abs(entries.value))

    def resolution(of: Tolerance) -> tuple[Array, float]:
        gap = np.where(entries.kinks, entries.high - entries.low, 0)
        noticeable = 2 * of.of_entries(entries) + gap
        if not seen.differs:
            noticeable = np.fmin(noticeable, seen.noticeable)
        return noticeable, relative(noticeable[judged], size[judged], typical)

    noticeable, stated = resolution(tolerance)
    blind = 0.0 if kinks.all() else resolution(tolerance.strict())[1]
    verdict, reason = _verdict(bool(wrong.any()), blind, meter)
    allowed = tolerance.of_entries(entries)
    distance = outside(analytic, entries.low, entries.high)
    excess = np.where(wrong, 1 + distance, distance / (distance + allowed + np.finfo(float).tiny))
    return Comparison(
        name, analytic.shape, verdict, analytic, entries.value, entries.error, wrong, entries.kinks, noticeable,
        entries.low, entries.high, _argmax(excess), typical, stated, True, reason, entries,
    )  # fmt: skip


def _wrong(tolerance: Tolerance, entries: Entries) -> Array:
    """The entries that differ by more than is allowed."""
    distance = outside(tolerance.analytic, entries.low, entries.high)
    return np.asarray(distance > tolerance.of_entries(entries))


def by_search(name: str, meter: EntryMeter, tolerance: Tolerance, seen: Directions, typical: float) -> Comparison:
    """The verdict where a large tensor disagrees along a direction: find entries that are to blame."""
    entries, wrong, complete = locate(meter, tolerance)
    if wrong.any():
        confirm(meter, tolerance, entries, wrong)
        wrong &= _wrong(tolerance, entries)
    resolution = relative(seen.noticeable, tolerance.analytic, typical)
    if not wrong.any() and not _differs_as_a_whole(meter, tolerance, seen, typical):
        return settled(name, tolerance, seen.noticeable, typical, resolution, _advice(np.inf, meter))
    measured = np.isfinite(entries.error)
    value, error = np.where(measured, entries.value, np.nan), np.where(measured, entries.error, np.nan)
    low, high = np.where(measured, entries.low, np.nan), np.where(measured, entries.high, np.nan)
    distance = np.where(wrong, outside(tolerance.analytic, entries.low, entries.high), -1)
    reason = "" if wrong.any() else "it disagrees along random directions, but no single entry could be blamed"
    return Comparison(
        name, wrong.shape, "disagree", tolerance.analytic, value, error, wrong, entries.kinks & wrong,
        seen.noticeable, low, high, _argmax(distance) if wrong.any() else None, typical, resolution, complete, reason,
    )  # fmt: skip


def _differs_as_a_whole(meter: EntryMeter, tolerance: Tolerance, seen: Directions, typical: float) -> bool:
    """Whether lines that are sharp enough differ again and again, where no entry does by itself."""
    sharp = relative(seen.noticeable, tolerance.analytic, typical) <= HOPELESS
    return sharp and repeatedly_differs(meter, tolerance)


def settled(
    name: str, tolerance: Tolerance, noticeable: Array, typical: float, resolution: float, doubt: str = ""
) -> Comparison:
    """A tensor that agrees along directions, by which every entry was seen; or is undecided for a reason."""
    nowhere = np.zeros(tolerance.analytic.shape, bool)
    return Comparison(
        name, nowhere.shape, "undecided" if doubt else "agree", tolerance.analytic, None, None, nowhere, nowhere,
        noticeable, typical=typical, resolution=resolution, reason=doubt,
    )  # fmt: skip


def _undivided(name: str, meter: EntryMeter, tolerance: Tolerance, seen: Directions, typical: float) -> Comparison:
    """A tensor too dear to measure by entry that agrees along directions, as well as those can tell."""
    resolution = relative(seen.noticeable, tolerance.analytic, typical)
    doubt = ""
    if resolution > MEANINGLESS:
        doubt = LARGE_KINK if seen.kinked else _advice(resolution, meter)
    return settled(name, tolerance, seen.noticeable, typical, resolution, doubt)


def _not_finite(name: str, analytic: Array, broken: Array) -> Comparison:
    """NaN and infinity are wrong without any measurement."""
    first = tuple(int(i) for i in np.argwhere(broken)[0])
    return Comparison(
        name, analytic.shape, "disagree", analytic, None, None, broken, np.zeros(broken.shape, bool),
        np.full(broken.shape, np.inf), worst=first, reason="it is NaN or infinite there",
    )  # fmt: skip


def _verdict(any_wrong: bool, resolution: float, meter: EntryMeter) -> tuple[Verdict, str]:
    if any_wrong:
        return "disagree", ""
    if resolution <= MEANINGLESS:
        return "agree", ""
    return "undecided", _advice(resolution, meter)


def _advice(resolution: float, meter: EntryMeter) -> str:
    if not np.isfinite(resolution) or meter.witnesses[0].jumps():
        return (
            "the difference quotients do not settle for any step; the function jumps, climbs in steps, has a kink too "
            "close or is not defined around this point: choose another point, or check what comes before it is rounded"
        )
    if meter.witnesses[0].bent() and not meter.witnesses[0].drowned():
        return (
            f"kinks within the smallest step hide errors below {resolution:.1g} times a typical entry; choose another "
            "point, or fewer entries at a time"
        )
    return (
        f"rounding in the forward hides errors below {resolution:.1g} times a typical entry; choose another point, "
        "use float64, or a scale at which the output is not dominated by a constant"
    )


def _argmax(values: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(values)), values.shape))
