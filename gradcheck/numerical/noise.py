"""How much the values of a function jitter by rounding, measured rather than guessed."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SUSPICIOUS = 1e3
"""Jitter of so many roundoffs is looked at once more, closer."""

_THIRD = np.array([-1.0, 3.0, -3.0, 1.0])
_FOURTH = np.array([1.0, -4.0, 6.0, -4.0, 1.0])


def evaluation_noise(
    evaluate: Callable[[Sequence[Array]], Sequence[Array]], base: Array, steps: Sequence[Array], eps: float
) -> Array:
    """The standard deviation of the rounding error in each output, at least ``eps · |output|``.

    Over five points ``x, x + step, ..., x + 4 step`` so close together that a smooth function is a parabola,
    third and fourth differences vanish but for noise. All points lie on one side, since many functions
    have a kink exactly at x.

    Parameters
    ----------
    evaluate : callable
        From displacements to outputs.
    base : ndarray
        The outputs at x.
    steps : sequence of ndarray
        Displacements so small that only rounding shows in third differences. The second and later ones are
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
    noise, _ = _jitter(evaluate, base, steps[0])
    for step in steps[1:]:
        suspect = ~(noise <= SUSPICIOUS * floor)
        if not suspect.any():
            break
        finer, moved = _jitter(evaluate, base, step)
        # Outputs that no longer move at all lie on a staircase (a cast to a narrower type): its treads are noise.
        noise = np.where(suspect & moved & ~(finer > noise), finer, noise)
    return np.where(np.isfinite(noise), np.maximum(noise, floor), floor)


def _jitter(evaluate: Callable[[Sequence[Array]], Sequence[Array]], base: Array, step: Array) -> tuple[Array, Array]:
    """Third and fourth differences in units of one value's noise, and which outputs changed at all."""
    for side in (1.0, -1.0):
        values = np.stack([base, *evaluate([side * t * step for t in (1, 2, 3, 4)])])
        with np.errstate(all="ignore"):
            thirds = [np.abs(np.tensordot(_THIRD, values[i : i + 4], 1)) / np.sqrt(20) for i in (0, 1)]
            fourth = np.abs(np.tensordot(_FOURTH, values, 1)) / np.sqrt(70)
        noise = np.maximum.reduce([fourth, *thirds])
        if np.all(np.isfinite(noise)):
            break
    return noise, values[-1] != base
