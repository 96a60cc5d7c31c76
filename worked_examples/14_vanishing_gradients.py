"""Vanishing gradients: five layers of sigmoids beside five layers of ReLU.

One learns how large a gradient arrives at each layer, why a sigmoid takes at least three quarters of it each time, and
what that does to training. A gradient that is small is not wrong, and can be verified like any other.

    python worked_examples/14_vanishing_gradients.py [--plot FILE]
"""

import argparse
from itertools import pairwise

import numpy as np

from gradcheck import check
from gradcheck.analytic import Dense, ReLU, Sequential, Sigmoid, SoftmaxCrossEntropy
from gradcheck.training import SGD, Glorot, He, fit, initialize, load

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--plot", metavar="FILE", help="save a picture of the gradients")
options = parser.parse_args()

DEPTH, WIDTH = 5, 20
digits = load("digits")


def deep(activation, initializer):
    """64, five hidden layers of 20, and 10 scores."""
    sizes = [digits.pixels, *[WIDTH] * DEPTH]
    hidden = [layer for D, H in pairwise(sizes) for layer in (Dense(D, H), activation())]
    network = Sequential(*hidden, Dense(WIDTH, 10), loss=SoftmaxCrossEntropy())
    initialize(network.params, initializer, rng=0)
    return network


print("1. The slope of an activation is a factor of the chain rule, once for each layer\n")
e = np.array([[-4.0, -2.0, 0.0, 2.0, 4.0]])
print("e       " + "".join(f"{value:>9.1f}" for value in e[0]))
for layer in (Sigmoid(), ReLU()):
    layer.forward(e)
    print(f"{type(layer).__name__:<8}" + "".join(f"{value:>9.4f}" for value in layer.backward(np.ones_like(e))[0]))
print(f"\nA sigmoid's slope is at most 1/4, and (1/4)^{DEPTH} is {0.25**DEPTH:.1e}. ReLU's is 1 wherever it is on.")


print(f"\n\n2. What arrives: the typical entry of dW, from the last layer to the first, {DEPTH} layers below\n")
x, t = digits.x_train[:100], digits.t_train[:100]
networks = {"sigmoid": deep(Sigmoid, Glorot()), "ReLU": deep(ReLU, He())}
sizes = {}
for name, network in networks.items():
    gradients = [gradient for key, gradient in network.gradient(x, t).items() if key.endswith(".W")]
    sizes[name] = [float(np.sqrt(np.mean(gradient**2))) for gradient in gradients]
print("layer   " + "".join(f"{name:>12}" for name in sizes))
for k in reversed(range(DEPTH + 1)):
    print(f"{k + 1:>5}   " + "".join(f"{values[k]:>12.1e}" for values in sizes.values()))
for name, values in sizes.items():
    print(f"{name}: the first layer gets {values[0] / values[-1]:.0e} of what the last one gets")


print("\n\n3. Small, and still right\n")
network = networks["sigmoid"]
report = check(network, x[:5], t[:5])
print(f"check of the sigmoid network: {report.verdict}")


class Flipped(Sequential):
    """The same network with the sign of one gradient turned, that of the first bias."""

    def gradient(self, x, t):
        grads = super().gradient(x, t)
        return {**grads, "0.b": -grads["0.b"]}


wrong = Flipped(*network.layers, loss=network.loss_function)
db = wrong.gradient(x[:5], t[:5])["0.b"]
report = check(wrong, x[:5], t[:5])
caught = [comparison.name for comparison in report.tensors if comparison.verdict == "disagree"]
print(f"with the sign of its first db turned: {report.verdict}, in {', '.join(caught)}")
print(f"np.allclose(db, -db, atol=1e-3): {np.allclose(db, -db, atol=1e-3)}; an absolute tolerance sees nothing there")


print("\n\n4. Training, 15 epochs with SGD 0.03 and momentum 0.9\n")
print(f"{'epoch':>5}" + "".join(f"{name:>20}" for name in networks))
histories = {
    name: fit(network, digits.x_train, digits.t_train, epochs=15, batch_size=64, optimizer=SGD(0.03, momentum=0.9))
    for name, network in networks.items()
}
for k in (0, 1, 2, 4, 9, 14):
    row = [history.epochs[k] for history in histories.values()]
    print(f"{k + 1:>5}" + "".join(f"{epoch.loss:>12.3f}{epoch.accuracy:>8.1%}" for epoch in row))

if options.plot:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, values in sizes.items():
        axes.semilogy(range(1, DEPTH + 2), values, "o-", label=name)
    axes.set(xlabel="layer", ylabel="typical entry of dW", title="the gradient before the first step")
    axes.legend()
    figure.savefig(options.plot)
