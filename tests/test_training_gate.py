"""No network with a wrong gradient is trained: the gate raises before a weight has moved."""

import sys

import numpy as np
import pytest

from gradcheck.analytic import BatchNormalization, Dense, Dropout, ReLU, Sequential, SoftmaxCrossEntropy, TwoLayerNet
from gradcheck.checking import GradientError
from gradcheck.training import SGD, fit, gate

RNG = np.random.default_rng(7)
X, T = RNG.uniform(size=(40, 6)), RNG.integers(3, size=40)


def forgets_the_mean(network, grads):
    return {name: value * len(X) for name, value in grads.items()}


def wrong_sign_of_one_bias(network, grads):
    return {**grads, "b1": -grads["b1"]}


def one_wrong_entry(network, grads):
    W1 = grads["W1"].copy()
    W1[2, 3] += 1e-3
    return {**grads, "W1": W1}


def lacks_one(network, grads):
    return {name: value for name, value in grads.items() if name != "W2"}


MISTAKES = [forgets_the_mean, wrong_sign_of_one_bias, one_wrong_entry, lacks_one]


def network(mistake=None, dtype=float):
    class Net(TwoLayerNet):
        def gradient(self, x, t):
            grads = super().gradient(x, t)
            return mistake(self, grads) if mistake else grads

    return Net(6, 5, 3, rng=1, weight_scale=0.5, dtype=dtype)


def trained(net, x=X, **options):
    return fit(net, x, T, epochs=1, batch_size=10, optimizer=SGD(0.1), **options)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_gradient_stops_the_training_before_a_weight_moves(mistake):
    net = network(mistake)
    before = {name: value.copy() for name, value in net.params.items()}
    with pytest.raises(GradientError, match="seed 0") as caught:
        trained(net)
    assert caught.value.report.verdict == "disagree"
    for name, value in net.params.items():
        np.testing.assert_array_equal(value, before[name])


def test_the_gate_can_be_left_open_and_the_history_says_so():
    history = trained(network(forgets_the_mean), verify=False)
    assert history.report is None
    assert len(history.epochs) == 1


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_right_gradient_passes_and_the_history_keeps_the_report(dtype):
    history = trained(network(dtype=dtype), X.astype(dtype))
    assert history.report
    assert [tensor.name for tensor in history.report.tensors] == ["W1", "b1", "W2", "b2"]


def test_the_gate_looks_at_few_examples_chosen_by_the_seed(monkeypatch):
    def looked_at(seed):
        monkeypatch.setattr(sys.modules["gradcheck.training.gate"], "check", lambda *args, **options: (args, options))
        (_, x, t), options = gate(network(), X, T, seed=seed, name="mine")
        assert options == {"seed": seed, "name": "mine"}
        assert {(*row, target) for row, target in zip(x, t, strict=True)} <= everything
        return x

    everything = {(*row, target) for row, target in zip(X, T, strict=True)}
    assert looked_at(0).shape == (8, 6)
    np.testing.assert_array_equal(looked_at(0), looked_at(0))
    assert not np.array_equal(looked_at(0), looked_at(1))


def test_the_gate_takes_fewer_examples_where_there_are_fewer():
    assert gate(network(), X[:3], T[:3])


def test_what_nothing_can_be_said_of_does_not_stop_the_training():
    layers = Dense(6, 5, rng=0), BatchNormalization(5), ReLU(), Dense(5, 3, rng=1)  # the first bias changes nothing
    history = trained(Sequential(*layers, loss=SoftmaxCrossEntropy()))
    assert history.report.verdict != "disagree"
    assert len(history.epochs) == 1


def test_zero_biases_on_black_pictures_are_no_obstacle():
    layers = Dense(6, 5, rng=0), ReLU(), Dropout(0.5, rng=2), Dense(5, 3, rng=1)
    net = Sequential(*layers, loss=SoftmaxCrossEntropy())
    assert gate(net, np.zeros((40, 6)), T)
    assert not net.params["0.b"].any()
