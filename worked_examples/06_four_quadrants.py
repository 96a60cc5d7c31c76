"""Four quadrants with a 2-50-4 ReLU network, and where (2, 2) belongs.

One learns to train a classifier: points, classes, a network that is verified first, its answers as probabilities;
what it does with a point unlike any it has seen, and what it thinks where the quadrants meet.

    python worked_examples/06_four_quadrants.py [--plot FILE]
"""

import argparse

import numpy as np

from gradcheck.analytic import ReLU, TwoLayerNet, softmax
from gradcheck.training import SGD, confusion_matrix, fit

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--plot", metavar="FILE", help="save a picture of the regions")
options = parser.parse_args()


def quadrant(x):
    """0 to 3 for the quadrants I to IV: counted from where both are positive, against the clock."""
    return np.where(x[:, 1] > 0, np.where(x[:, 0] > 0, 0, 1), np.where(x[:, 0] > 0, 3, 2))


rng = np.random.default_rng(0)
x_train, x_test = rng.uniform(-1, 1, (600, 2)), rng.uniform(-1, 1, (200, 2))
t_train, t_test = quadrant(x_train), quadrant(x_test)

network = TwoLayerNet(2, 50, 4, rng=0, weight_scale=0.5, activation=ReLU)
print(f"1. The network\n\n{network.summary(x_train)}")

history = fit(
    network, x_train, t_train, epochs=40, batch_size=20, optimizer=SGD(0.02, momentum=0.9), validation=(x_test, t_test)
)
print(f"\n\n2. Training on 600 points of the square from -1 to 1; its gradients first: {history.report.verdict}\n")
print(f"{'epoch':>5}{'loss':>9}{'of the 600':>13}{'of 200 others':>16}")
for epoch in history.epochs:
    if epoch.number in (1, 2, 5, 10, 20, 40):
        print(f"{epoch.number:>5}{epoch.loss:>9.3f}{epoch.accuracy:>13.1%}{epoch.validation_accuracy:>16.1%}")

print("\n\n3. Who is taken for whom: a row for each quadrant, a column for each answer\n")
counts = confusion_matrix(network.predict(x_test), t_test)
print(f"{'':<6}" + "".join(f"{name:>5}" for name in ("I", "II", "III", "IV")))
for name, row in zip(("I", "II", "III", "IV"), counts, strict=True):
    print(f"{name:<6}" + "".join(f"{count:>5}" for count in row))

print("\n\n4. Where does (2, 2) belong?\n")
print(f"{'point':<14}{'I':>8}{'II':>8}{'III':>8}{'IV':>8}")
for point in ((2.0, 2.0), (-2.0, 2.0), (-0.5, -0.5), (0.5, -0.5), (0.02, 0.5), (0.0, 0.0)):
    y = softmax(network.predict(np.array([point])))[0]
    print(f"({point[0]:>5}, {point[1]:>4})" + "".join(f"{p:>8.3f}" for p in y))
print("""
To quadrant I, though no point so far out was ever seen: beyond its last bend a ReLU network goes on in straight lines,
so it is the more certain the farther out it is asked. That is right here and would be as certain where it is wrong.
Close to a border and in the middle the probabilities are shared.""")


def draw(file):
    """The answer everywhere, also outside the square it was trained on."""
    from matplotlib.figure import Figure

    side = np.linspace(-2.5, 2.5, 201)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    axes.contourf(side, side, network.predict(grid).argmax(axis=1).reshape(201, 201), np.arange(-0.5, 4), alpha=0.4)
    axes.scatter(*x_train.T, c=t_train, s=6)
    axes.plot(2, 2, "k*", markersize=14)
    axes.set(title="what the network says; the star is (2, 2)", xlabel="x0", ylabel="x1", aspect="equal")
    figure.savefig(file)


if options.plot:
    draw(options.plot)
