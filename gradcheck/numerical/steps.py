"""How far to step: the scale of each entry, and steps that the arithmetic can really take."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Ladder:
    """The exponents of the steps ``2**exponent`` (relative to the scale of the input) for one precision.

    Attributes
    ----------
    wide : tuple of int
        For a few directions, where evaluations are cheap and certainty is wanted.
    narrow : tuple of int
        For every entry, where each level costs twice the number of groups.
    between : tuple of int
        One more for the directions, where they leave a little doubt.
    straight : tuple of int
        The same for functions that show no curvature: larger steps drown the noise.
    lower : tuple of int
        Taken one by one when the smallest wide step is still too large for the function.
    near_zero : tuple of int
        Further down still, for entries that are exactly 0 and so say nothing of their scale.
    higher : tuple of int
        Taken one by one when even the largest wide step drowns in rounding noise.
    """

    wide: tuple[int, ...]
    narrow: tuple[int, ...]
    between: tuple[int, ...]
    straight: tuple[int, ...]
    lower: tuple[int, ...]
    near_zero: tuple[int, ...]
    higher: tuple[int, ...]

    @property
    def lowest(self) -> int:
        """The smallest exponent there is; directions are rounded so that all larger ones are exact."""
        return self.lower[-1]


@cache
def ladder(dtype: "np.dtype[Any]") -> Ladder:
    """The ladder for a dtype: in float64 steps of 2⁻²² to 2⁻⁷, in other precisions in proportion."""
    bits = np.finfo(dtype).nmant
    if bits >= 52:
        extra = (bits - 52) // 3
        return Ladder(
            wide=(-22 - extra, -16 - extra, -11 - extra, -7),
            narrow=(-16 - extra, -13 - extra),
            between=(-9,),
            straight=(-11, -7),
            lower=tuple(k - extra for k in (-25, -28, -31, -34, -37, -40)),
            near_zero=(-50, -60, -70, -80),
            higher=(-4, -2, 0),
        )
    if bits >= 23:
        return Ladder(
            wide=(-10, -8, -6, -4),
            narrow=(-8, -6),
            between=(-7,),
            straight=(-6, -4),
            lower=(-12, -14, -16),
            near_zero=(-24, -32, -40),
            higher=(-2, 0),
        )
    return Ladder(
        wide=(-5, -4, -3, -2),
        narrow=(-4, -3),
        between=(),
        straight=(-3, -2),
        lower=(-6, -7),
        near_zero=(),
        higher=(0,),
    )


def scales(x: Array) -> Array:
    """The length of a unit step for each entry: its own magnitude, at least the typical one of the array.

    Examples
    --------
    >>> scales(np.array([1.0, -2.0, 0.0, 3.0, 1e6])).tolist()
    [2.5, 2.5, 2.5, 3.0, 1000000.0]
    >>> scales(np.zeros(2)).tolist()
    [1.0, 1.0]
    """
    size = np.abs(x)
    if not np.isfinite(size).all():
        size = np.where(np.isfinite(size), size, 0)
    typical = median(size[size > 0]) or 1.0
    return np.maximum(size, typical).astype(x.dtype, copy=False)


def median(values: Array) -> Any:
    """The middle of some values, in one partition of a row; 0 of none.

    Examples
    --------
    >>> float(median(np.array([3.0, 1.0, 2.0]))), float(median(np.array([4.0, 1.0, 2.0, 3.0])))
    (2.0, 2.5)
    """
    if not values.size:
        return 0.0
    middle = (values.size - 1) // 2
    parted = np.partition(values, middle)
    return parted[middle] if values.size % 2 else (parted[middle] + parted[middle + 1 :].min()) / 2


def exact_direction(x: Array, direction: Array, lowest: int) -> Array:
    """`direction`, rounded so that ``x + 2**k · direction`` is exact for every k from `lowest` up.

    Where the arithmetic cannot take the step that was asked for, the step actually taken must be known:
    in float32 it may differ by per cent. Entries that are not finite do not move.

    References
    ----------
    Press et al., Numerical Recipes, 3rd edition, 2007, section 5.7 ("an exactly representable number").
    """
    smallest = np.asarray(2.0**lowest, x.dtype)
    with np.errstate(all="ignore"):
        taken = np.asarray(smallest * direction, x.dtype)
        taken += x
        taken -= x
        taken /= smallest
    finite = np.isfinite(taken)
    return taken if finite.all() else np.where(finite, taken, 0)


def random_direction(x: Array, rng: np.random.Generator) -> Array:
    """Random signs times magnitudes in [0.5, 1.5]: no entry is invisible, no two errors cancel twice."""
    drawn = rng.uniform(-1, 1, x.shape)
    return np.asarray(drawn + np.copysign(0.5, drawn)).astype(x.dtype, copy=False)
