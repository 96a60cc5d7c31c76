"""Normalisations: any hyper-parameters, shapes and values."""

from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.analytic import BatchNormalization, Case, GroupNormalization, LayerNormalization, RMSNorm
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


@st.composite
def _last_axes(draw: st.DrawFn, dtype: np.dtype[Any], layer_type: type[LayerNormalization] | type[RMSNorm]) -> Case:
    shape = draw(shapes((2, 4), min_side=3))
    sides = shape[draw(st.integers(1, len(shape) - 1)) :]
    layer = draw(with_parameters(layer_type(sides, epsilon=draw(fractions), dtype=dtype)))
    return Case(layer_type.__name__, layer, (draw(distinct_values(shape, 1 / 8, dtype=dtype)),))


@draws(GroupNormalization)
@st.composite
def _group_normalization(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    groups, per_group = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    image = draw(shapes((0 if per_group > 1 else 1, 2), batch=False))
    layer = draw(with_parameters(GroupNormalization(groups * per_group, groups, draw(fractions), dtype)))
    x = draw(distinct_values((draw(st.integers(1, 3)), groups * per_group, *image), 1 / 8, dtype=dtype))
    return Case("GroupNormalization", layer, (x,))


draws(LayerNormalization)(partial(_last_axes, layer_type=LayerNormalization))
draws(RMSNorm)(partial(_last_axes, layer_type=RMSNorm))
