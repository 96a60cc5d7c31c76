"""Show how a training goes, while it goes."""

import sys
from math import isnan
from typing import Any

from gradcheck.training.callbacks.callback import Callback, Run
from gradcheck.training.history import FIGURES, header_of, row_of, shown


class Progress(Callback):
    """A bar with loss, accuracy and the time left in a terminal; one line for each epoch everywhere.

    The bar needs rich; without it, and in files and pipes, there are the lines alone.

    Parameters
    ----------
    stream, optional
        Where to write, by default the standard output.
    plain : bool
        Do without a bar in a terminal, too.
    """

    def __init__(self, stream: Any = None, *, plain: bool = False) -> None:
        self.stream, self.plain = stream, plain
        self._names: list[str] = []
        self._bar: Any = None

    def on_start(self, run: Run) -> None:
        """Show the bar; of a training that is resumed, how far it is."""
        self._names = []
        self._bar = None if self.plain else _bar(self._out)
        if self._bar is not None:
            self._bar.start()
            self._bar.add_task("", total=run.epochs * run.batches, completed=len(run.history.epochs) * run.batches)
        if done := len(run.history.epochs):
            left = f"going on to {run.epochs}" if done < run.epochs else f"nothing is left of {run.epochs}"
            self._write(f"{done} epoch{'s' if done > 1 else ''} done already; {left}")

    def on_batch(self, run: Run) -> None:
        """Move it."""
        if self._bar is not None:
            done = (run.epoch - 1) * run.batches + run.batch
            self._bar.update(self._bar.task_ids[0], completed=done, description=describe(run))

    def on_epoch(self, run: Run) -> None:
        """Write the epoch's line."""
        epoch = run.history.epochs[-1]
        if not self._names:
            self._names = [name for name in FIGURES if not isnan(getattr(epoch, name))]
            self._write(header_of(self._names))
        self._write(row_of(epoch, self._names))

    def on_end(self, run: Run) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        if run.stop:
            self._write(run.stop)

    @property
    def _out(self) -> Any:
        return sys.stdout if self.stream is None else self.stream

    def _write(self, line: str) -> None:
        if self._bar is not None:
            self._bar.console.print(line, highlight=False, markup=False)
        elif self._out is not None:
            print(line, file=self._out, flush=True)


def describe(run: Run) -> str:
    """What stands before the bar: the epoch, the loss in it so far, and the accuracy after the last."""
    parts = [f"epoch {run.epoch} of {run.epochs}"]
    if not isnan(run.loss):
        parts.append(f"loss {run.loss:.4f}")
    if run.history.epochs:
        last = run.history.epochs[-1]
        right = last.accuracy if isnan(last.validation_accuracy) else last.validation_accuracy
        parts += [] if isnan(right) else [f"accuracy {shown('accuracy', right)}"]
    return ", ".join(parts)


def _bar(stream: Any) -> Any:
    """A bar of rich's, where there is a terminal to show it and rich to make it."""
    if stream is None or not stream.isatty():
        return None
    try:
        from rich.console import Console  # an optional package
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
    except ImportError:
        return None
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    return Progress(*columns, console=Console(file=stream), transient=True)
