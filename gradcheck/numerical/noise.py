"""How much the values of a function jitter by rounding, measured rather than guessed."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SUSPICIOUS = 1e3
"""Jitter of so many roundoffs is looked at once more, closer."""

COARSE = 2.0**6
"""A grid of so many ulps is no accident of five values."""

MANY = (0, 3, 7, 10, 15, 18, 23, 27, 31)
"""Where the function is looked at, in steps from x; not equally spaced, so that no staircase looks straight."""

FEW = (0, 7, 13, 22, 31)
"""The same for outputs so large that copies of them are dear."""

LARGE = 2**20
"""So many outputs are many."""

FURTHER = 2.0**7
"""How much further out an output is looked at that does not move."""


def evaluation_noise(
    evaluate: Callable[[Sequence[Array]], Sequence[Array]], base: Array, steps: Sequence[Array], eps: float
) -> Array:
    """The standard deviation of the rounding error in each output, at least ``eps · |output|``.

    So close to x a smooth function is a parabola; what a parabola fitted to the values leaves over is noise. All
    points lie on one side, since many functions have a kink exactly at x.

    Parameters
    ----------
    evaluate : callable
        From displacements to outputs.
    base : ndarray
        The outputs at x.
    steps : sequence of ndarray
        Displacements so small that only rounding shows beside the parabola. The second and later ones are
        smaller still, and taken only where the first shows more than rounding: structure finer than the step
        shrinks with it, noise does not.
    eps : float
        The unit roundoff of the outputs.

    Returns
    -------
    ndarray
        In the shape of `base`. Where neither side of x has values, ``eps · |output|`` alone.

    References
    ----------
    Moré and Wild, Estimating computational noise, SIAM J. Sci. Comput. 33 (2011).
    """
    floor = eps * np.abs(base)
    noise, moved = _jitter(evaluate, base, steps[0])
    if not moved.all():
        # Flat so far: constant, or a tread wider than the step. Only a look further out can tell.
        far = np.stack([base, *evaluate([t * FURTHER * steps[0] for t in FEW[1:]])])
        noise = np.where(moved, noise, np.maximum(noise, tread(far) / 4))
    for step in steps[1:]:
        suspect = ~(noise <= SUSPICIOUS * floor)
        if not suspect.any():
            break
        finer, moved = _jitter(evaluate, base, step)
        # Outputs that no longer move at all lie on a staircase (a cast to a narrower type): its treads are noise.
        noise = np.where(suspect & moved & ~(finer > noise), finer, noise)
    return np.where(np.isfinite(noise), np.maximum(noise, floor), floor)


def _jitter(evaluate: Callable[[Sequence[Array]], Sequence[Array]], base: Array, step: Array) -> tuple[Array, Array]:
    """What a parabola leaves over, as a standard deviation, and which outputs changed at all."""
    times = MANY if base.size < LARGE else FEW
    for side in (1, -1):
        values = np.stack([base, *evaluate([side * t * step for t in times[1:]])])
        with np.errstate(all="ignore"):
            left_over = np.tensordot(_residual(times), values - base, 1)
            spread = np.sqrt(np.sum(left_over**2, axis=0) / (len(times) - 3))
            noise = np.maximum(spread, tread(values[1:]) / 4)
        if np.all(np.isfinite(noise)):
            break
    return noise, values[-1] != base


def _residual(times: tuple[int, ...]) -> Array:
    """The matrix that takes values at these times to what the best parabola leaves over."""
    basis, _ = np.linalg.qr(np.vander(np.array(times, float), 3))
    return np.asarray(np.eye(len(times)) - basis @ basis.T)


def tread(values: Array) -> Array:
    """The width of the grid on which all values of each output lie, where it is far coarser than their own ulp.

    What was rounded to a narrower type, or in a larger sum since taken away, ends in zero bits.

    Examples
    --------
    >>> values = np.array([[0.71], [0.72], [0.74]])
    >>> tread(values.astype(np.float32).astype(float)) == 2.0**-24, tread(values)
    (array([ True]), array([0.]))
    """
    bits = np.finfo(values.dtype).nmant + 1
    if bits > 53:
        return np.zeros(values.shape[1:])
    grid = np.full(values.shape[1:], np.inf)
    for rise in np.diff(values, axis=0):
        mantissa, exponent = np.frexp(np.where(np.isfinite(rise), rise, 0).astype(float))
        whole = (mantissa * 2.0**53).astype(np.int64)
        last_bit = np.ldexp((whole & -whole).astype(float), exponent - 53)
        grid = np.minimum(grid, np.where(whole == 0, np.inf, last_bit))
    ulp = np.abs(values[-1]) * 2.0**-bits
    return np.where(np.isfinite(grid) & (grid > COARSE * ulp), grid, 0.0)
