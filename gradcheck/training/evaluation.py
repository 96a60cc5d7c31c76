"""How good is a network? Loss, accuracy and answers over any number of examples, in little memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import nan
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.network import Network as LayeredNetwork
from gradcheck.training.metrics import accuracy

Array = NDArray[Any]

AT_A_TIME = 250  # examples: enough to keep BLAS busy, and few enough for the cache


class Network(Protocol):
    """What can be trained: parameters by name, a loss, its gradient, and an answer."""

    @property
    def params(self) -> dict[str, Array]:
        """The parameters by name; arrays changed in place are what the network uses."""

    def predict(self, x: Array) -> Array:
        """The answer for each example, such as a score for each class, (N, K)."""

    def loss(self, x: Array, t: Array) -> float:
        """The mean loss over the examples."""

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """The gradient of the loss, one for each parameter."""


def evaluate(network: Network, x: Array, t: Array, batch_size: int = AT_A_TIME) -> tuple[float, float]:
    """The mean loss and the accuracy of a network over any number of examples, as it is used: without dropout.

    Parameters
    ----------
    network
        As in :func:`fit`.
    x, t
        The examples, N of them, and their targets.
    batch_size
        How many at a time.

    Returns
    -------
    loss, accuracy : float
        The accuracy is not a number where the targets are no classes.

    Examples
    --------
    >>> from gradcheck.analytic import TwoLayerNet
    >>> loss, share = evaluate(TwoLayerNet(2, 5, 2, rng=0), np.ones((4, 2)), np.array([0, 0, 1, 1]))
    >>> print(f"{loss:.3f} {share:.0%}")
    0.693 50%
    """
    classes = are_classes(t)
    loss = right = 0.0
    with inference(network):
        for batch in batches(np.arange(len(x)), batch_size):
            value, scores = _loss_and_scores(network, x[batch], t[batch])
            loss += value * len(batch)
            right += accuracy(scores, t[batch]) * len(batch) if classes else nan
    return loss / len(x), right / len(x)


def predict(network: Network, x: Array, batch_size: int = AT_A_TIME) -> Array:
    """The answers of a network for any number of examples: scores (N, K), of which the greatest is the class.

    Examples
    --------
    >>> from gradcheck.analytic import TwoLayerNet
    >>> predict(TwoLayerNet(2, 5, 3, rng=0), np.ones((4, 2))).shape
    (4, 3)
    """
    return np.concatenate([network.predict(x[batch]) for batch in batches(np.arange(len(x)), batch_size)])


def are_classes(t: Array) -> bool:
    """Whether targets are classes: whole numbers (N,), or one-hot rows (N, K)."""
    if t.ndim == 1:
        return bool(np.issubdtype(t.dtype, np.integer) or t.dtype == bool)
    return t.ndim == 2 and t.shape[1] > 1 and bool(np.all((t == 0) | (t == 1)) and np.all(t.sum(axis=1) == 1))


def batches(order: NDArray[np.intp], size: int) -> Iterator[NDArray[np.intp]]:
    """The order cut into batches; the last may be smaller, so that no example is left out."""
    return (order[start : start + size] for start in range(0, len(order), size))


@contextmanager
def inference(network: Any) -> Iterator[None]:
    """Let a network that distinguishes the two behave as after training; its layers are put back as they were."""
    if not isinstance(network, LayeredNetwork):
        yield
        return
    modes = [(layer, layer.training) for layer in network._leaves()]
    try:
        network.training = False
        yield
    finally:
        for layer, mode in modes:
            layer.training = mode


def _loss_and_scores(network: Any, x: Array, t: Array) -> tuple[float, Array]:
    """Both from one forward pass, where the network is made of layers and computes its loss in the usual way."""
    if isinstance(network, LayeredNetwork) and type(network).loss is LayeredNetwork.loss:
        scores = network.forward(x)
        return float(network._required_loss().forward(scores, t)) + network.penalty(), scores
    return float(network.loss(x, t)), network.predict(x)
