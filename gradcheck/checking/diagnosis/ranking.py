"""Which explanations hold at fresh points, and which of those to believe."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import CONVINCING, Explanation, both, share_explained
from gradcheck.checking.diagnosis.hypotheses import CHEAP, DEAR, FIRST, LAST, Hypothesis
from gradcheck.checking.diagnosis.hypotheses.rewriting import rewriting
from gradcheck.checking.diagnosis.hypotheses.scale import NAMELESS, fitted_factor, said_of
from gradcheck.checking.diagnosis.hypotheses.small import relative_size
from gradcheck.checking.diagnosis.limits import at_most
from gradcheck.checking.report import Diagnosis
from gradcheck.checking.subject import LimitReached

Array = NDArray[Any]

PARTLY = 0.9
"""Explanations of less than this share of the squared residual are not worth a word."""

EXACT = 1e-6
"""Explanations that leave less than this are alike; the simpler one is preferred."""

WORK, FEWEST = 10**7, 4
"""Of each hypothesis so many explanations are tried that they come to so many entries, but at least a few."""

BY_NUMBERS = 0.75
"""Of the evaluations that are left, so many at most go into what numbers tell; the rest is for reading the code."""

TINY = 1e-3
"""Two mistakes at once do not leave a gradient right to this share of itself."""

FAR_FETCHED = 3
"""Explanations of so much doubt are believed only where reading the code tells nothing simpler."""

FITTED = ("truncated", "missing-term", "one-sample", "missing-mask")
"""Mistakes with so much to fit that on top of others they would explain anything."""


@dataclass(frozen=True)
class Scored:
    """An explanation, and the share of the residual at fresh points that it explains."""

    explanation: Explanation
    share: float
    order: int

    @property
    def is_coincidence(self) -> bool:
        """Whether it is far-fetched or fitted, and yet not exact: a real mistake leaves nothing unexplained."""
        return self.explanation.doubt > 0 and CONVINCING <= self.share < 0.9999

    @property
    def rank(self) -> tuple[float, int, int]:
        """Smaller is better: what is left unexplained, in decades from exact on, then simplicity."""
        left = max(EXACT, 1 - self.share)
        return (round(float(np.log10(left))), self.explanation.doubt, self.order)


def explain(clues: Clues) -> list[Diagnosis]:
    """The explanations that hold, best first; pairs of two where no single one does."""
    scored: list[Scored] = []
    runner = clues.bureau.runner
    with suppress(LimitReached):
        _score(clues, FIRST, scored)
    with suppress(LimitReached), at_most(runner, int(BY_NUMBERS * (runner.limit - runner.evaluations))):
        _by_numbers(clues, scored)
    with suppress(LimitReached):  # what was found by then is judged
        if not _convinced(scored, FAR_FETCHED - 1):
            known = _convinced(scored)
            _score(clues, [h for h in LAST if (clues.bureau.reading if h is rewriting else not known)], scored)
    best = sorted(
        (
            s
            for s in scored
            if s.share >= PARTLY and not s.is_coincidence and (s.share >= CONVINCING or s.explanation.doubt == 0)
        ),
        key=lambda s: s.rank,
    )
    convincing = [s for s in best if s.share >= CONVINCING]
    clues.bureau.believed += [s.explanation.edit for s in convincing[:1] if s.explanation.edit is not None]
    return [_diagnosis(clues, s) for s in (convincing[:1] or best[:1])]


def _by_numbers(clues: Clues, scored: list[Scored]) -> None:
    """One mistake, then two, that explain the numbers, whatever the code is."""
    if _convinced(scored):
        return
    _score(clues, CHEAP, scored)
    cheap = [s.explanation for s in scored if s.explanation.cause != "shifted"]
    if not _convinced(scored):
        _score(clues, DEAR, scored)
    if not _convinced(scored) and relative_size(clues) > TINY:
        scored.extend(_pairs(clues, cheap))


def scored_as(clues: Clues, hypothesis: Callable[[Clues], Iterator[Explanation | Diagnosis]]) -> list[Diagnosis]:
    """What one hypothesis by itself comes to: diagnoses as they are, explanations where they hold."""
    found = list(hypothesis(clues))
    settled = [d for d in found if isinstance(d, Diagnosis)]
    tested = [
        Scored(e, share_explained(clues.tensor, e.predict, clues.fresh), i)
        for i, e in enumerate(found)
        if isinstance(e, Explanation)
    ]
    best = sorted((s for s in tested if s.share >= CONVINCING), key=lambda s: s.rank)
    return settled or [_diagnosis(clues, s) for s in best[:1]]


def _convinced(scored: Sequence[Scored], doubt: float = math.inf) -> bool:
    return any(s.share >= CONVINCING and not s.is_coincidence and s.explanation.doubt <= doubt for s in scored)


def _score(clues: Clues, hypotheses: Iterable[Hypothesis], scored: list[Scored]) -> None:
    """Put each explanation to the test at fresh points, and to the others."""
    each = max(FEWEST, WORK // max(1, clues.value.size))
    done = hypotheses is not CHEAP or clues.value.size > WORK // 100
    for hypothesis in hypotheses:
        try:
            for e in islice(hypothesis(clues), each):
                scored.append(Scored(e, share_explained(clues.tensor, e.predict, clues.fresh), len(scored)))
                if scored[-1].share > 1 - EXACT and done:
                    return
        except Exception as problem:  # the subject need not run wherever a hypothesis wants to look
            clues.bureau.failures.append(f"{hypothesis.__name__} of d{clues.tensor}: {problem!r}")


def _pairs(clues: Clues, single: Sequence[Explanation]) -> Iterator[Scored]:
    """Each explanation times a constant, and each rule on top of each other explanation."""
    for i, explanation in enumerate(single):
        yield from _times_a_constant(clues, explanation, i)
    rules = [e for e in single if e.onto is not None and e.doubt <= 1 and e.cause not in FITTED]
    below = [(e, _predicted(clues, e)) for e in single]
    for i, upper in enumerate(rules):
        for lower, gradient in below:
            if gradient is not None and lower is not upper and lower.cause != upper.cause:
                yield from _on_top(clues, upper, lower, gradient, i)


def _predicted(clues: Clues, explanation: Explanation) -> Array | None:
    """What it gives at the given point; None if that is not a gradient."""
    try:
        predicted = np.asarray(explanation.predict(clues.given), float)
    except Exception as problem:  # the subject need not run wherever a hypothesis wants to look
        clues.bureau.failures.append(f"{explanation.cause} of {clues.d}: {problem!r}")
        return None
    return predicted if predicted.shape == clues.claimed.shape else None


def _times_a_constant(clues: Clues, explanation: Explanation, order: int) -> Iterator[Scored]:
    predicted = _predicted(clues, explanation)
    if predicted is None:
        return
    factor = fitted_factor(clues.claimed, predicted)
    if not factor or not np.isfinite(factor) or abs(factor - 1) < 1e-6:
        return
    known = np.isfinite(predicted)
    if not np.allclose(clues.claimed[known], factor * predicted[known], rtol=1e-4, atol=1e-12):
        return
    share = share_explained(clues.tensor, lambda trial: factor * explanation.predict(trial), clues.fresh)
    if share < CONVINCING:
        return
    cause, message, remedy = said_of(clues, factor)
    if NAMELESS in message:
        return
    pair = Explanation(
        both(explanation.cause, cause), lambda trial: factor * explanation.predict(trial),
        f"Two mistakes at once: {explanation.message.rstrip('.')}. Besides, it {message}",
        f"{explanation.remedy} {remedy}", explanation.doubt + 2,
    )  # fmt: skip
    yield Scored(pair, share, order)


def _on_top(clues: Clues, upper: Explanation, lower: Explanation, gradient: Array, order: int) -> Iterator[Scored]:
    onto = upper.onto
    assert onto is not None
    predicted = onto(clues.given, gradient)
    known = np.isfinite(predicted)
    if predicted.shape != clues.claimed.shape or not np.allclose(
        predicted[known], clues.claimed[known], rtol=1e-4, atol=1e-12
    ):
        return
    share = share_explained(clues.tensor, lambda trial: onto(trial, lower.predict(trial)), clues.fresh)
    if share >= CONVINCING:
        pair = Explanation(
            both(lower.cause, upper.cause), lambda trial: onto(trial, lower.predict(trial)),
            f"Two mistakes at once: {lower.message.rstrip('.')}. On top of that, {upper.message}",
            f"{lower.remedy} {upper.remedy}", upper.doubt + lower.doubt + 2,
        )  # fmt: skip
        yield Scored(pair, share, order)


def _diagnosis(clues: Clues, scored: Scored) -> Diagnosis:
    e = scored.explanation
    return Diagnosis(e.cause, clues.tensor, round(scored.share, 6), e.message, e.remedy)
