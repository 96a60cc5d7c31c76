"""A network as a graph: layers called on symbols, branches that meet again, one layer used twice.

One learns to draw a network that is no chain, what happens to a gradient where ways part and meet, and how a bad start
(weights from N(0, 1)) looks beside a good one, with Nesterov's momentum on both. With `--full` it is MNIST.

    python worked_examples/11_functional_graph.py [--full] [--picture FILE]
"""

import argparse

import numpy as np

from gradcheck import check
from gradcheck.analytic import Add, Concatenate, Dense, Input, Model, ReLU, SoftmaxCrossEntropy
from gradcheck.training import SGD, Glorot, Normal, fit, initialize, load

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--full", action="store_true", help="MNIST instead of the small digits")
parser.add_argument("--picture", metavar="FILE", help="save the graph as an SVG, for a browser")
options = parser.parse_args()
digits = load("mnist" if options.full else "digits")


def build():
    """Two branches over the pixels; one has a shortcut around a layer that is used twice."""
    pixels = Input(digits.pixels, name="pixels")
    left = ReLU()(Dense(digits.pixels, 32, rng=0)(pixels))
    again = Dense(32, 32, rng=1)
    h = ReLU()(again(left))
    h = Add()(left, ReLU()(again(h)))
    right = ReLU()(Dense(digits.pixels, 16, rng=2)(pixels))
    scores = Dense(48, 10, rng=3)(Concatenate()(h, right))
    return Model(pixels, scores, loss=SoftmaxCrossEntropy())


print("1. The graph, in the order in which it is computed\n")
network = build()
print(network.summary(digits.x_train[:4]))
if options.picture:
    network.picture(digits.x_train[:4]).save(options.picture)


print("\n\n2. Where ways part, gradients add up\n")
x = Input(3, name="x")
shared = Dense(3, 3, rng=0)
twice = Model(x, Add()(x, shared(shared(x))))
value = np.array([[1.0, -2.0, 0.5]])
twice.forward(value)
dx = twice.backward(np.ones((1, 3)))
W, one = shared.W, np.ones((1, 3))
print(f"y = x + s(s(x)) with s(x) = x W + b, dy = {one[0]}")
print(f"dx     the shortcut, and the way through both   {dx[0].round(6)}")
print(f"       dy + dy Wᵀ Wᵀ                            {(one + one @ W.T @ W.T)[0].round(6)}")
first, second = value.T @ (one @ W.T), (value @ W + shared.b).T @ one
print(f"dW     one term for each use of W; equal to their sum: {np.allclose(shared.grads['W'], first + second)}")
print(f"check  {check(network, digits.x_train[:4], digits.t_train[:4]).verdict} for the whole network")


print("\n\n3. Two starts, then Nesterov's momentum: look where the last step is going to lead\n")
histories = {}
for initializer in (Normal(std=1.0), Glorot()):
    network = build()
    initialize(network.params, initializer, rng=0)
    histories[repr(initializer)] = fit(
        network, digits.x_train, digits.t_train, epochs=10, batch_size=64,
        optimizer=SGD(0.01, momentum=0.9, nesterov=True), validation=(digits.x_test, digits.t_test),
    )  # fmt: skip
print(f"{'':>5}" + "".join(f"{name:>26}" for name in histories))
print("epoch" + f"{'loss':>15}{'held out':>11}" * 2)
for row in zip(*(history.epochs for history in histories.values()), strict=True):
    if row[0].number in (1, 2, 3, 5, 10):
        print(f"{row[0].number:>5}" + "".join(f"{e.loss:>15.3f}{e.validation_accuracy:>11.1%}" for e in row))
print("""
With N(0, 1) the scores of a wide layer are large from the start: the network begins with certain and wrong answers
and first has to unlearn them.""")
