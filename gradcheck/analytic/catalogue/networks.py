"""Networks, with and without a loss."""

import numpy as np

from gradcheck.analytic.activations import Tanh
from gradcheck.analytic.catalogue.case import Case, off_zero
from gradcheck.analytic.dense import Dense
from gradcheck.analytic.graph import Input, Model
from gradcheck.analytic.losses import Loss, MeanSquaredError
from gradcheck.analytic.merge import Add
from gradcheck.analytic.sequential import Sequential
from gradcheck.analytic.two_layer_net import TwoLayerNet


def networks(rng: np.random.Generator) -> list[Case]:
    """Their cases."""

    def net(loss: Loss | None = None) -> Sequential:
        return Sequential(Dense(3, 4, rng), Tanh(), Dense(4, 2, rng), loss=loss)

    def residual() -> Model:
        """A dense layer used twice, and a way around it."""
        x, shared = Input(3), Dense(3, 3, rng)
        return Model(x, Dense(3, 2, rng)(Add()(x, shared(Tanh()(shared(x))))))

    x = off_zero(rng, 5, 3)
    return [
        Case("Sequential", net(), (x.copy(),)),
        Case("Sequential with a loss", net(MeanSquaredError()), (x.copy(), off_zero(rng, 5, 2))),
        Case("Model", residual(), (x.copy(),)),
        Case("TwoLayerNet", TwoLayerNet(3, 4, 2, rng=rng, weight_scale=0.5), (x, rng.integers(2, size=5))),
    ]
