"""What wrong entries have in common, where no cause is known."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.places import places

Array = NDArray[Any]


def pattern(clues: Clues) -> str:
    """Where the wrong entries lie, or how all of them are off, in a sentence or two; empty if there is nothing."""
    c = clues.comparison
    wrong = c.wrong
    if c.analytic is None or not c.complete or not wrong.any() or clues.claimed.shape != wrong.shape:
        return ""
    said = [] if wrong.all() else [_where(clues, wrong)]
    said += list(_how(clues, wrong))
    return " ".join(s for s in said if s)


def _where(clues: Clues, wrong: Array) -> str:
    count = (
        f"All {int(wrong.sum()):,} wrong entries of {clues.d} lie" if wrong.sum() > 1 else "The one wrong entry lies"
    )
    inside = []
    for phrase, mask in chain(_by_value(clues), places(wrong.shape)):
        if np.array_equal(mask, wrong):
            return f"{count} {phrase}, and no right one does."
        if not np.any(wrong & ~mask) and not mask.all():
            inside.append((int(mask.sum()), phrase))
    if inside:
        size, phrase = min(inside)
        return f"{count} {phrase}, as {size - int(wrong.sum()):,} right ones do."
    return ""


def _by_value(clues: Clues) -> Iterator[tuple[str, Array]]:
    """Regions told by the values of the tensor itself, of the output and of the cotangent."""
    yield "exactly at the kinks or ties", clues.comparison.kinks
    x, y, v = clues.value, clues.given.output, clues.given.cotangent
    yield from _signs(clues.tensor, x)
    if y.shape == x.shape:
        yield from _signs("the output", y)
        yield from _signs("dout", v)
    if x.ndim:
        for name, side in (("largest", x.max(axis=-1, keepdims=True)), ("smallest", x.min(axis=-1, keepdims=True))):
            yield f"where {clues.tensor} is the {name} along its last axis", x == side
    right = clues.right
    yield f"where the right {clues.d} is 0", right == 0
    yield f"where the right {clues.d} is not 0", right != 0
    yield f"where the right {clues.d} is negative", right < 0
    yield f"where the right {clues.d} is positive", right > 0


def _signs(name: str, a: Array) -> Iterator[tuple[str, Array]]:
    yield f"where {name} is 0", a == 0
    yield f"where {name} is not 0", a != 0
    yield f"where {name} < 0", a < 0
    yield f"where {name} > 0", a > 0
    yield f"where |{name}| > 1", np.abs(a) > 1
    yield f"where |{name}| < 1", np.abs(a) < 1


def _how(clues: Clues, wrong: Array) -> Iterator[str]:
    """How the wrong entries are off."""
    a, g = clues.claimed, clues.right
    known = wrong & np.isfinite(g)
    if not known.any():
        return
    if not np.any(a[known]):
        yield "They are zero." if not wrong.all() else f"{clues.d} is zero."
        return
    if a.size > 1 and np.ptp(a[known]) == 0 and known.sum() > 1:
        yield f"They are all {a[known][0]:.6g}."
    if not np.any(g[known]):
        yield "They should be zero."
        return
    yield from _ratios(clues.d, a, g, known)
    yield from _constant_along(clues, a, g)


def _ratios(d: str, a: Array, g: Array, known: Array) -> Iterator[str]:
    """By how much those are off that should not be zero, and how many others should be."""
    some, zero = known & (g != 0), int((known & (g == 0)).sum())
    ratio = a[some] / g[some]
    if ratio.size < 2:
        return
    who = f"{int(some.sum()):,} entries of {d}" if zero else f"Entries of {d}"
    rest = f"; {zero:,} more should be 0" if zero else ""
    low, high = float(ratio.min()), float(ratio.max())
    off = np.abs(ratio - 1)
    if off.max() < 1e-3:
        yield f"{who} are off by {_between(float(off.min()), float(off.max()), '.2g')} of themselves{rest}."
    elif np.isclose(low, high, rtol=1e-5):
        yield f"{who} are {low:.6g} times the right ones{rest}."
    elif low >= 0:
        kind = "too large" if low > 1 else "too small" if high < 1 else "of the right sign"
        yield f"{who} are {kind}: analytic/numerical lies between {low:.3g} and {high:.3g}{rest}."
    elif high <= 0:
        yield f"{who} have the wrong sign: analytic/numerical lies between {low:.3g} and {high:.3g}{rest}."


def _between(low: float, high: float, form: str) -> str:
    return f"{low:{form}}" if np.isclose(low, high, rtol=0.1) else f"{low:{form}} to {high:{form}}"


def _constant_along(clues: Clues, a: Array, g: Array) -> Iterator[str]:
    """Whether the claim, its ratio to the right one or the difference is the same for all entries along an axis."""
    if not np.all(np.isfinite(g)):
        return
    with np.errstate(all="ignore"):
        ratio, rest = a / g, a - g
    for axis, n in enumerate(a.shape if a.ndim > 1 else ()):
        if n < 2:
            continue
        for what, array in ((clues.d, a), ("analytic/numerical", ratio), ("analytic − numerical", rest)):
            if np.all(np.isfinite(array)) and _same_along(array, axis) and not _same_along(array.ravel()[None], 1):
                yield f"{what} is the same for all {n} entries along axis {axis}."
                return


def _same_along(array: Array, axis: int) -> bool:
    return bool(np.all(np.ptp(array, axis=axis) <= 1e-5 * np.abs(array).max()))
