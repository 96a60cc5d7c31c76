"""What a derivative without upstream gradient belongs to, where the value is an array: each entry, the sum or the mean.

A loss may return one number for each sample and the gradient of their mean; an activation returns the derivative of
each entry. Which is meant is told by one measured slope.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcheck.checking.conventions.common.slopes import NEAR, Slope, distance
from gradcheck.checking.subject import Array


@dataclass(frozen=True)
class Reduction:
    """One way to make a number of many; entry by entry there is nothing to be made."""

    text: str
    reduce: Callable[[Array], Array] | None


ENTRIES = Reduction("the derivative of each entry", None)
REDUCTIONS = (
    Reduction("the gradient of the sum", lambda y: np.asarray(np.sum(y))),
    Reduction("the gradient of the mean", lambda y: np.asarray(np.mean(y))),
)


def choose(slope: Slope, gradient: Array) -> Reduction | None:
    """The reduction whose gradient this is; entry by entry before any other; None where none fits."""
    if gradient.shape != slope.direction.shape:
        return None
    if _by_entries(slope, gradient) < NEAR:
        return ENTRIES
    claimed, change = slope.along(gradient), slope.changes[0]
    fits = [(distance(claimed, float(r.reduce(change))), i) for i, r in enumerate(REDUCTIONS) if r.reduce]
    nearest, i = min(fits)
    return REDUCTIONS[i] if nearest < NEAR else None


def unfitting(output: Array, gradient: Array) -> Reduction:
    """What a gradient that fits no reading is shown under: entry by entry where its shape allows, else the sum."""
    return ENTRIES if gradient.shape[: output.ndim] == output.shape else REDUCTIONS[0]


def _by_entries(slope: Slope, gradient: Array) -> float:
    """How far the derivative of each entry, or of each sample, is off."""
    change = slope.changes[0]
    product = gradient * slope.direction
    if product.ndim < change.ndim or product.shape[: change.ndim] != change.shape:
        return float("inf")
    each = product.sum(axis=tuple(range(change.ndim, product.ndim)))
    size = max(float(np.max(np.abs(change), initial=0.0)), float(np.max(np.abs(each), initial=0.0)))
    return float(np.max(np.abs(each - change), initial=0.0)) / max(size, np.finfo(float).tiny)


def weighted(gradient: Array, cotangent: Array) -> Array:
    """The derivative of each entry, or of each sample, times the cotangent of that entry."""
    if gradient.shape[: cotangent.ndim] != cotangent.shape:
        return gradient
    return np.asarray(gradient * cotangent.reshape(cotangent.shape + (1,) * (gradient.ndim - cotangent.ndim)))
