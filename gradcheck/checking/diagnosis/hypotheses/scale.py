"""The gradient is right but for a constant: its sign, a mean that is missing or too many, a factor, zero."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation, both
from gradcheck.checking.diagnosis.numbers import PLAIN, Meaning, meanings
from gradcheck.checking.diagnosis.shorter import ratio_with_fewer_rows, rows_of
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]
NAMELESS = "the same factor for every entry, input and cotangent"
"""What is said of a constant that has no name."""

Rule = Callable[[Trial, Array], Array]


def scale(clues: Clues) -> Iterator[Explanation]:
    """A constant times the right gradient."""
    if clues.claimed.shape != clues.right.shape:
        return
    if not np.any(clues.claimed):
        yield zero(clues)
        return
    factor = fitted_factor(clues.claimed, clues.right)
    if factor and abs(factor - 1) > 1e-6:
        yield constant(clues, factor)


def zero(clues: Clues) -> Explanation:
    """No gradient at all."""
    return Explanation(
        "zero",
        lambda trial: np.zeros(trial.point[clues.tensor].shape),
        f"{clues.d} is zero in every entry, though the output depends on {clues.tensor}.",
        f"Compute {clues.d}, or store what was computed where it is looked for; in a loop add to it (+=), as the last "
        "round may give 0.",
    )


def fitted_factor(claimed: Array, right: Array) -> float:
    """The constant by which one is closest to a multiple of the other; 0 where there is none."""
    known = np.isfinite(claimed) & np.isfinite(right)
    size = float(np.sum(right[known] ** 2))
    return float(np.sum(claimed[known] * right[known])) / size if size else 0.0


def constant(clues: Clues, factor: float) -> Explanation:
    """The explanation for a constant factor, named where it has a meaning."""
    rule: Rule = lambda trial, gradient: factor * gradient  # noqa: E731 - a rule among rules
    cause, message, remedy = said_of(clues, factor)
    doubt = 0 if cause in ("sign", "missing-mean", "extra-mean") else 1
    return Explanation(
        cause, lambda trial: rule(trial, trial.right(clues.tensor)), f"{clues.d} {message}", remedy, doubt, rule
    )


def said_of(clues: Clues, factor: float) -> tuple[str, str, str]:
    """Cause, message after the gradient's name, and remedy."""
    size = abs(factor)
    wrong_sign = factor < 0
    if abs(size - 1) < 1e-6:
        return (
            "sign",
            "has the wrong sign everywhere: it is minus the right gradient.",
            f"Negate {clues.d}: look for a lost or doubled minus.",
        )
    cause, message, remedy = _size_said(clues, size)
    if wrong_sign:
        return both(cause, "sign"), f"has the wrong sign, and besides {message}", f"Negate {clues.d}. {remedy}"
    return cause, message, remedy


def _size_said(clues: Clues, size: float) -> tuple[str, str, str]:
    large = size > 1
    times = size if large else 1 / size
    how = f"is {times:.6g} times too {'large' if large else 'small'} everywhere"
    found = _likely(clues, times, large) or _likely(clues, size, large)
    if not found:
        remedy = f"{'Divide' if large else 'Multiply'} by {times:.6g}, or look for a constant of that size."
        return "factor", f"{how}; {NAMELESS}{_as_long(clues, times)}.", remedy
    first, *others = found
    or_else = (
        f" (or {others[0].phrase})"
        if others and others[0].value == first.value and others[0].mean != first.mean
        else ""
    )
    if first.mean:
        cause, verb = ("missing-mean", "is missing") if large else ("extra-mean", "is too much")
        what = f"the mean {first.mean} {verb}" if large else f"it is a mean {first.mean} where a sum belongs"
        remedy = f"{'Divide' if large else 'Do not divide'} {clues.d} by {times:.6g}, {first.phrase}."
        return cause, f"{how}, and {times:.6g} is {first.phrase}{or_else}: {what}.", remedy
    number = times if abs(first.value / times - 1) < 1e-5 else size
    verb = "Divide by" if (number == times) == large else "Multiply by"
    return "factor", f"{how}; {number:.6g} is {first.phrase}{or_else}.", f"{verb} {number:.6g}."


def _as_long(clues: Clues, size: float) -> str:
    """That a constant which does not follow the batch has its length here."""
    here = [m for m in meanings(clues, size) if m.axis is not None]
    return (
        f"; {size:.6g} is {here[0].phrase}, here, but the factor is a constant that does not follow it" if here else ""
    )


def _likely(clues: Clues, value: float, large: bool) -> list[Meaning]:
    """What a factor may mean; a batch is one only if the factor follows its length."""
    found = meanings(clues, value)
    if abs(value - 2) < 1e-5:  # of which there is more than one reason everywhere
        found.sort(key=lambda m: m not in PLAIN)
    followed = [m for m in found if m.axis is not None and _follows(clues, m, value, large)]
    refuted = [m for m in found if m.axis is not None and m not in followed and clues.notes.get(m.axis) is not None]
    kept = [m for m in found if m not in refuted]
    return followed + [m for m in kept if m not in followed]


def _follows(clues: Clues, meaning: Meaning, value: float, large: bool) -> bool:
    """Whether the factor changes as it should where the batch is one shorter."""
    assert meaning.axis is not None  # only those are asked
    rows = rows_of(clues, meaning.axis[0])
    if meaning.axis not in clues.notes:
        clues.notes[meaning.axis] = ratio_with_fewer_rows(clues, rows, value if large else 1 / value)
    ratio = clues.notes[meaning.axis]
    if ratio is None:
        return False
    shrunk = (rows - 1) / rows
    expected = value * shrunk if large else 1 / value / shrunk
    return bool(abs(abs(ratio) / expected - 1) < 1e-3)
