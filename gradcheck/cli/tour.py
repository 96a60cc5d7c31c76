"""``gradcheck tour``: derive, verify, and only then train."""

import traceback
from dataclasses import dataclass
from textwrap import wrap
from time import perf_counter

import numpy as np

from gradcheck import __version__
from gradcheck.analytic import TwoLayerNet
from gradcheck.analytic.catalogue import Case, cases
from gradcheck.checking import Report, check
from gradcheck.cli.console import Console
from gradcheck.cli.table import Table
from gradcheck.derivation import Derivation, explain
from gradcheck.derivation.worked_example import AT, RATE, error
from gradcheck.training import SGD, Dataset, Epoch, fit, gate, load
from gradcheck.training.datasets import Name
from gradcheck.training.mnist import named

FINE, DISAGREES = 0, 1

HIDDEN = 100
WEIGHT_SCALE = 0.05
LEARNING_RATE, MOMENTUM = 0.3, 0.9


@dataclass(frozen=True)
class Pace:
    """How a data set is gone through."""

    batch_size: int
    epochs: int


PACES = {"digits": Pace(batch_size=32, epochs=40)}  # few pictures: smaller batches, more epochs
USUAL = Pace(batch_size=100, epochs=10)


def tour(console: Console, dataset: Name = "auto", data: str | None = None, seed: int = 0) -> int:
    """The whole tour; 0 if every gradient agrees, 1 if one does not: then nothing is trained.

    Raises
    ------
    DataError
        If the data asked for is missing or damaged. Files that were named are read before all else.
    """
    start = perf_counter()
    digits = _load(console, dataset, data) if dataset != "digits" and named(data) else None
    console.write(f"gradcheck {__version__}: derive, verify, train", "bold")

    derivations = _derive(console)
    reports = _verify(console, seed)
    if not (reports and all(derivation.ok for derivation in derivations)):
        return _stop(console)

    digits = digits or _load(console, dataset, data)
    network, report = _prepare(console, digits, seed)
    if not report:
        return _stop(console, report)
    last = _train(console, network, digits, seed)

    _summarise(console, derivations, [*reports, report], digits, last)
    _say(console, f"{perf_counter() - start:.0f} s", "Time")
    _say(console, "from gradcheck import check; print(check(your_layer, x))", "Next")
    return FINE


def _load(console: Console, dataset: Name, data: str | None) -> Dataset:
    with console.progress() as show:
        show("looking for the data", 0, 0)
        return load(dataset, data, dtype=np.float32, progress=show)


def _derive(console: Console) -> list[Derivation]:
    console.heading("1  How two gradients come about")
    _say(
        console,
        "A network of two inputs, two hidden and two output neurons (Mazur, 2015), written in plain NumPy. "
        "w5 leads straight to an output; w1 lies a layer deeper and reaches the error on two paths.",
    )
    derivations = [explain(error, wrt=weight, at=AT, rate=RATE) for weight in ("w5", "w1")]
    for derivation in derivations:
        console.write()
        console.write(derivation.text(ascii=console.ascii, width=console.width))
    return derivations


def _verify(console: Console, seed: int) -> list[Report] | None:
    """The reports on all there is, or None if not all of them are good; the bad ones have been shown."""
    console.heading("2  Every layer and loss, verified")
    everything = cases(np.random.default_rng(seed))
    table = Table([case.name for case in everything], console.width)
    console.write(table.header())
    outcomes = []
    with console.progress() as show:
        for number, case in enumerate(everything):
            show(case.name, number, len(everything))
            outcome = _checked(case, seed)
            outcomes.append(outcome)
            console.write(table.outcome(case.name, outcome))
    good = [outcome for outcome in outcomes if isinstance(outcome, Report) and outcome.ok]
    console.write()
    _say(
        console,
        "Worst error: the largest difference between backpropagation and central differences. Resolution: the "
        "smallest that would have been noticed. Both relative to a typical entry of the gradient.",
    )
    for outcome in outcomes:
        if outcome not in good:
            console.write(f"\n{outcome}")
    return good if len(good) == len(outcomes) else None


def _checked(case: Case, seed: int) -> Report | str:
    """The report, or the traceback if the subject raises."""
    try:
        return check(case.subject, *case.inputs, wrt=case.wrt, name=case.name, seed=seed, exhaustive=True)
    except Exception as error:
        return f"{case.name}: {''.join(traceback.format_exception(error))}"


def _stop(console: Console, report: Report | None = None) -> int:
    if report is not None:
        console.write(f"\n{report}")
    console.write("\nNot every gradient agrees, so nothing is trained.", "bold")
    return DISAGREES


def _prepare(console: Console, digits: Dataset, seed: int) -> tuple[TwoLayerNet, Report]:
    """The network that is to be trained, and the report on its gradients."""
    network = TwoLayerNet(digits.pixels, HIDDEN, digits.classes, rng=seed, weight_scale=WEIGHT_SCALE, dtype=np.float32)
    shape = f"{digits.pixels}-{HIDDEN}-{digits.classes}"
    report = gate(network, digits.x_train, digits.t_train, seed=seed, name=f"the {shape} network")
    count = sum(value.size for value in network.params.values())
    console.heading("3  Verified, so it may learn")
    if digits.note:
        _say(console, digits.note, "Note")
    _say(console, f"{digits.name}: {len(digits.x_train):,} pictures, and {len(digits.x_test):,} held out", "Data")
    _say(console, digits.source, "From")
    _say(console, f"{shape} with sigmoids, {count:,} parameters", "Network")
    _say(console, str(report).splitlines()[0], "Verified")
    return network, report


def _train(console: Console, network: TwoLayerNet, digits: Dataset, seed: int) -> Epoch:
    """The last epoch of a training that shows every one."""
    pace = PACES.get(digits.name, USUAL)
    descent = f"gradient descent, rate {LEARNING_RATE}, momentum {MOMENTUM}, batches of {pace.batch_size}"
    _say(console, descent, "Learning")
    console.write("\nepoch    loss    train     test")
    with console.progress() as show:
        number = 1

        def on_batch(done: int, total: int) -> None:
            show(f"epoch {number} of {pace.epochs}", (number - 1) * total + done, pace.epochs * total)

        def on_epoch(epoch: Epoch) -> None:
            nonlocal number
            number = epoch.number + 1
            console.write(
                f"{epoch.number:5}  {epoch.loss:.4f}  {epoch.accuracy:7.2%}  {epoch.validation_accuracy:7.2%}"
            )

        history = fit(
            network,
            digits.x_train,
            digits.t_train,
            epochs=pace.epochs,
            batch_size=pace.batch_size,
            optimizer=SGD(LEARNING_RATE, MOMENTUM),
            validation=(digits.x_test, digits.t_test),
            seed=seed,
            on_batch=on_batch,
            on_epoch=on_epoch,
        )
    return history.epochs[-1]


def _summarise(
    console: Console, derivations: list[Derivation], reports: list[Report], digits: Dataset, last: Epoch
) -> None:
    console.heading("4  Summary")
    gradients = " and ".join(f"∂{d.result}/∂{d.wrt} = {d.value:.9f}" for d in derivations)
    tensors = sum(len(report.tensors) for report in reports)
    evaluations = sum(report.evaluations for report in reports)
    _say(console, f"{gradients}; every factor agrees with its own difference", "Derived")
    _say(
        console, f"{tensors} tensors of {len(reports)} subjects, in {evaluations:,} evaluations: all agree", "Verified"
    )
    _say(console, f"{last.validation_accuracy:.2%} of the held-out pictures of {digits.name} told right", "Trained")


def _say(console: Console, text: str, label: str = "") -> None:
    """Write prose within the width, behind a label if there is one."""
    start = f"{label:<10}" if label else ""
    lines = wrap(text, console.width - len(start), break_on_hyphens=False, break_long_words=False)
    console.write(start + f"\n{' ' * len(start)}".join(lines))
