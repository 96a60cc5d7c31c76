"""What every loader returns, and what it raises."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Floats = NDArray[Any]
Labels = NDArray[Any]


class DataError(ValueError):
    """Data that is missing or damaged: names the file, what was expected and what was found."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Pictures with their classes, in a part to train on and a part held out.

    Attributes
    ----------
    x_train, x_test
        One picture a row, (N, D), scaled to [0, 1].
    t_train, t_test
        The class of each row, (N,), as an index.
    name
        What it is: ``"MNIST"``, ``"digits"``.
    source
        Where it came from, in a few words.
    note
        Why it is not what one might have expected; empty if it is.
    classes
        How many there are: the ten digits.

    Examples
    --------
    >>> from gradcheck.training import load_digits
    >>> load_digits()
    Dataset(digits: 1,433 pictures to train on, 364 held out, 64 pixels, 10 classes)
    """

    x_train: Floats
    t_train: Labels
    x_test: Floats
    t_test: Labels
    name: str
    source: str
    note: str = ""
    classes: int = 10

    @property
    def pixels(self) -> int:
        """The length D of a row."""
        return int(self.x_train.shape[1])

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name}: {len(self.x_train):,} pictures to train on, {len(self.x_test):,} held out,"
            f" {self.pixels} pixels, {self.classes} classes)"
        )
