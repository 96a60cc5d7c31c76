"""A trained network, asked about one picture at a time: its answer, and why."""

from typing import Any

import numpy as np

from gradcheck.analytic import Softmax, softmax
from gradcheck.analytic.network import Network, leaves
from gradcheck.analytic.recorded import arrays_of
from gradcheck.cli.draw.picture import Array, centred
from gradcheck.training import DataError

DIGITS = 10
BOXES = {28: 20, 8: 8}  # fields by their side, and how much of it a digit takes: MNIST's, and scikit-learn's


class Classifier:
    """A network that tells the ten digits apart, in double precision and in inference.

    Parameters
    ----------
    network : Network
        From pictures of 28 × 28 or 8 × 8 pixels, as rows, images or sequences of rows, to ten scores, or ten
        probabilities if it ends in a `Softmax`. It is changed to float64.

    Raises
    ------
    DataError
        If it is something else; with what its layers said of such pictures.

    Examples
    --------
    >>> from gradcheck.analytic import Dense, Sequential
    >>> classifier = Classifier(Sequential(Dense(64, 10, rng=0)))
    >>> pixels = classifier.picture_of(np.eye(50))
    >>> classifier.side, classifier.scores(pixels).shape, classifier.gradient(pixels, digit=3).shape
    (8, (10,), (64,))
    """

    def __init__(self, network: Any) -> None:
        if not isinstance(network, Network):
            raise DataError(f"it holds {network!r}, expected a network such as Sequential")
        _make_double(network)
        network.training = False
        self.network = network
        self.side, self.shape = _input_of(network)
        self.ends_in_softmax = isinstance(list(leaves(network))[-1], Softmax)

    def picture_of(self, ink: Array) -> Array:
        """What the network gets to see of a drawing (H, W), as a row of side · side numbers in [0, 1]."""
        return centred(ink, self.side, BOXES[self.side]).reshape(-1)

    def scores(self, pixels: Array) -> Array:
        """What comes out of the last layer, (10,)."""
        return np.asarray(self.network.forward(pixels.reshape(self.shape))[0])

    def probabilities(self, scores: Array) -> Array:
        """The scores as shares of 1, (10,)."""
        return scores if self.ends_in_softmax else softmax(scores)

    def gradient(self, pixels: Array, digit: int) -> Array:
        """∂score_digit/∂pixel by backpropagation, in the shape of the pixels."""
        self.scores(pixels)
        return np.asarray(self.network.backward(np.eye(DIGITS)[[digit]]).reshape(pixels.shape))


def _make_double(network: Network) -> None:
    for name, W in network.params.items():
        network.params[name] = W.astype(np.float64)
    for layer in leaves(network):
        for name, held in arrays_of(layer).items():
            if held.dtype.kind == "f":
                setattr(layer, name, held.astype(np.float64))


def _input_of(network: Network) -> tuple[int, tuple[int, ...]]:
    """The side of the pictures that this network takes, and the shape it wants one in."""
    said = []
    for side in BOXES:
        for shape in ((1, side * side), (1, 1, side, side), (1, side, side)):
            try:
                y = network.forward(np.zeros(shape))
            except (TypeError, ValueError, IndexError) as error:
                said.append(f"{shape}: {error}")
                continue
            if y.shape == (1, DIGITS):
                return side, shape
            said.append(f"{shape}: it gives {y.shape}")
    raise DataError(
        f"{network!r} does not take pictures of 28 × 28 or 8 × 8 pixels to ten scores. Of a batch of shape {said[0]}"
    )
