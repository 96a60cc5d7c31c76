"""Which statements of a backward can be at fault: those that reach what is wrong, and leave alone what is right."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.repair.edits import Edit
from gradcheck.checking.mutation.source import Function

Array = NDArray[Any]
Reached = Mapping[int, Mapping[str, Array] | None]
"""For each statement, by id, the entries of which gradients change where its value does; None if that is not known."""

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


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Array] | None:
    """Where gradients are others than before; None where there are none, as the statement did not run."""
    if not after:
        return None
    return {name: where for name in before if (where := _differs(before[name], after.get(name))).any()}


def _differs(one: Any, other: Any) -> Array:
    try:
        if np.shape(one) == np.shape(other):
            return np.asarray(~np.isclose(one, other, rtol=1e-12, atol=0, equal_nan=True))
    except TypeError:  # no numbers
        pass
    return np.asarray(one is not other)


def level(reached: Mapping[str, Array] | None, wrong: Mapping[str, Array], unknown: int) -> int:
    """How far-fetched it is that a statement is at fault; `unknown` where nobody knows what it reaches.

    0 where it reaches just the entries that are wrong; 1 where it reaches others of the
    same gradients, too; 2 where it reaches a gradient that is right; 3 where it reaches nothing that is wrong.
    """
    if reached is None:
        return unknown
    if not any(name in wrong for name in reached):
        return 3
    if any(name not in wrong for name in reached):
        return 2
    return int(any(name not in reached or np.any(reached[name] != where) for name, where in wrong.items()))
