"""Layers and losses with any hyper-parameters, parameters and inputs: one strategy for each class.

A new layer gets an entry in the table at the end, and with it every test that goes over all layers.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import DTypeLike, NDArray

from gradcheck.analytic import (
    Case,
    Dense,
    Layer,
    Loss,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    SoftmaxCrossEntropy,
    Tanh,
    TwoLayerNet,
)
from gradcheck.testing.arrays import arrays_off_kinks, shapes


def layer_cases(
    layer_type: type[Layer] | type[Loss], *, dtype: DTypeLike = np.float64
) -> st.SearchStrategy[Case]:
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
    >>> from hypothesis import find
    >>> case = find(layer_cases(Dense), lambda case: case.subject.W.shape == (3, 4))
    >>> case.subject, case.inputs[0].shape
    (Dense(3, 4), (2, 3))
    """
    if layer_type not in _STRATEGIES:
        known = ", ".join(sorted(known.__name__ for known in _STRATEGIES))
        raise ValueError(f"layer_cases: {layer_type!r} is not known, expected one of {known}")
    return _STRATEGIES[layer_type](np.dtype(dtype))


@st.composite
def _dense(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    *batch, D, H = draw(shapes((3, 4)))
    return Case("Dense", draw(_dense_layers(D, H, dtype)), (draw(_values((*batch, D), dtype)),))


@st.composite
def _elementwise(draw: st.DrawFn, dtype: np.dtype[Any], layer_type: type[Layer]) -> Case:
    return Case(layer_type.__name__, layer_type(), (draw(_values(draw(shapes((1, 3))), dtype)),))


@st.composite
def _mean_squared_error(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3)))
    x, t = draw(_values(shape, dtype)), draw(_values(shape, dtype))
    return Case("MeanSquaredError", MeanSquaredError(), (x, t), wrt=("x",))


@st.composite
def _softmax_cross_entropy(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    shape = draw(shapes((1, 3)))
    t = draw(st.one_of(_classes(shape), _probabilities(shape, dtype)))
    return Case("SoftmaxCrossEntropy", SoftmaxCrossEntropy(), (draw(_values(shape, dtype)), t), wrt=("x",))


@st.composite
def _sequential(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    N, D, H, C = draw(shapes(4))
    bend = draw(st.sampled_from([Sigmoid, Tanh, Softmax]))()
    layers = [draw(_dense_layers(D, H, dtype)), bend, draw(_dense_layers(H, C, dtype))]
    return Case("Sequential", Sequential(layers), (draw(_values((N, D), dtype)),))


@st.composite
def _two_layer_net(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    N, D, H, C = draw(shapes(4))
    net = TwoLayerNet(D, H, C, rng=0, dtype=dtype)
    for name, array in net.params.items():
        net.params[name] = draw(_values(array.shape, dtype, high=1.0))
    return Case("TwoLayerNet", net, (draw(_values((N, D), dtype)), draw(_classes((N, C)))))


@st.composite
def _dense_layers(draw: st.DrawFn, D: int, H: int, dtype: np.dtype[Any]) -> Dense:
    dense = Dense(D, H, rng=0, dtype=dtype)
    dense.W = draw(_values((D, H), dtype, high=1.0))
    dense.b = draw(_values((H,), dtype, high=1.0))
    return dense


def _values(
    shape: tuple[int, ...], dtype: np.dtype[Any], high: float = 3.0
) -> st.SearchStrategy[NDArray[Any]]:
    return arrays_off_kinks(shape, low=-high, high=high, dtype=dtype)


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


_STRATEGIES: dict[type, Callable[[np.dtype[Any]], st.SearchStrategy[Case]]] = {
    Dense: _dense,
    Sigmoid: partial(_elementwise, layer_type=Sigmoid),
    ReLU: partial(_elementwise, layer_type=ReLU),
    Tanh: partial(_elementwise, layer_type=Tanh),
    Softmax: partial(_elementwise, layer_type=Softmax),
    MeanSquaredError: _mean_squared_error,
    SoftmaxCrossEntropy: _softmax_cross_entropy,
    Sequential: _sequential,
    TwoLayerNet: _two_layer_net,
}
