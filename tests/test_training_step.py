"""A step computes what backpropagation says, to the last bit, no more; NaN and infinity are traced to their layer."""

import tracemalloc

import numpy as np
import pytest

from gradcheck.analytic import (
    L2,
    Add,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    MaxPooling2D,
    Model,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    TwoLayerNet,
)
from gradcheck.training import SGD, Adam, fit, load_digits
from gradcheck.training.recipes import RECIPES
from gradcheck.training.step import step_of

RNG = np.random.default_rng(3)
X = RNG.uniform(size=(12, 16))
T = RNG.integers(3, size=12)
LOSS = {"loss": SoftmaxCrossEntropy()}


def residual():
    x = Input(16)
    h = Dense(16, 16, rng=0)(x)
    return Model(x, Dense(16, 3, rng=1)(Add()(x, Sigmoid()(h))), loss=SoftmaxCrossEntropy())


class Doubled(Sequential):
    """Has a backward of its own."""

    def _backward(self, dy, cache):
        return super()._backward(2 * dy, cache)


NETWORKS = {
    "two layers": lambda: TwoLayerNet(16, 5, 3, rng=0),
    "regularised": lambda: Sequential(Dense(16, 5, rng=0), ReLU(), Dense(5, 3, rng=1), **LOSS, regularizer=L2(0.1)),
    "convolution": lambda: Sequential(
        Reshape((1, 4, 4)), Conv2D(1, 2, 3, rng=0), ReLU(), MaxPooling2D(2), Flatten(), Dense(2, 3, rng=1), **LOSS
    ),
    "nested": lambda: Sequential(Sequential(Dropout(0.5, 0), Dense(16, 5, rng=0), ReLU()), Dense(5, 3, rng=1), **LOSS),
    "graph": residual,
    "its own backward": lambda: Doubled(Dense(16, 3, rng=0), **LOSS),
    "its own backward, within": lambda: Sequential(Doubled(Dense(16, 5, rng=0)), Dense(5, 3, rng=1), **LOSS),
}


@pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS)
def test_the_gradients_are_those_of_the_network_to_the_last_bit(build):
    usual, quick = build(), build()
    expected = usual.gradient(X, T)
    loss, grads = step_of(quick)(X, T)
    assert loss == build().loss(X, T)
    assert list(grads) == list(expected)
    for name in expected:
        np.testing.assert_array_equal(grads[name], expected[name])


def test_a_gradient_of_ones_own_is_what_is_used():
    class Own(TwoLayerNet):
        def gradient(self, x, t):
            return {name: np.ones_like(W) for name, W in self.params.items()}

    loss, grads = step_of(Own(16, 5, 3, rng=0))(X, T)
    assert loss is None
    assert all((dW == 1).all() for dW in grads.values())


def test_a_first_layer_is_not_asked_for_what_nobody_needs(monkeypatch):
    net = TwoLayerNet(16, 5, 3, rng=0)
    monkeypatch.setattr(net.layers[0], "backward", None)
    step_of(net)(X, T)
    with pytest.raises(TypeError):
        net.gradient(X, T)


def finite_until(make_wrong):
    net = Sequential(Dense(16, 5, rng=0), ReLU(), Dense(5, 3, rng=1), **LOSS)
    make_wrong(net)
    return net


def huge_bias(net):
    net.params["2.b"][1] = -np.inf


def huge_weights(net):
    net.params["0.W"][...] = 1e308


def test_infinity_is_traced_to_the_parameter_that_holds_it():
    with pytest.raises(
        FloatingPointError, match=r"in epoch 1, batch 1 of 3; it comes from Dense\(5, 3\), layer 2: its"
    ):
        fit(finite_until(huge_bias), X, T, epochs=1, batch_size=5, optimizer=SGD(), verify=False)


def test_infinity_is_traced_to_the_layer_that_makes_it():
    says = r"it comes from Dense\(16, 5\), layer 0: of finite numbers and parameters up to 1\.0e\+308 it makes inf at"
    with pytest.raises(FloatingPointError, match=says):
        fit(finite_until(huge_weights), X, T, epochs=1, batch_size=5, optimizer=SGD(), verify=False)


def test_nan_is_traced_to_the_examples():
    x = X.copy()
    x[3, 2] = np.nan
    with pytest.raises(FloatingPointError, match=r"it comes from the examples: x of this batch holds nan at \("):
        fit(TwoLayerNet(16, 5, 3), x, T, epochs=1, batch_size=12, optimizer=SGD(), verify=False)


def test_too_large_a_rate_ends_with_what_to_do():
    with pytest.raises(FloatingPointError, match="Try a smaller learning rate, smaller weights to begin with"):
        fit(NETWORKS["regularised"](), X * 1e3, T, epochs=50, batch_size=4, optimizer=SGD(1e4), verify=False)


def test_infinity_in_a_graph_is_traced_too():
    net = residual()
    net.params["0.W"][...] = np.nan
    with pytest.raises(FloatingPointError, match=r"it comes from Dense\(16, 16\), layer 0: its parameter W holds nan"):
        fit(net, X, T, epochs=1, batch_size=4, optimizer=SGD(), verify=False)


def test_memory_does_not_grow_over_the_epochs():
    digits = load_digits(dtype=np.float32)
    net, optimizer, peaks = RECIPES["dense-512"].network(64, 10), Adam(), []
    for _ in range(4):
        tracemalloc.start()
        fit(net, digits.x_train, digits.t_train, epochs=1, batch_size=128, optimizer=optimizer, verify=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[3] <= 1.02 * peaks[1]


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_passes_the_gate_and_learns(name):
    digits, recipe = load_digits(dtype=np.float32), RECIPES[name]
    net = recipe.network(64, 10, seed=0)
    history = fit(
        net, digits.x_train[:256], digits.t_train[:256], epochs=2, batch_size=32, optimizer=recipe.optimizer(16)
    )
    assert history.report
    assert history["loss"][1] < history["loss"][0]
