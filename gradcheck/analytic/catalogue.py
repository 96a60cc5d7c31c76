"""One case or more for every layer and loss of this package, ready to be checked.

Whoever wants to verify all there is (the command-line tour, the tests, you) goes through `cases`. A new
layer is one more line there; a test sees to it that none is forgotten.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.activations import ReLU, Sigmoid, Softmax, Tanh
from gradcheck.analytic.dense import Dense
from gradcheck.analytic.layer import Layer
from gradcheck.analytic.losses import Loss, MeanSquaredError, SoftmaxCrossEntropy
from gradcheck.analytic.network import Sequential, TwoLayerNet
from gradcheck.analytic.validation import Array


@dataclass(frozen=True)
class Case:
    """A subject, and inputs that can tell its right backward from a wrong one.

    Attributes
    ----------
    name : str
        What to print; begins with the class of the subject.
    subject : Layer or Loss
        A fresh object, shared with no other case.
    inputs : tuple of ndarray
        What its ``forward`` takes; for a network with a loss, what ``loss`` takes.
    wrt : tuple of str, or None
        The inputs to differentiate by, named as in ``forward``; None for all that are float. Targets have
        no gradient.
    """

    name: str
    subject: Layer | Loss
    inputs: tuple[NDArray[Any], ...]
    wrt: tuple[str, ...] | None = None


def cases(rng: int | np.random.Generator = 0) -> list[Case]:
    """All layers and losses, with inputs at which a mistake would show.

    No two axes have the same length (a forgotten transpose raises or shows), every batch has several rows
    (a wrong mean shows), values are of both signs and at least 0.25 away from kinks (differences are
    smooth).

    >>> [case.name for case in cases()][:2]
    ['Dense', 'Dense, three axes']
    """
    rng = np.random.default_rng(rng)

    def x(*shape: int) -> Array:
        return off_zero(rng, shape)

    def net(**loss: Loss) -> Sequential:
        return Sequential(Dense(3, 4, rng), Tanh(), Dense(4, 2, rng), **loss)

    return [
        Case("Dense", Dense(3, 4, rng), (x(5, 3),)),
        Case("Dense, three axes", Dense(3, 4, rng), (x(2, 5, 3),)),
        Case("Sigmoid", Sigmoid(), (x(5, 3),)),
        Case("ReLU", ReLU(), (x(5, 3),)),
        Case("Tanh", Tanh(), (x(5, 3),)),
        Case("Softmax", Softmax(), (x(5, 3),)),
        Case("MeanSquaredError", MeanSquaredError(), (x(5, 3), x(5, 3)), wrt=("x",)),
        Case("SoftmaxCrossEntropy, class indices", SoftmaxCrossEntropy(), (x(5, 3), rng.integers(3, size=5))),
        Case(
            "SoftmaxCrossEntropy, probabilities",
            SoftmaxCrossEntropy(),
            (x(5, 3), rows(rng, 5, 3)),
            wrt=("x",),
        ),
        Case("Sequential", net(), (x(5, 3),)),
        Case("Sequential with a loss", net(loss=MeanSquaredError()), (x(5, 3), x(5, 2))),
        Case(
            "TwoLayerNet", TwoLayerNet(3, 4, 2, rng=rng, weight_scale=0.5), (x(5, 3), rng.integers(2, size=5))
        ),
    ]


def off_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Values of either sign with magnitudes in [0.25, 1.75]: random, and away from the kink at 0."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.25, 1.75, shape)


def rows(rng: np.random.Generator, N: int, C: int) -> Array:
    """N rows of C probabilities, each row summing to 1."""
    return rng.dirichlet(np.ones(C), size=N)
