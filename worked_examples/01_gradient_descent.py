"""Gradient descent on a bowl, x0² + x1², and on a saddle, x0² − x1², with nothing but values of the function.

One learns what a numerical gradient is, what the learning rate decides, and why a gradient of zero is not yet a
minimum.

    python worked_examples/01_gradient_descent.py [--plot FILE]
"""

import argparse

import numpy as np

from gradcheck import explain, gradient_descent, numerical_gradient

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--plot", metavar="FILE", help="save a picture of the paths")
options = parser.parse_args()


def bowl(x):
    return x[0] ** 2 + x[1] ** 2


def saddle(x):
    return x[0] ** 2 - x[1] ** 2


start = np.array([-3.0, 4.0])

print("1. The slope, measured by moving each entry a little both ways\n")
for point in ([3.0, 4.0], [0.0, 2.0], [3.0, 0.0]):
    x = np.array(point)
    print(f"at {x}   numerical {numerical_gradient(bowl, x).round(6)}   by the rule {2 * x}")

print("\n2. Downhill, a tenth of the slope at a time\n")
path = gradient_descent(bowl, start, lr=0.1, steps=100)
for k in (0, 1, 2, 5, 10, 20, 50):
    x0, x1 = path[k]
    print(f"step {k:>3}   x = ({x0:>12.9f}, {x1:>12.9f})   f = {bowl(path[k]):.9f}")

print("\n3. The rate decides: each step multiplies x by 1 - 2 lr\n")
for lr in (0.01, 0.1, 0.5, 0.9, 1.1):
    end = gradient_descent(bowl, start, lr=lr, steps=10)[-1]
    print(f"lr = {lr:<4}   1 - 2 lr = {1 - 2 * lr:>5.2f}   after 10 steps f = {bowl(end):>12.6f}")

print("\n4. Where the slope comes from\n")
print(explain(bowl, wrt="x[0]", at={"x": start}, rate=0.1))

print("\n\n5. A saddle: down along x1, up along x0, and no slope at all in the middle\n")
print("Started on the ridge, at x1 = 0, descent ends at the saddle; a thousandth beside it, it gets away:\n")
on_the_ridge = gradient_descent(saddle, np.array([-3.0, 0.0]), lr=0.1, steps=40)
beside_it = gradient_descent(saddle, np.array([-3.0, 1e-3]), lr=0.1, steps=40)
for k in (0, 10, 20, 30, 40):
    here, there = on_the_ridge[k], beside_it[k]
    print(
        f"step {k:>3}   x = ({here[0]:>7.4f}, {here[1]:.4f})   f = {saddle(here):>7.4f}"
        f"      x = ({there[0]:>7.4f}, {there[1]:>7.4f})   f = {saddle(there):>7.4f}"
    )
print("""
Each step multiplies x0 by 1 - 2 lr = 0.8 and x1 by 1 + 2 lr = 1.2. A gradient of zero says that the function is
flat there, not that it is lowest there.""")


def draw(file):
    """The two functions as contour lines, and the paths across them."""
    from matplotlib.figure import Figure

    grid = np.stack(np.meshgrid(np.linspace(-4.5, 4.5, 91), np.linspace(-4.5, 4.5, 91)))
    figure = Figure(figsize=(10, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    starts = {0.01: (-3.0, 4.0), 0.1: (4.0, 3.0), 0.9: (-1.0, -3.0)}  # apart, as all paths are straight
    paths = {f"lr = {lr}": gradient_descent(bowl, np.array(x), lr=lr, steps=30) for lr, x in starts.items()}
    ridge = {"from x1 = 0": on_the_ridge, "from x1 = 0.001": beside_it}
    for axes, f, title, drawn in ((left, bowl, "x0² + x1²", paths), (right, saddle, "x0² − x1²", ridge)):
        axes.contour(*grid, f(grid), levels=15, colors="lightgray")
        for label, points in drawn.items():
            axes.plot(*points.T, "o-", markersize=4, alpha=0.6, label=label)
        axes.set(title=title, xlabel="x0", ylabel="x1", xlim=(-4.5, 4.5), ylim=(-4.5, 4.5), aspect="equal")
        axes.legend(loc="lower right")
    figure.savefig(file)


if options.plot:
    draw(options.plot)
