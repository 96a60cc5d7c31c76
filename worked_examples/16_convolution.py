"""Convolution: one small set of weights, moved over a picture.

One learns what a convolution computes, by loops; that its backward is two more convolutions; and what a network makes
of pictures when neighbouring pixels stay neighbours. With `--full` it is MNIST, and takes some minutes.

    python worked_examples/16_convolution.py [--full] [--plot FILE]
"""

import argparse

import numpy as np

from gradcheck import check
from gradcheck.analytic import Conv2D, Dense, Flatten, MaxPooling2D, ReLU, Reshape, Sequential, SoftmaxCrossEntropy
from gradcheck.training import Adam, fit, load

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--full", action="store_true", help="MNIST instead of the small digits")
parser.add_argument("--plot", metavar="FILE", help="save a picture of the filters learned")
options = parser.parse_args()


def convolve(x, W, b):
    """y[n, f, i, j] = Σ W[f, c, u, v] x[n, c, i + u, j + v] + b[f], written out."""
    filters, _, height, width = W.shape
    N, _, H, B = x.shape
    y = np.empty((N, filters, H - height + 1, B - width + 1))
    for i in range(y.shape[2]):
        for j in range(y.shape[3]):
            window = x[:, None, :, i : i + height, j : j + width]  # (N, 1, C, 3, 3)
            y[:, :, i, j] = (window * W).sum(axis=(2, 3, 4)) + b
    return y, (x, W)


def convolve_backward(dy, cache):
    """Every place a weight was used at, and every window a pixel was in, adds its share."""
    x, W = cache
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    height, width = W.shape[2:]
    for i in range(dy.shape[2]):
        for j in range(dy.shape[3]):
            window = np.s_[:, :, i : i + height, j : j + width]
            dx[window] += np.einsum("nf,fcuv->ncuv", dy[:, :, i, j], W)
            dW += np.einsum("nf,ncuv->fcuv", dy[:, :, i, j], x[window])
    return dx, dW, dy.sum(axis=(0, 2, 3))


print("1. By hand: bright left of dark\n")
picture = np.zeros((1, 1, 5, 6))
picture[..., 1:4, 1:3] = 1
edge = np.array([[[[1.0, -1.0], [1.0, -1.0]]]])
answer = convolve(picture, edge, np.zeros(1))[0][0, 0]
for k in range(5):
    left = "".join(" .#"[2 * int(value)] * 2 for value in picture[0, 0, k])
    print(f"{left:<16}{'   '.join(f'{value:>4.0f}' for value in answer[k]) if k < 4 else ''}".rstrip())
print("\nThe 2×2 weights [[1, -1], [1, -1]] answer at right edges, and with a minus at left ones.")


print("\n\n2. Loops and the layer\n")
rng = np.random.default_rng(0)
x, layer = rng.normal(size=(2, 3, 6, 5)), Conv2D(3, 4, 3, rng=1)
report = check(convolve, x, layer.W, layer.b, backward=convolve_backward)
print(f"the backward above: {report.verdict} for {', '.join(c.name for c in report.tensors)}")
y, cache = convolve(x, layer.W, layer.b)
dy = rng.normal(size=y.shape)
print(f"Conv2D gives the same y:  {np.allclose(layer.forward(x), y)}")
theirs = layer.backward(dy), layer.grads["W"], layer.grads["b"]
same = [np.allclose(*pair) for pair in zip(convolve_backward(dy, cache), theirs, strict=True)]
print(f"and the same dx, dW, db:  {all(same)}")


digits = load("mnist" if options.full else "digits")
side = int(digits.pixels**0.5)
inner = (side - 2) // 2  # after a 3×3 convolution and pooling by 2
convolutional = Sequential(
    Reshape((1, side, side)), Conv2D(1, 16, 3, rng=0), ReLU(), MaxPooling2D(2), Flatten(),
    Dense(16 * inner * inner, 10, rng=1), loss=SoftmaxCrossEntropy(),
)  # fmt: skip
dense = Sequential(Dense(digits.pixels, 20, rng=0), ReLU(), Dense(20, 10, rng=1), loss=SoftmaxCrossEntropy())
print(f"\n\n3. A network of them\n\n{convolutional.summary(digits.x_train[:32])}\n")
print(f"{'':>5}{'convolutional':>26}{'64-20-10' if not options.full else '784-20-10':>26}")
print("epoch" + f"{'learned from':>15}{'held out':>11}" * 2)
epochs = 3 if options.full else 6
histories = [
    fit(
        network, digits.x_train, digits.t_train, epochs=epochs, batch_size=32,
        optimizer=Adam(0.001 if options.full else 0.01), validation=(digits.x_test, digits.t_test),
    )
    for network in (convolutional, dense)
]  # fmt: skip
for row in zip(*(history.epochs for history in histories), strict=True):
    print(f"{row[0].number:>5}" + "".join(f"{e.accuracy:>15.1%}{e.validation_accuracy:>11.1%}" for e in row))
sizes = [sum(W.size for W in network.params.values()) for network in (convolutional, dense)]
print(f"\n{sizes[0]:,} parameters, {convolutional.layers[1].W.size + 16} of them in the convolution, and {sizes[1]:,}")
print("""
The convolution needs fewer rounds, since a stroke learned in one place is known in all. In the end the small digits,
all in the middle, are read as well without it; on MNIST (--full) it stays ahead.""")


if options.plot:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 2.6), layout="constrained")
    for axes, weights in zip(figure.subplots(2, 8).flat, convolutional.layers[1].W[:, 0], strict=True):
        axes.imshow(weights, cmap="gray")
        axes.set(xticks=[], yticks=[])
    figure.suptitle("the sixteen filters of the first layer: each looks for what is light where it is light")
    figure.savefig(options.plot)
