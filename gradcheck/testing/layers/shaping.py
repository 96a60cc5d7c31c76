"""Layers that move numbers, drop them, or join several arrays: any hyper-parameters, shapes and values."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.analytic import Add, Case, Concatenate, Dropout, Flatten, Reshape, SpatialDropout
from gradcheck.testing.arrays import shapes
from gradcheck.testing.layers.drawing import draws, draws_any_shape, fractions, values


@draws(Reshape)
@st.composite
def _reshape(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    N, A, B = draw(shapes(3, min_side=1))
    shape = draw(st.sampled_from([(B, A), (A * B,), (-1, A), (1, -1), (B, 1, A)]))
    return Case("Reshape", Reshape(shape), (draw(values((N, A, B), dtype)),))


@draws(Add)
@st.composite
def _add(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3), min_side=1))
    return Case("Add", Add(), tuple(draw(values(shape, dtype)) for _ in range(draw(st.integers(1, 3)))))


@draws(Concatenate)
@st.composite
def _concatenate(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = list(draw(shapes((1, 3), min_side=1)))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    inputs = []
    for length in draw(st.lists(st.integers(1, 3), min_size=1, max_size=3)):
        shape[axis] = length
        inputs.append(draw(values(tuple(shape), dtype)))
    return Case("Concatenate", Concatenate(axis), tuple(inputs))


draws_any_shape(Flatten)
draws_any_shape(SpatialDropout, fractions, st.integers(0, 99), axes=2)
draws_any_shape(Dropout, fractions, st.integers(0, 99))
