"""From a bench and what disagreed there to diagnoses and patterns."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
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
from gradcheck.checking.subject import LimitReached, Runner

MOST = 2_000
"""So many evaluations of the forward a diagnosis takes, of all wrong tensors together, and not one more."""

JACOBIANS = 800
"""About so many of them the differences at fresh points may take."""

LARGE, FEW = 20_000, 8
"""Of a tensor with more entries than this, few groups of entries are differenced, those with wrong ones first."""

OF_FORM = ("wrong-shape",)
"""Findings of conduct that a diagnosis by numbers says more exactly."""


class Findings(NamedTuple):
    """Diagnoses, most convincing first, and for tensors without a cause what their wrong entries have in common."""

    diagnoses: list[Diagnosis]
    patterns: list[str]


def diagnose(
    bench: Bench,
    comparisons: Sequence[Comparison],
    conduct: Sequence[Finding],
    tensors: Collection[str] | None = None,
) -> Findings:
    """Which mistakes explain what is wrong, in these tensors or in all; nothing is run where nothing is.

    A few hundred evaluations of the forward are usual: for each wrong tensor a Jacobian at the given point and at two
    fresh ones, of a part of its entries where there are too many. After :data:`MOST` of them the best that was found
    by then is all that is said.
    """
    wrong = [c for c in comparisons if c.verdict == "disagree" and not _is_a_needle(c)]
    wrong = [c for c in wrong if tensors is None or c.name in tensors]
    by_conduct = list(from_conduct(bench, conduct))
    if not wrong:
        return Findings(by_conduct, [])
    large = max(c.wrong.size for c in wrong) > LARGE
    groups = FEW if large else int(np.clip(JACOBIANS // (6 * len(wrong)), 16, 128))
    last = bench.runner.evaluations + MOST
    bureau = Bureau(bench, {c.name: c for c in comparisons}, groups)
    by_numbers: list[Diagnosis] = []
    patterns: list[str] = []
    with np.errstate(all="ignore"):
        for i, c in enumerate(wrong):
            clues, left = Clues(bureau, c.name, c), last - bureau.runner.evaluations
            with at_most(bureau.runner, left // (len(wrong) - i)):
                found = list(_by_numbers(clues))
                by_numbers += found
                if not any(d.explains >= CONVINCING for d in found):
                    patterns += _patterns(clues)
    bureau.runner.reset()
    said_better = {d.tensor for d in by_numbers if d.explains >= CONVINCING}
    kept = [d for d in by_conduct if not (d.cause in OF_FORM and d.tensor in said_better)]
    first, later = (
        [d for d in by_numbers if d.cause == "wrong-mask"],
        [d for d in by_numbers if d.cause != "wrong-mask"],
    )
    return Findings(sorted([*first, *kept, *later], key=lambda d: -d.explains), patterns)


@contextmanager
def at_most(runner: Runner, evaluations: int) -> Iterator[None]:
    """While this lasts, the runner runs no more than so many, nor more than it was allowed before."""
    before, runner.limit = runner.limit, min(runner.limit, runner.evaluations + evaluations)
    try:
        yield
    finally:
        runner.limit = before


def _is_a_needle(comparison: Comparison) -> bool:
    """Whether a few entries of very many are wrong: that they are found says all there is to say."""
    wrong = comparison.wrong
    return (
        wrong.size > LARGE
        and comparison.complete
        and 0 < int(wrong.sum()) < wrong.size // 100
        and comparison.numerical is not None
        and bool(np.isnan(comparison.numerical).any())
    )


def _by_numbers(clues: Clues) -> Iterator[Diagnosis]:
    with suppress(LimitReached):
        yield from _tried(clues)


def _patterns(clues: Clues) -> Iterator[str]:
    with suppress(LimitReached):
        if seen := pattern(clues):
            yield seen


def _tried(clues: Clues) -> Iterator[Diagnosis]:
    if not clues.claimed.size or not np.all(np.isfinite(clues.claimed)):
        return
    if clues.claimed.shape != clues.value.shape:
        yield from scored_as(clues, wrong_shape)
        return
    at_ties = list(ties(clues))
    yield from at_ties or explain(clues)
