"""The optimisers on one picture: six ways down a long valley, and the same six on pictures of digits.

One learns why plain descent zigzags where a function is steep one way and flat the other, and what momentum, AdaGrad,
RMSprop and Adam each do about it.

    python worked_examples/13_optimizers_compared.py [--plot FILE]
"""

import argparse

import numpy as np

from gradcheck import check
from gradcheck.analytic import ReLU, TwoLayerNet
from gradcheck.training import SGD, Adagrad, Adam, RMSprop, fit, load

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--plot", metavar="FILE", help="save a picture of the paths and the losses")
options = parser.parse_args()


def valley(p):
    return p[0] ** 2 / 20 + p[1] ** 2


def slope(p):
    return np.array([p[0] / 10, 2 * p[1]])


START = np.array([-7.0, 2.0])
ON_THE_VALLEY = {
    "SGD": SGD(0.95),
    "momentum": SGD(0.1, momentum=0.9),
    "Nesterov": SGD(0.1, momentum=0.9, nesterov=True),
    "AdaGrad": Adagrad(1.5),
    "RMSprop": RMSprop(0.3),
    "Adam": Adam(0.3),
}
ON_DIGITS = {
    "SGD": SGD(0.1),
    "momentum": SGD(0.1, momentum=0.9),
    "Nesterov": SGD(0.1, momentum=0.9, nesterov=True),
    "AdaGrad": Adagrad(0.03),
    "RMSprop": RMSprop(0.003),
    "Adam": Adam(0.003),
}


def path_of(optimizer, steps=40):
    """Every point on the way down the valley."""
    params, path = {"p": START.copy()}, [START]
    for _ in range(steps):
        optimizer.update(params, {"p": slope(params["p"])})
        path.append(params["p"].copy())
    return np.array(path)


print("1. The valley x²/20 + y²: twenty times steeper across than along\n")
print(f"its gradient (x/10, 2y): {check(valley, START, grad=slope).verdict}s with central differences\n")
paths = {name: path_of(optimizer) for name, optimizer in ON_THE_VALLEY.items()}
print(f"{'':<10}" + "".join(f"{f'at step {k}':>20}" for k in (1, 5, 15, 40)) + "   way walked, turns across")
for name, path in paths.items():
    places = "".join(f"{f'({path[k][0]:.2f}, {path[k][1]:.2f})':>20}" for k in (1, 5, 15, 40))
    moves = np.diff(path, axis=0)
    turns = np.sum(moves[1:, 1] * moves[:-1, 1] < 0)
    print(f"{name:<10}{places}{np.linalg.norm(moves, axis=1).sum():>13.1f}{turns:>15}")
print("""
Plain descent must keep its rate below 1, or it is thrown out of the steep sides, and so it creeps along the bottom,
jumping from side to side. Momentum adds up what all steps agree on. AdaGrad, RMSprop and Adam give each direction
a rate of its own.""")


print("\n2. A 64-50-10 network on the small digits: the loss after each epoch\n")
digits = load("digits")
losses = {}
for name, optimizer in ON_DIGITS.items():
    network = TwoLayerNet(64, 50, 10, rng=0, weight_scale=0.15, activation=ReLU)
    history = fit(network, digits.x_train, digits.t_train, epochs=8, batch_size=64, optimizer=optimizer)
    losses[name] = [epoch.loss for epoch in history.epochs]
print("epoch " + "".join(f"{name:>11}" for name in losses))
for epoch in range(8):
    print(f"{epoch + 1:>5} " + "".join(f"{values[epoch]:>11.3f}" for values in losses.values()))
print("\nEach has the best of a few rates tried by hand; with others the order is another.")


if options.plot:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    grid = np.stack(np.meshgrid(np.linspace(-8, 8, 81), np.linspace(-4, 4, 81)))
    left.contour(*grid, valley(grid), levels=15, colors="lightgray")
    for name, path in paths.items():
        left.plot(*path.T, "o-", markersize=3, label=name)
        right.plot(range(1, 9), losses[name], "o-", markersize=3, label=name)
    left.set(title="x²/20 + y²", xlabel="x", ylabel="y")
    right.set(title="64-50-10 on the small digits", xlabel="epoch", ylabel="loss", yscale="log")
    right.legend()
    figure.savefig(options.plot)
