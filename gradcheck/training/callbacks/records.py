"""Write down how a training goes: as a table for other programs, or as a picture of its curves."""

import csv
import os
import tempfile
from math import isnan
from pathlib import Path
from typing import Any

from gradcheck.training.callbacks.callback import Callback, Run
from gradcheck.training.history import FIGURES, History

COLUMNS = ("epoch", *FIGURES, "lr", "seconds")


class CSVLog(Callback):
    """A line of a CSV file for each epoch; what was not measured is left empty.

    The file always holds the whole history, also of a training that was continued.

    Parameters
    ----------
    path
        The file; one that is there is replaced.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def on_start(self, run: Run) -> None:
        """Write the header, so that a place one cannot write to is known before the work is done."""
        self._write(run.history)

    def on_epoch(self, run: Run) -> None:
        """Write all epochs so far."""
        self._write(run.history)

    def _write(self, history: History) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            for epoch in history.epochs:
                values = [epoch.number, *(getattr(epoch, name) for name in COLUMNS[1:])]
                table.writerow(["" if isnan(value) else value for value in values])


class Curves(Callback):
    """Draws loss and accuracy over the epochs into a picture file, anew after each epoch (needs matplotlib).

    Parameters
    ----------
    path
        ``curves.png``, ``curves.svg`` or another ending that matplotlib knows.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def on_start(self, run: Run) -> None:
        """Say at once if it cannot be drawn."""
        import matplotlib.figure  # noqa: F401 - an optional package; to see that it is there

        self.path.parent.mkdir(parents=True, exist_ok=True)

    def on_epoch(self, run: Run) -> None:
        """Draw what there is."""
        draw_curves(run.history, self.path)


def draw_curves(history: History, path: str | os.PathLike[str]) -> None:
    """The loss and, where it was measured, the accuracy over the epochs, as a picture file (needs matplotlib)."""
    from matplotlib.figure import Figure  # an optional package; no window is opened

    kinds = [kind for kind in ("loss", "accuracy") if not all(map(isnan, history[kind]))]
    figure = Figure(figsize=(4.5 * len(kinds), 3.5), layout="constrained")
    for axes, kind in zip(figure.subplots(1, len(kinds), squeeze=False)[0], kinds, strict=True):
        for name, label in ((kind, "training"), (f"validation_{kind}", "held out")):
            if not all(map(isnan, history[name])):
                axes.plot(history["number"], history[name], marker=".", label=label)
        axes.set(xlabel="epoch", ylabel=kind)
        axes.grid(alpha=0.3)
        axes.legend()
    _save_whole(figure, Path(path))


def _save_whole(figure: Any, path: Path) -> None:
    """Write beside the place and move there, so that whoever looks at the picture never sees half of it."""
    handle, name = tempfile.mkstemp(suffix=path.suffix, dir=path.parent)
    os.close(handle)
    try:
        figure.savefig(name, dpi=120)
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
