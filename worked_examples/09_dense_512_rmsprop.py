"""A wider network, 512 ReLU units, trained with RMSprop: steps of one size, however large the gradient.

One learns what RMSprop does to a gradient, from numbers; how the weights to begin with are chosen; and how to read a
table of confusions. With `--full` it is 784-512-10 on MNIST with batches of 128, which takes a minute or two.

    python worked_examples/09_dense_512_rmsprop.py [--full]
"""

import argparse

import numpy as np

from gradcheck.analytic import Dense, ReLU, Sequential, SoftmaxCrossEntropy
from gradcheck.training import SGD, He, RMSprop, confusion_matrix, f1, fit, initialize, load

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--full", action="store_true", help="MNIST instead of the small digits")
options = parser.parse_args()

print("1. What RMSprop does: divide each gradient by the root of its running mean square\n")
print("Two weights, one with a gradient of 1 and one with a gradient of 0.001, at every step:\n")
grads = {"w": np.array([1.0, 0.001])}
print(f"{'steps':>5}{'SGD':>24}{'RMSprop':>24}{'by hand':>24}")
by_sgd, by_rmsprop = {"w": np.zeros(2)}, {"w": np.zeros(2)}
sgd, rmsprop = SGD(0.01), RMSprop(0.01, rho=0.9)
w, mean_square = np.zeros(2), np.zeros(2)
for steps in range(1, 11):
    sgd.update(by_sgd, grads)
    rmsprop.update(by_rmsprop, grads)
    mean_square = 0.9 * mean_square + 0.1 * grads["w"] ** 2
    w = w - 0.01 * grads["w"] / (np.sqrt(mean_square) + 1e-8)
    if steps in (1, 2, 5, 10):
        print(f"{steps:>5}" + "".join(f"{a:>12.5f}{b:>12.5f}" for a, b in (by_sgd["w"], by_rmsprop["w"], w)))
print("""
With SGD the second weight is as good as still. With RMSprop both move; its first steps are longer,
while the mean square fills up, and then each is about as long as the rate says.""")


digits = load("mnist" if options.full else "digits")
network = Sequential(Dense(digits.pixels, 512), ReLU(), Dense(512, 10), loss=SoftmaxCrossEntropy())
initialize(network.params, He(), rng=0)
print(f"\n2. {digits.pixels}-512-10 on {digits.name}, weights of variance 2 / {digits.pixels} and 2 / 512\n")
history = fit(
    network, digits.x_train, digits.t_train, epochs=5, batch_size=128 if options.full else 32,
    optimizer=RMSprop(0.001), validation=(digits.x_test, digits.t_test),
)  # fmt: skip
print(f"gradients first: {history.report.verdict}\n")
print(f"{'epoch':>5}{'learned from':>15}{'held out':>11}")
for epoch in history.epochs:
    print(f"{epoch.number:>5}{epoch.accuracy:>15.1%}{epoch.validation_accuracy:>11.1%}")


print("\n\n3. The held-out digits: a row for each class, a column for each answer\n")
answers = network.predict(digits.x_test).argmax(axis=1)
counts = confusion_matrix(answers, digits.t_test)
print("    " + "".join(f"{digit:>5}" for digit in range(10)) + "     read right")
for digit, row in enumerate(counts):
    cells = "".join(f"{count if count else '·':>5}" for count in row)
    print(f"{digit:>4}{cells}{row[digit] / row.sum():>15.1%}")
off = counts - np.diag(np.diag(counts))
was, taken_for = np.unravel_index(off.argmax(), off.shape)
print(f"\nmost often confused: a {was} taken for a {taken_for}; mean F1 {f1(answers, digits.t_test):.3f}")
