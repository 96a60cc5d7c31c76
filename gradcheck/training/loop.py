"""The training loop: verify, then learn."""

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from math import isfinite, nan
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.blame import blame
from gradcheck.training.callbacks.callback import Callback, Run
from gradcheck.training.callbacks.checkpoint import resume as resume_from
from gradcheck.training.evaluation import Network, batches, evaluate
from gradcheck.training.gate import gate
from gradcheck.training.history import Epoch, History
from gradcheck.training.interrupt import Interruption, deferred_interrupt
from gradcheck.training.optimizers import Optimizer
from gradcheck.training.step import Step, step_of

Array = NDArray[Any]


def fit(
    network: Network,
    x: Array,
    t: Array,
    *,
    epochs: int,
    batch_size: int,
    optimizer: Optimizer,
    validation: tuple[Array, Array] | None = None,
    callbacks: Iterable[Callback] = (),
    seed: int = 0,
    shuffle: bool = True,
    verify: bool = True,
    resume: str | os.PathLike[str] | None = None,
    on_batch: Callable[[int, int], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> History:
    """Train a network on examples in random order, once its gradients have been found right.

    Ctrl-C ends the training after the batch under way: the history so far is returned, and the weights are those
    of a whole number of steps.

    Parameters
    ----------
    network
        Anything with ``params``, ``predict(x)``, ``loss(x, t)`` and ``gradient(x, t)``; its parameters are
        moved in place.
    x, t
        The examples, (N, D) or of more axes, and their targets, N of them: classes, one-hot rows, or anything
        else the network's loss takes; accuracies are measured of classes alone.
    epochs, batch_size
        How often to see every example, and how many at a time.
    optimizer
        Moves the parameters, such as :class:`SGD`.
    validation
        Examples and targets that are held out; loss and accuracy are measured on them after each epoch.
    callbacks
        What else should happen, see :mod:`gradcheck.training.callbacks`.
    seed
        Chooses the order, and the examples the gate looks at: the same seed, the same network.
    shuffle
        Draw another order for each epoch; with False the examples come as they are.
    verify
        Check the gradients first. With False they are taken on trust, and the history says so, as it does where
        nothing could be settled.
    resume
        A file of `Checkpoint`: go on from there, up to `epochs` in all, exactly as if there had been no break.
        Network, optimiser and callbacks are made as for the first run; their state is read.
    on_batch, on_epoch
        Called after each batch with its number and how many there are, and after each epoch with its record.

    Raises
    ------
    GradientError
        If a gradient is wrong; no weight has moved then.
    FloatingPointError
        If the loss is no longer a finite number; it says which layer that comes from.
    ValueError, DataError
        If the arguments do not fit together, or the file to resume from does not fit them.

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
    _require_sense(x, t, epochs, batch_size, validation)
    run = Run(network, optimizer, History(), epochs, -(-len(x) // batch_size), np.random.default_rng(seed))
    run.identity = {"seed": seed, "batch_size": batch_size, "shuffle": shuffle, "examples": len(x)}
    run.callbacks = sorted([_Functions(on_batch, on_epoch), *callbacks], key=lambda callback: callback.comes_last)
    if resume is not None:
        resume_from(resume, run)
    if verify:
        run.history.report = gate(network, x, t, seed=seed)
        if run.history.report.verdict == "disagree":
            run.history.report.raise_if_wrong()
    with ExitStack() as ends, deferred_interrupt() as interruption:
        for callback in run.callbacks:
            ends.callback(callback.on_end, run)
            callback.on_start(run)
        try:
            _learn(run, x, t, validation, interruption)
        except KeyboardInterrupt:
            run.stop = f"interrupted in epoch {run.epoch}, after batch {run.batch} of {run.batches}"
        run.history.stopped = run.stop
    return run.history


def _learn(run: Run, x: Array, t: Array, validation: Any, interruption: Interruption) -> None:
    """All epochs that are left."""
    while not run.stop and len(run.history.epochs) < run.epochs:
        run.epoch, start = len(run.history.epochs) + 1, perf_counter()
        _learn_epoch(run, x, t, interruption)
        if run.stop:
            return
        run.history.epochs.append(_measured(run, x, t, validation, start))
        for callback in run.callbacks:
            callback.on_epoch(run)


def _learn_epoch(run: Run, x: Array, t: Array, interruption: Interruption) -> None:
    """Every example once, in random order."""
    step, total, run.batch, run.loss = step_of(run.network), 0.0, 0, nan
    order = run.rng.permutation(len(x)) if run.identity["shuffle"] else np.arange(len(x))
    for batch in batches(order, run.identity["batch_size"]):
        if run.stop:
            return
        total += _take(step, run, x[batch], t[batch])
        run.batch += 1
        run.loss = total / run.batch
        for callback in run.callbacks:
            callback.on_batch(run)
        if interruption.asked:
            raise KeyboardInterrupt


def _take(step: Step, run: Run, x: Array, t: Array) -> float:
    """One step; the loss before it, not a number where the network does not say it."""
    with np.errstate(all="ignore"):  # of numbers too large the loss will tell, and where they come from
        loss, grads = step(x, t)
        if loss is not None and not isfinite(loss):
            raise _diverged(run, loss, f"batch {run.batch + 1} of {run.batches}", x, t)
        run.optimizer.update(run.network.params, grads)
    return nan if loss is None else loss


def _measured(run: Run, x: Array, t: Array, validation: Any, start: float) -> Epoch:
    """The record of the epoch just gone through."""
    with np.errstate(all="ignore"):
        loss, right = evaluate(run.network, x, t)
        if not isfinite(loss):
            raise _diverged(run, loss, "after the last batch", x, t)
        held_out = evaluate(run.network, *validation) if validation is not None else (nan, nan)
    return Epoch(run.epoch, loss, right, held_out[1], held_out[0], run.optimizer.rate, perf_counter() - start)


def _diverged(run: Run, loss: float, when: str, x: Array, t: Array) -> FloatingPointError:
    return FloatingPointError(
        f"the loss is {loss} in epoch {run.epoch}, {when}; {blame(run.network, x, t)}. "
        "Try a smaller learning rate, smaller weights to begin with, or clipped gradients."
    )


class _Functions(Callback):
    """The two plain functions of `fit` as a callback."""

    def __init__(self, on_batch: Any, on_epoch: Any) -> None:
        self.batch, self.epoch = on_batch, on_epoch

    def on_batch(self, run: Run) -> None:
        if self.batch:
            self.batch(run.batch, run.batches)

    def on_epoch(self, run: Run) -> None:
        if self.epoch:
            self.epoch(run.history.epochs[-1])


def _require_sense(x: Array, t: Array, epochs: int, batch_size: int, validation: Any) -> None:
    pairs = {"x and t": (x, t), **({"the two of validation": validation} if validation is not None else {})}
    for name, (examples, targets) in pairs.items():
        if len(examples) == 0 or len(examples) != len(targets):
            counts = f"{len(examples)} and {len(targets)}"
            raise ValueError(f"{name} have to hold equally many examples, at least one: {counts}")
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} has to be a whole number of at least 1; it is {value!r}")
