"""Normalisations: any hyper-parameters, shapes and values."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.analytic import BatchNormalization, Case, LayerNormalization
from gradcheck.testing.arrays import distinct_values, shapes
from gradcheck.testing.layers.drawing import draws, fractions, values, with_parameters


@draws(BatchNormalization)
@st.composite
def _batch_normalization(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    # From two rows alone every normalisation makes −1 and 1, and all gradients vanish.
    shape = draw(shapes((2, 4), min_side=3))
    layer = draw(with_parameters(BatchNormalization(shape[1], epsilon=draw(fractions), dtype=dtype)))
    layer.running_mean = draw(values((shape[1],), dtype))
    layer.running_variance = abs(draw(values((shape[1],), dtype)))
    layer.training = draw(st.booleans())
    return Case("BatchNormalization", layer, (draw(distinct_values(shape, 1 / 8, dtype=dtype)),))


@draws(LayerNormalization)
@st.composite
def _layer_normalization(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((2, 4), min_side=3))
    sides = shape[draw(st.integers(1, len(shape) - 1)) :]
    layer = draw(with_parameters(LayerNormalization(sides, epsilon=draw(fractions), dtype=dtype)))
    return Case("LayerNormalization", layer, (draw(distinct_values(shape, 1 / 8, dtype=dtype)),))
