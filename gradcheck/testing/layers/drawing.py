"""What the strategies of all families are made of, and the table they are put into."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from gradcheck.analytic import Case, Layer
from gradcheck.testing.arrays import arrays_off_kinks, distinct_values, shapes

AnyLayer = TypeVar("AnyLayer", bound=Layer)
Draws = Callable[[np.dtype[Any]], st.SearchStrategy[Case]]

STRATEGIES: dict[type, Draws] = {}

fractions = st.sampled_from([1 / 4, 1 / 8, 1 / 2, 3 / 4])


def draws(*layer_types: type) -> Callable[[Draws], Draws]:
    """``@draws(Dense)`` above a function of a dtype: the strategy for cases of that class."""

    def register(strategy: Draws) -> Draws:
        STRATEGIES.update(dict.fromkeys(layer_types, strategy))
        return strategy

    return register


def draws_any_shape(layer_type: type[Layer], *options: st.SearchStrategy[Any], axes: int = 1) -> None:
    """The strategy for a layer that takes arrays of any shape, with at least so many axes."""
    layers = st.builds(layer_type, *options)

    @draws(layer_type)
    @st.composite
    def same_shape(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
        layer = draw(layers)
        return Case(layer_type.__name__, layer, (draw(values(draw(shapes((axes, 3), min_side=1)), dtype)),))


@st.composite
def with_parameters(draw: st.DrawFn, layer: AnyLayer) -> AnyLayer:
    """The layer with other parameters: none twice, as from equal weights gradients cancel."""
    for name, array in layer.params.items():
        layer.params[name] = draw(distinct_values(array.shape, 1 / 32, dtype=array.dtype))
    return layer


def values(shape: tuple[int, ...], dtype: np.dtype[Any]) -> st.SearchStrategy[NDArray[Any]]:
    """Inputs away from the kink at 0."""
    return arrays_off_kinks(shape, dtype=dtype)


def pairs(highest: int) -> st.SearchStrategy[tuple[int, int]]:
    """Two numbers from 1, for rows and columns."""
    return st.tuples(st.integers(1, highest), st.integers(1, highest))


def classes(shape: tuple[int, ...]) -> st.SearchStrategy[NDArray[Any]]:
    """Class indices for scores of this shape (…, C)."""
    *batch, C = shape
    entries = int(np.prod(batch))
    drawn = st.lists(st.integers(0, C - 1), min_size=entries, max_size=entries)
    return drawn.map(lambda t: np.array(t, np.intp).reshape(batch))


def probabilities(shape: tuple[int, ...], dtype: np.dtype[Any]) -> st.SearchStrategy[NDArray[Any]]:
    """Rows (…, C) of positive numbers that sum to 1."""
    weights = arrays_off_kinks(shape, kinks=(), low=1 / 64, high=3.0, dtype=dtype)
    return weights.map(lambda t: np.asarray(t / t.sum(axis=-1, keepdims=True)))
