"""Something is added to the right gradient or missing from it: a regulariser, a branch, what was there before."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.hypotheses.scale import fitted_factor, said_of
from gradcheck.checking.diagnosis.places import said_of_places
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]
Term = Callable[[Trial], Array]


REGULARISERS = 2
"""So many of the terms at hand are regularisers; they come first."""


def leftover(clues: Clues) -> Iterator[Explanation]:
    """The same amount is added whatever the input and the cotangent: it was there before."""
    if clues.claimed.shape != clues.right.shape:
        return
    rest = clues.claimed - clues.right
    largest = float(np.nanmax(np.abs(rest), initial=0))
    if np.ptp(rest) <= 1e-6 * largest or not all(_varies(clues, trial, rest != 0) for trial in clues.fresh):
        return
    of_loss = not clues.bureau.takes_cotangent
    yield Explanation(
        "missing-term" if of_loss else "accumulated",
        lambda trial: trial.right(clues.tensor) + rest,
        f"{clues.d} is off by the same array for every {clues.tensor} (at most {largest:.4g}): a part of it in which "
        f"{clues.tensor} does not occur, as the targets or a linear term give it, is missing, too many or of the wrong "
        "sign."
        if of_loss
        else f"{clues.d} is the right gradient plus the same array for every input and dout (at most {largest:.4g}): "
        "an earlier gradient, or something else that was there before, is still in it.",
        "Look for a term without it, such as the targets."
        if of_loss
        else f"Set {clues.d} to zero before accumulating, or assign it.",
        3,
    )


def _varies(clues: Clues, trial: Trial, where: Array) -> bool:
    """Whether the right gradient is another at a fresh point, so that what stays the same is remarkable."""
    here, there = clues.right[where], trial.right(clues.tensor)[where]
    return not np.allclose(here, there, rtol=1e-3, equal_nan=True)


def added(clues: Clues) -> Iterator[Explanation]:
    """A multiple of something at hand, on top of the right gradient."""
    if clues.claimed.shape != clues.right.shape:
        return
    rest = clues.claimed - clues.right
    for i, (term, missing, extra, remedy) in enumerate(_at_hand(clues)):
        with np.errstate(all="ignore"):
            present = np.asarray(term(clues.given), float)
        factor = fitted_factor(rest, present)
        if not factor or not np.isfinite(factor):
            continue
        factor = round(factor * 12) / 12 if abs(factor - round(factor * 12) / 12) < 1e-6 else factor
        said = f"{clues.d} {missing if factor < 0 else extra}".replace("{c}", f"{abs(factor):.6g}")

        def predict(trial: Trial, term: Term = term, factor: float = factor, where: Any = True) -> Array:
            return np.asarray(trial.right(clues.tensor) + factor * term(trial) * where)

        yield Explanation("missing-term", predict, said, remedy, 1)
        wrong = clues.comparison.wrong
        if i < REGULARISERS and wrong.any() and (place := said_of_places(wrong)):
            only = fitted_factor(rest[wrong], np.broadcast_to(present, rest.shape)[wrong])
            there = (missing if only < 0 else extra).replace("{c}", f"{abs(only):.6g}").rstrip(".")
            yield Explanation(
                "missing-term",
                partial(predict, factor=only, where=wrong),
                f"{clues.d} {there}, but only in {int(wrong.sum())} of {wrong.size} entries{place}.",
                remedy,
                2,
            )


def scaled_but_for_a_term(clues: Clues) -> Iterator[Explanation]:
    """All but the regulariser is a multiple of what it should be: a mean of the loss alone is forgotten."""
    if clues.claimed.shape != clues.right.shape or clues.value.size < 3:
        return
    known = np.isfinite(clues.right)
    for term, *_ in list(_at_hand(clues))[:REGULARISERS]:
        columns = np.stack([clues.right[known], np.broadcast_to(term(clues.given), known.shape)[known]], 1)
        times, weight = np.linalg.lstsq(columns, clues.claimed[known], rcond=None)[0]
        if abs(times - 1) < 1e-4 or abs(weight) < 1e-9 or abs(times) < 1e-4:
            continue
        cause, how, remedy = said_of(clues, float(times))

        def predict(trial: Trial, term: Term = term, times: float = times, weight: float = weight) -> Array:
            return np.asarray(times * trial.right(clues.tensor) + weight * term(trial))

        yield Explanation(
            cause,
            predict,
            f"The regulariser's part of {clues.d} is right. Of the rest, {how.replace(' everywhere', '')}",
            f"{remedy} Do so before the regulariser is added.",
            2,
        )


def _at_hand(clues: Clues) -> Iterator[tuple[Term, str, str, str]]:
    name, shape = clues.tensor, clues.value.shape
    held_by_loss = clues.given.cotangent.size == 1
    yield (
        lambda trial: _value(trial, name) * (trial.cotangent.sum() if held_by_loss else 1),
        f"lacks {{c}}·{name}: the regulariser, whose gradient is proportional to {name} itself, is missing.",
        f"has {{c}}·{name} too much: a regulariser that is not in forward, or is in backward twice.",
        f"Add the gradient of what forward adds, and nothing else: of ½λ‖{name}‖² it is λ·{name}.",
    )
    yield (
        lambda trial: np.sign(_value(trial, name)) * (trial.cotangent.sum() if held_by_loss else 1),
        f"lacks {{c}}·sign({name}): the gradient of an L1 regulariser is missing.",
        f"has {{c}}·sign({name}) too much: an L1 regulariser that is not in forward.",
        f"The gradient of λ·Σ|{name}| is λ·sign({name}).",
    )
    if clues.given.cotangent.shape == shape:
        yield (
            lambda trial: trial.cotangent,
            "lacks {c}·dout: a branch that passes its input on unchanged (a residual connection) is missing.",
            "has {c}·dout too much: a branch is counted that forward does not have, or counted twice.",
            "Add the gradients of all branches, each once.",
        )
        for said, term in (("y", lambda trial: trial.output), ("y·dout", lambda trial: trial.output * trial.cotangent)):
            yield term, f"lacks {{c}}·{said}.", f"has {{c}}·{said} too much.", "Look for that term."
        yield (
            lambda trial: _value(trial, name) * trial.cotangent,
            f"lacks {{c}}·{name}·dout.", f"has {{c}}·{name}·dout too much.", "Look for that term.",
        )  # fmt: skip
    for other, value in clues.given.point.items():
        if other != name and value.shape == shape:
            yield (
                partial(lambda trial, other: trial.right(other), other=other),
                f"lacks {{c}} times the gradient of {other}.",
                f"has the gradient of {other} in it as well, {{c}} times.",
                f"Keep d{name} and d{other} apart.",
            )
            yield (
                partial(_value, name=other),
                f"lacks {{c}}·{other}.", f"has {{c}}·{other} too much.", f"Look for {other} in backward.",
            )  # fmt: skip
    yield (
        lambda trial: np.ones(shape),
        "is too small by {c} in every entry, whatever the input and dout.",
        "is too large by {c} in every entry, whatever the input and dout.",
        "Look for a constant that is added.",
    )


def one_branch(clues: Clues) -> Iterator[Explanation]:
    """Nothing but dout itself is passed on."""
    if clues.given.cotangent.shape == clues.claimed.shape == clues.right.shape and not clues.is_elementwise:
        if np.allclose(np.sort(clues.right, axis=None), np.sort(clues.claimed, axis=None)):
            yield Explanation(
                "permuted",
                lambda trial: trial.cotangent,
                f"{clues.d} is dout itself: forward changes the order of the entries, and backward does not undo it.",
                "Put each entry of dout back where forward took it from.",
            )
        yield Explanation(
            "missing-term",
            lambda trial: trial.cotangent,
            f"{clues.d} is dout itself: only a branch that passes its input on is there, and the layer's own "
            "derivative is missing.",
            "Multiply dout by the layer's Jacobian (and add dout, where forward adds its input).",
        )


def _value(trial: Trial, name: str) -> Array:
    return np.asarray(trial.point[name], float)
