"""Slopes from difference quotients: extrapolated to a step of zero, with a bound on what is left wrong.

With this file one can

* find the limit of quotients measured at a ladder of steps, and a bound on its error (:func:`extrapolate`);
* make one slope of the central and the two one-sided limits, and tell a kink from a curve (:func:`slope_of`).

Small steps are accurate but noisy, large ones quiet but bent. Starting from the smallest, larger steps are
believed for as long as what they say lies within the bounds of all smaller ones (Lepskii's balancing principle);
the narrowest believed bound is the answer.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NOISE_FACTOR = 4.0
"""How many standard deviations of rounding noise a bound allows for."""


_WAYS = np.array([[1.0], [2.0], [2.0]])
"""Central, left and right: a central quotient is the mean of both sides, with half their noise and error in step²."""


class Slope(NamedTuple):
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
        rows = parts[0] if len(parts) == 1 else map(np.concatenate, zip(*parts, strict=True))
        return cls(*(row.reshape(shape) for row in rows))


@np.errstate(all="ignore")
def slope_of(steps: Array, right: Array, left: Array, noise: Array, blind: Array) -> Slope:
    """One slope out of three: central where f is smooth, one-sided at the edge of its domain, both at a kink.

    Parameters
    ----------
    steps : ndarray, shape (K,)
        The steps, ascending.
    right, left : ndarray, shape (K, M)
        The difference quotients of M outputs on either side of the point.
    noise : ndarray, shape (K, M)
        The standard deviation of their rounding error.
    blind : ndarray, shape (M,)
        The noise in which an unseen slope may hide.

    Returns
    -------
    Slope
        With arrays of shape (M,).
    """
    quotients, jumps = np.empty((2, len(steps), 3, *blind.shape), right.dtype)
    quotients[:, 0], quotients[:, 1], quotients[:, 2] = (right + left) / 2, left, right
    jumps[:, 0], jumps[:, 1:] = right - left, 0
    limit = extrapolate(quotients, steps, _WAYS * noise[:, None], _WAYS * blind, 2 / _WAYS, jumps)
    (value, *sides), (error, *errors) = limit.value, limit.error
    known = np.isfinite(errors[0]) & np.isfinite(errors[1])
    kink = known & (np.abs(sides[1] - sides[0]) > 2 * (errors[0] + errors[1]))
    edge = np.isfinite(right[0]) != np.isfinite(left[0])
    for side, its_error in zip(sides, errors, strict=True) if edge.any() else ():
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
        The slope on the right less that on the left: across a curve in proportion to the step, across a kink always.
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
    rises = slopes[1:] - slopes[:-1]
    gap = np.abs(rises)
    q = (steps[1:] / steps[:-1])[:, None, None] ** power
    limit = slopes[:-1] - rises / (q - 1)
    by_steps, by_limits = gap + noise[:-1], np.abs(limit[1:] - limit[:-1]) + noise[:-2]
    apart = _still_apart(jumps, steps)
    regular = _regular(gap, slopes, noise)
    value, error = limit[0], np.full(slopes.shape[1:], np.inf)
    low, high = -error, error
    for k in range(len(limit)):
        for bound in (by_steps[k], *by_limits[k : k + 1]):
            low, high = np.maximum(low, limit[k] - bound), np.minimum(high, limit[k] + bound)
            honest = np.fmax(bound, apart[k])
            better = regular[k] & (low <= high) & (honest < error)
            value, error = np.where(better, limit[k], value), np.where(better, honest, error)
    # Where no two steps show the same slope above their noise, nothing was seen, and no quiet step must claim it was.
    size = np.abs(slopes[:-1])
    seen = np.any((size > noise[:-1]) & (gap <= 0.1 * size), axis=0)
    return Limit(value, np.where(seen, error, np.maximum(error, NOISE_FACTOR * blind)), np.asarray(seen))


def _still_apart(jumps: Array, steps: Array) -> Array:
    """Half of what is left between the two sides at a step of zero: across a kink the limit may lie anywhere there.

    Of a curve, ``a · step + b · step³``, nothing is left but noise; a kink closer to the point than the smallest step
    leaves its whole jump.
    """
    ratio = (steps[1:] / steps[:-1])[:, None, None]
    left = (ratio * jumps[:-1] - jumps[1:]) / (ratio - 1)
    apart = np.abs(left) / 2
    if len(left) > 1:
        cubic = (steps[:-1, None, None] ** 3) * ratio * (ratio + 1)
        without = (cubic[1:] * left[:-1] - cubic[:-1] * left[1:]) / (cubic[1:] - cubic[:-1])
        apart[:-1] = np.fmin(apart[:-1], np.abs(without) / 2)
    return np.asarray(apart)


def _regular(gap: Array, slopes: Array, noise: Array) -> Array:
    """Whether the quotients up to each level and the next differ ever more, as a truncation error does.

    The smallest steps must have reached the regime in which a smaller step changes less. A plateau at large steps,
    with other values below, is a staircase or an average over something finer.
    """
    least = 1e-3 * np.abs(slopes[:1])
    if len(gap) > 1:
        least = np.where(np.isfinite(gap[1]), gap[1] / 2, least)
    settles = np.isfinite(gap[:1]) & (gap[:1] <= least + (noise[0] + noise[1]))
    grows = gap[:-1] <= gap[1:] / 2 + (noise[:-2] + noise[1:-1]) / 2
    return np.logical_and.accumulate(np.concatenate([settles, grows]))
