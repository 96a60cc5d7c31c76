"""The training loop: verify, then learn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking import Report
from gradcheck.training.gate import gate
from gradcheck.training.metrics import accuracy
from gradcheck.training.optimizers import Optimizer

Array = NDArray[Any]


class Network(Protocol):
    """What can be trained: parameters by name, a loss, its gradient, and an answer."""

    @property
    def params(self) -> dict[str, Array]:
        """The parameters by name; arrays changed in place are what the network uses."""

    def predict(self, x: Array) -> Array:
        """A score for each class, (N, K)."""

    def loss(self, x: Array, t: Array) -> float:
        """The mean loss over the examples."""

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        """The gradient of the loss, one for each parameter."""


@dataclass(frozen=True)
class Epoch:
    """One pass over the examples, and how the network did after it."""

    number: int
    loss: float
    accuracy: float
    validation_accuracy: float = nan


@dataclass
class History:
    """What happened: the report of the gate (None if it was left open), then one entry for each epoch."""

    report: Report | None = None
    epochs: list[Epoch] = field(default_factory=list)


def fit(
    network: Network,
    x: Array,
    t: Array,
    *,
    epochs: int,
    batch_size: int,
    optimizer: Optimizer,
    validation: tuple[Array, Array] | None = None,
    seed: int = 0,
    verify: bool = True,
    on_batch: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> History:
    """Train a network on examples in random order, once its gradients have been found right.

    Parameters
    ----------
    network
        Anything with ``params``, ``predict(x)``, ``loss(x, t)`` and ``gradient(x, t)``; its parameters are
        moved in place.
    x, t
        The examples, (N, D), and their classes, N of them.
    epochs, batch_size
        How often to see every example, and how many at a time.
    optimizer
        Moves the parameters, such as :class:`SGD`.
    validation
        Examples and classes that are held out; their accuracy is measured after each epoch.
    seed
        Chooses the order, and the examples the gate looks at: the same seed, the same network.
    verify
        Check the gradients first. With False they are taken on trust.
    on_batch, on_epoch
        Called after each batch with its number and how many there are, and after each epoch with its record.

    Raises
    ------
    GradientError
        If a gradient is wrong; no weight has moved then.
    FloatingPointError
        If the loss is no longer a finite number.
    ValueError
        If the arguments do not fit together.

    Examples
    --------
    >>> from gradcheck.analytic import TwoLayerNet
    >>> from gradcheck.training import SGD
    >>> x = np.random.default_rng(0).uniform(size=(200, 2))
    >>> t = (x[:, 0] > x[:, 1]).astype(int)
    >>> network = TwoLayerNet(2, 5, 2, rng=0, weight_scale=0.5)
    >>> history = fit(network, x, t, epochs=20, batch_size=20, optimizer=SGD(0.5, momentum=0.9))
    >>> history.report.verdict, history.epochs[-1].accuracy > 0.95
    ('agree', True)
    """
    _require_sense(x, t, epochs, batch_size)
    history = History()
    if verify:
        history.report = gate(network, x, t, seed=seed)
        history.report.raise_if_wrong()
    rng = np.random.default_rng(seed)
    total = -(-len(x) // batch_size)
    for number in range(1, epochs + 1):
        for done, batch in enumerate(_batches(rng.permutation(len(x)), batch_size), start=1):
            optimizer.update(network.params, network.gradient(x[batch], t[batch]))
            if on_batch:
                on_batch(done, total)
        loss, right = evaluate(network, x, t)
        if not isfinite(loss):
            raise FloatingPointError(f"the loss is {loss} after epoch {number}; try a smaller learning rate")
        held_out = evaluate(network, *validation)[1] if validation else nan
        history.epochs.append(Epoch(number, loss, right, held_out))
        if on_epoch:
            on_epoch(history.epochs[-1])
    return history


def evaluate(network: Network, x: Array, t: Array, batch_size: int = 1000) -> tuple[float, float]:
    """The mean loss and the accuracy of a network over any number of examples, in little memory."""
    loss = right = 0.0
    for batch in _batches(np.arange(len(x)), batch_size):
        loss += float(network.loss(x[batch], t[batch])) * len(batch)
        right += accuracy(network.predict(x[batch]), t[batch]) * len(batch)
    return loss / len(x), right / len(x)


def _batches(order: NDArray[np.intp], size: int) -> Iterator[NDArray[np.intp]]:
    """The order cut into batches; the last may be smaller, so that no example is left out."""
    return (order[start : start + size] for start in range(0, len(order), size))


def _require_sense(x: Array, t: Array, epochs: int, batch_size: int) -> None:
    if len(x) == 0 or len(x) != len(t):
        raise ValueError(f"x and t have to hold equally many examples, at least one: {len(x)} and {len(t)}")
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} has to be a whole number of at least 1; it is {value!r}")
