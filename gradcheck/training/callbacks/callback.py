"""What a callback is, and what it gets to see."""

from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np

from gradcheck.training.history import History
from gradcheck.training.optimizers import Optimizer


@dataclass
class Run:
    """A training under way, as callbacks see it.

    Attributes
    ----------
    network, optimizer
        Those given to :func:`fit`.
    history : History
        The epochs so far; the last is that just completed.
    epochs, batches : int
        How many epochs there are to be, and batches in each.
    epoch, batch : int
        The number of the one under way, or just completed, counted from 1.
    loss : float
        The mean loss over the batches of this epoch so far, as the weights moved.
    rng : numpy.random.Generator
        Shuffles the examples.
    identity : dict
        What has to be the same for a training to be continued: the seed, the batch size, the number of examples.
    stop : str
        Set it to a reason, and the training ends after this batch or epoch.
    """

    network: Any
    optimizer: Optimizer
    history: History
    epochs: int
    batches: int
    rng: np.random.Generator
    identity: dict[str, Any] = field(default_factory=dict)
    callbacks: "list[Callback]" = field(default_factory=list)
    epoch: int = 0
    batch: int = 0
    loss: float = nan
    stop: str = ""

    def states(self) -> list[list[Any]]:
        """What each callback wants to remember, beside its kind."""
        return [[type(callback).__name__, callback.state()] for callback in self.callbacks]


class Callback:
    """Is told how a training goes, and may stop it.

    Examples
    --------
    >>> class UntilGoodEnough(Callback):
    ...     def on_epoch(self, run):
    ...         if run.history.epochs[-1].accuracy > 0.9:
    ...             run.stop = "good enough"
    """

    comes_last: bool = False
    """Whether it is told after the others, as one that writes down how things stand should be."""

    def on_start(self, run: Run) -> None:
        """Before the first batch."""

    def on_batch(self, run: Run) -> None:
        """After each batch."""

    def on_epoch(self, run: Run) -> None:
        """After each epoch."""

    def on_end(self, run: Run) -> None:
        """At the end, also when the training was stopped, interrupted, or failed."""

    def state(self) -> dict[str, Any]:
        """What has to be remembered for the training to be continued, as plain numbers and texts."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Remember what ``state()`` has given."""
