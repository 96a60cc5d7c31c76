"""One thing in backward is written wrong: written otherwise, the gradient is right, here and at fresh points."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.conduct.evidence import is_comparable
from gradcheck.checking.diagnosis.clues import Bureau, Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.repair.rewritten import Rewritten, rewritten
from gradcheck.checking.diagnosis.repair.stage import Gradients, Stage, quietly, restored
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]

MOST, FEWEST, WORK = 1_500, 50, 10**7
"""So many edits are tried, and of large tensors fewer."""

EVALUATIONS = 300
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
    "missing-activation-derivative": "the derivative of the activation is missing, or another's",
    "shifted": "an index is off by one",
    "truncated": "a loop ends too early or begins too late",
}
"""What each cause is, as a clause."""


def rewriting(clues: Clues) -> Iterator[Explanation]:
    """Every edit of backward that makes this gradient right, plainer mistakes first."""
    if clues.claimed.shape != clues.right.shape:
        return
    if "edits" not in clues.bureau.notes:
        clues.bureau.notes["edits"] = _Tried(clues.bureau)
    for change, gradients in clues.bureau.notes["edits"]:
        if _is_right(clues, gradients.get(clues.tensor)):
            yield _explanation(clues, change, gradients)


def rewriting_again(clues: Clues) -> Iterator[Explanation]:
    """The edits that made another tensor of the same subject right: one mistake often spoils several."""
    for edit in clues.bureau.believed:
        change, gradients = edit
        if _is_right(clues, gradients.get(clues.tensor)):
            yield _explanation(clues, change, gradients)


class _Tried:
    """Edits of a backward with what each gives at the given point; each is run once, when first asked for."""

    def __init__(self, bureau: Bureau) -> None:
        self.known: list[tuple[Rewritten, Gradients]] = []
        self.more = _tried(bureau)

    def __iter__(self) -> Iterator[tuple[Rewritten, Gradients]]:
        i = 0
        while i < len(self.known) or self._run_another():
            yield self.known[i]
            i += 1

    def _run_another(self) -> bool:
        another = list(islice(self.more, 1))
        self.known += another
        return bool(another)


def _tried(bureau: Bureau) -> Iterator[tuple[Rewritten, Gradients]]:
    """Those edits that run and give a tensor that was wrong a gradient of the right shape."""
    given, last = bureau.given, bureau.runner.evaluations + EVALUATIONS
    wrong = [name for name, c in bureau.comparisons.items() if c.verdict == "disagree" and c.analytic is not None]
    stage = Stage(bureau.bench, given)
    most = min(MOST, max(FEWEST, WORK // max(x.size for x in given.point.values())))
    for change, gradients in stage.gradients(islice(rewritten(stage.functions), most)):
        if any(is_comparable(gradients.get(name), given.point[name]) for name in wrong):
            yield change, gradients
        if bureau.runner.evaluations >= last:
            return


def _is_right(clues: Clues, gradient: Any) -> bool:
    if not is_comparable(gradient, clues.right):
        return False
    known = np.isfinite(clues.right)
    rest = (np.asarray(gradient, float) - clues.right)[known]
    was = (clues.claimed - clues.right)[known]
    return bool(np.linalg.norm(rest) <= 0.05 * np.linalg.norm(was))


def _explanation(clues: Clues, change: Rewritten, gradients: Gradients) -> Explanation:
    def predict(trial: Trial, change: Rewritten) -> Array:
        right = trial.right(clues.tensor)
        try:
            with quietly(), change.in_place():
                mended = Trial(trial.runner, trial.point, trial.cotangents, trial.effort).claimed(clues.tensor)
        finally:
            restored(trial.runner)
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
        edit=(change, gradients),
    )
