"""Where the network comes from: the file that was named, the one kept from last time, or a training."""

import os
from pathlib import Path

import numpy as np

from gradcheck.analytic import Dense, Sequential, SoftmaxCrossEntropy, Tanh
from gradcheck.cli.console import Console
from gradcheck.cli.draw.classifier import Classifier
from gradcheck.cli.draw.picture import Array, centred
from gradcheck.training import Adam, DataError, Dataset, Epoch, History, fit, load, load_network, save
from gradcheck.training.mnist import named

HIDDEN = 256
BATCH = 100
EPOCHS = {"digits": 30}  # few pictures: more epochs
USUAL_EPOCHS = 5


def classifier_of(path: str | os.PathLike[str]) -> Classifier:
    """The network in a file.

    Raises
    ------
    DataError
        If there is no such file, it is damaged, or its network takes no such pictures.
    """
    network = load_network(path).network
    try:
        return Classifier(network)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def usual_classifier(console: Console, *, retrain: bool = False) -> Classifier:
    """The network kept from last time; where there is none, one is trained, with progress shown, and kept.

    One trained on scikit-learn's digits is good enough until ``GRADCHECK_DATA`` says where MNIST is.

    Raises
    ------
    DataError
        If there is no data to train on.
    KeyboardInterrupt
        If the training was interrupted; nothing is kept of it.
    """
    kinds = ["mnist"] if named() else ["mnist", "digits"]
    for path in () if retrain else map(_kept, kinds):
        if path.exists():
            try:
                return classifier_of(path)
            except DataError as error:
                console.write(f"{error}\nA new network is trained in its place.")
                break
    return _trained(console)


def cache_folder() -> Path:
    """The user's own cache of this library: in ``XDG_CACHE_HOME``, else in ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gradcheck"


def train(data: Dataset, console: Console, *, epochs: int | None = None, seed: int = 0) -> Sequential:
    """A dense network with one hidden layer, its gradients checked first, trained on pictures of 28 × 28."""
    pictures = _as_mnist(data.x_train), _as_mnist(data.x_test)
    rng = np.random.default_rng(seed)
    layers = Dense(784, HIDDEN, rng, np.float32), Tanh(), Dense(HIDDEN, data.classes, rng, np.float32)
    network = Sequential(*layers, loss=SoftmaxCrossEntropy())
    history = _fit(network, data, pictures, epochs or EPOCHS.get(data.name, USUAL_EPOCHS), seed, console)
    if history.stopped:
        raise KeyboardInterrupt
    last = history.epochs[-1]
    console.write(f"It tells {last.validation_accuracy:.1%} of {len(data.x_test):,} pictures it has not seen right.")
    return network


def _kept(kind: str) -> Path:
    return cache_folder() / f"draw-{kind}.npz"


def _trained(console: Console) -> Classifier:
    with console.progress() as show:
        show("looking for the data", 0, 0)
        data = load("auto", dtype=np.float32, progress=show)
    if data.note:
        console.write(data.note)
    console.write(f"Training a network on {len(data.x_train):,} pictures of {data.name}; it is kept for the next time.")
    network = train(data, console)
    path = _kept("digits" if data.name == "digits" else "mnist")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, network)
    except OSError as error:  # a folder that may not be written to costs the next start some time, and no more
        console.write(f"The network could not be kept: {error}")
    return Classifier(network)


def _fit(
    network: Sequential, data: Dataset, pictures: tuple[Array, Array], epochs: int, seed: int, console: Console
) -> History:
    with console.progress() as show:
        finished = 0

        def on_batch(done: int, total: int) -> None:
            show(f"epoch {finished + 1} of {epochs}", finished * total + done, epochs * total)

        def on_epoch(epoch: Epoch) -> None:
            nonlocal finished
            finished = epoch.number
            console.write(f"epoch {epoch.number:2}  loss {epoch.loss:.4f}  held out {epoch.validation_accuracy:.2%}")

        return fit(
            network,
            pictures[0],
            data.t_train,
            epochs=epochs,
            batch_size=BATCH,
            optimizer=Adam(0.001),
            validation=(pictures[1], data.t_test),
            seed=seed,
            on_batch=on_batch,
            on_epoch=on_epoch,
        )


def _as_mnist(rows: Array) -> Array:
    """The pictures as rows of 28 · 28 pixels; smaller ones are scaled and centred like drawings."""
    side = int(rows.shape[1] ** 0.5)
    if side == 28:
        return rows
    return np.stack([centred(row.reshape(side, side)).reshape(-1) for row in rows]).astype(rows.dtype)
