"""From a bench and what disagreed there to diagnoses and patterns."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gradcheck.checking.bench import Bench
from gradcheck.checking.diagnosis.clues import Bureau, Clues
from gradcheck.checking.diagnosis.conduct import from_conduct
from gradcheck.checking.diagnosis.explanation import CONVINCING
from gradcheck.checking.diagnosis.hypotheses.shape import wrong_shape
from gradcheck.checking.diagnosis.hypotheses.ties import ties
from gradcheck.checking.diagnosis.patterns import pattern
from gradcheck.checking.diagnosis.ranking import explain, scored_as
from gradcheck.checking.report import Comparison, Diagnosis, Finding

EVALUATIONS = 800
"""About so many evaluations the differences at fresh points may take, of all wrong tensors together."""

LARGE, FEW = 20_000, 8
"""Of a tensor with more entries than this, few groups of entries are differenced, those with wrong ones first."""

OF_FORM = ("wrong-shape",)
"""Findings of conduct that a diagnosis by numbers says more exactly."""


class Findings(NamedTuple):
    """Diagnoses, most convincing first, and for tensors without a cause what their wrong entries have in common."""

    diagnoses: list[Diagnosis]
    patterns: list[str]


def diagnose(bench: Bench, comparisons: Sequence[Comparison], conduct: Sequence[Finding]) -> Findings:
    """Which mistakes explain what is wrong; nothing is run where nothing is.

    The differences that this takes are bounded by a few hundred evaluations of the forward: for each wrong tensor a
    Jacobian at the given point and at two fresh ones, of a part of its entries where there are too many.
    """
    wrong = [c for c in comparisons if c.verdict == "disagree" and not _is_a_needle(c)]
    by_conduct = list(from_conduct(bench, conduct))
    if not wrong:
        return Findings(by_conduct, [])
    large = max(c.wrong.size for c in wrong) > LARGE
    groups = FEW if large else int(np.clip(EVALUATIONS // (6 * len(wrong)), 16, 128))
    bureau = Bureau(bench, {c.name: c for c in comparisons}, groups)
    by_numbers, patterns = [], []
    with np.errstate(all="ignore"):
        for c in wrong:
            clues = Clues(bureau, c.name, c)
            found = list(_by_numbers(clues))
            by_numbers += found
            if not any(d.explains >= CONVINCING for d in found) and (seen := pattern(clues)):
                patterns.append(seen)
    bureau.runner.reset()
    said_better = {d.tensor for d in by_numbers if d.explains >= CONVINCING}
    kept = [d for d in by_conduct if not (d.cause in OF_FORM and d.tensor in said_better)]
    first, later = (
        [d for d in by_numbers if d.cause == "wrong-mask"],
        [d for d in by_numbers if d.cause != "wrong-mask"],
    )
    return Findings(sorted([*first, *kept, *later], key=lambda d: -d.explains), patterns)


def _is_a_needle(comparison: Comparison) -> bool:
    """Whether a few entries of very many are wrong: that they are found says all there is to say."""
    wrong = comparison.wrong
    return (
        wrong.size > LARGE
        and 0 < int(wrong.sum()) < wrong.size // 100
        and comparison.numerical is not None
        and bool(np.isnan(comparison.numerical).any())
    )


def _by_numbers(clues: Clues) -> Iterator[Diagnosis]:
    if not clues.claimed.size or not np.all(np.isfinite(clues.claimed)):
        return
    if clues.claimed.shape != clues.value.shape:
        yield from scored_as(clues, wrong_shape)
        return
    at_ties = list(ties(clues))
    yield from at_ties or explain(clues)
