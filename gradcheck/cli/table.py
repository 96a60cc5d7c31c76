"""The table of verdicts: a row as soon as a subject has been checked."""

from collections.abc import Iterable
from itertools import zip_longest
from textwrap import wrap

from gradcheck.checking import Report

TITLES = ("layer or loss", "tensors", "worst error", "resolution", "evaluations", "verdict")
NUMBERS = slice(2, 5)  # the columns aligned to the right
VERDICTS = {"agree": "agrees", "disagree": "WRONG", "undecided": "undecided"}
GAP = "  "


class Table:
    """Rows of text in columns that fit the width; what is too long for its column goes on below.

    Parameters
    ----------
    names
        What will be checked: the longest decides the first column, if there is room.
    width
        Of a row.

    Examples
    --------
    >>> table = Table(["Dense", "A layer with a long name"], 78)
    >>> print(table.row("A layer with a long name", "x W b", "1e-13", "2e-11", "106", "agrees"))
    A layer with a long   x W b          1e-13       2e-11          106  agrees
      name
    """

    def __init__(self, names: Iterable[str], width: int) -> None:
        rest = (5, 10, 11, 9)
        room = width - sum(rest) - len(rest) * len(GAP) - len(GAP)
        name = min(max(map(len, names)), max(room - 13, 20))
        self.widths = (name, min(room - name, 17), *rest)

    def header(self) -> str:
        """The titles of the columns, and a rule."""
        titles = self.row(*TITLES)
        return f"{titles}\n{'─' * max(map(len, titles.splitlines()))}"

    def row(self, *cells: str) -> str:
        """One row, of one line or more."""
        columns = [
            wrap(cell, width, subsequent_indent=GAP if column == 0 else "") or [""]
            for column, (cell, width) in enumerate(zip(cells, self.widths, strict=True))
        ]
        return "\n".join(self._line(list(parts)) for parts in zip_longest(*columns, fillvalue=""))

    def outcome(self, name: str, report: Report | str) -> str:
        """The row for a report, or for a subject that raised and left a traceback."""
        if isinstance(report, str):
            return self.row(name, "", "", "", "", "raises")
        errors = [tensor.worst_error for tensor in report.tensors if tensor.worst_error is not None]
        resolution = max((tensor.resolution for tensor in report.tensors), default=float("inf"))
        return self.row(
            name,
            " ".join(tensor.name for tensor in report.tensors),
            _short(max(errors)) if errors else "",
            _short(resolution),
            f"{report.evaluations:,}",
            VERDICTS[report.verdict],
        )

    def _line(self, parts: list[str]) -> str:
        padded = [part.ljust(width) for part, width in zip(parts, self.widths, strict=True)]
        padded[NUMBERS] = [part.strip().rjust(len(part)) for part in padded[NUMBERS]]
        return GAP.join(padded).rstrip()


def _short(number: float) -> str:
    return f"{number:.0e}" if number else "0"
