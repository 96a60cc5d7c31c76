"""Small differences that are mistakes all the same: a narrower type on the way, a constant left out."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.rehearsal.play import Play
from gradcheck.checking.diagnosis.rehearsal.rules import without
from gradcheck.checking.diagnosis.rehearsal.stages import Change
from gradcheck.checking.diagnosis.trial import Trial
from gradcheck.numerical.steps import scales

Array = NDArray[Any]

SMALL = 0.1
"""Differences above this share of the gradient are no rounding and no small constant."""

NOT_SMALL_YET = 0.01
"""Relative differences above this do not yet fall as a power of the input's size."""

EPSILON = 0.05
"""Constants above this are no small ones."""

LARGEST = 20_000
"""Tensors with more entries than this are not watched."""


def relative_size(clues: Clues) -> float:
    """The size of the difference by that of the gradient."""
    rest = np.nan_to_num(clues.claimed - clues.right)
    return float(np.linalg.norm(rest) / (np.linalg.norm(np.nan_to_num(clues.right)) or 1))


def precision(clues: Clues) -> Iterator[Explanation]:
    """Computed in single or half precision: what a wider type can hold beyond that makes no difference."""
    if clues.claimed.shape != clues.right.shape or clues.claimed.dtype != float:
        return
    size = relative_size(clues)
    for narrow in (np.float32, np.float16):
        eps = float(np.finfo(narrow).eps)
        if not 0 < size < 20 * eps:
            continue
        if all(_is_rounded(trial.claimed(clues.tensor), narrow) for trial in clues.fresh):
            how = f"every entry is a {narrow.__name__} number"
        elif all(_is_deaf(clues, trial, eps) for trial in clues.fresh):
            how = f"changes of the cotangent or the input below {narrow.__name__} do not reach it"
        else:
            continue
        # Roundings have no rule; that they are no more than roundings is all there is to show.
        yield Explanation(
            "precision",
            lambda trial: trial.claimed(clues.tensor),
            f"{clues.d} is right to {size:.1g} of itself, as {narrow.__name__} is, and {how}: it was computed in a "
            "narrower type.",
            f"Compute in the type of {clues.tensor}; look for astype, dtype= or a buffer of {narrow.__name__}.",
        )
        return


def _is_rounded(array: Array, narrow: Any) -> bool:
    return bool(np.any(array) and np.array_equal(array.astype(narrow).astype(float), array))


def _is_deaf(clues: Clues, trial: Trial, eps: float) -> bool:
    """Whether the gradient stays the same where cotangents or inputs change by less than a narrow type sees."""
    nudge = 1 + eps / 64
    before = trial.claimed(clues.tensor)
    if clues.bureau.takes_cotangent:
        nudged = trial.again([np.asarray(v * nudge, v.dtype) for v in trial.cotangents]).claimed(clues.tensor)
        if np.mean(nudged == before) > 0.5:
            return True
    for name, x in trial.point.items():
        there = trial.elsewhere({name: np.asarray(x * nudge, x.dtype)})
        moved = np.linalg.norm(there.claimed(clues.tensor) - before)
        if (
            np.any(before)
            and moved < 1e-3 * eps / 64 * np.linalg.norm(before)
            and _depends_on(trial, name, clues.tensor)
        ):
            return True
    return False


def _depends_on(trial: Trial, name: str, tensor: str) -> bool:
    x = trial.point[name]
    there = trial.elsewhere({name: np.asarray(x * 1.1, x.dtype)}).claimed(tensor)
    before = trial.claimed(tensor)
    return bool(np.linalg.norm(there - before) > 1e-2 * np.linalg.norm(before))


def constant_left_out(clues: Clues) -> Iterator[Explanation]:
    """The gradient is that of a forward that does not add some small constant."""
    if clues.claimed.shape != clues.right.shape or not 0 < relative_size(clues) < SMALL or clues.value.size > LARGEST:
        return
    play, effort = Play(clues.given, clues.tensor), clues.bureau.effort
    for size, additions in _small_constants(play).items():
        if not _has_that_slope(clues, play, additions):
            continue

        def predict(trial: Trial, additions: Sequence[Change] = additions) -> Array:
            return Play(trial, clues.tensor).gradient(additions, effort.groups, effort.first[clues.tensor])

        where = " and ".join(dict.fromkeys(f"`{change.site.text}` (line {change.site.line})" for change in additions))
        yield Explanation(
            "missing-epsilon",
            predict,
            f"{clues.d} is off by {relative_size(clues):.1g} of itself: it is what it would be without the constant "
            f"{size:g} that forward adds in {where}, which backward leaves out.",
            "Use the same ε in backward as in forward: differentiate the expression with it.",
        )


def _has_that_slope(clues: Clues, play: Play, changes: Sequence[Change]) -> bool:
    """Whether along one direction the slope with these changes is nearer to the claim by far than the right one."""
    direction = 2.0**-15 * scales(clues.value) * np.sign(np.nan_to_num(clues.claimed - clues.right))
    claimed, right = (float(np.nansum(gradient * direction)) for gradient in (clues.claimed, clues.right))
    found = float(np.sum(clues.given.cotangent * play.swing(changes, direction)))
    return abs(found - claimed) <= 0.05 * abs(right - claimed)


def _small_constants(play: Play) -> dict[float, list[Change]]:
    """The additions of small constants in forward, those of the same constant together."""
    found: dict[float, list[Change]] = {}
    for site, calls in play.rehearsal.calls.items():
        sizes = [float(a) if np.ndim(a) == 0 else 0.0 for a in calls[0].arguments]
        if site.operation == "add" and len(sizes) == 2 and 0 < max(map(abs, sizes)) <= EPSILON:
            j = int(np.argmin(np.abs(sizes)))
            found.setdefault(sizes[1 - j], []).append(Change(site, "without", without(j), j))
    return found


def epsilon(clues: Clues) -> Iterator[Explanation]:
    """A small constant of forward is left out of backward: the larger the input, the less it matters.

    A constant ε in ``√(x² + ε)`` or ``log(x + ε)`` matters by ``ε/x²`` or ``ε/x``: where the input is four times as
    large, the relative difference is a sixteenth or a quarter, and that at fresh points too.
    """
    if clues.claimed.shape != clues.right.shape or not 0 < relative_size(clues) < SMALL:
        return
    for name in clues.given.point:
        powers = [_vanishing(clues, trial, name) for trial in clues.fresh]
        power = next((p for p in (1, 2) if all(abs(found - p) < 0.15 for found in powers)), 0)
        if power:
            yield Explanation(
                "missing-epsilon",
                lambda trial: trial.claimed(clues.tensor),  # how much is left out is not known, only how it vanishes
                f"{clues.d} is off by {relative_size(clues):.1g} of itself, and the difference vanishes as {name} "
                f"grows (as 1/{name}{'²' if power == 2 else ''}): a small constant that forward adds, the ε in "
                "√(var + ε) or log(y + ε), is left out of backward.",
                "Use the same ε in backward as in forward: differentiate the expression with it.",
            )
            return


def _vanishing(clues: Clues, trial: Trial, name: str) -> float:
    """By which power of the input's size the relative difference falls; NaN if that cannot be told.

    Where it is not small yet, from four times the input on.
    """
    x = trial.point[name]
    near = 4 if _off(trial.claimed(clues.tensor), trial.right(clues.tensor)) > NOT_SMALL_YET else 1
    both = [trial.elsewhere({name: x * np.asarray(size, x.dtype)}) for size in (near, 4 * near)]
    here, far = (_off(t.claimed(clues.tensor), t.right(clues.tensor)) for t in both)
    return float(np.log(here / far) / np.log(4)) if here > 1e-8 and far > 1e-10 else float("nan")


def _off(claimed: Array, right: Array) -> float:
    known = np.isfinite(right)
    size = float(np.linalg.norm(right[known])) if claimed.shape == right.shape else 0.0
    return float(np.linalg.norm((claimed - right)[known])) / size if size else 0.0
