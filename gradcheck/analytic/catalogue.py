"""One case or more for every layer and loss of this package, ready to be checked.

Whoever wants to verify all there is (the command-line tour, the tests, you) goes through `cases`. A new
layer is one more line there; a test sees to it that none is forgotten.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.activations import ReLU, Sigmoid, Tanh
from gradcheck.analytic.convolution import Conv2D
from gradcheck.analytic.dense import Dense
from gradcheck.analytic.dropout import Dropout
from gradcheck.analytic.embedding import Embedding
from gradcheck.analytic.layer import Layer
from gradcheck.analytic.losses import Loss, MeanSquaredError, SoftmaxCrossEntropy
from gradcheck.analytic.network import Sequential
from gradcheck.analytic.normalization import BatchNormalization, LayerNormalization
from gradcheck.analytic.pooling import AveragePooling2D, MaxPooling2D
from gradcheck.analytic.rectifiers import ELU, GELU, SELU, LeakyReLU, SiLU, Softplus
from gradcheck.analytic.reshape import Flatten, Reshape
from gradcheck.analytic.softmax import LogSoftmax, Softmax
from gradcheck.analytic.two_layer_net import TwoLayerNet
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

    def random(layer: Layer) -> Layer:
        return with_random_parameters(layer, rng)

    def net(**loss: Loss) -> Sequential:
        return Sequential(Dense(3, 4, rng), Tanh(), Dense(4, 2, rng), **loss)

    options: dict[str, Any] = {"stride": (2, 1), "padding": "same", "dilation": (1, 2), "groups": 2}
    return [
        Case("Dense", Dense(3, 4, rng), (x(5, 3),)),
        Case("Dense, three axes", Dense(3, 4, rng), (x(2, 5, 3),)),
        Case("Sigmoid", Sigmoid(), (x(5, 3),)),
        Case("ReLU", ReLU(), (x(5, 3),)),
        Case("Tanh", Tanh(), (x(5, 3),)),
        Case("LeakyReLU", LeakyReLU(0.1), (x(5, 3),)),
        Case("ELU", ELU(1.5), (x(5, 3),)),
        Case("SELU", SELU(), (x(5, 3),)),
        Case("Softplus", Softplus(), (x(5, 3),)),
        Case("SiLU", SiLU(), (x(5, 3),)),
        Case("GELU", GELU(), (x(5, 3),)),
        Case("GELU, approximate", GELU(approximate=True), (x(5, 3),)),
        Case("Softmax", Softmax(), (x(5, 3),)),
        Case("LogSoftmax", LogSoftmax(), (x(5, 3),)),
        Case("Flatten", Flatten(), (x(4, 2, 3),)),
        Case("Reshape", Reshape((3, -1)), (x(4, 2, 6),)),
        Case("Dropout", Dropout(0.4, rng), (x(5, 3),)),
        Case("BatchNormalization", random(BatchNormalization(3)), (x(5, 3),)),
        Case("BatchNormalization, images", random(BatchNormalization(3)), (x(5, 3, 2, 4),)),
        Case("BatchNormalization, inference", inference(random(BatchNormalization(3))), (x(5, 3),)),
        Case("LayerNormalization", random(LayerNormalization(3)), (x(5, 3),)),
        Case("LayerNormalization, two axes", random(LayerNormalization((3, 4))), (x(5, 3, 4),)),
        Case("Conv2D", Conv2D(3, 4, (2, 3), rng=rng), (x(2, 3, 5, 6),)),
        Case("Conv2D, all options", Conv2D(4, 6, (3, 2), **options, rng=rng), (x(3, 4, 5, 6),)),
        Case("MaxPooling2D", MaxPooling2D((2, 3)), (distinct(rng, 2, 3, 4, 6),)),
        Case("MaxPooling2D, overlapping", MaxPooling2D(3, 2, "same"), (distinct(rng, 2, 3, 5, 4),)),
        Case("AveragePooling2D", AveragePooling2D((2, 3)), (x(2, 3, 4, 6),)),
        Case("AveragePooling2D, overlapping", AveragePooling2D(3, 2, "same"), (x(2, 3, 5, 4),)),
        Case("Embedding", Embedding(5, 3, rng), (rng.integers(4, size=(2, 6)),)),
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
        Case("TwoLayerNet", TwoLayerNet(3, 4, 2, rng=rng, weight_scale=0.5), (x(5, 3), rng.integers(2, size=5))),
    ]


def off_zero(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Values of either sign with magnitudes in [0.25, 1.75]: random, and away from the kink at 0."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.25, 1.75, shape)


def rows(rng: np.random.Generator, N: int, C: int) -> Array:
    """N rows of C probabilities, each row summing to 1."""
    return rng.dirichlet(np.ones(C), size=N)


def distinct(rng: np.random.Generator, *shape: int) -> Array:
    """Values without ties, of either sign and 0.25 or more apart: no maximum is close to changing hands."""
    size = int(np.prod(shape))
    return rng.permutation(np.arange(size) - size // 2 + 0.5).reshape(shape) / 4 + 0.125


def with_random_parameters(layer: Layer, rng: np.random.Generator) -> Layer:
    """The layer with parameters off 0 and 1, at which a forgotten factor would not show."""
    for name, array in layer.params.items():
        layer.params[name] = off_zero(rng, array.shape)
    return layer


def inference(layer: Layer) -> Layer:
    """The normalisation as it is after training, with running statistics other than 0 and 1."""
    layer.forward(np.random.default_rng(1).normal(1.0, 2.0, (7, len(layer.params["gamma"]))))
    layer.training = False
    return layer
