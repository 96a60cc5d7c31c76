"""Convolution and pooling: any hyper-parameters, shapes and values."""

from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.analytic import AveragePooling2D, Case, Conv2D, MaxPooling2D
from gradcheck.testing.arrays import distinct_values
from gradcheck.testing.layers.drawing import draws, pairs, values, with_parameters


@draws(Conv2D)
@st.composite
def _conv2d(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    groups, per_group, filters = (draw(st.integers(1, 2)) for _ in range(3))
    size, stride, dilation = draw(pairs(3)), draw(pairs(2)), draw(pairs(2))
    padding = draw(st.sampled_from(["valid", "same", 1, (0, 2)]))
    C, F = groups * per_group, groups * filters
    layer = Conv2D(C, F, size, stride=stride, padding=padding, dilation=dilation, groups=groups, dtype=dtype, rng=0)
    height, width = ((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
    x = draw(values((2, C, height + draw(st.integers(0, 2)), width + draw(st.integers(0, 2))), dtype))
    return Case("Conv2D", draw(with_parameters(layer)), (x,))


@st.composite
def _pooling(draw: st.DrawFn, dtype: np.dtype[Any], layer_type: type[MaxPooling2D] | type[AveragePooling2D]) -> Case:
    height, width = size = draw(pairs(3))
    padding = draw(st.sampled_from(["valid", "same", (height - 1, width - 1)]))
    layer = layer_type(size, draw(st.none() | pairs(3)), padding)
    image = height + draw(st.integers(0, 3)), width + draw(st.integers(0, 3))
    return Case(layer_type.__name__, layer, (draw(distinct_values((2, 3, *image), dtype=dtype)),))


draws(MaxPooling2D)(partial(_pooling, layer_type=MaxPooling2D))
draws(AveragePooling2D)(partial(_pooling, layer_type=AveragePooling2D))
