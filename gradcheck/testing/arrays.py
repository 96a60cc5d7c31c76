"""Arrays for testing gradients, built to fit: integers are drawn and mapped to dyadic rationals k/2ᵐ.

Those floating point holds exactly, they print short and shrink to the plainest case. Nothing is ever
rejected.
"""

from collections.abc import Iterable
from fractions import Fraction
from functools import cache, partial
from math import ceil, floor, prod
from typing import Any, TypeAlias

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import DTypeLike, NDArray

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]

_PARTS = 64  # values are multiples of 1/64


def shapes(
    dims: int | tuple[int, int] = 2, *, min_side: int = 2, max_side: int = 6, batch: bool = True
) -> st.SearchStrategy[Shape]:
    """Shapes no two of whose axes have the same length.

    Parameters
    ----------
    dims : int or (int, int)
        The number of axes, or its lowest and highest.
    min_side, max_side : int
        The lowest and highest length of an axis.
    batch : bool
        Keep the first axis at 2 or more, where `min_side` is less: in a batch of one a forgotten mean does
        not show.

    Returns
    -------
    strategy of tuple of int
        Shrinks to few and short axes.

    Raises
    ------
    ValueError
        If there are fewer lengths than axes.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(shapes(3), lambda shape: True)
    (2, 3, 4)
    """
    lowest, highest = (dims, dims) if isinstance(dims, int) else dims
    sides = range(min_side, max_side + 1)
    if not 0 <= lowest <= highest or highest > len(sides):
        raise ValueError(
            f"shapes: dims = {dims!r} with sides {min_side} to {max_side}: expected at most {len(sides)} "
            "axes, as no two may have the same length; raise max_side"
        )
    drawn = st.lists(st.sampled_from(sides), min_size=lowest, max_size=highest, unique=True)
    return drawn.map(_batch_first if batch else tuple)


def arrays_off_kinks(
    shape: Shape | st.SearchStrategy[Shape],
    kinks: Iterable[float] = (0.0,),
    margin: float = 1 / 8,
    *,
    low: float = -3.0,
    high: float = 3.0,
    dtype: DTypeLike = np.float64,
) -> st.SearchStrategy[Array]:
    """Arrays with values of which none is closer than `margin` to a kink.

    Parameters
    ----------
    shape : tuple of int, or a strategy for it
    kinks : floats
        Where the function under test has no derivative: 0 for ReLU, −1 and 1 for a clip; () for a smooth
        function.
    margin : float
        More than twice the step of the differences, or they reach over the kink.
    low, high : float
        The ends of the range, themselves possible.
    dtype : dtype

    Returns
    -------
    strategy of ndarray
        Multiples of 1/64. Shrinks to whole numbers close to 0, positive ones first.

    Raises
    ------
    ValueError
        If kinks and margins leave no value between `low` and `high`.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(arrays_off_kinks((2, 3)), lambda x: (x < 0).any())
    array([[ 1.,  1.,  1.],
           [ 1.,  1., -1.]])
    """
    kinks = tuple(kinks)
    values = [v for v in _dyadics(low, high) if all(abs(v - kink) >= margin for kink in kinks)]
    if not values:
        raise ValueError(
            f"arrays_off_kinks: no multiple of 1/{_PARTS} between low = {low} and high = {high} is "
            f"margin = {margin} away from the kinks {kinks}; widen the range or lower the margin"
        )
    return _array_of(shape, st.integers(0, len(values) - 1), np.array(values, dtype))


def arrays_on_kinks(
    shape: Shape | st.SearchStrategy[Shape],
    kinks: Iterable[float] = (0.0,),
    margin: float = 1 / 8,
    *,
    low: float = -3.0,
    high: float = 3.0,
    dtype: DTypeLike = np.float64,
) -> st.SearchStrategy[Array]:
    """Arrays with at least one value exactly on a kink, and the others as in `arrays_off_kinks`.

    At a kink any slope between the two one-sided ones is a right answer, which deserves a test of its own.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(arrays_on_kinks((2, 2)), lambda x: True)
    array([[0., 1.],
           [1., 1.]])
    """
    kinks = tuple(kinks)
    if not kinks:
        raise ValueError("arrays_on_kinks: kinks is empty, expected at least one")
    return _on_kinks(arrays_off_kinks(shape, kinks, margin, low=low, high=high, dtype=dtype), kinks)


# The composite strategies stand here, not within the functions that return them: hypothesis reads the source of each
# that is made, which would take longer than to draw from it.
@st.composite
def _on_kinks(draw: st.DrawFn, smooth: st.SearchStrategy[Array], kinks: tuple[float, ...]) -> Array:
    x = draw(smooth)
    on_kink = draw(st.lists(st.booleans(), min_size=x.size, max_size=x.size))
    if not any(on_kink):
        on_kink[:1] = [True] * min(x.size, 1)
    for place in np.flatnonzero(on_kink):
        x.flat[place] = draw(st.sampled_from(kinks))
    return x


def distinct_values(
    shape: Shape | st.SearchStrategy[Shape], gap: float = 1 / 4, *, dtype: DTypeLike = np.float64
) -> st.SearchStrategy[Array]:
    """Arrays no two of whose values are closer than `gap`: no ties for max, sort and median.

    Parameters
    ----------
    shape : tuple of int, or a strategy for it
    gap : float
        The least distance, rounded up to a multiple of 1/64.
    dtype : dtype

    Returns
    -------
    strategy of ndarray
        Values on both sides of 0 in any order; the distances vary from 1 to 3 gaps. Shrinks to evenly spaced
        values in rising order.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(distinct_values((2, 3)), lambda x: True)
    array([[-0.75, -0.5 , -0.25],
           [ 0.  ,  0.25,  0.5 ]])
    """
    return _distinct(_as_strategy(shape), ceil(gap * _PARTS), dtype)


@st.composite
def _distinct(draw: st.DrawFn, shape: st.SearchStrategy[Shape], parts: int, dtype: DTypeLike) -> Array:
    axes = draw(shape)
    size = prod(axes)
    gaps = draw(st.lists(st.integers(parts, 3 * parts), min_size=size, max_size=size))
    order = draw(st.permutations(range(size)))
    rising = np.cumsum(gaps, dtype=np.int64)
    centred = rising - rising[size // 2 : size // 2 + 1]
    return (centred[list(order)] / _PARTS).astype(dtype).reshape(axes)


def cotangents(shape: Shape | st.SearchStrategy[Shape], *, dtype: DTypeLike = np.float64) -> st.SearchStrategy[Array]:
    """Upstream gradients dy that hide no mistake: of both signs, none of them 0, never constant.

    A positive dy hides a backward with |dy|, a constant one hides everything in softmax or a normalisation
    (whose outputs have a constant sum), and entries of size 1 hide dy³; so those of size 1 are left out.

    Parameters
    ----------
    shape : tuple of int, or a strategy for it
    dtype : dtype

    Returns
    -------
    strategy of ndarray
        Multiples of 1/64 with magnitudes in [1/2, 2]. Shrinks to 2 everywhere with a last entry of −2.
        A single number is merely not 0, ±1.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(cotangents((2, 2)), lambda dy: True)
    array([[ 2.,  2.],
           [ 2., -2.]])
    """
    magnitudes = np.array([v for v in _dyadics(0.5, 2.0) if v != 1], dtype)
    return _of_both_signs(_array_of(shape, st.integers(0, len(magnitudes) - 1), magnitudes))


@st.composite
def _of_both_signs(draw: st.DrawFn, sizes: st.SearchStrategy[Array]) -> Array:
    dy = draw(sizes)
    negative = draw(st.lists(st.booleans(), min_size=dy.size, max_size=dy.size))
    if dy.size > 1 and len(set(negative)) == 1:
        negative[-1] = not negative[-1]
    return np.where(np.reshape(negative, dy.shape).astype(bool), -dy, dy)


@cache
def _dyadics(low: float, high: float) -> tuple[float, ...]:
    """The multiples of 1/64 from `low` to `high`, the plainest first: whole numbers near 0, then halves."""
    fractions = [Fraction(k, _PARTS) for k in range(ceil(low * _PARTS), floor(high * _PARTS) + 1)]
    return tuple(float(v) for v in sorted(fractions, key=lambda v: (v.denominator, abs(v), v < 0)))


def _array_of(
    shape: Shape | st.SearchStrategy[Shape], indices: st.SearchStrategy[int], values: Array
) -> st.SearchStrategy[Array]:
    """Arrays of entries of `values`, each drawn by its own index."""
    drawn = hnp.arrays(np.intp, shape, elements=indices, fill=st.nothing())
    return drawn.map(partial(_entries, values))


def _entries(values: Array, index: NDArray[np.intp]) -> Array:
    return np.asarray(values[index])


def _as_strategy(shape: Shape | st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    return shape if isinstance(shape, st.SearchStrategy) else st.just(shape)


def _batch_first(axes: list[int]) -> Shape:
    """The axes with one of at least 2 in front, where there is one."""
    first = next((i for i, side in enumerate(axes) if side > 1), 0)
    return (*axes[first : first + 1], *axes[:first], *axes[first + 1 :])
