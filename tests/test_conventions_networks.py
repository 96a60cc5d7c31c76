"""Networks in several styles: parameters in dictionaries, in lists, in layers; gradients returned or stored."""

import numpy as np
import pytest

from gradcheck import check

rng = np.random.default_rng(8)
x = rng.normal(size=(5, 4))
t = rng.normal(size=(5, 2))
weights = rng.normal(size=(4, 3)), rng.normal(size=(3, 2))


class Base:
    def __init__(self, wrong=1.0):
        self.wrong = wrong
        self.make(weights[0].copy(), weights[1].copy())

    def value(self, x, t, W1, W2):
        self.h = np.tanh(x @ W1)
        self.error = self.h @ W2 - t
        return 0.5 * np.sum(self.error**2) / len(x)

    def slopes(self, x, W1, W2):
        d = self.error / len(x)
        return x.T @ (d @ W2.T * (1 - self.h**2)) * self.wrong, self.h.T @ d


class Dictionary(Base):
    def make(self, W1, W2):
        self.params = {"W1": W1, "W2": W2}

    def loss(self, x, t):
        return self.value(x, t, **self.params)

    def gradient(self, x, t):
        self.loss(x, t)
        return dict(zip(["W1", "W2"], self.slopes(x, **self.params), strict=True))


class Regularised(Dictionary):
    """The loss returns both, and adds a penalty."""

    gradient = None

    def loss(self, X, y=None):
        value = super().loss(X, y)
        grads = dict(zip(["W1", "W2"], self.slopes(X, **self.params), strict=True))
        value += 0.5 * 0.1 * sum(np.sum(W**2) for W in self.params.values())
        return value, {name: g + 0.1 * self.params[name] * self.wrong for name, g in grads.items()}


class Attributes(Base):
    """Parameters are attributes; gradient returns a dictionary of them."""

    def make(self, W1, W2):
        self.W1, self.W2 = W1, W2

    def loss(self, x, t):
        return self.value(x, t, self.W1, self.W2)

    def gradient(self, x, t):
        self.loss(x, t)
        return dict(zip(["dW1", "dW2"], self.slopes(x, self.W1, self.W2), strict=True))


class Stores(Attributes):
    """forward gives the loss; backward stores."""

    loss = gradient = None

    def forward(self, x, t):
        self.x = x
        return self.value(x, t, self.W1, self.W2)

    def backward(self):
        self.dW1, self.dW2 = self.slopes(self.x, self.W1, self.W2)


class Lists(Base):
    """Weights in a list; gradients returned in a list like it."""

    def make(self, W1, W2):
        self.weights = [W1, W2]

    def loss(self, x, t):
        return self.value(x, t, *self.weights)

    def gradients(self, x, t):
        self.loss(x, t)
        return list(self.slopes(x, *self.weights))


NETWORKS = {
    Dictionary: ("W1", "W2"),
    Regularised: ("W1", "W2"),
    Attributes: ("W1", "W2"),
    Stores: ("W1", "W2"),
    Lists: ("weights[0]", "weights[1]"),
}


@pytest.mark.parametrize(("kind", "parameters"), NETWORKS.items(), ids=[kind.__name__ for kind in NETWORKS])
def test_a_network(kind, parameters):
    report = check(kind(), x, t)
    assert report, report
    assert tuple(tensor.name for tensor in report.tensors) == parameters
    wrong = check(kind(wrong=1.001), x, t)
    assert wrong.tensors[0].verdict == "disagree"
    assert kind is Regularised or wrong.tensors[1].verdict == "agree"


def test_dropout_in_training_is_the_same_in_loss_and_gradient():
    """The loss draws its mask by itself and within gradient; it is off by default in the one, on in the other."""

    class Dropout(Dictionary):
        def loss(self, x, t, train_flg=False):
            mask = np.random.random(x.shape) > 0.5 if train_flg else 1  # noqa: NPY002 - as people write it
            self.x = x * mask
            return self.value(self.x, t, **self.params)

        def gradient(self, x, t):
            self.loss(x, t, train_flg=True)
            return dict(zip(["W1", "W2"], self.slopes(self.x, **self.params), strict=True))

    report = check(Dropout(), x, t)
    assert report, report
