"""``gradcheck train``, ``evaluate`` and ``predict``: a network verified, trained, kept in a file, and used."""

import argparse
import sys
from collections.abc import Callable
from contextlib import suppress
from math import isqrt
from pathlib import Path
from typing import Any

FINE, DISAGREES, AT_FAULT, INTERRUPTED = 0, 1, 2, 130

FAINTEST = 0.1  # what differs less from the ground is paper

DATASETS = ("auto", "mnist", "digits")
NETWORKS = ("two-layer", "dense-512", "dropout-512", "plain-512", "conv")


def add_train(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Say what the three commands take."""
    train = commands.add_parser(
        "train",
        help="verify a network, then train it on handwritten digits and save it",
        description="Check the gradients of a network on a few pictures; only if they are right, train it, showing "
        "every epoch, and save it. Ctrl-C ends it cleanly. Exit status 1 if a gradient disagrees.",
        allow_abbrev=False,
    )
    train.add_argument("--network", choices=NETWORKS, default="dense-512", help="default: dense-512")
    _add_data(train)
    train.add_argument("--epochs", type=_count, help="how often to see every picture; default: the network's own")
    train.add_argument("--batch-size", type=_count, help="pictures at a time; default: the network's own, of few fewer")
    train.add_argument("--seed", type=_seed, default=0, help="of weights, order and dropout; default: 0")
    train.add_argument("--save", metavar="FILE", type=Path, help="where to keep the trained network: model.npz")
    train.add_argument("--checkpoints", metavar="DIR", type=Path, help="keep last.npz and best.npz there")
    train.add_argument("--resume", metavar="FILE", type=Path, help="go on from a checkpoint, as if never interrupted")
    train.add_argument("--patience", type=_count, help="stop after so many epochs without improvement")
    train.add_argument("--log", metavar="FILE", type=Path, help="a CSV file with a line for each epoch")
    train.add_argument("--curves", metavar="FILE", type=Path, help="a picture of loss and accuracy (needs matplotlib)")
    train.add_argument("--no-verify", action="store_true", help="take the gradients on trust")
    train.add_argument("--plain", action="store_true", help="no colour, no progress bar")
    train.set_defaults(run=_guarded(run_train))

    evaluate = commands.add_parser(
        "evaluate",
        help="loss and accuracy of a saved network on the pictures held out",
        description="Loss and accuracy of a saved network on the pictures held out, and which digits it confuses.",
        allow_abbrev=False,
    )
    evaluate.add_argument("model", metavar="MODEL", type=Path, help="a file of `gradcheck train --save`")
    _add_data(evaluate)
    evaluate.set_defaults(run=_guarded(run_evaluate))

    predict = commands.add_parser(
        "predict",
        help="which digit is on a picture?",
        description="Which digit is on a picture, and how sure the network is. The picture is prepared as those of "
        "MNIST were: light on dark, cut out, scaled and centred (needs matplotlib to read it).",
        allow_abbrev=False,
    )
    predict.add_argument("model", metavar="MODEL", type=Path, help="a file of `gradcheck train --save`")
    predict.add_argument("pictures", metavar="PICTURE", type=Path, nargs="+", help="a PNG, or what matplotlib reads")
    predict.set_defaults(run=_guarded(run_predict))


def run_train(options: argparse.Namespace) -> int:
    """Verify, train, save."""
    import numpy as np

    from gradcheck.checking import GradientError
    from gradcheck.cli.console import console
    from gradcheck.training import Progress, evaluate, fit, load, save
    from gradcheck.training.recipes import RECIPES

    recipe, out = RECIPES[options.network], console(sys.stdout, plain=options.plain)
    _require_places(options)
    digits = load(options.dataset, options.data, dtype=np.float32)
    network = recipe.network(digits.pixels, digits.classes, options.seed)
    epochs = options.epochs or recipe.epochs
    batch_size = options.batch_size or recipe.batch_size_for(len(digits.x_train))
    optimizer = recipe.optimizer(epochs * -(-len(digits.x_train) // batch_size))
    for line in filter(None, (digits.note, f"{digits!r}", f"{options.network}: {recipe.about}")):
        out.write(line)
    out.write(f"{network.summary(digits.x_train[:1])}\n{optimizer!r}, batches of {batch_size}")
    shows = Progress(plain=options.plain)
    try:
        history = fit(
            network,
            digits.x_train,
            digits.t_train,
            epochs=epochs,
            batch_size=batch_size,
            optimizer=optimizer,
            validation=(digits.x_test, digits.t_test),
            callbacks=[*_callbacks(options), shows],
            seed=options.seed,
            shuffle=recipe.shuffle,
            verify=not options.no_verify,
            resume=options.resume,
        )
    except GradientError as error:
        out.write(f"{error.report}\n\nThe gradients were not found right, so nothing is trained.")
        return DISAGREES
    checked = str(history.report).splitlines()[0] if history.report is not None else "not checked (--no-verify)"
    out.write(f"\nGradients: {checked}")
    loss, right = evaluate(network, digits.x_test, digits.t_test)
    out.write(f"Held out:  {right:.2%} right, loss {loss:.4f}")
    if options.save:
        save(options.save, network, extra={"network": options.network, "data": digits.name, "accuracy": right})
        out.write(f"Saved:     {options.save}; try gradcheck predict {options.save} picture.png")
    return INTERRUPTED if history.stopped.startswith("interrupted") else FINE


def run_evaluate(options: argparse.Namespace) -> int:
    """Loss, accuracy, and what is confused most."""
    import numpy as np

    from gradcheck.training import accuracy, evaluate, load, predict
    from gradcheck.training.metrics import confusion_matrix

    network = _loaded(options.model)
    digits = load(options.dataset, options.data, dtype=next(iter(network.params.values())).dtype)
    pixels = _pixels(network)
    if pixels != digits.pixels:
        raise ValueError(f"{options.model} takes pictures of {pixels} pixels, {digits.name} has {digits.pixels}")
    scores = predict(network, digits.x_test)
    loss, _ = evaluate(network, digits.x_test, digits.t_test)
    print(f"{options.model}: {network!r}")
    print(f"{digits!r}")
    print(f"{accuracy(scores, digits.t_test):.2%} of those held out told right, loss {loss:.4f}")
    confused = confusion_matrix(scores, digits.t_test)
    np.fill_diagonal(confused, 0)
    for place in np.argsort(confused, axis=None)[::-1][:3]:
        right, taken = divmod(int(place), confused.shape[1])
        if confused[right, taken]:
            print(f"  {right} taken for {taken}: {confused[right, taken]} times")
    return FINE


def run_predict(options: argparse.Namespace) -> int:
    """The digit on each picture."""
    import numpy as np

    from gradcheck.analytic import Softmax

    network = _loaded(options.model)
    side, dtype = isqrt(_pixels(network)), next(iter(network.params.values())).dtype
    for path in options.pictures:
        try:
            picture = _as_learned(_grey(path), side)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        (probabilities,) = Softmax().forward(network.predict(picture.reshape(1, -1).astype(dtype)))
        best = np.argsort(probabilities)[::-1]
        others = ", ".join(f"{digit} {probabilities[digit]:.1%}" for digit in best[1:3])
        print(f"{path}: {best[0]} ({probabilities[best[0]]:.1%}; then {others})")
    return FINE


def _callbacks(options: argparse.Namespace) -> list[Any]:
    from gradcheck.training import Checkpoint, CSVLog, Curves, EarlyStopping

    wanted: list[tuple[Any, Callable[[], Any]]] = [
        (options.patience, lambda: EarlyStopping("validation_loss", options.patience)),
        (options.log, lambda: CSVLog(options.log)),
        (options.curves, lambda: Curves(options.curves)),
        (options.checkpoints, lambda: Checkpoint(options.checkpoints, best="validation_accuracy")),
    ]
    return [make() for option, make in wanted if option]


def _loaded(path: Path) -> Any:
    from gradcheck.training import load_network

    return load_network(path).network


def _pixels(network: Any) -> int:
    """How many numbers a picture has that this network takes."""
    from gradcheck.analytic import Dense, Reshape
    from gradcheck.analytic.network import leaves

    first = next(leaf for leaf in leaves(network) if isinstance(leaf, Dense | Reshape))
    if isinstance(first, Reshape):
        return int(first.shape[-1] * first.shape[-2])
    return int(first.W.shape[0])


def _as_learned(picture: Any, side: int) -> Any:
    """The picture as those the network learned from: light on dark, side × side, centred.

    One that is dark and of that size already is left as it is.
    """
    import numpy as np

    from gradcheck.cli.draw.picture import centred

    ground = float(np.median(np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])))
    if picture.shape == (side, side) and ground < 0.5:
        return picture
    ink = np.abs(picture - ground)
    if ink.max() < FAINTEST:
        raise ValueError("there is nothing on it; a digit has to stand out from its ground")
    ink = np.where(ink < FAINTEST, 0, ink)
    return centred(ink, side, box=round(side * 20 / 28) if side >= 16 else side)


def _grey(path: Path) -> Any:
    """The grey values of a picture file, (H, W) from 0 to 1; what is transparent is white."""
    import numpy as np

    try:
        from matplotlib.image import imread  # an optional package
    except ImportError:
        raise ValueError("reading a picture needs matplotlib; pip install matplotlib") from None
    try:
        picture = np.asarray(imread(path))
    except (OSError, ValueError, SyntaxError) as error:  # the last is what Pillow says of a damaged PNG
        raise ValueError(f"it cannot be read as a picture ({error})") from error
    picture = picture / 255 if np.issubdtype(picture.dtype, np.integer) else picture.astype(float)
    if picture.ndim == 3 and picture.shape[2] in {2, 4}:
        alpha = picture[..., -1:]
        picture = picture[..., :-1] * alpha + (1 - alpha)
    if picture.ndim == 3:
        picture = picture @ [0.299, 0.587, 0.114] if picture.shape[2] == 3 else picture[..., 0]
    return np.clip(picture, 0, 1)


def _guarded(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """What is wrong with files and numbers, in one line."""

    def guarded(options: argparse.Namespace) -> int:
        try:
            return run(options)
        except (ValueError, FloatingPointError, ImportError) as error:  # DataError is a ValueError
            print(f"gradcheck: {error}", file=sys.stderr)
            return AT_FAULT

    return guarded


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dataset",
        choices=DATASETS,
        default="auto",
        help="auto is MNIST where it can be had, else scikit-learn's digits",
    )
    parser.add_argument(
        "--data", metavar="DIR", type=folder, help="where MNIST's files are; default: GRADCHECK_DATA, else as usual"
    )


def folder(text: str) -> str:
    """The folder of MNIST's files; not the name of a data set, which is easily put in its place."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty; it has to name a folder")
    if text in DATASETS and not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"it has to name a folder with MNIST's files; write --dataset {text}")
    return text


def _require_places(options: argparse.Namespace) -> None:
    """Know before the work that what comes of it can be written."""
    if (path := options.save) is not None:
        if not path.parent.is_dir():
            raise ValueError(f"--save {path}: there is no folder {path.parent}")
        if path.is_dir():
            raise ValueError(f"--save {path}: that is a folder; name a file in it, {path / 'model.npz'}")
    if (folder := options.checkpoints) is not None and folder.exists() and not folder.is_dir():
        raise ValueError(f"--checkpoints {folder}: that is a file; a folder is wanted, for last.npz and best.npz")


def _count(text: str) -> int:
    return _whole(text, 1)


def _seed(text: str) -> int:
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    with suppress(ValueError):
        if (number := int(text)) >= least:
            return number
    raise argparse.ArgumentTypeError(f"it has to be a whole number of at least {least}; it is {text!r}")
