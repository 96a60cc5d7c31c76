"""The derivative of one step, measured: its own central difference.

A step of a derivation is one small sub-expression, cheap to run again, so its slope is measured over a
ladder of step sizes and extrapolated to zero (Ridders, *Advances in Engineering Software* 4, 1982), which
gives about twelve digits and an estimate of what they are worth. The total is compared with the plain
textbook difference instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.derivation.rules import RULES
from gradcheck.derivation.trace import interior
from gradcheck.derivation.value import Traced
from gradcheck.numerical import numerical_gradient

_EPS = float(np.finfo(float).eps)
_STEPS = 30
_COLUMNS = 5


@dataclass(frozen=True)
class Slope:
    """A measured slope, an estimate of its error, and the slopes on either side."""

    value: float
    error: float
    left: float
    right: float

    def agrees(self, value: float) -> bool:
        """Whether `value` is this slope, or at a kink lies between the two sides."""
        close = abs(value - self.value) <= 1e-6 * max(abs(value), abs(self.value)) + 10 * self.error
        low, high = sorted((self.left, self.right))
        kink = high - low > 1e-3 * max(abs(low), abs(high))
        return bool(close or (kink and low <= value <= high))


def slope(f: Callable[[float], float], x: float) -> Slope:
    """The derivative of `f` at `x`, (f(x + h) - f(x - h)) / 2h extrapolated to h = 0.

    Examples
    --------
    >>> print(f"{slope(np.exp, 0.0).value:.12f}")
    1.000000000000
    """
    largest = 0.1 * max(abs(x), 1.0)
    best, least = np.nan, np.inf
    previous: list[float] = []
    with np.errstate(all="ignore"):
        here = f(x)
        for k in range(_STEPS):
            column, noise = _difference(f, x, largest / 2**k)
            row = [column]
            for power, older in enumerate(previous[: _COLUMNS - 1], start=1):
                row.append(row[-1] + (row[-1] - older) / (4**power - 1))
                doubt = max(abs(row[-1] - row[-2]), abs(row[-1] - older)) + noise
                if doubt < least:
                    best, least = row[-1], doubt
            previous = row
        h = largest / 2**20
        left, right = (here - f(x - h)) / h, (f(x + h) - here) / h
    return Slope(float(best), float(least), float(left), float(right))


def _difference(f: Callable[[float], float], x: float, h: float) -> tuple[float, float]:
    """A central difference over the step really taken, and its rounding error."""
    low, high = x - h, x + h
    below, above = f(low), f(high)
    return (above - below) / (high - low), _EPS * max(abs(above), abs(below)) / (high - low)


def measure(f: Callable[[Any], Any], x: Any, gradient: Any) -> tuple[Any, bool]:
    """The textbook central difference of `f` at `x`, and whether it bears out `gradient`."""
    x = np.array(x, float)
    h = step(x)
    numerical = numerical_gradient(f, x, h)
    size = np.max(np.abs([gradient, numerical]), initial=0)
    noise = _EPS * abs(float(f(x))) / h
    return numerical, bool(np.all(np.abs(gradient - numerical) <= 1e-5 * size + 10 * noise))


def step(x: Any) -> float:
    """1e-4, as the textbook says, unless `x` lives on quite another scale."""
    size = float(np.max(np.abs(x), initial=0))
    return 1e-4 if size == 0 or 1e-2 <= size <= 1e2 else 1e-4 * size


def rerun(above: Traced, below: Traced) -> Callable[[Any], Any]:
    """`above` as a function of `below`: its sub-expression, computed anew where it depends on `below`."""
    moved = {id(below)}
    steps = []
    for node in [*interior(above), above]:
        if any(id(x) in moved for x in node.inputs):
            moved.add(id(node))
            steps.append(node)

    def run(x: Any) -> Any:
        done = {id(below): x}
        for node in steps:
            arguments = [done.get(id(argument), argument.value) for argument in node.inputs]
            done[id(node)] = RULES[node.op].forward(*arguments, **node.params)
        return done[id(above)]

    return run
