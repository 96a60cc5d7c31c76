"""What happened in a training: one record an epoch, and how it ended."""

from dataclasses import asdict, dataclass, field, fields
from math import isnan, nan
from typing import Any

from gradcheck.checking import Report


@dataclass(frozen=True)
class Epoch:
    """One pass over the examples, and how the network did after it.

    What was not measured is not a number: the accuracy where there are no classes, or what there are no examples for.
    `lr` is the learning rate of its last step; `seconds`, how long it took, does not count when epochs are compared.
    """

    number: int
    loss: float
    accuracy: float = nan
    validation_accuracy: float = nan
    validation_loss: float = nan
    lr: float = nan
    seconds: float = field(default=nan, compare=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Epoch) and self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash(self._compared())

    def figure(self, name: str) -> float:
        """The figure of this name, such as ``"validation_loss"``.

        Raises
        ------
        ValueError
            If there is none of that name, or it was not measured.
        """
        if name not in FIGURES:
            raise ValueError(f"{name!r} is no figure of an epoch; there are {', '.join(FIGURES)}")
        value = float(getattr(self, name))
        if isnan(value):
            needs = "pass validation=(x, t) to fit" if name.startswith("validation") else "it needs classes to tell"
            raise ValueError(f"{name} was not measured in epoch {self.number}; {needs}, or choose another figure")
        return value

    def _compared(self) -> tuple[Any, ...]:
        """All but the time; what was not measured equals what was not measured."""
        values = (getattr(self, f.name) for f in fields(self) if f.compare)
        return tuple(None if isnan(value) else value for value in values)


FIGURES = ("loss", "accuracy", "validation_loss", "validation_accuracy")


def higher_is_better(name: str) -> bool:
    """Whether a figure should grow: an accuracy should, a loss should not."""
    return name.endswith("accuracy")


@dataclass
class History:
    """What happened: the report of the gate (None if it was left open), one record for each epoch, and how it ended.

    Attributes
    ----------
    report : Report or None
        What was found of the gradients before the training; None with ``verify=False``.
    epochs : list of Epoch
    stopped : str
        Why the training ended before its last epoch; empty if it did not.

    Examples
    --------
    >>> history = History(epochs=[Epoch(1, loss=0.9, accuracy=0.6), Epoch(2, loss=0.5, accuracy=0.8)])
    >>> history["loss"], history.best("accuracy").number
    ([0.9, 0.5], 2)
    >>> print(history)
    gradients not checked (verify=False)
    epoch    loss  accuracy
        1  0.9000    60.00%
        2  0.5000    80.00%
    """

    report: Report | None = None
    epochs: list[Epoch] = field(default_factory=list)
    stopped: str = ""

    def __getitem__(self, name: str) -> list[float]:
        """One figure of all epochs."""
        if name not in {f.name for f in fields(Epoch)}:
            raise KeyError(f"{name!r} is no figure of an epoch; there are {', '.join(f.name for f in fields(Epoch))}")
        return [getattr(epoch, name) for epoch in self.epochs]

    def best(self, by: str) -> Epoch:
        """The epoch that was best by a figure; the first of equals."""
        if not self.epochs:
            raise ValueError("there is no best epoch: none was completed")
        sign = -1 if higher_is_better(by) else 1
        return min(self.epochs, key=lambda epoch: sign * epoch.figure(by))

    def to_dicts(self) -> list[dict[str, Any]]:
        """The epochs as plain dicts, None where nothing was measured."""
        return [{k: None if isnan(v) else v for k, v in asdict(epoch).items()} for epoch in self.epochs]

    @staticmethod
    def epochs_of(dicts: list[Any]) -> list[Epoch]:
        """The epochs that ``to_dicts`` has written down."""
        read: list[dict[str, Any]] = [{k: nan if v is None else v for k, v in each.items()} for each in dicts]
        return [Epoch(**each) for each in read]

    def __str__(self) -> str:
        unchecked = "gradients not checked (verify=False)"
        lines = [unchecked if self.report is None else str(self.report).splitlines()[0], *table_of(self.epochs)]
        return "\n".join([*lines, self.stopped] if self.stopped else lines)


def table_of(epochs: list[Epoch]) -> list[str]:
    """A header and a line for each epoch, of the figures that were measured."""
    names = [name for name in FIGURES if any(not isnan(getattr(epoch, name)) for epoch in epochs)]
    return [header_of(names), *(row_of(epoch, names) for epoch in epochs)]


def header_of(names: list[str]) -> str:
    """The line above the epochs."""
    return " ".join(["epoch", *(f"{_short(name):>{_width(name)}}" for name in names)])


def row_of(epoch: Epoch, names: list[str]) -> str:
    """An epoch in a line."""
    return " ".join([f"{epoch.number:5}", *(f"{shown(name, getattr(epoch, name)):>{_width(name)}}" for name in names)])


def shown(name: str, value: float) -> str:
    """An accuracy in per cent, a loss in five significant places."""
    return f"{value:.2%}" if higher_is_better(name) else f"{value:.4f}"


def _short(name: str) -> str:
    return name.replace("validation_", "held-out ")


def _width(name: str) -> int:
    return max(len(_short(name)) + 1, 7)
