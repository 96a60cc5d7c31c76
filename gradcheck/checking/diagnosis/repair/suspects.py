"""Which statements of a backward can be at fault: those that reach what is wrong, and leave alone what is right."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.repair.edits import Edit
from gradcheck.checking.mutation.source import Function

Array = NDArray[Any]
Reached = Mapping[int, Sequence[Mapping[str, Array] | None]]
"""For each statement, by id, the entries of which gradients change where its value, or a part of it, does; None if that
is not known."""

NUDGE = 1.37
"""A value times this is another, and no usual mistake."""


def nudged(function: Function) -> Iterator[Edit]:
    """Every statement with its value made larger; of several values at once one after the other."""
    for node in ast.walk(function):
        value = getattr(node, "value", None)
        if isinstance(node, ast.stmt) and isinstance(value, ast.expr):
            yield from (Edit("", node, value, instead) for instead in _larger(value))


def _larger(value: ast.expr) -> Iterator[ast.expr]:
    """With one part of a tuple larger; of ``np.add.at(a, i, v)`` what is added."""
    if isinstance(value, ast.Tuple):
        for i, part in enumerate(value.elts):
            for instead in _larger(part):
                yield ast.Tuple([*value.elts[:i], instead, *value.elts[i + 1 :]], ast.Load())
    elif isinstance(value, ast.Call) and getattr(value.func, "attr", "") == "at" and len(value.args) == 3:
        for instead in _larger(value.args[2]):
            yield ast.Call(value.func, [*value.args[:2], instead], value.keywords)
    else:
        yield ast.BinOp(value, ast.Mult(), ast.Constant(NUDGE))


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


JUST, WIDELY, SINGLY, SPOILING, IDLE = range(5)
"""How far-fetched it is that a statement is at fault, by the gradients it reaches.

Just the entries that are wrong; others of them too, or not all; one gradient of several that are wrong; one that is
right; none that is wrong.
"""


def level(reached: Sequence[Mapping[str, Array] | None], wrong: Mapping[str, Array], unknown: int) -> int:
    """How far-fetched it is that some part of a statement is at fault; `unknown` where nobody knows what it reaches."""
    return min((_level(part, wrong, unknown) for part in reached), default=unknown)


def _level(reached: Mapping[str, Array] | None, wrong: Mapping[str, Array], unknown: int) -> int:
    if reached is None:
        return unknown
    hit = [name for name in reached if name in wrong]
    if not hit:
        return IDLE
    if len(hit) < len(reached):
        return SPOILING
    if all(name in reached and np.all(reached[name] == where) for name, where in wrong.items()):
        return JUST
    return SINGLY if len(hit) == 1 < len(wrong) else WIDELY
