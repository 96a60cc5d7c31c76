"""Staircases: functions that stand still on treads between steps, as what was rounded to a narrower type does.

With this file one can

* see from values whether they lie on a grid far coarser than their own last digit (:func:`tread`);
* tell steps from what is continuous, however bent (:func:`jumps`);
* tell a function that stands still because its tread is wide from one that is constant (:func:`climb_in_steps`).
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numerical.evaluation import Neighbourhood

Array = NDArray[Any]

COARSE = 1 / 3
"""A grid that leaves this share of the bits of a value zero is hardly chance."""

RARE = 0.01
"""The share of outputs on a grid that may be chance."""

HALVINGS = 13
"""How often a stretch that jitters is halved in search of a step; of anything continuous next to nothing is left."""

MOST_FLATS = 2
"""So many heights at which a function is flat, as one that is clipped at both ends, are no staircase."""

HIGH = 16
"""Steps of no more last digits than these are the output's own, as at an optimum."""

A_STEP = 2.0**-8
"""A bend that is still so much of the jitter then is a step."""

FURTHEST = 2.0**-5
"""Treads wider than this share of x are those of a function that itself has steps, if they are not next to nothing."""

WIDEST = (2.0**6, 2.0**30)
"""So many times x away a function is looked at that stands still; the further only if it has not moved before."""

BEYOND = range(2, 33, 2)
"""At these powers of two of x a function may reach values of which its steps are the last digit."""

NEXT_TO = 1 + 2.0**-10
"""Where it leaves a tread for the next, a function is still the same so many times further on."""

NEAREST = 2.0**-30
"""Where the search for the end of a tread begins, as a share of x."""

_EXPONENT = np.int64(0x7FF << 52)
"""The bits of a float64 that are left when it is rounded down to a power of two."""


def jumps(
    near: Neighbourhood, step: Array, times: tuple[int, ...], noise: Array, among: Array, halvings: int = HALVINGS
) -> bool:
    """Whether the jitter of the output that has most of it is made of steps: halving makes them no smaller."""
    worst = int(np.argmax(np.where(among, noise, 0)))

    def value(place: float) -> Any:
        return near([np.asarray(place * step, step.dtype)])[0].flat[worst]

    places = np.linspace(times[0], times[-1], 15)
    values = np.array([value(place) for place in places])
    rises = np.diff(values)
    odd = int(np.argmax(np.abs(rises - np.median(rises))))
    if rises[odd] == 0:  # nothing happens on a tread
        odd = int(np.argmax(np.abs(rises)))
    (low, high), (below, above), bend = places[odd : odd + 2], values[odd : odd + 2], 0.0
    middle = (low + high) / 2
    at = value(middle)
    for _ in range(halvings):  # on with the half that bends more: between its steps a sawtooth is straight, if steep
        first, second = value((low + middle) / 2), value((middle + high) / 2)
        before, after = abs(first - (below + at) / 2), abs(second - (at + above) / 2)
        if before > after:
            high, above, at = middle, at, first
        else:
            low, below, at = middle, at, second
        middle, bend = (low + high) / 2, max(before, after)
    moves = step != 0
    rounded = float(np.max(np.abs(near.x[moves] / step[moves]), initial=0.0)) * float(np.finfo(near.x.dtype).eps)
    climb = np.abs(np.median(rises)) / (places[1] - places[0])  # points between steps are themselves rounded
    return bool(bend > A_STEP * noise.flat[worst] + 4 * rounded * climb)


@np.errstate(all="ignore")
def climb_in_steps(near: Neighbourhood, step: Array, cotangent: Array) -> float:
    """How steeply a function that does not move close by climbs, further out, in steps of several heights.

    A function that is constant here, as ReLU is below 0, has one flat stretch; a staircase of rounding has many.

    Parameters
    ----------
    near : Neighbourhood
        The function around x.
    step : ndarray
        The displacement, as large as x, along which it seemed to stand still.
    cotangent : ndarray
        Which outputs matter most.

    Returns
    -------
    float
        What one output rises, times its cotangent, for each `step`; 0 where there is no staircase.
    """
    output, widest = _first_to_move(near, step, cotangent)
    if output is None:
        return 0.0

    def value(place: float) -> float:
        return float(near([np.asarray(place * step, step.dtype)])[0].flat[output])

    here = float(near.base.flat[output])
    ends = [side * _end_of_tread(value, here, side, widest) for side in (1, -1) if value(side * widest) != here]
    if all(value(end) != value(end * NEXT_TO) for end in ends):  # it leaves what looked like a tread continuously
        return 0.0
    width = sum(map(abs, ends))
    values = [value(place) for place in np.linspace(-4 * width, 4 * width, 65)]
    beyond = [value(place) for end in ends if width >= FURTHEST for place in np.linspace(end, 1.5 * end, 33)]
    flat = sorted({before for before, after in itertools.pairwise(values + beyond) if before == after})
    height = min((after - before for before, after in itertools.pairwise(flat)), default=0.0)
    if len(flat) <= MOST_FLATS or height <= HIGH * near.eps * abs(here):
        return 0.0
    if width >= FURTHEST and height > HIGH * near.eps * _largest_beyond(value, max(1.0, width)):
        return 0.0
    return abs(float(cotangent.flat[output])) * float(np.nanmax(values) - np.nanmin(values)) / (8 * width)


def _first_to_move(near: Neighbourhood, step: Array, cotangent: Array) -> tuple[int | None, float]:
    """The output that has moved most, times its cotangent, where any has, and how far away; treads may be wide."""
    for reach in (FURTHEST, *WIDEST):
        values = near(np.asarray(side * reach * step, step.dtype) for side in (1, -1))
        change = np.nan_to_num(np.fmax(*(np.abs(cotangent * (value - near.base)) for value in values)))
        if change.any():
            return int(np.argmax(change)), max(reach, WIDEST[0])
    return None, reach


def _end_of_tread(value: Callable[[float], float], here: float, side: int, widest: float) -> float:
    """How far away, at least, a value differs; found by doubling."""
    place = NEAREST
    while place < widest and value(side * place) == here:
        place *= 2
    return place


def _largest_beyond(value: Callable[[float], float], far: float) -> float:
    """How large a function becomes far away; its last digit there is the height of steps that are rounding here."""
    sizes = [abs(value(far * 2.0**k)) for k in BEYOND]
    return max((size for size in sizes if np.isfinite(size)), default=0.0)


def tread(rises: Array, value: Array) -> Array:
    """The width of the grid on which all rises of each output lie, where it is far coarser than the output's own ulp.

    What was rounded to a narrower type, or in a larger sum since taken away, ends in zero bits.

    Examples
    --------
    >>> values = np.array([[0.71], [0.72], [0.74]])
    >>> single = values.astype(np.float32).astype(float)
    >>> tread(single[1:] - single[0], single[0]) == 2.0**-24, tread(values[1:] - values[0], values[0])
    (array([ True]), array([0.]))
    """
    bits = np.finfo(rises.dtype).nmant + 1
    finest = np.asarray(np.abs(value) * 2.0 ** ((COARSE - 1) * bits), float)
    if bits > 53 or np.mean(_may_be_a_multiple(rises[0].astype(float), finest)) <= RARE:
        return np.zeros(value.shape)
    grid = np.full(value.shape, np.inf)
    for rise in rises:
        mantissa, exponent = np.frexp(np.where(np.isfinite(rise), rise, 0).astype(float))
        whole = (mantissa * 2.0**53).astype(np.int64)
        last_bit = np.ldexp((whole & -whole).astype(float), exponent - 53)
        grid = np.minimum(grid, np.where(whole == 0, np.inf, last_bit))
    coarse = np.isfinite(grid) & (grid > finest)
    # Among very many outputs a few end in zero bits by chance.
    return np.where(coarse & (np.mean(coarse) > RARE), grid, 0.0)


def _may_be_a_multiple(rise: Array, unit: Array) -> Array:
    """Whether a rise is a multiple of the next power of two above `unit`: a quick look before every bit is counted."""
    power = 2 * (unit.view(np.int64) & _EXPONENT).view(float)
    times = rise / power
    return np.asarray(~(np.abs(times - np.rint(times)) > 0))  # also where that cannot be told
