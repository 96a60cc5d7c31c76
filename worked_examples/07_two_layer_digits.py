"""A two-layer network learns to read digits, as in the textbooks: sigmoid, softmax, plain gradient descent.

One learns the whole way once: backpropagation compared with the numerical gradient, then mini-batches, then how well
pictures are read that were never shown. With `--full` it is MNIST with 784-100-10 and 10,000 updates of batches of 100,
which takes a minute or two; else 64-50-10 on the small digits that come with scikit-learn.

    python worked_examples/07_two_layer_digits.py [--full] [--plot FILE]
"""

import argparse

import numpy as np

from gradcheck import check
from gradcheck.analytic import TwoLayerNet
from gradcheck.training import SGD, fit, load

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--full", action="store_true", help="MNIST instead of the small digits")
parser.add_argument("--plot", metavar="FILE", help="save a picture of the curves")
options = parser.parse_args()

digits = load("mnist" if options.full else "digits")
hidden, scale, rate, batch_size, epochs = (100, 0.01, 0.1, 100, 17) if options.full else (50, 0.1, 0.5, 20, 15)
network = TwoLayerNet(digits.pixels, hidden, digits.classes, rng=0, weight_scale=scale)


def drawn(picture):
    """A picture in characters."""
    side = int(len(picture) ** 0.5)
    return ["".join(" .:-=+*#%@"[int(9.99 * value)] * 2 for value in row) for row in picture.reshape(side, side)]


print(f"1. {digits}\n")
print("\n".join("  ".join(rows) for rows in zip(*(drawn(digits.x_train[k]) for k in range(3)), strict=True)))
print("".join(f"{t:<{2 * int(digits.pixels**0.5) + 2}}" for t in digits.t_train[:3]).rstrip())

print(f"\n\n2. The network\n\n{network.summary(digits.x_train[:batch_size])}")

print("\n\n3. Backpropagation beside the numerical gradient, on three pictures\n")
few = digits.x_train[:3], digits.t_train[:3]
by_backpropagation = network.gradient(*few)
if not options.full:  # two forward passes for each of the parameters
    by_differences = network.numerical_gradient(*few)
    for name, gradient in by_backpropagation.items():
        apart = np.abs(gradient - by_differences[name]).mean()
        print(f"d{name:<3} {gradient.shape!s:<10} mean difference below 1e-8: {apart < 1e-8}")
    print(f"for which the network was run {2 * sum(W.size for W in network.params.values()):,} times")
report = check(network, *few)
print(f"check: {report.verdict} in all {len(report.tensors)} tensors, with about {round(report.evaluations, -2)} runs")

print("\n\n4. Training\n")
history = fit(
    network, digits.x_train, digits.t_train, epochs=epochs, batch_size=batch_size, optimizer=SGD(rate),
    validation=(digits.x_test, digits.t_test),
)  # fmt: skip
print(f"{'epoch':>5}{'loss':>9}{'learned from':>15}{'held out':>11}")
for epoch in history.epochs:
    if epoch.number in (1, 2, 3, 5, 10, epochs):
        print(f"{epoch.number:>5}{epoch.loss:>9.3f}{epoch.accuracy:>15.1%}{epoch.validation_accuracy:>11.1%}")

wrong = np.flatnonzero(network.predict(digits.x_test).argmax(axis=1) != digits.t_test)
print(f"\n{len(wrong)} of {len(digits.t_test):,} held-out pictures are misread. The first of them:\n")
print("\n".join(drawn(digits.x_test[wrong[0]])))
scores = network.predict(digits.x_test[wrong[:1]])[0]
print(f"taken for {scores.argmax()}; it was written as {digits.t_test[wrong[0]]}")

if options.plot:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(range(1, epochs + 1), [epoch.accuracy for epoch in history.epochs], label="learned from")
    axes.plot(range(1, epochs + 1), [epoch.validation_accuracy for epoch in history.epochs], label="held out")
    axes.set(xlabel="epoch", ylabel="accuracy", title=f"{digits.name}, {digits.pixels}-{hidden}-10")
    axes.legend()
    figure.savefig(options.plot)
