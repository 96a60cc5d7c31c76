"""Layers and losses with any hyper-parameters, parameters and inputs: one strategy for each class.

A new layer gets an entry in the table at the end, and with it every test that goes over all layers.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import numpy as np
from hypothesis import strategies as st
from numpy.typing import DTypeLike, NDArray

from gradcheck.analytic import (
    ELU,
    GELU,
    SELU,
    AveragePooling2D,
    BatchNormalization,
    Case,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNormalization,
    LeakyReLU,
    LogSoftmax,
    Loss,
    MaxPooling2D,
    MeanSquaredError,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    SoftmaxCrossEntropy,
    Softplus,
    Tanh,
    TwoLayerNet,
)
from gradcheck.testing.arrays import arrays_off_kinks, distinct_values, shapes

AnyLayer = TypeVar("AnyLayer", bound=Layer)
Draws = Callable[[np.dtype[Any]], st.SearchStrategy[Case]]

_fractions = st.sampled_from([1 / 4, 1 / 8, 1 / 2, 3 / 4])


def layer_cases(layer_type: type[Layer] | type[Loss], *, dtype: DTypeLike = np.float64) -> st.SearchStrategy[Case]:
    """A layer or loss of this type with drawn hyper-parameters and parameters, and an input it takes.

    Parameters
    ----------
    layer_type : type
        A public class of :mod:`gradcheck.analytic`.
    dtype : dtype
        Of the parameters and the input.

    Returns
    -------
    strategy of gradcheck.analytic.Case
        With ``subject`` and ``inputs``; the batch has 2 rows or more, no two axes are of the same length,
        and values stay away from kinks. Shrinks to few, short axes and small whole numbers.

    Raises
    ------
    ValueError
        For a class that has no entry here.

    Examples
    --------
    >>> from hypothesis import given
    >>> @given(layer_cases(Dense))
    ... def test_the_last_axis_is_that_of_the_weights(case):
    ...     (x,) = case.inputs
    ...     y = case.subject.forward(x)
    ...     assert y.shape == (*x.shape[:-1], case.subject.W.shape[1])
    >>> test_the_last_axis_is_that_of_the_weights()
    """
    if layer_type not in _STRATEGIES:
        raise ValueError(
            f"layer_cases: {layer_type!r} has no strategy; expected a class of gradcheck.analytic such as Dense"
        )
    return _STRATEGIES[layer_type](np.dtype(dtype))


@st.composite
def _dense(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    *batch, D, H = draw(shapes((3, 4)))
    layer = draw(_with_parameters(Dense(D, H, 0, dtype)))
    return Case("Dense", layer, (draw(_values((*batch, D), dtype)),))


@st.composite
def _same_shape(draw: st.DrawFn, dtype: np.dtype[Any], layers: st.SearchStrategy[Layer], axes: int = 1) -> Case:
    """A layer that takes any array of at least so many axes."""
    layer = draw(layers)
    return Case(type(layer).__name__, layer, (draw(_values(draw(shapes((axes, 3))), dtype)),))


@st.composite
def _reshape(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    N, A, B = draw(shapes(3))
    shape = draw(st.sampled_from([(B, A), (A * B,), (-1, A), (1, -1), (B, 1, A)]))
    return Case("Reshape", Reshape(shape), (draw(_values((N, A, B), dtype)),))


@st.composite
def _batch_normalization(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    # From two rows alone every normalisation makes −1 and 1, and all gradients vanish.
    shape = draw(shapes((2, 4), min_side=3))
    layer = draw(_with_parameters(BatchNormalization(shape[1], epsilon=draw(_fractions), dtype=dtype)))
    layer.running_mean = draw(_values((shape[1],), dtype))
    layer.running_variance = abs(draw(_values((shape[1],), dtype)))
    layer.training = draw(st.booleans())
    return Case("BatchNormalization", layer, (draw(distinct_values(shape, 1 / 8, dtype=dtype)),))


@st.composite
def _layer_normalization(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((2, 4), min_side=3))
    sides = shape[draw(st.integers(1, len(shape) - 1)) :]
    layer = draw(_with_parameters(LayerNormalization(sides, epsilon=draw(_fractions), dtype=dtype)))
    return Case("LayerNormalization", layer, (draw(distinct_values(shape, 1 / 8, dtype=dtype)),))


@st.composite
def _conv2d(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    groups, per_group, filters = (draw(st.integers(1, 2)) for _ in range(3))
    size, stride, dilation = draw(_pairs(3)), draw(_pairs(2)), draw(_pairs(2))
    padding = draw(st.sampled_from(["valid", "same", 1, (0, 2)]))
    C, F = groups * per_group, groups * filters
    layer = Conv2D(C, F, size, stride=stride, padding=padding, dilation=dilation, groups=groups, dtype=dtype, rng=0)
    height, width = ((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
    x = draw(_values((2, C, height + draw(st.integers(0, 2)), width + draw(st.integers(0, 2))), dtype))
    return Case("Conv2D", draw(_with_parameters(layer)), (x,))


@st.composite
def _pooling(draw: st.DrawFn, dtype: np.dtype[Any], layer_type: type[MaxPooling2D] | type[AveragePooling2D]) -> Case:
    height, width = size = draw(_pairs(3))
    padding = draw(st.sampled_from(["valid", "same", (height - 1, width - 1)]))
    layer = layer_type(size, draw(st.none() | _pairs(3)), padding)
    image = height + draw(st.integers(0, 3)), width + draw(st.integers(0, 3))
    return Case(layer_type.__name__, layer, (draw(distinct_values((2, 3, *image), dtype=dtype)),))


@st.composite
def _embedding(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    *shape, V, D = draw(shapes((3, 4)))
    return Case("Embedding", draw(_with_parameters(Embedding(V, D, 0, dtype))), (draw(_classes((*shape, V))),))


@st.composite
def _mean_squared_error(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3)))
    x, error = draw(_values(shape, dtype)), draw(_values(shape, dtype))  # the error is nowhere 0
    return Case("MeanSquaredError", MeanSquaredError(), (x, x - error), wrt=("x",))


@st.composite
def _softmax_cross_entropy(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3)))
    t = draw(st.one_of(_classes(shape), _probabilities(shape, dtype)))
    return Case("SoftmaxCrossEntropy", SoftmaxCrossEntropy(), (draw(_values(shape, dtype)), t), wrt=("x",))


@st.composite
def _sequential(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    N, D, H, C = draw(shapes(4))
    bend = draw(st.sampled_from([Sigmoid, Tanh, Softmax]))()
    layers = [
        draw(_with_parameters(Dense(D, H, 0, dtype))),
        bend,
        draw(_with_parameters(Dense(H, C, 0, dtype))),
    ]
    return Case("Sequential", Sequential(layers), (draw(_values((N, D), dtype)),))


@st.composite
def _two_layer_net(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    N, D, H, C = draw(shapes(4))
    net = draw(_with_parameters(TwoLayerNet(D, H, C, rng=0, dtype=dtype)))
    return Case("TwoLayerNet", net, (draw(_values((N, D), dtype)), draw(_classes((N, C)))))


@st.composite
def _with_parameters(draw: st.DrawFn, layer: AnyLayer) -> AnyLayer:
    """The layer with other parameters: none twice, as from equal weights gradients cancel."""
    for name, array in layer.params.items():
        layer.params[name] = draw(distinct_values(array.shape, 1 / 32, dtype=array.dtype))
    return layer


def _values(shape: tuple[int, ...], dtype: np.dtype[Any]) -> st.SearchStrategy[NDArray[Any]]:
    return arrays_off_kinks(shape, dtype=dtype)


def _pairs(highest: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(1, highest), st.integers(1, highest))


def _classes(shape: tuple[int, ...]) -> st.SearchStrategy[NDArray[Any]]:
    """Class indices for scores of this shape (…, C)."""
    *batch, C = shape
    entries = int(np.prod(batch))
    drawn = st.lists(st.integers(0, C - 1), min_size=entries, max_size=entries)
    return drawn.map(lambda t: np.array(t, np.intp).reshape(batch))


def _probabilities(shape: tuple[int, ...], dtype: np.dtype[Any]) -> st.SearchStrategy[NDArray[Any]]:
    """Rows (…, C) of positive numbers that sum to 1."""
    weights = arrays_off_kinks(shape, kinks=(), low=1 / 64, high=3.0, dtype=dtype)
    return weights.map(lambda t: np.asarray(t / t.sum(axis=-1, keepdims=True)))


def _any_shape(layer_type: Callable[..., Layer], *options: st.SearchStrategy[Any], axes: int = 1) -> Draws:
    return partial(_same_shape, layers=st.builds(layer_type, *options), axes=axes)


_STRATEGIES: dict[type, Draws] = {
    Dense: _dense,
    Sigmoid: _any_shape(Sigmoid),
    ReLU: _any_shape(ReLU),
    Tanh: _any_shape(Tanh),
    LeakyReLU: _any_shape(LeakyReLU, _fractions),
    ELU: _any_shape(ELU, _fractions),
    SELU: _any_shape(SELU),
    Softplus: _any_shape(Softplus),
    SiLU: _any_shape(SiLU),
    GELU: _any_shape(GELU, st.booleans()),
    Softmax: _any_shape(Softmax),
    LogSoftmax: _any_shape(LogSoftmax),
    Flatten: _any_shape(Flatten),
    Reshape: _reshape,
    Dropout: _any_shape(Dropout, _fractions, st.integers(0, 99)),
    BatchNormalization: _batch_normalization,
    LayerNormalization: _layer_normalization,
    Conv2D: _conv2d,
    MaxPooling2D: partial(_pooling, layer_type=MaxPooling2D),
    AveragePooling2D: partial(_pooling, layer_type=AveragePooling2D),
    Embedding: _embedding,
    MeanSquaredError: _mean_squared_error,
    SoftmaxCrossEntropy: _softmax_cross_entropy,
    Sequential: _sequential,
    TwoLayerNet: _two_layer_net,
}
