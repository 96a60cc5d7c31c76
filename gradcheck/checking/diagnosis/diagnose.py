"""From a bench and what disagreed there to diagnoses and patterns."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from gradcheck.checking.bench import Bench
from gradcheck.checking.diagnosis.clues import Bureau, Clues
from gradcheck.checking.diagnosis.conduct import from_conduct
from gradcheck.checking.diagnosis.explanation import CONVINCING
from gradcheck.checking.diagnosis.hypotheses.shape import wrong_shape
from gradcheck.checking.diagnosis.hypotheses.ties import ties
from gradcheck.checking.diagnosis.limits import at_most
from gradcheck.checking.diagnosis.patterns import pattern
from gradcheck.checking.diagnosis.ranking import explain, scored_as
from gradcheck.checking.report import Comparison, Diagnosis, Finding
from gradcheck.checking.subject import LimitReached

MOST = 2_000
"""So many evaluations of the forward a diagnosis takes, of all wrong tensors together, and not one more."""

JACOBIANS = 800
"""About so many of them the differences at fresh points may take."""

LARGE, FEW = 20_000, 8
"""Of a tensor with more entries than this, few groups of entries are differenced, those with wrong ones first."""

OF_FORM = ("wrong-shape",)
"""Findings of conduct that a diagnosis by numbers says more exactly."""


HARMLESS = ("mutates-cotangent",)
"""What spoils no number of the gradient itself, but those of whoever uses the cotangent afterwards."""


class Findings(NamedTuple):
    """Diagnoses, most convincing first, and for tensors without a cause what their wrong entries have in common."""

    diagnoses: list[Diagnosis]
    patterns: list[str]


def diagnose(
    bench: Bench,
    comparisons: Sequence[Comparison],
    conduct: Sequence[Finding],
    tensors: Collection[str] | None = None,
    reading: bool = True,
) -> Findings:
    """Which mistakes explain what is wrong, in these tensors or in all; nothing is run where nothing is.

    A few hundred evaluations of the forward are usual: for each wrong tensor a Jacobian at the given point and at two
    fresh ones, of a part of its entries where there are too many. After :data:`MOST` of them the best that was found
    by then is all that is said. Without `reading` the code of the backward is not looked at.
    """
    wrong = [c for c in comparisons if c.verdict == "disagree" and not _is_a_needle(c)]
    wrong = [c for c in wrong if tensors is None or c.name in tensors]
    by_conduct = list(from_conduct(bench, conduct))
    if not wrong:
        return Findings(by_conduct, [])
    large = max(c.wrong.size for c in wrong) > LARGE
    groups = FEW if large else int(np.clip(JACOBIANS // (6 * len(wrong)), 16, 128))
    last = bench.runner.evaluations + MOST
    bureau = Bureau(bench, {c.name: c for c in comparisons}, groups, reading)
    every = [Clues(bureau, c.name, c) for c in wrong]
    found: dict[str, tuple[list[Diagnosis], list[str]]] = {}
    with np.errstate(all="ignore"):
        for i, clues in enumerate(sorted(every, key=_size, reverse=True)):
            left = last - bureau.runner.evaluations
            with at_most(bureau.runner, max(left // 2, left // (len(wrong) - i))):
                found[clues.tensor] = _of_one(clues)
    by_numbers = [diagnosis for c in wrong for diagnosis in found[c.name][0]]
    patterns = [pattern for c in wrong for pattern in found[c.name][1]]
    bureau.runner.reset()
    said_better = {d.tensor for d in by_numbers if d.explains >= CONVINCING}
    kept = [d for d in by_conduct if not (d.cause in OF_FORM and d.tensor in said_better)]
    first = [d for d in by_numbers if d.cause == "wrong-mask"]  # which tells more than that it is drawn anew
    later = [d for d in by_numbers if d.cause != "wrong-mask"]
    return Findings(sorted([*first, *kept, *later], key=_place), patterns)


def _place(diagnosis: Diagnosis) -> tuple[bool, bool, float]:
    """What is convincing comes first, and of that what makes the numbers wrong."""
    return diagnosis.explains < CONVINCING, diagnosis.cause in HARMLESS, -diagnosis.explains


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


def _size(clues: Clues) -> float:
    """By how much a gradient is off, by its own size: what is gross is explained first."""
    right = clues.comparison.numerical
    if right is None or clues.claimed.shape != right.shape:
        return float("inf")
    off, known = np.nan_to_num(clues.claimed - right), np.nan_to_num(right)
    return float(np.linalg.norm(off) / (np.linalg.norm(known) or 1.0))


def _of_one(clues: Clues) -> tuple[list[Diagnosis], list[str]]:
    """Why one tensor is wrong, or else what its wrong entries have in common."""
    found = list(_by_numbers(clues))
    known = any(d.explains >= CONVINCING for d in found)
    return found, [] if known else list(_patterns(clues))


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
