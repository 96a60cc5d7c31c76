"""Losses: any hyper-parameters, shapes and values."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.analytic import Case, MeanSquaredError, SoftmaxCrossEntropy
from gradcheck.testing.arrays import shapes
from gradcheck.testing.layers.drawing import classes, draws, probabilities, values


@draws(MeanSquaredError)
@st.composite
def _mean_squared_error(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3)))
    x, error = draw(values(shape, dtype)), draw(values(shape, dtype))  # the error is nowhere 0
    return Case("MeanSquaredError", MeanSquaredError(), (x, x - error), wrt=("x",))


@draws(SoftmaxCrossEntropy)
@st.composite
def _softmax_cross_entropy(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3)))
    t = draw(st.one_of(classes(shape), probabilities(shape, dtype)))
    return Case("SoftmaxCrossEntropy", SoftmaxCrossEntropy(), (draw(values(shape, dtype)), t), wrt=("x",))
