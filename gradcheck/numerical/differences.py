"""Slopes from difference quotients: extrapolated to a step of zero, with a bound on what is left wrong.

With this file one can

* find the limit of quotients measured at a ladder of steps, and a bound on its error (:func:`extrapolate`);
* make one slope of the central and the two one-sided limits, and tell a kink from a curve (:func:`slope_of`).

Small steps are accurate but noisy, large ones quiet but bent. Starting from the smallest, larger steps are
believed for as long as what they say lies within the bounds of all smaller ones (Lepskii's balancing principle);
the narrowest believed bound is the answer.
"""

from dataclasses import dataclass, fields
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

    @classmethod
    def joined(cls, parts: "list[Slope]", shape: tuple[int, ...]) -> "Slope":
        """The slopes of several rows of outputs, in the shape of the outputs."""
        rows = ([getattr(part, f.name) for part in parts] for f in fields(cls))
        return cls(*((row[0] if len(row) == 1 else np.concatenate(row)).reshape(shape) for row in rows))


@np.errstate(all="ignore")
def slope_of(steps: Array, right: Array, left: Array, noise: Array, blind: Array) -> Slope:
    """One slope out of three: central where f is smooth, one-sided at the edge of its domain, both at a kink.

    Parameters
    ----------
    steps : ndarray, shape (K,)
        The steps, ascending.
    right, left : ndarray, shape (K, M)
        The difference quotients of M outputs on either side of the point.
    noise, blind : ndarray, shape (K, M)
        The standard deviation of their rounding error, and the noise in which an unseen slope may hide.

    Returns
    -------
    Slope
        With arrays of shape (M,).
    """
    ways = np.array([[1.0], [2.0], [2.0]])  # a central quotient is the mean of both sides: half their noise
    quotients = np.stack([(right + left) / 2, left, right], axis=1)
    jumps = np.zeros_like(quotients)
    jumps[:, 0] = np.abs(right - left)
    limit = extrapolate(quotients, steps, ways * noise[:, None], ways * blind[0], 2 / ways, jumps)
    (value, *sides), (error, *errors) = limit.value, limit.error
    known = np.isfinite(errors[0]) & np.isfinite(errors[1])
    kink = known & (np.abs(sides[1] - sides[0]) > 2 * (errors[0] + errors[1]))
    edge = np.isfinite(right[0]) != np.isfinite(left[0])
    for side, its_error in zip(sides, errors, strict=True):
        alone = edge & np.isfinite(its_error)
        value, error = np.where(alone, side, value), np.where(alone, its_error, error)
    error = np.where(kink, np.maximum(*errors), error)
    before, after = (np.where(kink, side, value) for side in sides)
    return Slope(value, error, before, after, kink, np.asarray(limit.seen.any(axis=0)))


class Limit(NamedTuple):
    """A limit, a bound on its error, and whether anything was seen above the noise."""

    value: Array
    error: Array
    seen: Array


def extrapolate(slopes: Array, steps: Array, noise: Array, blind: Array, power: Array, jumps: Array) -> Limit:
    """The limit of `slopes` for vanishing steps, and a bound on its error.

    Two neighbouring levels with truncation error ``c · step**power`` give
    ``R_k = (q C_k − C_{k+1}) / (q − 1)`` with ``q = (step_{k+1} / step_k)**power``.

    Parameters
    ----------
    slopes : ndarray, shape (K, S, M)
        Difference quotients C_k of M outputs in S ways, smallest step first.
    steps : ndarray, shape (K,)
        The steps, ascending.
    noise : ndarray, shape (K, S, M)
        The standard deviation of the rounding error of each quotient.
    blind : ndarray, shape (S, M)
        The noise in which a slope may hide that no step showed.
    power : ndarray, shape (S, 1)
        2 for central differences, 1 for one-sided ones.
    jumps : ndarray, shape (K, S, M)
        By how much the slopes on either side differ: across a curve in proportion to the step, across a kink always.
        Zero where a quotient knows one side only.

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
    q = (steps[1:] / steps[:-1])[:, None, None] ** power
    limit = (q * slopes[:-1] - slopes[1:]) / (q - 1)
    value = limit[0]
    believed = _settles(gap, slopes, noise)
    error = np.where(believed, gap[0] + noise[0], np.inf)
    # Where the two sides keep apart at both steps, the limit may lie anywhere between them.
    apart = np.where(jumps[:-1] > jumps[1:] / 2 + noise[:-1] + noise[1:], jumps[:-1] / 2, 0)
    error = np.maximum(error, apart[0])
    low, high = value - error, value + error
    for k, bound in _candidates(limit, gap, noise):
        bound = np.maximum(bound, apart[k])  # noqa: PLW2901 - the bound, made honest
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
