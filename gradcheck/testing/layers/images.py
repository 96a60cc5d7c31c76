"""Convolution, pooling and upsampling: any hyper-parameters, shapes and values."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.analytic import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    Case,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    Layer,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    SeparableConv2D,
    UpSampling2D,
)
from gradcheck.testing.arrays import distinct_values
from gradcheck.testing.layers.drawing import draws, values, with_parameters

Sizes = tuple[int, ...]


def numbers(dims: int, least: int, most: int) -> st.SearchStrategy[Sizes]:
    """A number for each axis."""
    return st.tuples(*[st.integers(least, most)] * dims)


def paddings(dims: int) -> st.SearchStrategy[Any]:
    """Every form a padding may have."""
    margins = st.tuples(*[numbers(2, 0, 2)] * dims)
    return st.sampled_from(["valid", "same"]) | st.integers(0, 2) | numbers(dims, 0, 2) | margins


@st.composite
def window_options(draw: st.DrawFn, dims: int) -> tuple[dict[str, Any], Sizes]:
    """The options of a convolution, and an image that holds a window without padding; axes of length 1 are possible."""
    widest = 3 if dims < 3 else 2
    size, stride, dilation = draw(numbers(dims, 1, widest)), draw(numbers(dims, 1, 3)), draw(numbers(dims, 1, 2))
    more = draw(numbers(dims, 0, 5 - dims))
    image = tuple((k - 1) * gap + 1 + m for k, gap, m in zip(size, dilation, more, strict=True))
    options = {"kernel_size": size, "stride": stride, "dilation": dilation, "padding": draw(paddings(dims)), "rng": 0}
    return options, image


@st.composite
def _convolution(draw: st.DrawFn, dtype: np.dtype[Any], layer_type: type[Conv1D] | type[Conv2D] | type[Conv3D]) -> Case:
    options, image = draw(window_options(layer_type.dims))
    groups, per_group, filters = draw(numbers(3, 1, 2))
    layer = layer_type(groups * per_group, groups * filters, groups=groups, dtype=dtype, **options)
    return _case(draw, layer, (groups * per_group, *image), dtype)


@draws(DepthwiseConv2D)
@st.composite
def _depthwise(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    options, image = draw(window_options(2))
    C, multiplier = draw(numbers(2, 1, 3))
    return _case(draw, DepthwiseConv2D(C, multiplier=multiplier, dtype=dtype, **options), (C, *image), dtype)


@draws(SeparableConv2D)
@st.composite
def _separable(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    options, image = draw(window_options(2))
    C, F, multiplier = draw(numbers(3, 1, 2))
    return _case(draw, SeparableConv2D(C, F, multiplier=multiplier, dtype=dtype, **options), (C, *image), dtype)


@draws(Conv2DTranspose)
@st.composite
def _transposed(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    options, image = draw(window_options(2))
    groups, per_group, filters = draw(numbers(3, 1, 2))
    if options["padding"] != "same":
        options["output_padding"] = tuple(draw(st.integers(0, stride - 1)) for stride in options["stride"])
    image = tuple(side + 4 for side in image)  # so that the widest padding leaves something of the output
    layer = Conv2DTranspose(groups * per_group, groups * filters, groups=groups, dtype=dtype, **options)
    return _case(draw, layer, (groups * per_group, *image), dtype)


def _case(draw: st.DrawFn, layer: Layer, shape: Sizes, dtype: np.dtype[Any]) -> Case:
    x = draw(values((draw(st.integers(2, 3)), *shape), dtype))
    return Case(type(layer).__name__, draw(with_parameters(layer)), (x,))


@st.composite
def _pooling(draw: st.DrawFn, dtype: np.dtype[Any], layer_type: Callable[..., Any]) -> Case:
    dims: int = layer_type.dims  # type: ignore[attr-defined]  # of the classes below
    size = draw(numbers(dims, 1, 3 if dims < 3 else 2))
    margins = st.tuples(*(numbers(2, 0, k - 1) for k in size))
    padding = draw(st.sampled_from(["valid", "same", tuple(k - 1 for k in size)]) | margins)
    layer = layer_type(size, draw(st.none() | numbers(dims, 1, 3)), padding)
    image = tuple(k + draw(st.integers(0, 4 - dims)) for k in size)
    return Case(
        type(layer).__name__, layer, (draw(distinct_values((2, draw(st.integers(1, 3)), *image), dtype=dtype)),)
    )


@st.composite
def _any_image(draw: st.DrawFn, dtype: np.dtype[Any], layers: st.SearchStrategy[Layer]) -> Case:
    layer = draw(layers)
    shape = draw(numbers(4, 1, 4))
    return Case(type(layer).__name__, layer, (draw(distinct_values(shape, 1 / 8, dtype=dtype)),))


for _convolution_type in (Conv1D, Conv2D, Conv3D):
    draws(_convolution_type)(partial(_convolution, layer_type=_convolution_type))
for _pooling_type in (MaxPooling1D, MaxPooling2D, MaxPooling3D, AveragePooling1D, AveragePooling2D, AveragePooling3D):
    draws(_pooling_type)(partial(_pooling, layer_type=_pooling_type))
_factors, _interpolations = numbers(2, 1, 4), st.sampled_from(["nearest", "bilinear"])
draws(GlobalMaxPooling2D)(partial(_any_image, layers=st.builds(GlobalMaxPooling2D)))
draws(GlobalAveragePooling2D)(partial(_any_image, layers=st.builds(GlobalAveragePooling2D)))
draws(UpSampling2D)(partial(_any_image, layers=st.builds(UpSampling2D, _factors, _interpolations)))
