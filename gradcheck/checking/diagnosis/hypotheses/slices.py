"""A factor for each slice of the gradient, or each entry: a gate, a channel or a step left out, a lost weight."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.hypotheses.scale import fitted_factor
from gradcheck.checking.diagnosis.places import said_of_places
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]


def slices(clues: Clues) -> Iterator[Explanation]:
    """One factor for each slice along an axis."""
    a, g = clues.claimed, clues.right
    if a.shape != g.shape or (a.ndim < 2 and a.size < 2):
        return
    for axis, n in enumerate(a.shape):
        if 2 <= n <= 256 and a.ndim > 1:
            weights = np.array([fitted_factor(np.take(a, i, axis), np.take(g, i, axis)) for i in range(n)])
            if np.ptp(weights) > 1e-6:
                yield _weighted(clues, _rounded(weights), axis)


def _rounded(weights: Array) -> Array:
    near = np.round(weights * 12) / 12
    return np.where(np.abs(weights - near) < 1e-5, near, weights)


def _weighted(clues: Clues, weights: Array, axis: int) -> Explanation:
    shape = [1] * clues.value.ndim
    shape[axis] = -1
    factors = weights.reshape(shape)

    def onto(_: Trial, gradient: Array) -> Array:
        return factors * gradient

    cause, message, remedy = _said(clues, weights, axis)
    distinct = len(np.unique(weights))
    return Explanation(
        cause, lambda trial: factors * trial.right(clues.tensor), f"{clues.d} {message}", remedy,
        1 if distinct <= 2 else 2, onto,
    )  # fmt: skip


def _said(clues: Clues, weights: Array, axis: int) -> tuple[str, str, str]:
    n = len(weights)
    wrong = np.flatnonzero(weights != 1)
    where = f"{_range(wrong)} along axis {axis} (of {n})"
    kept = np.flatnonzero(weights == 1)
    if np.all(weights[wrong] == 0):
        if clues.is_input and len(kept) == 1 and axis == 0:
            return (
                "one-sample",
                f"is right for sample {kept[0]} alone and zero for all others.",
                "Go through the whole batch.",
            )
        cause = "truncated" if clues.is_input and {0, n - 1} & {*wrong} else "missing-term"
        gate = _gate(wrong, n)
        return (
            cause,
            f"is zero in {where}{gate}; everything else is right.",
            "Compute that part too: a loop ends early, or a branch is left out.",
        )
    if np.all(weights[wrong] == -1):
        return "sign", f"has the wrong sign in {where}; everything else is right.", "Negate that part."
    if len(np.unique(weights[wrong])) == 1:
        return (
            "factor",
            f"is {weights[wrong[0]]:.6g} times the right gradient in {where}; everything else is right.",
            "Look at what is done differently there.",
        )
    said = ", ".join(f"{w:.4g}" for w in weights[:8]) + (", …" if n > 8 else "")
    return "factor", f"is off by a fixed factor for each slice along axis {axis}: {said}.", "Look for a lost weight."


def _gate(wrong: Array, n: int) -> str:
    """A block that is a third or a quarter of the axis."""
    for parts in (4, 3, 2):
        size = n // parts
        if n % parts == 0 and len(wrong) == size > 1 and wrong[0] % size == 0 and wrong[-1] - wrong[0] == size - 1:
            return f", which is part {wrong[0] // size} of {parts}, as of the gates of a recurrent layer"
    return ""


def _range(wrong: Array) -> str:
    if len(wrong) > 2 and wrong[-1] - wrong[0] == len(wrong) - 1:
        return f"slices {wrong[0]} to {wrong[-1]}"
    said = ", ".join(map(str, wrong[:8])) + (", …" if len(wrong) > 8 else "")
    return f"slice{'s' * (len(wrong) > 1)} {said}"


def multiplied(clues: Clues) -> Iterator[Explanation]:
    """Another tensor, or the output, as a factor that is missing or too many."""
    if clues.claimed.shape != clues.right.shape:
        return
    names = [*clues.given.point, *([] if len(clues.given.outputs) > 1 else ["the output"])]
    for name in names:
        for place in _placements(_named(clues.given, name), clues.value.shape):
            for power in (-1, 1, -2, 2):

                def onto(trial: Trial, g: Array, name: str = name, place: Any = place, power: int = power) -> Array:
                    with np.errstate(all="ignore"):
                        return np.asarray(g * np.asarray(_named(trial, name), float).reshape(place) ** power)

                if power < 0:
                    message = (
                        f"lacks the factor {name}{'²' if power == -2 else ''}: it is the right gradient divided by it."
                    )
                    cause, remedy = "missing-term", f"Multiply by {name}."
                else:
                    message = f"has {name} as a factor {'once' if power == 1 else 'twice'} too often."
                    cause, remedy = "factor", f"Do not multiply by {name}, or divide where forward divides."
                yield Explanation(
                    cause,
                    partial(lambda trial, onto: onto(trial, trial.right(clues.tensor)), onto=onto),
                    f"{clues.d} {message}",
                    remedy,
                    2,
                    onto,
                )


def _named(trial: Trial, name: str) -> Array:
    return trial.output if name == "the output" else trial.point[name]


def _placements(value: Array, shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The shapes in which an array lines up with another."""
    if value.size == 0:
        return
    try:
        fits = np.broadcast_shapes(value.shape, shape) == shape
    except ValueError:
        fits = False
    if fits:
        yield value.shape
    if value.ndim == 1 and value.size > 1:
        for axis, n in enumerate(shape[:-1]):
            if n == value.size:
                yield tuple(-1 if a == axis else 1 for a in range(len(shape)))


def entries(clues: Clues) -> Iterator[Explanation]:
    """The same entries are left out wherever one looks."""
    a, g = clues.claimed, clues.right
    if a.shape != g.shape or not g.ndim:
        return
    with np.errstate(all="ignore"):
        ratio = np.where(np.isclose(a, g, rtol=1e-6, atol=0), 1.0, a / g)
    kept = ratio == 1
    lost = (a == 0) & ~kept
    turned = np.isclose(a, -g, rtol=1e-6, atol=0) & (g != 0)
    if kept.any() and turned.any() and np.all(kept | turned):
        yield Explanation(
            "sign",
            lambda trial: np.where(turned, -1, 1) * trial.right(clues.tensor),
            f"{clues.d} has the wrong sign in the same {int(turned.sum())} entries for every input and is right in all "
            f"others{said_of_places(turned)}.",
            "Negate that part.",
            2,
        )
    if not lost.any() or not kept.any() or not np.all(kept | lost):
        return
    yield Explanation(
        "zero" if g.ndim == 1 else "missing-term",
        lambda trial: np.where(lost, 0, trial.right(clues.tensor)),
        f"{clues.d} is zero in the same {int(lost.sum())} entries for every input and right in all others"
        f"{said_of_places(lost)}.",
        "Compute those entries too: a loop or a slice does not reach them.",
        2,
    )
