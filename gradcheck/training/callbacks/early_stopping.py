"""Stop when it gets no better."""

from math import inf
from typing import Any

from gradcheck.training.callbacks.callback import Callback, Run
from gradcheck.training.history import higher_is_better


class EarlyStopping(Callback):
    """Ends the training when a figure has not improved for `patience` epochs in a row.

    The weights stay those of the last epoch; `Checkpoint` keeps the best.

    Parameters
    ----------
    by : str
        ``"validation_loss"``, ``"validation_accuracy"``, ``"loss"`` or ``"accuracy"``.
    patience : int
        How many epochs without improvement are borne.
    least : float
        An improvement by no more than this counts as none.

    References
    ----------
    L. Prechelt, "Early stopping — but when?", Neural Networks: Tricks of the Trade (1998).
    """

    def __init__(self, by: str = "validation_loss", patience: int = 5, least: float = 0.0) -> None:
        if patience < 1:
            raise ValueError(f"patience has to be at least 1; it is {patience!r}")
        self.by, self.patience, self.least = by, patience, least
        self.best, self.waited = inf, 0

    def on_start(self, run: Run) -> None:
        """Begin anew, unless a training is continued."""
        if not run.history.epochs:
            self.best, self.waited = inf, 0
        self._judge(run)

    def on_epoch(self, run: Run) -> None:
        """Look whether it has improved."""
        value = run.history.epochs[-1].figure(self.by)
        figure = -value if higher_is_better(self.by) else value
        if figure < self.best - self.least:
            self.best, self.waited = figure, 0
            return
        self.waited += 1
        self._judge(run)

    def _judge(self, run: Run) -> None:
        if self.waited >= self.patience:
            best, done = run.history.best(self.by), len(run.history.epochs)
            run.stop = (
                f"stopped after epoch {done}: {self.by} has not improved for {self.patience} epochs; "
                f"the best was {best.figure(self.by):.4f} in epoch {best.number}"
            )

    def state(self) -> dict[str, Any]:
        """The best figure, and how long it has been waited for a better one."""
        return {"best": self.best, "waited": self.waited}

    def load_state(self, state: dict[str, Any]) -> None:
        """Remember what ``state()`` has given."""
        self.best, self.waited = float(state["best"]), int(state["waited"])
