"""One thing in backward is written wrong: written otherwise, the gradient is right, here and at fresh points."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.conduct.evidence import is_comparable, pulled
from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.repair.rewritten import Rewritten, rewritten
from gradcheck.checking.diagnosis.trial import Trial
from gradcheck.checking.subject import Pullback

Array = NDArray[Any]
Gradients = Mapping[str, Any]

MOST, WORK = 1_500, 10**7
"""So many edits are tried, and of large tensors fewer."""

EVALUATIONS = 500
"""So many of them where each takes a forward."""

WORDS = {
    "transposed": "a transpose is missing or too many",
    "sign": "a sign is wrong",
    "missing-term": "a term or a factor is missing or too many",
    "factor": "a factor is missing or too many",
    "missing-mean": "the mean is missing",
    "extra-mean": "it is divided once too often",
    "extra-sum": "an axis is summed that should be kept",
    "permuted": "one thing stands where another belongs",
    "inverted-mask": "the mask is inverted",
    "wrong-mask": "the mask is taken from something else",
    "missing-mask": "the mask is missing",
    "accumulated": "what was there before is still in it",
    "overwritten": "each contribution overwrites the one before",
    "cotangent-twice": "the upstream gradient is multiplied in twice",
    "missing-cotangent": "the upstream gradient is missing",
    "precision": "it is computed in a narrower type",
    "nonlinear": "it is not linear in the upstream gradient",
    "activation-derivative-at-wrong-point": "the derivative is taken at the wrong point",
    "missing-activation-derivative": "the derivative of the activation is missing",
    "shifted": "an index is off by one",
    "truncated": "a loop ends too early or begins too late",
}
"""What each cause is, as a clause."""


def rewriting(clues: Clues) -> Iterator[Explanation]:
    """Every edit of backward that makes this gradient right."""
    if clues.claimed.shape != clues.right.shape:
        return
    if "rewritten" not in clues.bureau.notes:
        clues.bureau.notes["rewritten"] = list(_tried(clues))
    for change, gradients in clues.bureau.notes["rewritten"]:
        if _is_right(clues, gradients.get(clues.tensor)):
            yield _explanation(clues, change)


def _tried(clues: Clues) -> Iterator[tuple[Rewritten, Gradients]]:
    """What each edit gives at the given point, where it runs and gives anything right that was wrong."""
    bureau, given = clues.bureau, clues.given
    options, last = bureau.bench.options, bureau.runner.evaluations + EVALUATIONS
    apart = callable(options.backward) or callable(options.grad)
    _, pullback = bureau.runner.start(given.point)
    wrong = [name for name, c in bureau.comparisons.items() if c.verdict == "disagree" and c.analytic is not None]
    for i, change in enumerate(rewritten(bureau.bench)):
        if apart and i and not _is_as_before(pullback, given):  # the last edit wrote into what forward had kept
            _, pullback = bureau.runner.start(given.point)
        if i >= min(MOST, max(50, WORK // clues.value.size)) or bureau.runner.evaluations >= last:
            return
        try:
            with change.in_place():
                back = pullback if apart else bureau.runner.start(given.point)[1]
                gradients = pulled(back, given.cotangents)
        except Exception:  # most of what is written otherwise does not even run
            continue
        if any(is_comparable(gradients.get(name), given.point[name]) for name in wrong):
            yield change, gradients


def _is_as_before(pullback: Pullback, given: Trial) -> bool:
    try:
        gradients = pulled(pullback, given.cotangents)
        return all(
            np.array_equal(gradients[name], claimed, equal_nan=True) for name, claimed in given.gradients.items()
        )
    except Exception:  # what it needs is no longer there, or is no number
        return False


def _is_right(clues: Clues, gradient: Any) -> bool:
    if not is_comparable(gradient, clues.right):
        return False
    known = np.isfinite(clues.right)
    rest = (np.asarray(gradient, float) - clues.right)[known]
    was = (clues.claimed - clues.right)[known]
    return bool(np.linalg.norm(rest) <= 0.05 * np.linalg.norm(was))


def _explanation(clues: Clues, change: Rewritten) -> Explanation:
    def predict(trial: Trial, change: Rewritten) -> Array:
        right = trial.right(clues.tensor)
        with change.in_place():
            mended = Trial(trial.runner, trial.point, trial.cotangents, trial.effort).claimed(clues.tensor)
        return np.asarray(trial.claimed(clues.tensor) + right - mended)

    edit = change.edit
    instead = f"with `{edit.after}`" if edit.after else "without it"
    return Explanation(
        edit.cause,
        partial(predict, change=change),
        f"{clues.d} is wrong because of `{edit.before}` ({change.place}): {instead} it is right. "
        f"{WORDS[edit.cause].capitalize()}.",
        f"Write `{edit.after}`." if edit.after else "Leave that statement out.",
        1,
    )
