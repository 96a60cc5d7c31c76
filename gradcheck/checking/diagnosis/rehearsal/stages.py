"""Runs of a forward: one that keeps what every operation was given and gave, and later ones that compare with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.rehearsal.watched import Compute, Site, Stage

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Call:
    """One run of an operation: its arguments and its result, at the point.

    Attributes
    ----------
    arguments : list
    result : ndarray
    rounds : list of Call
        All the runs of that operation, this one among them.
    number : int
        Which of them.
    rehearsal : Rehearsal
    """

    arguments: list[Any]
    result: Array
    rounds: list["Call"] = field(repr=False)
    number: int
    rehearsal: "Rehearsal" = field(repr=False)


Rule = Callable[[Compute, Sequence[Any], Call, Array], Any]
"""From an operation, its arguments now, the call at the point and the result now to what it gives instead."""


class LostError(Exception):
    """The second run went another way than the first, so that its operations do not correspond."""


class Rehearsal(Stage):
    """The first run: keeps what every operation was given and gave."""

    def __init__(self) -> None:
        self.calls: dict[Site, list[Call]] = {}

    def play(self, site: Site, compute: Compute, arguments: Sequence[Any], result: Any) -> Any:
        """Take note."""
        kept = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
        rounds = self.calls.setdefault(site, [])
        rounds.append(Call(kept, np.array(result), rounds, len(rounds), self))
        return result


@dataclass(frozen=True)
class Change:
    """One operation that answers by another rule, in some of its calls.

    Attributes
    ----------
    site : Site
    kind : str
        ``constant``, ``argument``, ``straight``, ``elsewhere``, ``transposed``, ``spread``, ``slice``, ``neighbour``,
        ``without``.
    rule : callable
    argument : int
        Which, where it is about one.
    among : callable
        From the number of a call and the count of all to whether it is changed.
    said : str
        Of which calls: empty if all.
    """

    site: Site
    kind: str
    rule: Rule
    argument: int = 0
    among: Callable[[int, int], bool] = lambda i, n: True
    said: str = ""


class Performance(Stage):
    """A second run, in which some operations are changed."""

    def __init__(self, rehearsal: Rehearsal, changes: Sequence[Change]) -> None:
        self.rehearsal, self.changes = rehearsal, changes
        self.counts: dict[Site, int] = {}

    def play(self, site: Site, compute: Compute, arguments: Sequence[Any], result: Any) -> Any:
        """The changed answer at the changed operations."""
        changes = [change for change in self.changes if change.site == site]
        if not changes:
            return result
        calls, i = self.rehearsal.calls.get(site, []), self.counts.get(site, 0)
        self.counts[site] = i + 1
        if i >= len(calls) or calls[i].result.shape != np.shape(result):
            raise LostError
        for change in changes:
            if change.among(i, len(calls)):
                try:
                    return change.rule(compute, arguments, calls[i], result)
                except ValueError as problem:  # the rule does not fit the shapes of this call
                    raise LostError from problem
        return result


class Listening(Stage):
    """A second run in which nothing is changed, but which operations move is noted."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.moved: dict[Site, set[int]] = {}
        self.counts: dict[Site, int] = {}

    def play(self, site: Site, compute: Compute, arguments: Sequence[Any], result: Any) -> Any:
        """Note the operation if its result moves, with the arguments that do."""
        calls, i = self.rehearsal.calls.get(site, []), self.counts.get(site, 0)
        self.counts[site] = i + 1
        if i < len(calls) and not np.array_equal(calls[i].result, result, equal_nan=True):
            moved = self.moved.setdefault(site, set())
            for j, (now, then) in enumerate(zip(arguments, calls[i].arguments, strict=True)):
                if isinstance(now, np.ndarray) and not np.array_equal(now, then, equal_nan=True):
                    moved.add(j)
        return result
