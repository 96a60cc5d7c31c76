"""Networks with the way they are trained, as textbooks have them: what ``gradcheck train --network`` offers."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic import (
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
    ReLU,
    Reshape,
    Sequential,
    SoftmaxCrossEntropy,
    TwoLayerNet,
)
from gradcheck.training.initializers import Glorot, He, Initializer, Uniform, initialize
from gradcheck.training.optimizers import SGD, Adam, CosineDecay, ExponentialDecay, Optimizer, RMSprop

HIDDEN = 512
FEWEST = 10  # examples of a batch

Build = Callable[[int, int, np.random.Generator, DTypeLike], Sequential]


@dataclass(frozen=True)
class Recipe:
    """A network, and how it learns.

    Attributes
    ----------
    about : str
        In a few words, for MNIST.
    build : callable
        ``build(pixels, classes, rng, dtype)`` makes the network.
    optimizer : callable
        ``optimizer(steps)`` makes the optimiser, for so many steps in all.
    batch_size, epochs : int
    shuffle : bool
        Whether the pictures come in another order in each epoch.
    """

    about: str
    build: Build
    optimizer: Callable[[int], Optimizer]
    batch_size: int
    epochs: int
    shuffle: bool = True

    def network(
        self, pixels: int, classes: int, seed: int | np.random.Generator = 0, dtype: DTypeLike = np.float32
    ) -> Sequential:
        """The network with its weights to begin with."""
        return self.build(pixels, classes, np.random.default_rng(seed), dtype)

    def batch_size_for(self, examples: int) -> int:
        """The batch size; where there are few examples a smaller one, so that an epoch is still a hundred steps.

        >>> RECIPES["dense-512"].batch_size_for(60_000), RECIPES["dense-512"].batch_size_for(1_433)
        (128, 10)
        """
        return min(self.batch_size, max(FEWEST, examples // 200))


def _two_layer(pixels: int, classes: int, rng: np.random.Generator, dtype: DTypeLike) -> Sequential:
    return TwoLayerNet(pixels, 100, classes, rng=rng, weight_scale=0.01, dtype=dtype)


def _dense(initializer: Initializer, *after_relu: Callable[[np.random.Generator], Layer]) -> Build:
    def build(pixels: int, classes: int, rng: np.random.Generator, dtype: DTypeLike) -> Sequential:
        hidden, output = Dense(pixels, HIDDEN, rng, dtype), Dense(HIDDEN, classes, rng, dtype)
        network = Sequential(hidden, ReLU(), *(make(rng) for make in after_relu), output, loss=SoftmaxCrossEntropy())
        initialize(network.params, initializer, rng)
        return network

    return build


def _convolutional(pixels: int, classes: int, rng: np.random.Generator, dtype: DTypeLike) -> Sequential:
    """Two convolutions, each halved by pooling, and two dense layers: LeNet with ReLU and dropout."""
    side = isqrt(pixels)
    if side * side != pixels or side < 8:
        raise ValueError(f"pixels is {pixels}; a convolutional network needs square pictures of at least 8 × 8")
    kernel, padding = (5, 0) if side >= 16 else (3, 1)
    options: dict[str, Any] = {"padding": padding, "rng": rng, "dtype": dtype}
    lost = kernel - 1 - 2 * padding
    last = ((side - lost) // 2 - lost) // 2
    network = Sequential(
        Reshape((1, side, side)),
        Conv2D(1, 16, kernel, **options),
        ReLU(),
        MaxPooling2D(2),
        Conv2D(16, 32, kernel, **options),
        ReLU(),
        MaxPooling2D(2),
        Flatten(),
        Dense(32 * last * last, 128, rng, dtype),
        ReLU(),
        Dropout(0.4, rng),
        Dense(128, classes, rng, dtype),
        loss=SoftmaxCrossEntropy(),
    )
    initialize(network.params, He(), rng)
    return network


RECIPES = {
    "two-layer": Recipe(
        "784-100-10 with sigmoids, gradient descent (Saito, Deep Learning from Scratch, section 4.5)",
        _two_layer,
        lambda steps: SGD(0.1),
        batch_size=100,
        epochs=17,
    ),
    "dense-512": Recipe(
        "784-512-10 with ReLU, RMSprop (Chollet, Deep Learning with Python, section 2.1)",
        _dense(Glorot("uniform")),
        lambda steps: RMSprop(0.001),
        batch_size=128,
        epochs=5,
    ),
    "dropout-512": Recipe(
        "784-512-10 with ReLU and dropout 0.2, Adam at a rate that falls from 0.002",
        _dense(Glorot("uniform"), lambda rng: Dropout(0.2, rng)),
        lambda steps: Adam(ExponentialDecay(0.002, steps, factor=0.03)),
        batch_size=128,
        epochs=10,
    ),
    "plain-512": Recipe(
        "784-512-10 with ReLU and weights from U(0, 0.1), plain gradient descent (Chollet, section 2.5)",
        _dense(Uniform(0, 0.1)),
        lambda steps: SGD(0.001),
        batch_size=128,
        epochs=10,
        shuffle=False,  # as in the book; in random order it gets three per cent further
    ),
    "conv": Recipe(
        "two convolutions of 16 and 32 filters with pooling, 128 dense units with dropout 0.4, Adam",
        _convolutional,
        lambda steps: Adam(CosineDecay(0.002, steps)),
        batch_size=128,
        epochs=8,
    ),
}
