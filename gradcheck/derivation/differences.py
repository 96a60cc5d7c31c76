"""The derivative of one step, measured: its own central difference.

A step of a derivation is one small sub-expression, cheap to run again, so its slope is measured over a
ladder of step sizes and extrapolated to zero (Ridders, *Advances in Engineering Software* 4, 1982), which
gives about twelve digits and an estimate of what they are worth. The total is compared with the plain
textbook difference instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.derivation.rules import RULES
from gradcheck.derivation.trace import interior
from gradcheck.derivation.value import Traced
from gradcheck.numerical import numerical_gradient, numerical_jvp

_EPS = float(np.finfo(float).eps)
_STEPS = 45  # down to 3e-15 for a variable of unit size
_COLUMNS = 5
_DIRECTIONS = 3
_SAMPLED = 8  # of the largest entries of a large array, and as many others
_WIDE = 100  # doubts are estimates themselves; a contradiction must be gross


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
        margin = 1e-5 * (high - low)
        return bool(close or (kink and low - margin <= value <= high + margin))


def slope(f: Callable[[float], float], x: float, size: float | None = None, floor: float = 0.0) -> Slope:
    """The derivative of `f` at `x`, (f(x + h) - f(x - h)) / 2h extrapolated to h = 0.

    `floor` is the size of the largest numbers that `f` adds up, where they cancel to something smaller.

    Examples
    --------
    >>> print(f"{slope(np.exp, 0.0).value:.12f}")
    1.000000000000
    """
    size = abs(x) if size is None else size
    largest = 0.1 * max(size, 1.0)
    ladder = [h for k in range(_STEPS) if (h := largest / 2**k) > 1e-10 * size]
    with np.errstate(all="ignore"):
        value, error = _consistent(_extrapolated(_difference(f, x, h, floor) for h in ladder))
        h = 1e-7 * (size or 1.0)
        here = f(x)
        left, right = (here - f(x - h)) / h, (f(x + h) - here) / h
    return Slope(value, error, float(left), float(right))


def _difference(f: Callable[[float], float], x: float, h: float, floor: float = 0.0) -> tuple[float, float]:
    """A central difference over the step really taken, and its rounding error."""
    low, high = x - h, x + h
    below, above = float(f(low)), float(f(high))
    step = np.float64(high - low)
    return float((above - below) / step), float(_EPS * max(abs(above), abs(below), floor) / step)


def _extrapolated(differences: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """For each step of a ladder that halves, the best extrapolation so far and how doubtful it is."""
    best, previous = [], list[float]()
    for plain, noise in differences:
        row, choices = [plain], []
        for power, older in enumerate(previous[: _COLUMNS - 1], start=1):
            row.append(row[-1] + (row[-1] - older) / (4**power - 1))
            choices.append((max(abs(row[-1] - row[-2]), abs(row[-1] - older)) + noise, row[-1]))
        previous = row
        best += [(value, doubt) for doubt, value in [min(choices, default=(np.nan, np.nan))] if doubt < np.inf]
    return best


def _consistent(estimates: list[tuple[float, float]]) -> tuple[float, float]:
    """The least doubtful estimate that contradicts no finer one (Lepskii's principle).

    A coarse step may see a flat function and be sure of it; the finer steps know better.
    """
    chosen, low, high = (np.nan, np.inf), -np.inf, np.inf
    for value, doubt in reversed(estimates):
        low, high = max(low, value - _WIDE * doubt), min(high, value + _WIDE * doubt)
        if low > high:
            break
        if doubt < chosen[1]:
            chosen = value, doubt
    return chosen


def measure(f: Callable[[Any], Any], x: Any, gradient: Any, entries: int = 64, floor: float = 0.0) -> tuple[Any, bool]:
    """The measured gradient of `f` at `x`, and whether `gradient` is what was measured.

    Up to so many `entries` are measured one by one. A larger array is measured along a few random directions,
    in which no entry is invisible, so that a matrix costs about as much as a number; of its single entries the
    largest and some others are measured too, and the rest of the measured gradient is NaN.
    """
    x = np.array(x, float)
    if x.size <= entries:
        found = {i: slope(_along(f, x, _unit(x, i)), x[i], floor=floor) for i in np.ndindex(x.shape)}
        values = np.array([found[i].value for i in found]).reshape(x.shape)
        return values[()], all(found[i].agrees(float(np.asarray(gradient)[i])) for i in found)
    random = np.random.default_rng(0)
    directions = [random.choice([-1.0, 1.0], x.shape) * random.uniform(0.5, 1.5, x.shape) for _ in range(_DIRECTIONS)]
    return textbook(f, x, gradient), all(_agrees_along(f, x, d, gradient, floor) for d in directions)


def _agrees_along(f: Callable[[Any], Any], x: Any, direction: Any, gradient: Any, floor: float) -> bool:
    """Whether the slope of `f` along a line is that of the gradient, within what was measured."""
    found = numerical_jvp(lambda at: np.float64(f(at)), x, direction)
    expected = float(np.sum(gradient * direction))
    size = max(abs(float(found.value)), abs(expected), 0.1 * float(np.linalg.norm(gradient * direction)))
    if abs(float(found.value) - expected) <= 1e-6 * size + 10 * float(found.error) < np.inf:
        return True  # else a finer ladder has to look: there may be noise, or a kink
    return slope(_along(f, x, direction), 0.0, float(np.max(np.abs(x))), floor).agrees(expected)


def _unit(x: Any, i: tuple[Any, ...]) -> Any:
    unit = np.zeros(x.shape)
    unit[i] = 1.0
    return unit


def _along(f: Callable[[Any], Any], x: Any, direction: Any) -> Callable[[float], float]:
    """`f` on the line through `x`; the entry moved alone is set, not added to, so that it is exact."""
    if np.count_nonzero(direction) == 1 and np.sum(direction) == 1:
        return lambda entry: _value(f, np.where(direction == 1, entry, x))
    return lambda t: _value(f, x + t * direction)


def _value(f: Callable[[Any], Any], x: Any) -> float:
    """f(x), or NaN outside its domain, where a Cholesky factor, say, is an error."""
    try:
        return float(f(x))
    except (np.linalg.LinAlgError, ArithmeticError):
        return np.nan


def textbook(f: Callable[[Any], Any], x: Any, gradient: Any, entries: int = 256) -> Any:
    """The textbook's central difference, h = 1e-4 unless `x` lives on quite another scale.

    Of an array with more `entries`, the largest few of `gradient` and a few others; the rest is NaN.
    """
    x = np.array(x, float)
    size = float(np.max(np.abs(x), initial=0))
    h = 1e-4 * size if 0 < size < 1e-2 else max(1e-4, 1e-8 * size)
    if x.size <= entries:
        return numerical_gradient(f, x, h)[()]
    largest = np.argsort(-np.abs(np.ravel(gradient)), kind="stable")[:_SAMPLED]
    others = np.random.default_rng(0).choice(x.size, _SAMPLED, replace=False)
    found = np.full(x.shape, np.nan)
    for k in {*largest.tolist(), *others.tolist()}:
        i = np.unravel_index(k, x.shape)
        found[i] = _difference(_along(f, x, _unit(x, i)), float(x[i]), h)[0]
    return found


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
