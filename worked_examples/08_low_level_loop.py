"""The training loop from the bottom up: a dense layer, a batch generator, one training step, and fit.

One learns that there is nothing else inside: forty lines of NumPy, with the layer's backward verified before it is
used. With `--full` it is 784-512-10 on MNIST with weights from U(0, 0.1), a rate of 0.001 and batches of 128, which
reads about 82 % after ten epochs, in a minute or two.

    python worked_examples/08_low_level_loop.py [--full]
"""

import argparse

import numpy as np

from gradcheck import check
from gradcheck.training import load


class DenseLayer:
    """y = activation(x W + b), with ReLU or nothing for an activation."""

    def __init__(self, inputs, outputs, rng, activation=None):
        self.params = {"W": rng.uniform(0, 0.1, (inputs, outputs)), "b": np.zeros(outputs)}
        self.grads = {}
        self.activation = activation

    def forward(self, x):
        self.x = x
        self.e = x @ self.params["W"] + self.params["b"]
        return np.maximum(self.e, 0) if self.activation == "relu" else self.e

    def backward(self, dy):
        de = dy * (self.e > 0) if self.activation == "relu" else dy
        self.grads = {"W": self.x.T @ de, "b": de.sum(axis=0)}  # (D, N) @ (N, H), and a sum over the batch
        return de @ self.params["W"].T


class Network:
    """Layers one after the other, then softmax with cross-entropy."""

    def __init__(self, *layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dy):
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy


def cross_entropy(scores, t):
    """The mean of −log y[t] for y = softmax(scores), and its gradient, (y − t) / N."""
    y = np.exp(scores - scores.max(axis=1, keepdims=True))
    y /= y.sum(axis=1, keepdims=True)
    rows = np.arange(len(t))
    loss = -np.log(y[rows, t]).mean()
    y[rows, t] -= 1
    return loss, y / len(t)


def batches(x, t, size, rng):
    """The examples in random order, so many at a time, each once."""
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        chosen = order[start : start + size]
        yield x[chosen], t[chosen]


def one_training_step(network, x, t, rate):
    """Forward, backward, and every parameter a little down its slope."""
    loss, dscores = cross_entropy(network.forward(x), t)
    network.backward(dscores)
    for layer in network.layers:
        for name in layer.params:
            layer.params[name] -= rate * layer.grads[name]
    return loss


def fit(network, x, t, epochs, size, rate, rng):
    """Yield the mean loss of the batches of each epoch."""
    for _ in range(epochs):
        yield np.mean([one_training_step(network, *batch, rate) for batch in batches(x, t, size, rng)])


parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--full", action="store_true", help="MNIST instead of the small digits")
options = parser.parse_args()
digits = load("mnist" if options.full else "digits")
epochs, size, rate = (10, 128, 0.001) if options.full else (20, 32, 0.01)
rng = np.random.default_rng(0)

print("1. Before anything is trained: are the gradients right?\n")
few = digits.x_train[:5]
for activation in (None, "relu"):
    report = check(DenseLayer(digits.pixels, 7, rng, activation), few)
    print(f"DenseLayer, activation {activation}: {report.verdict} in {', '.join(c.name for c in report.tensors)}")
scores = rng.normal(size=(5, 10))
print(f"cross_entropy: {check(lambda s: cross_entropy(s, digits.t_train[:5]), scores, grad=True).verdict}")

print(f"\n\n2. {digits.pixels}-512-10 on {digits.name}, weights from U(0, 0.1), rate {rate}, batches of {size}\n")
network = Network(DenseLayer(digits.pixels, 512, rng, "relu"), DenseLayer(512, 10, rng))
print(f"{'epoch':>5}{'loss':>9}{'held out':>11}")
for epoch, loss in enumerate(fit(network, digits.x_train, digits.t_train, epochs, size, rate, rng), start=1):
    right = np.mean(network.forward(digits.x_test).argmax(axis=1) == digits.t_test)
    if epoch in (1, 2, 5, 10, epochs):
        print(f"{epoch:>5}{loss:>9.3f}{right:>11.1%}")
