"""Dropout with Adam: units left out at random, so that none relies on another.

One learns what dropout does forward and backward, why the rest is scaled up, that it belongs to training only, and
what it does to the gap between pictures learned from and pictures held out. With `--full` it is 784-512-10 on MNIST
with batches of 128, which takes a few minutes.

    python worked_examples/10_dropout_adam.py [--full]
"""

import argparse

import numpy as np

from gradcheck import check
from gradcheck.analytic import Dense, Dropout, ReLU, Sequential, SoftmaxCrossEntropy
from gradcheck.training import Adam, fit, load

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--full", action="store_true", help="MNIST instead of the small digits")
options = parser.parse_args()

print("1. Forward: a mask of zeros, and 1 / (1 - rate) for what is kept. Backward: the same mask\n")
dropout = Dropout(0.2, rng=0)
x = np.arange(1.0, 11.0)[None]
y = dropout.forward(x)
dx = dropout.backward(np.ones_like(x))
for name, row in (("x", x), ("y", y), ("dx", dx)):
    print(f"{name:<3}" + "".join(f"{value:>7.2f}" for value in row[0]))

many = dropout.forward(np.ones((1, 1_000_000)))
print(f"\nThe mean stays what it was: {many.mean():.2f} for a million ones. So nothing changes in inference,")
dropout.training = False
print(f"where all is let through: {np.array_equal(dropout.forward(x), x)}")

dropout.training = True
print(f"\nRandom, and yet it can be checked: {check(dropout, x).verdict}, since every forward is given the same mask.")


digits = load("mnist" if options.full else "digits")
few = slice(None) if options.full else slice(None, 300)  # with few pictures, little is said of the others
epochs = 10 if options.full else 15


def network(rate):
    rng = np.random.default_rng(1)
    hidden = [Dense(digits.pixels, 512, rng), ReLU(), Dropout(rate, rng)]
    return Sequential(*hidden, Dense(512, 10, rng), loss=SoftmaxCrossEntropy())


def train(rate):
    return fit(
        network(rate), digits.x_train[few], digits.t_train[few], epochs=epochs, batch_size=128 if options.full else 32,
        optimizer=Adam(0.001), validation=(digits.x_test, digits.t_test),
    )  # fmt: skip


print(f"\n\n2. {digits.pixels}-512-10 on {len(digits.x_train[few]):,} pictures of {digits.name}\n")
histories = {rate: train(rate) for rate in (0.0, 0.2 if options.full else 0.5)}
print("     " + "".join(f"{f'rate {rate}':>33}" for rate in histories))
print("epoch" + f"{'loss':>10}{'learned':>12}{'held out':>11}" * 2)
for k in range(epochs):
    if k + 1 in (1, 2, 5, 10, epochs):
        row = [history.epochs[k] for history in histories.values()]
        print(f"{k + 1:>5}" + "".join(f"{e.loss:>10.3f}{e.accuracy:>12.1%}{e.validation_accuracy:>11.1%}" for e in row))
print("""
With dropout the loss on what is learned from falls more slowly: no unit can count on the others. What it gains on
pictures held out shows on MNIST (--full); of the small digits one is 0.3 %, and the difference within chance.""")
