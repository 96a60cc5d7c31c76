"""Keep what has been learned, so that it can be used, and the training continued as if nothing had been."""

import os
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any

from gradcheck.analytic import Layer
from gradcheck.training.callbacks.callback import Callback, Run
from gradcheck.training.dataset import DataError
from gradcheck.training.history import History, higher_is_better
from gradcheck.training.saving import load_network, restore, save


class Checkpoint(Callback):
    """After each epoch, writes the whole state of the training into a folder.

    Each file is a network that `load_network` reads, and from which ``fit(..., resume=file)`` goes on, bit for bit
    as if it had never stopped. A file is whole or not there, also when the power fails while it is written.

    Parameters
    ----------
    folder
        Where ``last.npz``, ``best.npz`` and ``epoch-0012.npz`` go; made if need be.
    best : str, optional
        Keep the best by this figure as ``best.npz``: ``"validation_accuracy"``, ``"loss"`` and the like.
    keep : int
        How many of the ``epoch-…`` files are kept, the latest ones; 0: none are written, ``last.npz`` is enough.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from gradcheck.analytic import TwoLayerNet
    >>> from gradcheck.training import SGD, fit
    >>> x = np.random.default_rng(0).uniform(size=(40, 2))
    >>> t = (x[:, 0] > x[:, 1]).astype(int)
    >>> checkpoint = Checkpoint(tempfile.mkdtemp(), best="accuracy")
    >>> plan = {"epochs": 3, "batch_size": 10, "callbacks": [checkpoint]}
    >>> history = fit(TwoLayerNet(2, 5, 2, rng=0), x, t, optimizer=SGD(0.5), **plan)
    >>> sorted(path.name for path in checkpoint.folder.iterdir())
    ['best.npz', 'last.npz']
    """

    comes_last = True

    def __init__(self, folder: str | os.PathLike[str], best: str | None = None, keep: int = 0) -> None:
        if keep < 0:
            raise ValueError(f"keep has to be at least 0; it is {keep!r}")
        self.folder, self.by, self.keep = Path(folder), best, keep
        self.best_so_far = inf

    @property
    def last(self) -> Path:
        """The file of the last epoch."""
        return self.folder / "last.npz"

    @property
    def best(self) -> Path:
        """The file of the best epoch."""
        return self.folder / "best.npz"

    def on_start(self, run: Run) -> None:
        """Make the folder, and say so at once if something cannot be saved."""
        if not isinstance(run.network, Layer):
            raise TypeError(f"a checkpoint holds networks of this library's layers; this one is {run.network!r}")
        self.folder.mkdir(parents=True, exist_ok=True)
        if not run.history.epochs:
            self.best_so_far = inf

    def on_epoch(self, run: Run) -> None:
        """Write the files."""
        improved = False
        if self.by:
            value = run.history.epochs[-1].figure(self.by)
            figure = -value if higher_is_better(self.by) else value
            improved = figure < self.best_so_far
            self.best_so_far = min(figure, self.best_so_far)
        self._save(self.last, run)
        if improved:
            self._save(self.best, run)
        if self.keep:
            self._save(self.folder / f"epoch-{run.epoch:04}.npz", run)
            for old in sorted(self.folder.glob("epoch-[0-9]*.npz"))[: -self.keep]:
                with suppress(FileNotFoundError):
                    old.unlink()

    def state(self) -> dict[str, Any]:
        """The best figure so far."""
        return {"best": self.best_so_far}

    def load_state(self, state: dict[str, Any]) -> None:
        """Remember what ``state()`` has given."""
        self.best_so_far = float(state["best"])

    def _save(self, path: Path, run: Run) -> None:
        training = {**run.identity, "epochs": run.history.to_dicts(), "callbacks": run.states()}
        save(path, run.network, run.optimizer, run.rng, {"training": training})


def resume(path: str | os.PathLike[str], run: Run) -> None:
    """Put a training that has not begun where a checkpoint was.

    Raises
    ------
    DataError
        If the file is damaged, or no checkpoint, or one of another network or optimiser.
    ValueError
        If the seed, the batch size or the number of examples is another one: the training would be another one, too.
    """
    saved = load_network(path, {type(run.network), type(run.optimizer)})
    training = saved.extra.get("training")
    if not isinstance(training, dict) or saved.rng is None:
        raise DataError(f"{path}: it is a saved network, but no checkpoint of a training")
    for name, value in run.identity.items():
        if training.get(name) != value:
            raise ValueError(
                f"{path}: that training had {name} = {training.get(name)!r}, this one has {value!r}; "
                "to continue it, they have to be the same"
            )
    try:
        epochs, states = History.epochs_of(training["epochs"]), list(training["callbacks"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: its history is damaged ({error})") from error
    restore(path, run.network, run.optimizer)
    run.rng.bit_generator.state = saved.rng.bit_generator.state
    run.history.epochs = epochs
    for callback in run.callbacks:
        for i, (kind, state) in enumerate(states):
            if kind == type(callback).__name__:
                callback.load_state(state)
                del states[i]
                break
