"""Dense layers and activations: any hyper-parameters, shapes and values."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.analytic import (
    ELU,
    GELU,
    SELU,
    Case,
    Dense,
    HardSigmoid,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from gradcheck.testing.arrays import arrays_off_kinks, shapes
from gradcheck.testing.layers.drawing import draws, draws_any_shape, fractions, values, with_parameters


@draws(Dense)
@st.composite
def _dense(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    *batch, D, H = draw(shapes((3, 4), min_side=1))
    layer = draw(with_parameters(Dense(D, H, 0, dtype)))
    return Case("Dense", layer, (draw(values((*batch, D), dtype)),))


@draws(HardSigmoid)
@st.composite
def _hard_sigmoid(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    x = arrays_off_kinks(shapes((1, 3), min_side=1), kinks=(-3.0, 3.0), low=-5.0, high=5.0, dtype=dtype)
    return Case("HardSigmoid", HardSigmoid(), (draw(x),))


draws_any_shape(Step)
draws_any_shape(Sigmoid)
draws_any_shape(ReLU)
draws_any_shape(Tanh)
draws_any_shape(LeakyReLU, st.sampled_from([0.5, 0.25, 0.0, 1.0, 1.5, -0.5, -2.0]))
draws_any_shape(ELU, fractions)
draws_any_shape(SELU)
draws_any_shape(Softplus)
draws_any_shape(SiLU)
draws_any_shape(GELU, st.booleans())
draws_any_shape(Softmax)
draws_any_shape(LogSoftmax)
