"""Learning rates that change from epoch to epoch; those that change from step to step are `Schedule` objects."""

from collections.abc import Callable
from typing import Any

from gradcheck.training.callbacks.callback import Callback, Run


class ScheduleRate(Callback):
    """Sets the learning rate of each epoch: ``optimizer.lr = rate(number)``, counted from 1.

    >>> halving = ScheduleRate(lambda epoch: 0.1 / 2 ** (epoch - 1))
    """

    def __init__(self, rate: Callable[[int], float]) -> None:
        self.rate = rate

    def on_start(self, run: Run) -> None:
        """Set that of the first epoch to come."""
        run.optimizer.lr = self.rate(len(run.history.epochs) + 1)

    def on_epoch(self, run: Run) -> None:
        """Set that of the next epoch."""
        run.optimizer.lr = self.rate(run.epoch + 1)


class ObservePlateau(Callback):
    """Tells a `ReduceOnPlateau` how well it goes, after each epoch.

    Parameters
    ----------
    schedule : ReduceOnPlateau
        The optimiser's, or the one within its `WarmUp`.
    by : str
        The figure it is told: ``"validation_loss"``, ``"loss"``, or an accuracy with ``better="higher"``.
    """

    def __init__(self, schedule: Any, by: str = "validation_loss") -> None:
        if not hasattr(schedule, "observe"):
            raise TypeError(f"schedule has to be a ReduceOnPlateau, which observes; it is {schedule!r}")
        self.schedule, self.by = schedule, by

    def on_epoch(self, run: Run) -> None:
        """Tell it the figure."""
        self.schedule.observe(run.history.epochs[-1].figure(self.by))
