"""The verdict on one tensor, with evaluations spent where it needs them.

1. *Directions*: two random directions settle a right tensor of any size.
2. *Entries*: what they do not settle is measured entry by entry, or searched by halves where that is dearer.
3. *Second opinion*: what looks wrong is measured once more by other steps before anyone is accused.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.locate import locate
from gradcheck.checking.report import Comparison, Verdict
from gradcheck.checking.second_opinion import confirm, joint_subgradients, repeatedly_differs
from gradcheck.checking.tolerance import (
    MEANINGLESS,
    SETTLED,
    Tolerance,
    outside,
    relative,
    typical_size,
)
from gradcheck.numerical.entries import Entries, EntryMeter

Array = NDArray[Any]

AFFORDABLE = 4096
"""Groups up to this number are all measured; beyond, wrong entries are searched for by halves."""


@dataclass
class Directions:
    """What a few lines through all entries showed."""

    differs: bool
    kinked: bool
    noticeable: Array


def compare(
    name: str,
    meter: EntryMeter,
    tolerance: Tolerance,
    *,
    exhaustive: bool = False,
) -> Comparison:
    """Compare the gradient under test with the numerical one, first along directions, then where needed by entry."""
    analytic = tolerance.analytic
    if not analytic.size:
        nothing = np.zeros(analytic.shape)
        return Comparison(
            name,
            analytic.shape,
            "agree",
            analytic,
            None,
            None,
            nothing > 0,
            nothing > 0,
            nothing,
            resolution=0.0,
        )
    typical = typical_size(analytic) or _fallback_size(meter)
    seen = _sharpened(meter, tolerance, along_directions(meter, tolerance), typical)
    resolution = relative(seen.noticeable, typical)
    if not (exhaustive or seen.differs or seen.kinked) and resolution <= SETTLED:
        nowhere = np.zeros(analytic.shape, bool)
        return Comparison(
            name, analytic.shape, "agree", analytic, None, None, nowhere, nowhere, seen.noticeable,
            typical=typical, resolution=resolution,
        )  # fmt: skip
    grouping = meter.propose()
    if exhaustive or len(grouping) <= AFFORDABLE:
        return by_entries(name, meter, tolerance, meter.measure(grouping), seen)
    if seen.differs:
        return by_search(name, meter, tolerance, seen, typical)
    return _undivided(name, meter, tolerance, seen, typical)


def along_directions(meter: EntryMeter, tolerance: Tolerance) -> Directions:
    """Compare the slopes along the meter's random lines with what the gradient under test says of them."""
    differs = kinked = False
    noticeable = np.full(tolerance.analytic.shape, np.inf)
    for line in meter.witnesses:
        slope = line.slope()
        low, high = min(slope.left, slope.right), max(slope.left, slope.right)
        allowed = tolerance.of_line(line, slope.error)
        claimed = float(np.sum(tolerance.analytic * line.direction))
        differs |= bool(outside(claimed, low, high) > allowed)
        kinked |= bool(slope.kink)
        with np.errstate(divide="ignore"):
            noticeable = np.minimum(noticeable, (2 * allowed + high - low) / np.abs(line.direction))
    return Directions(differs, kinked, noticeable)


def _sharpened(meter: EntryMeter, tolerance: Tolerance, seen: Directions, typical: float) -> Directions:
    """The directions with more steps, while they agree but would not have noticed enough."""
    line, steps = meter.witnesses[0], meter.ladder
    between, higher, lower = list(steps.between), list(steps.higher), list(steps.lower)
    while not (seen.differs or seen.kinked or relative(seen.noticeable, typical) <= SETTLED):
        towards = between or (higher if line.drowned() else lower if line.bent() else [])
        if not towards:
            break
        line.measure([towards.pop(0)])
        seen = along_directions(meter, tolerance)
    return seen


def by_entries(name: str, meter: EntryMeter, tolerance: Tolerance, entries: Entries, seen: Directions) -> Comparison:
    """The verdict where every entry was measured."""
    analytic = tolerance.analytic
    distance = outside(analytic, entries.low, entries.high)
    allowed = tolerance.of_entries(entries)
    wrong = distance > allowed
    if wrong.any():
        confirm(meter, tolerance, entries, wrong)
        allowed = tolerance.of_entries(entries)
        wrong &= distance > allowed
    if entries.kinks.any() and not wrong.any():
        wrong |= joint_subgradients(meter, tolerance, entries)
    if seen.differs and not wrong.any() and not entries.kinks.any() and repeatedly_differs(meter, tolerance):
        return by_search(name, meter, tolerance, seen, typical_size(analytic, entries.value))
    noticeable = np.where(entries.kinks, 2 * allowed + entries.high - entries.low, 2 * allowed)
    noticeable = np.minimum(noticeable, seen.noticeable) if not seen.differs else noticeable
    typical = typical_size(analytic, entries.value) or _fallback_size(meter)
    resolution = relative(noticeable[~entries.kinks], typical)
    verdict, reason = _verdict(bool(wrong.any()), resolution, meter)
    excess = np.where(wrong, 1 + distance, distance / (distance + allowed + np.finfo(float).tiny))
    return Comparison(
        name, analytic.shape, verdict, analytic, entries.value, entries.error, wrong, entries.kinks, noticeable,
        entries.low, entries.high, _argmax(excess), typical, resolution, True, reason,
    )  # fmt: skip


def by_search(name: str, meter: EntryMeter, tolerance: Tolerance, seen: Directions, typical: float) -> Comparison:
    """The verdict where a large tensor disagrees along a direction: find entries that are to blame."""
    entries, wrong, complete = locate(meter, tolerance)
    if wrong.any():
        confirm(meter, tolerance, entries, wrong)
        wrong &= outside(tolerance.analytic, entries.low, entries.high) > tolerance.of_entries(entries)
    measured = np.isfinite(entries.error)
    value, error = np.where(measured, entries.value, np.nan), np.where(measured, entries.error, np.nan)
    distance = np.where(wrong, outside(tolerance.analytic, entries.low, entries.high), -1)
    reason = (
        "" if wrong.any() else "the gradient disagrees along random directions, but no single entry could be blamed"
    )
    return Comparison(
        name, wrong.shape, "disagree", tolerance.analytic, value, error, wrong, entries.kinks & wrong,
        seen.noticeable, np.where(measured, entries.low, np.nan), np.where(measured, entries.high, np.nan),
        _argmax(distance) if wrong.any() else None, typical, relative(seen.noticeable, typical), complete, reason,
    )  # fmt: skip


def _undivided(name: str, meter: EntryMeter, tolerance: Tolerance, seen: Directions, typical: float) -> Comparison:
    """A tensor too large to measure by entry that agrees along directions, as well as those can tell."""
    resolution = relative(seen.noticeable, typical)
    verdict: Verdict = "agree" if resolution <= MEANINGLESS else "undecided"
    reason = "" if verdict == "agree" else _advice(resolution, meter)
    if seen.kinked and verdict == "undecided":
        reason = "a kink lies at this point, and the tensor is too large to measure every entry; use exhaustive=True"
    nowhere = np.zeros(tolerance.analytic.shape, bool)
    return Comparison(
        name, nowhere.shape, verdict, tolerance.analytic, None, None, nowhere, nowhere, seen.noticeable,
        typical=typical, resolution=resolution, reason=reason,
    )  # fmt: skip


def _verdict(any_wrong: bool, resolution: float, meter: EntryMeter) -> tuple[Verdict, str]:
    if any_wrong:
        return "disagree", ""
    if not np.all(np.isfinite(meter.near.base)):
        return (
            "undecided",
            "the forward returns NaN or infinity at this point; choose inputs inside its domain",
        )
    if resolution <= MEANINGLESS:
        return "agree", ""
    return "undecided", _advice(resolution, meter)


def _advice(resolution: float, meter: EntryMeter) -> str:
    if not np.isfinite(resolution):
        return (
            "the difference quotients do not settle for any step; the function jumps or is not defined around "
            "this point: choose another point"
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


def _fallback_size(meter: EntryMeter) -> float:
    """The size of a gradient that would double the outputs within the scale of the input."""
    outputs = np.abs(meter.cotangent * np.where(np.isfinite(meter.near.base), meter.near.base, 0))
    scale = float(np.median(np.abs(meter.direction))) or 1.0
    return float(np.sqrt(np.vdot(outputs, outputs))) / scale


def _argmax(values: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(values)), values.shape))
