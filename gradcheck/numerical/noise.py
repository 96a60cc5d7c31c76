"""How much the values of a function jitter by rounding, measured rather than guessed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numerical.evaluation import Neighbourhood
from gradcheck.numerical.steps import exact_direction, ladder, median, random_direction, scales
from gradcheck.numerical.treads import HALVINGS, jumps, tread

Array = NDArray[Any]

SUSPICIOUS = 1e3
"""Jitter of so many roundoffs is looked at once more, closer."""

CLOSER = 16
"""So much closer a jitter is looked at again; what a cubic leaves over is then thousands of times smaller."""

LITTLE = 1e-3
"""What leaves over no more than this share of a rise is no structure: the function is a parabola there."""

TIMES = (3, 8, 15, 22, 31)
"""Where the function is looked at, in steps from x: not at x, where it may jump, nor evenly: stairs look straight."""

LARGE = 2**9
"""So many outputs are looked at along one step only: chance evens out among them."""

CHUNK = 2**12
"""So many outputs at a time, so that what is made of them stays in the cache."""

GOLDEN = 0.6180339887498949
"""The second step of a pair is so much of the first: no simple fraction."""

FURTHER = 2.0**7
"""How much further out an output is looked at that does not move."""

KINKS = 3
"""Outputs that stand still beside a kink may hide a staircase in other outputs: so many of them are put aside."""

VANISHED = 1 / 16
"""What is left of a jitter, seen closer, that is structure; or the treads of a staircase, between its steps."""

_RESIDUAL = np.linalg.qr(np.vander(np.array(TIMES, float), 3), mode="complete")[0][1:, 3:].T
"""Takes the rises since the first of these times to what the best parabola leaves over, in two coordinates."""


@dataclass(frozen=True)
class Noise:
    """The jitter of each output.

    Attributes
    ----------
    deviation : ndarray
        The standard deviation of the rounding error, at least ``eps · |output|``.
    wild : ndarray of bool
        Outputs that jitter at the smallest step there is: perhaps not noise, but structure finer than any step.
    """

    deviation: Array
    wild: Array

    @classmethod
    def rounding(cls, near: Neighbourhood) -> "Noise":
        """No more than the last digit of each output; nothing is measured."""
        size = np.asarray(np.abs(near.base))
        size *= size.dtype.type(near.eps)
        limits = np.finfo(size.dtype)
        np.fmax(size, limits.tiny * limits.eps, out=size, where=near.base != 0)  # the distance of subnormal numbers
        return cls(size, np.zeros(size.shape, bool))


@np.errstate(all="ignore")
def measured_noise(near: Neighbourhood, rng: np.random.Generator) -> Noise:
    """The jitter of each output of a function around a point.

    So close to x a smooth function is a parabola; what a parabola fitted to the values leaves over is noise. All
    points lie on one side, since many functions have a kink exactly at x. Where that shows more than rounding, the
    look is repeated closer by: structure finer than the step shrinks with it, noise does not. Nor do the steps of a
    staircase, which looks smooth between them: what was computed in single precision on the way to double.

    Parameters
    ----------
    near : Neighbourhood
        The function around x.
    rng : numpy.random.Generator
        For the direction.

    Returns
    -------
    Noise
        Where neither side of x has values, ``eps · |output|`` alone.

    References
    ----------
    Moré and Wild, Estimating computational noise, SIAM J. Sci. Comput. 33 (2011).
    """
    rounding = Noise.rounding(near).deviation
    steps = _steps(near, rng)
    pair = next(steps)
    noise, rise = jitter_along_all(near, pair)
    moved = rise != 0
    stairs = np.zeros(noise.shape, bool)
    if not moved.all():
        # Flat so far: constant, or a tread wider than the step. Only a look further out can tell.
        far, _ = _left_over(near, FURTHER * pair[0])
        unheard = ~moved & (far > SUSPICIOUS * rounding)
        stairs = _made_of_steps(near, [FURTHER * pair[0]], far, unheard)
        noise = np.where(moved | (unheard & ~stairs), noise, np.fmax(noise, far))
    wild = smooth = np.zeros(noise.shape, bool)
    usual = SUSPICIOUS * rounding
    if not np.all(noise <= usual):
        # Of many outputs some are small by cancellation: they jitter like the others, not like their own last digit.
        usual = np.maximum(usual, SUSPICIOUS * median(rounding.ravel()))
        steep = SUSPICIOUS * near.eps * rise
    while (suspect := ~(noise <= usual)).any() and (finer_pair := next(steps, None)) is not None:
        finer, rise = jitter_along_all(near, finer_pair)
        moved = rise != 0
        vanished = suspect & moved & (finer < VANISHED * noise) & (noise > steep)
        if pair and vanished.any() and jumps(near, pair[0], TIMES, noise, vanished):
            far, _ = _left_over(near, FURTHER * pair[0])  # outputs that met no step so close to x may meet it here
            return Noise(np.fmax(np.fmax(noise, rounding), np.fmin(far, 4 * np.max(noise))), wild)
        # Outputs that no longer move at all lie on a staircase (a cast to a narrower type): its treads are noise.
        still = suspect & ~moved
        if pair:
            still &= stairs | _made_of_steps(near, pair, noise, still & ~stairs)
        pair = []  # even closer looks are for poles at 0
        noise = np.where(suspect & ~still & ~(finer > noise), finer, noise)
        smooth = smooth | (finer <= LITTLE * rise)
        wild = np.where(moved, suspect & (finer > usual) & ~smooth, wild & suspect)
    return Noise(np.where(np.isfinite(noise), np.maximum(noise, rounding), rounding), wild)


def _made_of_steps(near: Neighbourhood, steps: list[Array], noise: Array, among: Array) -> Array:
    """Those of some outputs whose jitter along some displacements is that of a staircase, and not of a kink."""
    among = among.copy()
    for _ in range(KINKS):
        if not among.any() or any(jumps(near, step, TIMES, noise, among) for step in steps):
            break
        among.flat[np.argmax(np.where(among, noise, 0))] = False
    return among


@np.errstate(all="ignore")
def with_treads(near: Neighbourhood, noise: Noise, step: Array) -> Noise:
    """The noise, or what a staircase leaves over along a step so long that it crosses its treads."""
    left_over, _ = _left_over(near, step)
    unheard = left_over > SUSPICIOUS * noise.deviation
    if unheard.any() and jumps(near, step, TIMES, left_over, unheard, halvings=2 * HALVINGS):
        return Noise(np.fmax(noise.deviation, left_over), noise.wild)
    return noise


def _steps(near: Neighbourhood, rng: np.random.Generator) -> Iterator[list[Array]]:
    """Pairs of displacements, finer and finer, in proportion to each entry: near a pole at 0 a small one is large."""
    x, steps = near.x, ladder(near.coarsest)
    finer = () if np.all(x) else steps.near_zero
    exponents = (steps.wide[0] + 1, steps.lowest + 2, *(k - 2 for k in finer))
    lengths = (1.0, GOLDEN) if near.base.size < LARGE else (1.0,)
    size = (np.abs(x) if np.all(x) else np.where(x == 0, scales(x), np.abs(x))) * np.abs(random_direction(x, rng))
    # 31 steps reach 2**k; each is a step of the arithmetic's own, so that only the function's rounding is seen.
    for k in exponents:
        unit = x.dtype.type(2.0 ** (k - 5))
        pair = [np.asarray(exact_direction(x, (s * size).astype(x.dtype), k - 5) * unit) for s in lengths]
        del size  # not to be kept while the function runs: it may be large
        yield pair
        size = np.asarray(pair[0] / unit)  # noqa: F841 - of the next round, which ruff does not see


@np.errstate(over="ignore", under="ignore")
def norm(array: Array, axes: tuple[int, ...] | None = None) -> Array:
    """The root of the sum of squares, also where the squares themselves would under- or overflow."""
    flat, limits = array.ravel(), np.finfo(array.dtype)
    total = np.asarray(flat @ flat if axes is None else np.sum(np.square(array), axis=axes))
    least, most = (total, total) if total.ndim == 0 else (total.min(initial=np.inf), total.max(initial=0))
    if limits.tiny / limits.eps < least and most < limits.max:
        return np.asarray(np.sqrt(total))
    if most == 0 and not flat.any():
        return total
    largest = np.max(np.abs(array), axis=axes, keepdims=True, initial=0.0)
    unit = np.where((largest > 0) & np.isfinite(largest), largest, 1)
    squares = np.asarray(array / unit)
    np.square(squares, out=squares)
    return np.asarray(np.sqrt(np.sum(squares, axis=axes)) * np.squeeze(unit, axis=axes))


@np.errstate(all="ignore")
def jitter_along(near: Neighbourhood, step: Array) -> Array:
    """The jitter of each output along one displacement: what does not shrink with it; NaN where f has no values."""
    far, near_by = (_left_over(near, part)[0] for part in (step, np.asarray(step / CLOSER)))
    return np.asarray(np.minimum(far, near_by))


def jitter_along_all(near: Neighbourhood, steps: Sequence[Array]) -> tuple[Array, Array]:
    """What parabolas leave over, as a standard deviation, and by how much the outputs changed.

    Along one step a staircase may look straight, if its treads divide the step; hardly along two.
    """
    noise, rise = _left_over(near, steps[0])
    for step in steps[1:]:
        left_over, further = _left_over(near, step)
        noise, rise = np.fmax(noise, left_over), np.maximum(rise, further)
    return noise, rise


def _left_over(near: Neighbourhood, step: Array) -> tuple[Array, Array]:
    for side in (1, -1):
        first, *others = (value.reshape(-1) for value in near(side * t * step for t in TIMES))
        noise, rise = np.empty(first.size), np.empty(first.size, first.dtype)
        for start in range(0, first.size, CHUNK):
            part = slice(start, start + CHUNK)
            rises = np.array([other[part] - first[part] for other in others])
            spread = norm(_RESIDUAL @ rises, axes=(0,)) / np.sqrt(2)
            noise[part] = np.maximum(spread, tread(rises, others[-1][part]) / 4)
            np.abs(rises[-1], out=rise[part])
        if np.all(np.isfinite(noise)):
            break
    return noise.reshape(near.base.shape), rise.reshape(near.base.shape)
