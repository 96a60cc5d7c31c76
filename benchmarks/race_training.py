"""How fast does a network train here, next to PyTorch on the same CPU, and next to its bare matrix products?

The same network, optimiser, batches and precision on both sides, from the same weights in the same order, one thread
each; they take turns, epoch by epoch, and the median over all steps of their CPU seconds counts, so that other programs
count little. "Bare products" is what no implementation on this BLAS can do without: the matrix products of forward and
backward into buffers that are there already.

    python benchmarks/race_training.py                    # 784-512-10 and the convolutional network; minutes
    python benchmarks/race_training.py --only dense --memory
"""

import argparse
import os
import time
import tracemalloc
from collections.abc import Callable
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported

import numpy as np
import torch

from gradcheck.analytic import Conv2D, Dense, Sequential
from gradcheck.training import Adam, Dataset, Optimizer, evaluate, fit, load
from gradcheck.training.recipes import RECIPES

BATCH = 128
Array = np.ndarray[Any, Any]


def torch_twin(network: Sequential) -> torch.nn.Sequential:
    """The same network in PyTorch, with the same weights."""
    makers: dict[str, Callable[[Any], torch.nn.Module]] = {
        "Reshape": lambda layer: torch.nn.Unflatten(1, layer.shape),
        "Conv2D": lambda layer: torch.nn.Conv2d(layer.W.shape[1], len(layer.W), layer.W.shape[2]),
        "MaxPooling2D": lambda layer: torch.nn.MaxPool2d(2),
        "ReLU": lambda layer: torch.nn.ReLU(),
        "Flatten": lambda layer: torch.nn.Flatten(),
        "Dropout": lambda layer: torch.nn.Dropout(layer.rate),
        "Dense": lambda layer: torch.nn.Linear(*layer.W.shape),
    }
    modules = [makers[type(layer).__name__](layer) for layer in network.layers]
    with torch.no_grad():
        for layer, module in zip(network.layers, modules, strict=True):
            if layer.params:
                module.weight.copy_(torch.from_numpy(layer.W.T if isinstance(layer, Dense) else layer.W))
                module.bias.copy_(torch.from_numpy(layer.b))
    return torch.nn.Sequential(*modules)


class Stopwatch:
    """The CPU seconds of one lap after the other."""

    def __init__(self) -> None:
        self.laps: list[float] = []
        self.last = time.process_time()

    def lap(self) -> None:
        """One more."""
        now = time.process_time()
        self.laps.append(now - self.last)
        self.last = now


class Ours:
    """A network of this library, trained by `fit` with nothing but what it does anyway."""

    def __init__(self, network: Sequential, digits: Dataset) -> None:
        self.network, self.digits, self.optimizer = network, digits, Adam(0.001)

    def epoch(self, number: int) -> list[float]:
        """The CPU seconds of each step; measuring accuracy is not part of the race."""
        watch = Stopwatch()
        fit(
            self.network,
            self.digits.x_train,
            self.digits.t_train,
            epochs=1,
            batch_size=BATCH,
            optimizer=self.optimizer,
            seed=number,
            verify=False,
            on_batch=lambda done, total: watch.lap(),
        )
        return watch.laps

    def accuracy(self) -> float:
        """Of the pictures held out."""
        return evaluate(self.network, self.digits.x_test, self.digits.t_test)[1]


class Theirs:
    """The usual loop of PyTorch."""

    def __init__(self, network: Sequential, digits: Dataset) -> None:
        self.network = torch_twin(network)
        self.optimizer = torch.optim.Adam(self.network.parameters(), 0.001)
        self.loss = torch.nn.CrossEntropyLoss()
        self.x, self.t, self.x_test, self.t_test = (
            torch.from_numpy(a) for a in (digits.x_train, digits.t_train, digits.x_test, digits.t_test)
        )

    def epoch(self, number: int) -> list[float]:
        """The same, over the same order."""
        watch = Stopwatch()
        order = torch.from_numpy(np.random.default_rng(number).permutation(len(self.x)))
        self.network.train()
        total = 0.0
        for batch in order.split(BATCH):
            self.optimizer.zero_grad()
            loss = self.loss(self.network(self.x[batch]), self.t[batch])
            loss.backward()
            self.optimizer.step()
            total += loss.item()
            watch.lap()
        return watch.laps

    def accuracy(self) -> float:
        """Of the pictures held out."""
        self.network.eval()
        with torch.no_grad():
            return float((self.network(self.x_test).argmax(1) == self.t_test).float().mean())


def bare_products(network: Sequential, x: Array) -> Callable[[], None]:
    """The matrix products of one step, as they are without a layer around them."""
    products: list[tuple[Array, Array, Array]] = []
    network.forward(x)
    for number, layer in enumerate(layer for layer in network.layers if layer.params):
        cache = layer._memory[2]
        if isinstance(layer, Dense):
            rows, W = cache, layer.W
        elif isinstance(layer, Conv2D):
            columns = cache[0].reshape(len(x), layer.W[0].size, -1)
            rows, W = columns, layer.W.reshape(len(layer.W), -1)
        products += _products(rows, W, number > 0)
    return lambda: [np.matmul(a, b, out=out) for a, b, out in products] and None


def _products(rows: Array, W: Array, with_dx: bool) -> list[tuple[Array, Array, Array]]:
    """Forward, dW and dx, if wanted; a dense layer's rows are (N, D), the columns of images (N, K, P)."""
    dense = rows.ndim == 2
    y = rows @ W if dense else W @ rows
    pairs = [(rows, W) if dense else (W, rows), (rows.T, y) if dense else (y, rows.swapaxes(1, 2))]
    pairs += [(y, W.T) if dense else (W.T, y)] if with_dx else []
    return [(a, b, a @ b) for a, b in pairs]


def race(name: str, digits: Dataset, rounds: int) -> str:
    """A line of the table."""
    network = RECIPES[name].network(digits.pixels, digits.classes, 0)
    theirs, ours = Theirs(network, digits), Ours(network, digits)
    products = bare_products(RECIPES[name].network(digits.pixels, digits.classes, 0), digits.x_train[:BATCH])
    ours_s, theirs_s, bare_s, ratios = [], [], [], []
    for number in range(rounds):
        theirs_s += (their_laps := theirs.epoch(number))
        ours_s += (our_laps := ours.epoch(number))
        bare_s += _laps(products, len(our_laps))
        ratios.append(median(our_laps) / median(their_laps))
    ours_ms, theirs_ms, bare_ms = (1e3 * median(laps) for laps in (ours_s, theirs_s, bare_s))
    return (
        f"| {name} | {ours_ms:.2f} | {theirs_ms:.2f} | {ours_ms / theirs_ms:.2f} "
        f"| {min(ratios):.2f} to {max(ratios):.2f} | {bare_ms:.2f} | {bare_ms / ours_ms:.0%} "
        f"| {ours.accuracy():.2%} | {theirs.accuracy():.2%} |"
    )


def _laps(work: Callable[[], None], times: int) -> list[float]:
    watch = Stopwatch()
    for _ in range(times):
        work()
        watch.lap()
    return watch.laps


def memory(digits: Dataset) -> str:
    """The peak of what is allocated in each of three epochs, beside the network and the data."""
    network, optimizer = RECIPES["dense-512"].network(digits.pixels, digits.classes, 0), Adam(0.001)
    peaks = [_peak(network, digits, optimizer) for _ in range(4)][1:]  # the first makes what the optimiser keeps
    return "Peak of each epoch, beside weights and data: " + ", ".join(f"{peak / 2**20:.2f} MB" for peak in peaks)


def _peak(network: Sequential, digits: Dataset, optimizer: Optimizer) -> int:
    tracemalloc.start()
    x, t = digits.x_train, digits.t_train
    fit(network, x, t, epochs=1, batch_size=BATCH, optimizer=optimizer, verify=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="dense or conv")
    parser.add_argument("--rounds", type=int, default=5, help="epochs of each")
    parser.add_argument("--pictures", type=int, default=12_800, help="how many of the pictures make an epoch")
    parser.add_argument("--memory", action="store_true", help="also the memory of each epoch")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(0)
    whole = load(dtype=np.float32)
    some = slice(options.pictures)
    digits = Dataset(whole.x_train[some], whole.t_train[some], whole.x_test, whole.t_test, whole.name, whole.source)
    print(f"{digits}; batches of {BATCH}, Adam, float32, {os.environ['OMP_NUM_THREADS']} thread(s)\n")
    print("| network | ours, ms a step | torch | times | from … to | bare products | share | accuracy | torch |")
    print("|:--|--:|--:|--:|:--|--:|--:|--:|--:|")
    for name in ("dense-512", "conv"):
        if options.only in name:
            print(race(name, digits, options.rounds), flush=True)
    if options.memory:
        print(f"\n{memory(digits)}")


if __name__ == "__main__":
    main()
