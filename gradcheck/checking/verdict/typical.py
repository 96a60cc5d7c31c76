"""How large an entry of a gradient typically is: the size by which errors are judged where an entry itself is small."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.verdict.tolerance import Tolerance
from gradcheck.numerical.entries import Entries
from gradcheck.numerical.meter import EntryMeter
from gradcheck.numerical.noise import norm
from gradcheck.numerical.steps import median

Array = NDArray[Any]

DIGITS = 16
"""What is not so many times as large as its own jitter has no digit that means anything."""


def typical_size(meter: EntryMeter, tolerance: Tolerance, entries: Entries | None = None) -> float:
    """The median of the entries that are more than rounding; where none is, the size an entry could well have."""
    sizes = [claimed_size(tolerance)]
    if entries is not None:
        size = np.abs(entries.value)
        sizes.append(_median(size[np.isfinite(size) & (size > entries.error)]))
    if any(sizes):
        return max(sizes)
    levels = [line.levels[max(line.levels)] for line in meter.witnesses]
    rises = [abs(float(side)) for level in levels for side in (level.left, level.right) if np.isfinite(side)]
    length, smallest = float(norm(meter.direction)) or 1.0, float(np.finfo(tolerance.analytic.dtype).tiny)
    # Beside a constant it counts by how much f changes at all.
    could_be = 0.0 if meter.rise_further_out else size_before_cancelling(meter)
    return max(could_be, max((meter.rise_further_out, *rises)) / length, smallest)


def claimed_size(tolerance: Tolerance) -> float:
    """The median of the entries of the gradient under test that are more than rounding; 0 where none is."""
    return _median(_without_residue(np.abs(tolerance.analytic), np.asarray(tolerance.jitter)))


def natural_size(meter: EntryMeter) -> float:
    """The size of a gradient that would double the outputs within the scale of the input."""
    return _rise_to(meter, np.abs(meter.near.base))


def size_before_cancelling(meter: EntryMeter) -> float:
    """The same, where outputs are no more than what rounding left of terms that cancel, of those terms."""
    base, noise = np.abs(meter.near.base), meter.noise_close_by.deviation
    return _rise_to(meter, np.where(base <= DIGITS * noise, noise / meter.near.eps, base))


def _rise_to(meter: EntryMeter, size: Array) -> float:
    if not meter.direction.size:
        return 0.0
    outputs = np.abs(meter.cotangent * np.where(np.isfinite(size), size, 0))
    return float(norm(outputs)) / (float(median(np.abs(meter.direction).ravel())) or 1.0)


def _without_residue(size: Array, jitter: Array) -> Array:
    """The entries above all that are what rounding left of terms that cancel."""
    residue = np.max(size, where=size <= DIGITS * jitter, initial=0.0) if jitter.any() else 0.0
    return np.asarray(size[np.isfinite(size) & (size > residue)])


def _median(size: Array) -> float:
    return float(median(size))
