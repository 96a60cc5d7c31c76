"""Slopes from difference quotients: extrapolated to a step of zero, with a bound on what is left wrong.

With this file one can

* find the limit of quotients measured at a ladder of steps, and a bound on its error (:func:`extrapolate`);
* make one slope of the central and the two one-sided limits, and tell a kink from a curve (:func:`combine`).

Small steps are accurate but noisy, large ones quiet but bent. Starting from the smallest, larger steps are
believed for as long as what they say lies within the bounds of all smaller ones (Lepskii's balancing principle);
the narrowest believed bound is the answer.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NOISE_FACTOR = 4.0
"""How many standard deviations of rounding noise a bound allows for."""


@dataclass(frozen=True)
class Slope:
    """A derivative along a line with its error bound, and the slopes on either side of the point.

    ``seen`` is false where no two steps show the same slope above their noise.
    """

    value: Array
    error: Array
    left: Array
    right: Array
    kink: Array
    seen: Array


def combine(central: "Limit", left: "Limit", right: "Limit", edge: Array) -> Slope:
    """One slope out of three: central where f is smooth, one-sided at the edge of its domain, both at a kink."""
    value, error = central.value, central.error
    known = np.isfinite(left.error) & np.isfinite(right.error)
    kink = known & (np.abs(right.value - left.value) > 2 * (left.error + right.error))
    for side in (left, right):
        alone = edge & np.isfinite(side.error)
        value, error = np.where(alone, side.value, value), np.where(alone, side.error, error)
    error = np.where(kink, np.maximum(left.error, right.error), error)
    before, after = (np.where(kink, side.value, value) for side in (left, right))
    return Slope(value, error, before, after, kink, np.asarray(central.seen | left.seen | right.seen))


class Limit(NamedTuple):
    """A limit, a bound on its error, and whether anything was seen above the noise."""

    value: Array
    error: Array
    seen: Array


def extrapolate(
    slopes: Array, steps: Array, noise: Array, blind: Array, power: int, jumps: Array | None = None
) -> Limit:
    """The limit of `slopes` for vanishing steps, and a bound on its error.

    Two neighbouring levels with truncation error ``c · step**power`` give
    ``R_k = (q C_k − C_{k+1}) / (q − 1)`` with ``q = (step_{k+1} / step_k)**power``.

    Parameters
    ----------
    slopes : ndarray, shape (K, ...)
        Difference quotients C_k, smallest step first.
    steps : ndarray, shape (K,)
        The steps, ascending.
    noise : ndarray, shape (K, ...)
        The standard deviation of the rounding error of each quotient.
    blind : ndarray, shape (...)
        The noise in which a slope may hide that no step showed.
    power : int
        2 for central differences, 1 for one-sided ones.
    jumps : ndarray, shape (K, ...), optional
        By how much the slopes on either side differ: across a curve in proportion to the step, across a kink always.

    Returns
    -------
    Limit
        With an infinite bound where the quotients do not settle.

    References
    ----------
    Richardson, The deferred approach to the limit, 1927. Ridders, Accurate computation of F'(x) and F''(x),
    1982. Lepskii, On a problem of adaptive estimation in Gaussian white noise, 1991.
    """
    noise = NOISE_FACTOR * noise
    if len(steps) == 1:
        return Limit(slopes[0], np.full(slopes.shape[1:], np.inf), np.zeros(slopes.shape[1:], bool))
    gap = np.abs(np.diff(slopes, axis=0))
    q = (steps[1:] / steps[:-1]) ** power
    q = q.reshape(-1, *[1] * (slopes.ndim - 1))
    limit = (q * slopes[:-1] - slopes[1:]) / (q - 1)
    value = limit[0]
    believed = _settles(gap, slopes, noise)
    error = np.where(believed, gap[0] + noise[0], np.inf)
    if jumps is not None:
        error = np.where(jumps[0] > jumps[1] / 2 + noise[0] + noise[1], np.maximum(error, jumps[0] / 2), error)
    low, high = value - error, value + error
    for k, bound in _candidates(limit, gap, noise):
        if jumps is not None:
            persists = jumps[k] > jumps[k + 1] / 2 + noise[k] + noise[k + 1]
            bound = np.maximum(bound, np.where(persists, jumps[k] / 2, 0))  # noqa: PLW2901 - the bound, made honest
        below, above = limit[k] - bound, limit[k] + bound
        believed = believed & (below <= high) & (above >= low) & _grows(gap, noise, k)
        low, high = np.where(believed, np.maximum(low, below), low), np.where(believed, np.minimum(high, above), high)
        better = believed & (bound < error)
        value, error = np.where(better, limit[k], value), np.where(better, bound, error)
    # Where no two steps show the same slope above their noise, nothing was seen, and no quiet step must claim it was.
    seen = np.any((np.abs(slopes[:-1]) > noise[:-1]) & (gap <= 0.1 * np.abs(slopes[:-1])), axis=0)
    return Limit(value, np.where(seen, error, np.maximum(error, NOISE_FACTOR * blind)), np.asarray(seen))


def _settles(gap: Array, slopes: Array, noise: Array) -> Array:
    """Whether the smallest steps have reached the regime in which a smaller step changes less."""
    allowed = noise[0] + noise[1]
    shrinks = 1e-3 * np.abs(slopes[0])
    if len(gap) > 1:
        shrinks = np.where(np.isfinite(gap[1]), gap[1] / 2, shrinks)
    return np.asarray(np.isfinite(gap[0]) & (gap[0] <= shrinks + allowed))


def _grows(gap: Array, noise: Array, k: int) -> Array:
    """Whether the quotients up to level k + 1 differ ever more, as a truncation error does.

    A plateau at large steps, with other values below, is a staircase or an average over something finer.
    """
    if k == 0:
        return np.ones(gap.shape[1:], bool)
    return np.asarray(gap[k - 1] <= gap[k] / 2 + (noise[k - 1] + noise[k]) / 2)


def _candidates(limit: Array, gap: Array, noise: Array) -> list[tuple[int, Array]]:
    """Bounds for each limit, in the order of the largest step they rest on."""
    ordered = []
    for k in range(len(limit)):
        if k > 0:
            ordered.append((k, gap[k] + noise[k]))
        if k + 1 < len(limit):
            ordered.append((k, np.abs(limit[k + 1] - limit[k]) + noise[k]))
    return sorted(ordered, key=lambda entry: entry[0])
