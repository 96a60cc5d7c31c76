"""How much the values of a function jitter by rounding, measured rather than guessed."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numerical.line import SUSPICIOUS, norm

Array = NDArray[Any]

COARSE = 2.0**6
"""A grid of so many ulps is no accident of five values."""

TIMES = (3, 8, 15, 22, 31)
"""Where the function is looked at, in steps from x: not at x, where it may jump, nor evenly: stairs look straight."""

LARGE = 2**20
"""So many outputs are looked at along one step only: copies of them are dear, and chance evens out."""

GOLDEN = 0.6180339887498949
"""The second step of a pair is so much of the first: no simple fraction."""

FURTHER = 2.0**7
"""How much further out an output is looked at that does not move."""


_BASIS, _ = np.linalg.qr(np.vander(np.array(TIMES, float), 3))
_RESIDUAL = np.eye(len(TIMES)) - _BASIS @ _BASIS.T
"""Takes values at these times to what the best parabola leaves over."""


def evaluation_noise(
    evaluate: Callable[[Sequence[Array]], Sequence[Array]], base: Array, steps: Sequence[Sequence[Array]], eps: float
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
    steps : sequence of pairs of ndarray
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
        far = np.stack(evaluate([t * FURTHER * steps[0][0] for t in TIMES]))
        noise = np.where(moved, noise, np.maximum(noise, tread(far) / 4))
    for finer_steps in steps[1:]:
        suspect = ~(noise <= SUSPICIOUS * floor)
        if not suspect.any():
            break
        finer, moved = _jitter(evaluate, base, finer_steps)
        # Outputs that no longer move at all lie on a staircase (a cast to a narrower type): its treads are noise.
        noise = np.where(suspect & moved & ~(finer > noise), finer, noise)
    return np.where(np.isfinite(noise), np.maximum(noise, floor), floor)


def _jitter(
    evaluate: Callable[[Sequence[Array]], Sequence[Array]], base: Array, steps: Sequence[Array]
) -> tuple[Array, Array]:
    """What parabolas leave over, as a standard deviation, and which outputs changed at all.

    Along one step a staircase may look straight, if its treads divide the step; hardly along two.
    """
    noise, moved = np.zeros(base.shape), np.zeros(base.shape, bool)
    for step in steps if base.size < LARGE else steps[:1]:
        left_over, changed = _left_over(evaluate, base, step)
        noise, moved = np.fmax(noise, left_over), moved | changed
    return noise, moved


def _left_over(evaluate: Callable[[Sequence[Array]], Sequence[Array]], base: Array, step: Array) -> tuple[Array, Array]:
    for side in (1, -1):
        values = np.stack(evaluate([side * t * step for t in TIMES]))
        with np.errstate(all="ignore"):
            spread = norm(np.tensordot(_RESIDUAL, values - values[0], 1), axes=(0,)) / np.sqrt(2)
            noise = np.maximum(spread, tread(values) / 4)
        if np.all(np.isfinite(noise)):
            break
    return noise, values[-1] != values[0]


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
