"""Learning without a backward pass: how fast can a network learn from central differences alone?

The classic lesson changes one weight at a time and runs the whole network twice for each: 159,020 forward passes for
one step of 784-100-10, "very slow". Three things make it fast, and the function stays a black box that is only ever
evaluated:

* layer by layer: to see what a weight does to its own layer, that layer alone has to run; what comes after is a
  cotangent, which was measured before, from the last layer to the first;
* separable axes: what slices of a layer do not share is measured in one evaluation (`numerical_vjp`);
* slices that are alike: the columns of a dense layer's W all do the same with the same x, so each column can show the
  effect of another row. 784 rows take 8 evaluations on either side, not 784. That is only a proposal: the result is
  compared along random directions through all weights, and where it does not hold, `numerical_vjp` does the work.

    GRADCHECK_DATA=folder python benchmarks/numerical_training.py            # a minute; the textbook's loop on a part
    python benchmarks/numerical_training.py --whole                          # all of its 159,020 forward passes
"""

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported

import numpy as np

from gradcheck import numerical_gradient
from gradcheck.analytic import SoftmaxCrossEntropy, TwoLayerNet
from gradcheck.numerical import numerical_vjp
from gradcheck.training import SGD, load

Array = np.ndarray[Any, Any]
Function = Callable[[Array], Array]

HIDDEN, BATCH, RATE = 100, 100, 0.5
STEP = 2.0**-10
ROWS = 10  # of W1, from its middle, which the textbook's loop goes through where it does not go through all


class Counted:
    """A function that counts its evaluations."""

    def __init__(self, f: Function) -> None:
        self.f, self.evaluations = f, 0

    def __call__(self, x: Array) -> Array:
        self.evaluations += 1
        return self.f(x)


def textbook_gradient(network: TwoLayerNet, x: Array, t: Array, rows: slice) -> dict[str, Array]:
    """Every entry by itself, over np.nditer; of W1 these rows."""
    parts = {name: W[rows] if name == "W1" else W for name, W in network.params.items()}  # views: they move the network
    return {name: numerical_gradient(lambda _: network.loss(x, t), W) for name, W in parts.items()}


def layerwise_gradient(network: TwoLayerNet, x: Array, t: Array) -> tuple[float, dict[str, Array], int]:
    """The loss, the gradient of every parameter by differences, and how often a layer or the loss was run."""
    loss, evaluations = SoftmaxCrossEntropy(reduction="none"), 0
    inputs = [x]
    for layer in network.layers:
        inputs.append(layer.forward(inputs[-1]))
    values = loss.forward(inputs[-1], t)
    estimate = numerical_vjp(lambda y: loss.forward(y, t), inputs[-1], np.full(len(x), 1 / len(x)))
    cotangent, evaluations = estimate.value, estimate.evaluations
    grads: dict[tuple[int, str], Array] = {}
    for i in reversed(range(len(network.layers))):
        layer = network.layers[i]
        for key, W in list(layer.params.items()):
            grads[i, key], spent = vjp(as_function_of(layer, key, inputs[i]), W, cotangent)
            layer.params[key] = W
            evaluations += spent
        if i:
            cotangent, spent = vjp(layer.forward, inputs[i], cotangent)
            evaluations += spent
    hidden, output = 0, len(network.layers) - 1
    named = {f"{key}{2 if i == output else 1}": grads[i, key] for i in (hidden, output) for key in ("W", "b")}
    return float(values.mean()), named, evaluations


def as_function_of(layer: Any, key: str, x: Array) -> Function:
    """The output of a layer for this x, as a function of one of its parameters."""

    def f(W: Array) -> Array:
        layer.params[key] = W
        return np.asarray(layer.forward(x))

    return f


def vjp(f: Function, W: Array, cotangent: Array) -> tuple[Array, int]:
    """The gradient of ⟨cotangent, f(W)⟩ and how often f was evaluated; through alike slices if that proves true."""
    counted = Counted(f)
    gradient = through_alike_columns(counted, W, cotangent) if W.ndim == 2 else None
    if gradient is not None:
        return gradient, counted.evaluations
    estimate = numerical_vjp(f, W, cotangent)
    return estimate.value, estimate.evaluations + counted.evaluations


def through_alike_columns(f: Function, W: Array, cotangent: Array) -> Array | None:
    """The gradient, if column h of the output depends on column h of W alone, and all columns alike and linearly."""
    D, H = W.shape
    if cotangent.shape[1:] != (H,):
        return None
    J = np.empty((len(cotangent), D))  # ∂y[n, h]/∂W[d, h], the same for every h
    directions = [np.random.default_rng(seed).choice([-1.0, 1.0], W.shape) for seed in range(2)]
    first = np.zeros_like(W)
    if not _same(along(f, W, 4 * directions[0]), 4 * along(f, W, directions[0])):
        return None
    for start in range(0, D, H):
        rows = np.arange(start, min(start + H, D))
        columns = np.arange(len(rows))
        first[...] = 0
        first[rows, columns] = 1
        J[:, rows] = along(f, W, first)[:, columns]
    proved = all(_same(along(f, W, direction), J @ direction) for direction in directions)
    return J.T @ cotangent if proved else None


def along(f: Function, W: Array, direction: Array) -> Array:
    """How the output changes along a direction: a central difference."""
    above, below = f(W + STEP * direction), f(W - STEP * direction)
    return np.asarray((above - below) / (2 * STEP))


def _same(a: Array, b: Array) -> bool:
    return bool(np.all(np.abs(a - b) <= 1e-9 * max(np.max(np.abs(a)), np.max(np.abs(b)))))


def compare(network: TwoLayerNet, x: Array, t: Array, whole: bool) -> str:
    """One gradient both ways: how far apart, and how long each takes."""
    rows = slice(None) if whole else slice(x.shape[1] // 2, x.shape[1] // 2 + ROWS)
    start = time.process_time()
    textbook = textbook_gradient(network, x, t, rows)
    measured = time.process_time() - start
    entries = sum(W.size for W in network.params.values())
    done = sum(dW.size for dW in textbook.values())
    seconds = measured * entries / done
    layerwise_gradient(network, x, t)
    start = time.process_time()
    _, ours, evaluations = layerwise_gradient(network, x, t)
    taken = time.process_time() - start
    backpropagated = network.gradient(x, t)
    pairs = [(ours[name][rows] if name == "W1" else ours[name], textbook[name]) for name in ours]
    apart = max(float(np.max(np.abs(a - b)) / np.max(np.abs(b))) for a, b in pairs)
    from_backward = max(
        float(np.max(np.abs(ours[name] - dW)) / np.max(np.abs(dW))) for name, dW in backpropagated.items()
    )
    how = "" if whole else f", extrapolated from {done:,} of {entries:,} entries, which took {measured:.1f} s"
    return "\n".join(
        [
            f"textbook      {2 * entries:>9,} forward passes of the network   {seconds:9.2f} CPU s{how}",
            f"layer by layer{evaluations:>9,} forward passes of one layer     {taken:9.3f} CPU s",
            f"              {seconds / taken:,.0f} times faster; largest difference {apart:.1e} of the largest entry, "
            f"{from_backward:.1e} from backpropagation",
        ]
    )


def learn(x: Array, t: Array, epochs: int) -> tuple[list[float], list[float]]:
    """The losses of every step, by differences alone and by backpropagation, from the same weights."""
    curves: tuple[list[float], list[float]] = [], []
    networks = [TwoLayerNet(x.shape[1], HIDDEN, 10, rng=0, weight_scale=0.1) for _ in range(2)]
    optimizers = [SGD(RATE), SGD(RATE)]
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(len(x)), max(1, len(x) // BATCH)):
            loss, grads, _ = layerwise_gradient(networks[0], x[batch], t[batch])
            curves[0].append(loss)
            optimizers[0].update(networks[0].params, grads)
            curves[1].append(float(networks[1].loss(x[batch], t[batch])))
            optimizers[1].update(networks[1].params, networks[1].gradient(x[batch], t[batch]))
    return curves


def draw(by_differences: list[float], by_backpropagation: list[float], path: str) -> None:
    """Both curves, one on the other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(by_backpropagation, linewidth=5, alpha=0.4, label="backpropagation")
    axes.plot(by_differences, linewidth=1.5, label="central differences alone")
    axes.set(xlabel="step", ylabel="loss of the batch")
    axes.legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Compare, then learn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--whole", action="store_true", help="the textbook's loop over every entry: minutes")
    parser.add_argument("--pictures", type=int, default=6000, help="in the epoch learned by differences")
    parser.add_argument("--plot", metavar="FILE", help="draw the two loss curves")
    options = parser.parse_args()
    digits = load()
    x, t = digits.x_train[: options.pictures], digits.t_train[: options.pictures]
    network = TwoLayerNet(digits.pixels, HIDDEN, digits.classes, rng=0)
    print(f"{digits.name}, {digits.pixels}-{HIDDEN}-{digits.classes}, a batch of {BATCH}, float64, one thread\n")
    print(compare(network, x[:BATCH], t[:BATCH], options.whole))
    start = time.process_time()
    ours, backpropagation = learn(x, t, 1)
    taken = time.process_time() - start
    print(f"\nOne epoch of {len(x):,} pictures, gradient descent with rate {RATE}, {taken:.0f} CPU s")
    print("step    by differences   by backpropagation")
    for i in range(0, len(ours), max(1, len(ours) // 6)):
        print(f"{i:4}  {ours[i]:16.9f}  {backpropagation[i]:18.9f}")
    gap = max(abs(a - b) for a, b in zip(ours, backpropagation, strict=True))
    print(f"Largest distance of the two curves: {gap:.1e}")
    if options.plot:
        draw(ours, backpropagation, options.plot)


if __name__ == "__main__":
    main()
