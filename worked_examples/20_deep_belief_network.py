"""Restricted Boltzmann machines, one on top of the other: a deep belief network.

One learns to train layer by layer without a single class, each machine on what the one below makes of the pictures;
then the stack becomes an ordinary network that learns the classes from few examples. With `--full` it is MNIST.

    python worked_examples/20_deep_belief_network.py [--full] [--plot FILE]
"""

import argparse
from itertools import pairwise

import numpy as np

from gradcheck.analytic import Dense, Sequential, Sigmoid, SoftmaxCrossEntropy, sigmoid
from gradcheck.training import Adam, Glorot, fit, initialize, load

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--full", action="store_true", help="MNIST instead of the small digits")
parser.add_argument("--plot", metavar="FILE", help="save a picture of what the first machine looks for")
options = parser.parse_args()


class BoltzmannMachine:
    """Visible units v and hidden units h, tied by W: p(h = 1 | v) = σ(b + v W), p(v = 1 | h) = σ(a + h Wᵀ)."""

    def __init__(self, D, H, rng):
        self.W, self.a, self.b, self.rng = 0.05 * rng.normal(size=(D, H)), np.zeros(D), np.zeros(H), rng

    def up(self, v):
        return sigmoid(self.b + v @ self.W)

    def down(self, h):
        return sigmoid(self.a + h @ self.W.T)

    def learn(self, v, rate):
        """One step of contrastive divergence: what the data say, less what comes back after one step of sampling."""
        h = self.up(v)
        again = self.down((self.rng.random(h.shape) < h).astype(float))
        h_again = self.up(again)
        self.W += rate * (v.T @ h - again.T @ h_again) / len(v)
        self.a += rate * (v - again).mean(axis=0)
        self.b += rate * (h - h_again).mean(axis=0)

    def error(self, v):
        """The mean squared error of pictures sent up and down again."""
        return np.mean((v - self.down(self.up(v))) ** 2)


digits = load("mnist" if options.full else "digits")
sizes = [784, 256, 128] if options.full else [64, 64, 48]
epochs, rounds, labelled = (5, 30, 1000) if options.full else (20, 40, 100)

print(f"1. Layer by layer, {' - '.join(map(str, sizes))}, without classes\n")
rng = np.random.default_rng(0)
machines, x = [], digits.x_train
for D, H in pairwise(sizes):
    machine = BoltzmannMachine(D, H, rng)
    errors = [machine.error(x)]
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), 20):
            machine.learn(x[order[start : start + 20]], rate=0.1)
        errors.append(machine.error(x))
    shown = " → ".join(f"{errors[k]:.3f}" for k in (0, 1, epochs // 4, epochs))
    print(f"{D} visible, {H} hidden: squared error up and down again {shown}")
    machines.append(machine)
    x = machine.up(x)  # the next one learns from what this one sees


def unrolled(machines):
    """The stack as a network: each machine a dense layer and a sigmoid, and ten scores on top."""
    layers = []
    for machine in machines:
        dense = Dense(*machine.W.shape)
        dense.W[...], dense.b[...] = machine.W, machine.b
        layers += [dense, Sigmoid()]
    return Sequential(*layers, Dense(sizes[-1], 10, rng=0), loss=SoftmaxCrossEntropy())


print(f"\n\n2. Now the classes, of {labelled:,} pictures only\n")
networks = {"stacked machines": unrolled(machines), "Glorot's weights": unrolled(machines)}
initialize(networks["Glorot's weights"].params, Glorot(), rng=1)
histories = {
    name: fit(
        network, digits.x_train[:labelled], digits.t_train[:labelled], epochs=rounds, batch_size=20,
        optimizer=Adam(0.003), validation=(digits.x_test, digits.t_test),
    )
    for name, network in networks.items()
}  # fmt: skip
print(f"gradients first: {', '.join(history.report.verdict for history in histories.values())}\n")
print(f"{'':>5}" + "".join(f"{'starting from ' + name:>32}" for name in histories))
print("epoch" + f"{'learned from':>20}{'held out':>12}" * 2)
for row in zip(*(history.epochs for history in histories.values()), strict=True):
    if row[0].number in {1, 2, 5, 10, 20, rounds}:
        print(f"{row[0].number:>5}" + "".join(f"{e.accuracy:>20.1%}{e.validation_accuracy:>12.1%}" for e in row))
print("""
The pictures without classes have taught the lower layers what digits are made of. With classes for all of them, good
starting weights and ReLU the advantage goes away; that is why this is history, and where deep networks began.""")

if options.plot:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    side = int(sizes[0] ** 0.5)
    for axes, weights in zip(figure.subplots(4, 8).flat, machines[0].W.T, strict=False):
        axes.imshow(weights.reshape(side, side), cmap="gray")
        axes.set_axis_off()
    figure.suptitle("what 32 hidden units of the first machine look for")
    figure.savefig(options.plot)
