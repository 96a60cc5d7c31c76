"""Which statements of a backward can be at fault: those that reach what is wrong, and leave alone what is right."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.checking.diagnosis.repair.edits import Edit
from gradcheck.checking.mutation.source import Function

Reached = Mapping[int, frozenset[str] | None]
"""For each statement, by id, the gradients that change where its value does; None where that is not known."""

NUDGE = 1.37
"""A value times this is another, and no usual mistake."""


def nudged(function: Function) -> Iterator[Edit]:
    """Every statement with its value made larger."""
    for node in ast.walk(function):
        value = getattr(node, "value", None)
        if isinstance(node, ast.stmt) and isinstance(value, ast.expr):
            yield Edit("", node, value, _larger(value))


def _larger(value: ast.expr) -> ast.expr:
    """Each part of a tuple; of ``np.add.at(a, i, v)`` what is added."""
    if isinstance(value, ast.Tuple):
        return ast.Tuple([_larger(part) for part in value.elts], ast.Load())
    if isinstance(value, ast.Call) and getattr(value.func, "attr", "") == "at" and len(value.args) == 3:
        return ast.Call(value.func, [*value.args[:2], _larger(value.args[2])], value.keywords)
    return ast.BinOp(value, ast.Mult(), ast.Constant(NUDGE))


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> frozenset[str] | None:
    """The gradients that are others than before; None where there are none, as the statement did not run."""
    if not after:
        return None
    return frozenset(name for name in before if not _equal(before[name], after.get(name)))


def _equal(one: Any, other: Any) -> bool:
    try:
        return np.array_equal(one, other, equal_nan=True)
    except TypeError:  # no numbers
        return one is other


def tier(reached: frozenset[str] | None, wrong: frozenset[str]) -> int:
    """0 for what can be at fault, 1 where something right would be spoilt too, 2 where nothing wrong is reached."""
    if reached is None or not reached:
        return 0 if reached is None else 2
    return 2 if not reached & wrong else 1 if reached - wrong else 0
