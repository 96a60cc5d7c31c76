"""A picture read row by row, by an LSTM and by a GRU.

One learns what a recurrent layer is (one step with the same weights, again and again), how its backward goes back
through time, and how a network makes up its mind while it reads. With `--full` it is MNIST, and takes some minutes.

    python worked_examples/17_recurrent.py [--full] [--plot FILE]
"""

import argparse

import numpy as np

from gradcheck import check
from gradcheck.analytic import GRU, LSTM, Dense, Reshape, Sequential, SimpleRNN, SoftmaxCrossEntropy, softmax
from gradcheck.training import Adam, fit, load

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--full", action="store_true", help="MNIST instead of the small digits")
parser.add_argument("--plot", metavar="FILE", help="save a picture of the share read right after each row")
options = parser.parse_args()


def unrolled(x, W, U, b):
    """h_t = tanh(x_t W + h_(t-1) U + b), from h = 0 to the last step."""
    states = [np.zeros((len(x), len(U)))]
    for t in range(x.shape[1]):
        states.append(np.tanh(x[:, t] @ W + states[-1] @ U + b))
    return states[-1], (x, W, U, states)


def unrolled_backward(dh, cache):
    """From the last step to the first; each adds its share of dW, dU and db, since all use the same weights."""
    x, W, U, states = cache
    dx, dW, dU, db = np.empty_like(x), np.zeros_like(W), np.zeros_like(U), np.zeros(len(U))
    for t in reversed(range(x.shape[1])):
        da = dh * (1 - states[t + 1] ** 2)
        dx[:, t] = da @ W.T
        dW += x[:, t].T @ da
        dU += states[t].T @ da
        db += da.sum(axis=0)
        dh = da @ U.T  # what the step before is asked
    return dx, dW, dU, db


print("1. Through time and back, in a dozen lines\n")
rng = np.random.default_rng(0)
x, layer = rng.normal(size=(3, 5, 2)), SimpleRNN(2, 4, rng=1)
report = check(unrolled, x, layer.W, layer.U, layer.b, backward=unrolled_backward)
print(f"unrolled: {report.verdict} for {', '.join(c.name for c in report.tensors)}")
print(f"SimpleRNN gives the same: {np.allclose(layer.forward(x), unrolled(x, layer.W, layer.U, layer.b)[0])}")
for kind in (LSTM, GRU):
    print(f"{kind.__name__}: {check(kind(2, 4, rng=1), x).verdict}")


digits = load("mnist" if options.full else "digits")
side = int(digits.pixels**0.5)
units, epochs = (64, 2) if options.full else (24, 8)
print(f"\n\n2. {side} rows of {side} pixels, the last state of {units} units, ten scores\n")
networks = {
    kind.__name__: Sequential(
        Reshape((side, side)), kind(side, units, rng=0), Dense(units, 10, rng=1), loss=SoftmaxCrossEntropy()
    )
    for kind in (LSTM, GRU)
}
for name, network in networks.items():
    history = fit(
        network, digits.x_train, digits.t_train, epochs=epochs, batch_size=32,
        optimizer=Adam(0.01), validation=(digits.x_test, digits.t_test),
    )  # fmt: skip
    print(f"{name:<5} {sum(W.size for W in network.params.values()):>6,} parameters, gradients first: "
          f"{history.report.verdict}; held out, epoch by epoch:")  # fmt: skip
    print("      " + "".join(f"{epoch.validation_accuracy:>8.1%}" for epoch in history.epochs))


def after_each_row(network, x):
    """The scores that the network would give if the picture ended after each row, (rows, N, 10)."""
    _, recurrent, dense = network.layers
    rows = x.reshape(-1, side, side)
    return np.stack([dense.forward(recurrent.forward(rows[:, :k])) for k in range(1, side + 1)])


print("\n\n3. One digit, row by row: what the LSTM would say if the picture ended there\n")
k = int(np.flatnonzero(digits.t_test == 9)[0])
said = softmax(after_each_row(networks["LSTM"], digits.x_test[k : k + 1])[:, 0])
for row, y in zip(digits.x_test[k].reshape(side, side), said, strict=True):
    drawn = "".join(" .:-=+*#%@"[int(9.99 * value)] * 2 for value in row)
    print(f"{drawn}   {y.argmax()}   {'#' * round(20 * y.max())}")
print(f"\nit was written as {digits.t_test[k]}; a bar of 20 is certainty")

print("\n\n4. How much of the picture is needed: read right after each row\n")
curves = {
    name: np.mean(after_each_row(network, digits.x_test).argmax(axis=2) == digits.t_test, axis=1)
    for name, network in networks.items()
}
for name, shares in curves.items():
    print(f"{name:<5}" + "".join(f"{share:>8.1%}" for share in shares))

if options.plot:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for name, shares in curves.items():
        axes.plot(range(1, side + 1), shares, "o-", label=name)
    axes.set(xlabel="rows read", ylabel="read right, held out")
    axes.legend()
    figure.savefig(options.plot)
