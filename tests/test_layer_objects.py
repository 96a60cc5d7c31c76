"""What a layer object holds, returns and leaves behind is understood as it was meant."""

import dataclasses
import re

import numpy as np
import pytest
from reading import said

from gradcheck import check

rng = np.random.default_rng(6)
x = rng.normal(size=(5, 4))


class ReturnsAll:
    """Gradients of the parameters are returned, and stored nowhere."""

    def __init__(self, wrong=1.0):
        self.W, self.b, self.wrong = rng.normal(size=(4, 3)), rng.normal(size=3), wrong

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        return dout @ self.W.T, self.wrong * self.x.T @ dout, dout.sum(axis=0)


def test_gradients_of_parameters_may_be_returned_after_those_of_the_inputs():
    report = check(ReturnsAll(), x)
    assert report, report
    assert [tensor.name for tensor in report.tensors] == ["x", "W", "b"]
    assert report.understood == "layer object; parameters W, b as attributes, gradients returned after the inputs'"
    assert check(ReturnsAll(wrong=1.01), x)["W"].verdict == "disagree"


def test_they_may_be_returned_and_stored():
    class Both(ReturnsAll):
        def __init__(self):
            super().__init__()
            self.dW = self.db = None

        def backward(self, dout):
            dx, self.dW, self.db = super().backward(dout)
            return dx, self.dW, self.db

    assert [tensor.name for tensor in check(Both(), x).raise_if_wrong().tensors] == ["x", "W", "b"]


def test_they_may_be_returned_in_another_order():
    class Turned(ReturnsAll):
        def backward(self, dout):
            dx, dW, db = super().backward(dout)
            return dx, db, dW

    assert check(Turned(), x)
    assert check(Turned(wrong=2), x)["W"].verdict == "disagree"


def test_where_shapes_do_not_tell_they_are_not_accused():
    class Norm:
        def __init__(self):
            self.gamma, self.beta = rng.normal(size=4), rng.normal(size=4)

        def forward(self, x):
            self.x = x
            return x * self.gamma + self.beta

        def backward(self, dout):
            return dout * self.gamma, dout.sum(axis=0), (dout * self.x).sum(axis=0)

    report = check(Norm(), x)
    assert report, report
    assert "gamma" in " ".join(report.warnings)


def test_gradients_that_fit_no_array_are_said():
    class Extra(ReturnsAll):
        def backward(self, dout):
            return *super().backward(dout), dout

    report = check(Extra(), x)
    assert "backward returned 4 gradients, but forward has 1 float input, x" in said(report)
    assert not report


# What was there before


class Accumulates:
    def __init__(self):
        self.w, self.dw = np.array([1.5, -0.5, 2.0, 1.0]), np.zeros(4)

    def forward(self, x):
        self.x = x
        return x * self.w

    def backward(self, dout):
        self.dw += (dout * self.x).sum(axis=0)
        return dout * self.w


@pytest.mark.parametrize("leftover", [100, 1e12, np.nan, np.inf])
def test_leftovers_of_training_are_no_part_of_the_gradient(leftover):
    layer = Accumulates()
    layer.dw += leftover
    report = check(layer, x)
    assert report, report
    assert "it accumulates into w" in said(report)
    assert np.array_equal(layer.dw, np.full(4, leftover), equal_nan=True)


def test_leftovers_do_not_hide_a_mistake():
    class Wrong(Accumulates):
        def backward(self, dout):
            super().backward(dout)
            self.dw[2] *= 1.001
            return dout * self.w

    layer = Wrong()
    layer.dw += 100
    assert check(layer, x)["w"].wrong.tolist() == [False, False, True, False]


def test_a_gradient_that_shares_memory_with_its_parameter_is_no_leftover():
    class Shares(Accumulates):
        def __init__(self):
            super().__init__()
            self.dw = self.w

        def backward(self, dout):
            self.dw = (dout * self.x).sum(axis=0)
            return dout * self.w

    layer = Shares()
    assert check(layer, x)
    assert layer.dw is layer.w
    assert layer.w.tolist() == [1.5, -0.5, 2, 1]


# Last layers


class Loss:
    def forward(self, x):
        self.x = x
        return np.sum(x**2)


class Ignores(Loss):
    def backward(self, dout=1):
        return 2 * self.x


class IgnoresAndIsWrong(Loss):
    def backward(self, dout=1):
        return 2.001 * self.x


class Loses(Loss):
    """It means to use dout, and does not."""

    def backward(self, dout=1):
        dout = np.asarray(dout) / np.asarray(dout)
        return 2 * self.x * dout


class Requires(Loss):
    def backward(self, dout):
        return 2 * self.x


class Catches(Loss):
    """A closure reads it."""

    def backward(self, dout=1):
        def scaled(g):
            return dout * g

        return scaled(2 * self.x)


def test_a_default_cotangent_that_is_never_read_makes_a_last_layer():
    report = check(Ignores(), x)
    assert report, report
    assert "backward ignores dout: right as the last layer only" in report.understood
    assert not check(IgnoresAndIsWrong(), x)


@pytest.mark.parametrize("kind", [Loses, Requires])
def test_a_cotangent_that_is_lost_or_required_is_a_mistake(kind):
    report = check(kind(), x)
    assert not report
    assert "ignores" not in report.understood


def test_a_default_cotangent_that_is_read_is_used():
    report = check(Catches(), x)
    assert report, report
    assert "ignores" not in report.understood
    assert any(finding.check == "linear" for finding in report.conduct)


# Objects that are called


def test_forward_is_preferred_to_call():
    class Both(Ignores):
        def __call__(self, x):
            raise AssertionError("not asked for")

    assert check(Both(), x)


def test_a_call_that_does_not_fit_shows_the_signature():
    class Called(Ignores):
        forward = None

        def __call__(self, x):
            return super().forward(x)

    with pytest.raises(TypeError, match=re.escape("Called.__call__(x) cannot be called with the 2 inputs given")):
        check(Called(), x, x)


# Networks that return their gradients


def test_a_loss_without_gradients_is_told_what_to_return():
    class Network:
        def __init__(self):
            self.params = {"W": x.copy()}

        def loss(self, X, y):
            return np.sum(X * self.params["W"])

    with pytest.raises(TypeError, match=r"Network has params and loss, but loss returned float64; .*gradient\(x, t\)"):
        check(Network(), x, np.arange(5))


def test_a_network_that_drops_a_gradient():
    class Network:
        def __init__(self):
            self.params = {"W": rng.normal(size=(4, 3)), "b": np.zeros(3)}

        def loss(self, X, y):
            error = X @ self.params["W"] + self.params["b"] - y
            return 0.5 * np.sum(error**2), {"W": X.T @ error}

    report = check(Network(), x, rng.normal(size=(5, 3)))
    assert "loss(x, t) returns (loss, gradients)" in report.understood
    assert [tensor.verdict for tensor in report.tensors] == ["agree", "disagree"]
    assert "no gradient for b" in said(report)


@dataclasses.dataclass
class DataClass:
    """A layer that has no hash and compares arrays, so that == fails."""

    W: np.ndarray
    dW: np.ndarray | None = None  # noqa: N815 - its usual name
    factor: float = 1.0

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, dout):
        self.dW = self.factor * self.x.T @ dout
        return dout @ self.W.T


@dataclasses.dataclass(frozen=True)
class FrozenDataClass:
    """A layer whose hash fails on its array, and that keeps nothing."""

    W: np.ndarray
    factor: float = 1.0

    def forward(self, x):
        return x @ self.W, x

    def backward(self, dout, cache):
        return dout @ self.W.T, self.factor * cache.T @ dout


class Unwilling(DataClass):
    """A layer that answers no question about itself."""

    __hash__ = None

    def _refuse(self, *arguments):
        raise RuntimeError("not asked")

    __eq__ = __ne__ = __bool__ = __len__ = __iter__ = __getitem__ = __contains__ = __repr__ = __copy__ = _refuse


@dataclasses.dataclass
class DataClassNetwork:
    """Layers in a list, all of them data classes."""

    layers: list

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout


@pytest.mark.parametrize("kind", [DataClass, FrozenDataClass, Unwilling])
def test_a_layer_need_not_be_able_to_compare_itself(kind):
    x, W = rng.normal(size=(4, 5)), rng.normal(size=(5, 3))
    assert check(kind(W), x).ok
    assert check(kind(W, factor=2.0), x)["W"].verdict == "disagree"
    network = DataClassNetwork([DataClass(W), DataClass(rng.normal(size=(3, 2)), factor=2.0)])
    wrong = [tensor.name for tensor in check(network, x).tensors if tensor.verdict == "disagree"]
    assert wrong == ["layers[1].W"]


class Parameter(np.ndarray):
    """An array that has its gradient as an attribute."""


@pytest.mark.parametrize("factor", [1.0, 2.0])
def test_an_array_may_have_its_gradient_as_an_attribute(factor):
    class Layer:
        def __init__(self):
            self.params = {"W": rng.normal(size=(4, 3)).view(Parameter)}

        def forward(self, x):
            self.x = x
            return np.asarray(x @ self.params["W"])

        def backward(self, dout):
            self.params["W"].grad = factor * np.asarray(self.x.T @ dout)
            return np.asarray(dout @ self.params["W"].T)

    report = check(Layer(), x)
    assert "gradients in params['W'].grad" in said(report)
    assert report["W"].verdict == ("agree" if factor == 1 else "disagree")
