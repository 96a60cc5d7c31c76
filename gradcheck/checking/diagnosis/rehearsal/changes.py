"""What one operation may do otherwise in a second run: be constant, let through, take its slope elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.rehearsal.watched import Compute, Site, Stage

Array = NDArray[Any]


@dataclass(frozen=True)
class Call:
    """One run of an operation: its arguments and its result, at the point."""

    arguments: list[Any]
    result: Array


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
        self.calls.setdefault(site, []).append(Call(kept, np.array(result)))
        return result


@dataclass(frozen=True)
class Change:
    """One operation that answers by another rule, in some of its calls.

    Attributes
    ----------
    site : Site
    kind : str
        ``constant``, ``argument``, ``straight``, ``elsewhere``, ``transposed``.
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
        self.rehearsal, self.changes = rehearsal, {change.site: change for change in changes}
        self.counts: dict[Site, int] = {}

    def play(self, site: Site, compute: Compute, arguments: Sequence[Any], result: Any) -> Any:
        """The changed answer at the changed operations."""
        change = self.changes.get(site)
        if change is None:
            return result
        calls, i = self.rehearsal.calls.get(site, []), self.counts.get(site, 0)
        self.counts[site] = i + 1
        if i >= len(calls) or calls[i].result.shape != np.shape(result):
            raise LostError
        return change.rule(compute, arguments, calls[i], result) if change.among(i, len(calls)) else result


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


def constant(_: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
    """Nothing passes."""
    return call.result


def argument_constant(j: int) -> Rule:
    """Nothing passes through this argument."""

    def rule(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
        return compute([call.arguments[i] if i == j else a for i, a in enumerate(arguments)])

    return rule


def straight(j: int) -> Rule:
    """The argument passes as if the operation were not there."""

    def rule(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
        return call.result + (arguments[j] - call.arguments[j])

    return rule


def elsewhere(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
    """The slope is taken at the result, where it should be taken at the argument."""
    return call.result + compute([call.result + (arguments[0] - call.arguments[0])]) - compute([call.result])


def spread(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
    """Every entry that was compared gets what only the largest (or smallest) should."""
    change = arguments[0] - call.arguments[0]
    for count in range(1, change.ndim + 1):
        for axes in combinations(range(change.ndim), count):
            for keep in (False, True):
                total = change.sum(axis=axes, keepdims=keep)
                if total.shape == call.result.shape:
                    return call.result + total
    return result


def transposed(j: int) -> Rule:
    """In a matrix product, the other factor is transposed, read into the shape that fits."""

    def rule(compute: Compute, arguments: Sequence[Any], call: Call, result: Array) -> Any:
        other = np.asarray(call.arguments[1 - j])
        turned = other.swapaxes(-1, -2).reshape(other.shape)
        change = arguments[j] - call.arguments[j]
        return call.result + compute([change, turned] if j == 0 else [turned, change])

    return rule


def changes_of(site: Site, calls: Sequence[Call], moving: set[int]) -> Iterator[Change]:
    """Everything that may be wrong with one operation."""
    call, several = calls[0], len(calls) > 1
    shape = call.result.shape
    yield Change(site, "constant", constant)
    unary = sum(isinstance(a, np.ndarray) for a in call.arguments) == 1
    for j in sorted(moving):
        if np.shape(call.arguments[j]) == shape and site.operation not in ("add", "subtract"):
            yield Change(site, "straight", straight(j), j)
        if not unary:
            yield Change(site, "argument", argument_constant(j), j)
        if site.operation in ("matmul", "dot") and min(np.ndim(a) for a in call.arguments) >= 2:
            yield Change(site, "transposed", transposed(j), j)
            for said, among in _SOME_CALLS[2:] if several else ():
                yield Change(site, "transposed", transposed(j), j, among, said)
    if site.operation in EXTREMES:
        yield Change(site, "spread", spread)
    if unary and len(call.arguments) == 1 and np.shape(call.arguments[0]) == shape and site.operation != "[]":
        yield Change(site, "elsewhere", elsewhere)
    if several:
        for said, among in _SOME_CALLS:
            yield Change(site, "constant", constant, 0, among, said)
            if not unary:
                yield from (Change(site, "argument", argument_constant(j), j, among, said) for j in sorted(moving))


EXTREMES = ("maximum.reduce", "minimum.reduce", "max", "amax", "min", "amin")
"""Operations that let one of several entries through."""

_SOME_CALLS: tuple[tuple[str, Callable[[int, int], bool]], ...] = (
    ("all its rounds but the last", lambda i, n: i < n - 1),
    ("all its rounds but the first", lambda i, n: i > 0),
    ("its first round", lambda i, n: i == 0),
    ("its last round", lambda i, n: i == n - 1),
)
