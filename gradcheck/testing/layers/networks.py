"""Networks: any hyper-parameters, shapes and values."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.analytic import Add, Case, Dense, Input, Model, Sequential, Sigmoid, Softmax, Tanh, TwoLayerNet
from gradcheck.testing.arrays import shapes
from gradcheck.testing.layers.drawing import classes, draws, values, with_parameters


@draws(Sequential)
@st.composite
def _sequential(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    N, D, H, C = draw(shapes(4))
    bend = draw(st.sampled_from([Sigmoid, Tanh, Softmax]))()
    layers = [
        draw(with_parameters(Dense(D, H, 0, dtype))),
        bend,
        draw(with_parameters(Dense(H, C, 0, dtype))),
    ]
    return Case("Sequential", Sequential(layers), (draw(values((N, D), dtype)),))


@draws(Model)
@st.composite
def _model(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    """A shared layer, called on any of what there is already, and a way around it."""
    N, D = draw(shapes(2))
    x, shared, bend = Input(D), draw(with_parameters(Dense(D, D, 0, dtype))), Tanh()
    symbols = [x, shared(x)]
    for _ in range(draw(st.integers(1, 3))):
        symbols.append(draw(st.sampled_from([shared, bend]))(draw(st.sampled_from(symbols))))
    return Case("Model", Model(x, Add()(*symbols)), (draw(values((N, D), dtype)),))


@draws(TwoLayerNet)
@st.composite
def _two_layer_net(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    N, D, H, C = draw(shapes(4))
    net = draw(with_parameters(TwoLayerNet(D, H, C, rng=0, dtype=dtype)))
    return Case("TwoLayerNet", net, (draw(values((N, D), dtype)), draw(classes((N, C)))))
