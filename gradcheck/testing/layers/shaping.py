"""Layers that move numbers, or drop them: any hyper-parameters, shapes and values."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.analytic import Case, Dropout, Flatten, Reshape
from gradcheck.testing.arrays import shapes
from gradcheck.testing.layers.drawing import draws, draws_any_shape, fractions, values


@draws(Reshape)
@st.composite
def _reshape(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    N, A, B = draw(shapes(3))
    shape = draw(st.sampled_from([(B, A), (A * B,), (-1, A), (1, -1), (B, 1, A)]))
    return Case("Reshape", Reshape(shape), (draw(values((N, A, B), dtype)),))


draws_any_shape(Flatten)
draws_any_shape(Dropout, fractions, st.integers(0, 99))
