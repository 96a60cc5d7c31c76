"""What may be wrong with one operation of forward, as changes to try in a second run."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gradcheck.checking.diagnosis.rehearsal.rules import (
    argument_constant,
    constant,
    elsewhere,
    of_another_round,
    one_slice,
    spread,
    straight,
    transposed,
)
from gradcheck.checking.diagnosis.rehearsal.stages import Call, Change
from gradcheck.checking.diagnosis.rehearsal.watched import Site

EXTREMES = ("maximum.reduce", "minimum.reduce", "max", "amax", "min", "amin")
"""Operations that let one of several entries through."""

SUMS = ("add.reduce", "sum", "mean")
"""Operations to which several entries contribute."""

PRODUCTS = ("multiply", "matmul", "dot")


def changes_of(site: Site, calls: Sequence[Call], moving: set[int]) -> Iterator[Change]:
    """Everything that may be wrong with one operation, first that nothing passes."""
    call = calls[0]
    yield Change(site, "constant", constant)
    unary = sum(isinstance(a, np.ndarray) for a in call.arguments) == 1
    for j in sorted(moving):
        yield from _of_argument(site, calls, j, unary)
    if site.operation in EXTREMES:
        yield Change(site, "spread", spread)
    if site.operation in SUMS and unary and call.result.size < np.size(call.arguments[0]):
        yield from (Change(site, "slice", one_slice(which), said=said) for which, said in ((0, "first"), (-1, "last")))
    if len(call.arguments) == 1 and np.shape(call.arguments[0]) == call.result.shape and site.operation != "[]":
        yield Change(site, "elsewhere", elsewhere)
    for said, among in _SOME_CALLS if len(calls) > 1 else ():
        yield Change(site, "constant", constant, 0, among, said)
        if not unary:
            yield from (Change(site, "argument", argument_constant(j), j, among, said) for j in sorted(moving))


def _of_argument(site: Site, calls: Sequence[Call], j: int, unary: bool) -> Iterator[Change]:
    """What may be wrong with the way through one argument."""
    call = calls[0]
    if np.shape(call.arguments[j]) == call.result.shape and site.operation not in ("add", "subtract"):
        yield Change(site, "straight", straight(j), j)
    if not unary:
        yield Change(site, "argument", argument_constant(j), j)
    if site.operation in ("matmul", "dot") and min(np.ndim(a) for a in call.arguments) >= 2:
        yield Change(site, "transposed", transposed(j), j)
        for said, among in _SOME_CALLS[2:] if len(calls) > 1 else ():
            yield Change(site, "transposed", transposed(j), j, among, said)
    if len(calls) > 2 and site.operation in PRODUCTS and not unary:
        yield Change(site, "neighbour", of_another_round(j, 1), j, said="the next round")
        yield Change(site, "neighbour", of_another_round(j, -1), j, said="the round before")


_SOME_CALLS: tuple[tuple[str, Callable[[int, int], bool]], ...] = (
    ("all its rounds but the last", lambda i, n: i < n - 1),
    ("all its rounds but the first", lambda i, n: i > 0),
    ("its first round", lambda i, n: i == 0),
    ("its last round", lambda i, n: i == n - 1),
)
