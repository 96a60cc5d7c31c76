"""One thing in backward is written wrong: written otherwise, the gradient is right, here and at fresh points."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.conduct.evidence import is_comparable
from gradcheck.checking.diagnosis.clues import Bureau, Clues
from gradcheck.checking.diagnosis.explanation import Explanation, both
from gradcheck.checking.diagnosis.hypotheses.scale import NAMELESS, fitted_factor, said_of
from gradcheck.checking.diagnosis.hypotheses.small import relative_size
from gradcheck.checking.diagnosis.repair.rewritten import Rewritten, rewritten, workshops
from gradcheck.checking.diagnosis.repair.stage import Gradients, Stage, quietly, restored
from gradcheck.checking.diagnosis.repair.suspects import JUST, SPOILING, changed
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]

MOST, FEWEST, WORK = 2_500, 50, 5 * 10**6
"""So many edits are tried, and of large tensors fewer."""

TINY, PLAIN = 1e-3, 100
"""Where a gradient is off by less than this share of itself, only so many of the plainest edits are tried."""

EVALUATIONS = 900
"""So many of them where each takes a forward."""

WORDS = {
    "transposed": "a transpose is missing or too many",
    "sign": "a sign is wrong",
    "missing-term": "a term or a factor is missing or too many",
    "factor": "a factor is missing or too many",
    "missing-mean": "the mean is missing",
    "extra-mean": "it is divided once too often",
    "extra-sum": "an axis is summed that should be kept",
    "missing-sum": "an axis is kept that should be summed",
    "permuted": "one thing stands where another belongs, or things in another order",
    "inverted-mask": "the mask is inverted",
    "wrong-mask": "the mask is taken from something else",
    "missing-mask": "the mask is missing",
    "accumulated": "what was there before is still in it",
    "overwritten": "each contribution overwrites the one before",
    "cotangent-twice": "the upstream gradient is multiplied in twice",
    "missing-cotangent": "the upstream gradient is missing",
    "precision": "it is computed in a narrower type",
    "missing-epsilon": "the small constant that forward adds is left out, or stands where it does not belong",
    "wrong-dtype": "what is behind the point is cut off",
    "nonlinear": "it is not linear in the upstream gradient",
    "activation-derivative-at-wrong-point": "the derivative is taken at the wrong point",
    "missing-activation-derivative": "an activation or its derivative is missing, or another's",
    "shifted": "an index, a stride or a padding is off",
    "truncated": "a loop ends too early or begins too late",
}
"""What each cause is, as a clause."""


def rewriting(clues: Clues) -> Iterator[Explanation]:
    """Every edit of backward that makes this gradient right, plainer mistakes first."""
    if clues.claimed.shape != clues.right.shape:
        return
    if "edits" not in clues.bureau.notes:
        clues.bureau.notes["edits"] = _Tried(clues.bureau)
    for change, gradients in _worth_trying(clues):
        if _cured(clues, gradients.get(clues.tensor)) == 1:
            yield _explanation(clues, change, gradients)


def rewriting_again(clues: Clues) -> Iterator[Explanation]:
    """The edits that made another tensor of the same subject right: one mistake often spoils several."""
    for edit in clues.bureau.believed:
        change, gradients = edit
        if _cured(clues, gradients.get(clues.tensor)) == 1:
            yield _explanation(clues, change, gradients)


def rewriting_but_for_a_constant(clues: Clues) -> Iterator[Explanation]:
    """Every edit that leaves nothing wrong but a constant which has a name."""
    if clues.claimed.shape == clues.right.shape:
        for change, gradients in _worth_trying(clues):
            if factor := _cured(clues, gradients.get(clues.tensor)):
                yield _explanation(clues, change, gradients, factor)


def _worth_trying(clues: Clues) -> Iterator[tuple[Rewritten, Gradients]]:
    few = PLAIN if relative_size(clues) < TINY else None
    return islice(clues.bureau.notes.get("edits", ()), few)


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
    """Those edits that run, give a tensor that was wrong a gradient of its shape, and spoil none that was right."""
    given, last = bureau.given, bureau.runner.evaluations + EVALUATIONS
    wrong = {n: c.wrong for n, c in bureau.comparisons.items() if c.verdict == "disagree" and c.analytic is not None}
    right = [name for name, c in bureau.comparisons.items() if c.verdict == "agree" and name in given.gradients]
    stage = Stage(bureau.bench, given)
    shops = workshops(stage.functions)
    most = min(MOST, max(FEWEST, WORK // max(x.size for x in given.point.values())))
    nudges = stage.gradients(change for shop in shops for change in shop.nudged()) if most > FEWEST else ()
    reached: dict[int, list[Mapping[str, Array] | None]] = {}
    for change, gradients in nudges:
        reached.setdefault(id(change.edit.statement), []).append(changed(given.gradients, gradients))
    unknown = SPOILING if stage.is_within else JUST  # where what spoils the outputs is not run at all
    for change, gradients in stage.gradients(islice(rewritten(shops, reached, wrong, unknown), most)):
        comparable = any(is_comparable(gradients.get(name), given.point[name]) for name in wrong)
        if comparable and all(_is_kept(given.gradients[name], gradients.get(name)) for name in right):
            yield change, gradients
        if bureau.runner.evaluations >= last:
            return


def _is_kept(gradient: Any, edited: Any) -> bool:
    """Whether an edit has left a gradient as it was, but for rounding."""
    if not is_comparable(edited, gradient):
        return False
    return bool(np.linalg.norm(np.subtract(edited, gradient)) <= 1e-6 * np.linalg.norm(gradient))


def _cured(clues: Clues, gradient: Any) -> float:
    """1 if an edit makes the gradient right, another number if right but for that factor, which has a name; else 0."""
    if not is_comparable(gradient, clues.right):
        return 0.0
    known = np.isfinite(clues.right)
    edited, right = np.asarray(gradient, float)[known], clues.right[known]
    was = np.linalg.norm(clues.claimed[known] - right)
    if np.linalg.norm(edited - right) <= 0.05 * was:
        return 1.0
    factor = fitted_factor(edited, right)
    alike = abs(factor) > 1e-6 and np.linalg.norm(edited / factor - right) <= 1e-6 * min(was, np.linalg.norm(right))
    return (
        factor
        if alike and right.size > 1 and not _is_multiple(clues) and NAMELESS not in said_of(clues, factor)[1]
        else 0.0
    )


def _is_multiple(clues: Clues) -> bool:
    """Whether what is claimed is a multiple of the right gradient already."""
    known = np.isfinite(clues.right)
    factor = fitted_factor(clues.claimed, clues.right)
    return bool(np.allclose(clues.claimed[known], factor * clues.right[known], rtol=1e-4, atol=1e-12))


def _explanation(clues: Clues, change: Rewritten, gradients: Gradients, factor: float = 1) -> Explanation:
    def predict(trial: Trial, change: Rewritten) -> Array:
        right = trial.right(clues.tensor)
        try:
            with quietly(), change.in_place():
                mended = Trial(trial.runner, trial.point, trial.cotangents, trial.effort).claimed(clues.tensor)
        finally:
            restored(trial.runner)
        return np.asarray(trial.claimed(clues.tensor) + right - mended / factor)

    edit, rule = change.edit, partial(predict, change=change)
    instead = f"with `{edit.after}`" if edit.after else "without it"
    cause, remedy = edit.cause, f"Write `{edit.after}`." if edit.after else "Leave that statement out."
    message = f"{clues.d} is wrong because of `{edit.before}` ({change.place}): {instead} it is right"
    if factor == 1:
        return Explanation(cause, rule, f"{message}. {WORDS[cause].capitalize()}.", remedy, 1, edit=(change, gradients))
    other, besides, also = said_of(clues, factor)
    message = f"Two mistakes at once: {message} but for a constant. {WORDS[cause].capitalize()}; besides, it {besides}"
    return Explanation(both(cause, other), rule, message, f"{remedy} {also}", 3)
