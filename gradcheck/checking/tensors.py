"""Every tensor of a subject compared, each by itself and then those that share a kink; and what follows from it."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking import adequacy
from gradcheck.checking.bench import AsFunctionOf, Bench, joined
from gradcheck.checking.conduct.algebra import linear
from gradcheck.checking.conduct.evidence import as_array, is_comparable
from gradcheck.checking.diagnosis import diagnose
from gradcheck.checking.jitter import jitter_around, jitter_here
from gradcheck.checking.precision import is_narrow
from gradcheck.checking.report import Comparison, Finding, Report
from gradcheck.checking.subject import LimitReached
from gradcheck.checking.verdict.compare import compare
from gradcheck.checking.verdict.second_opinion import joint_subgradients
from gradcheck.checking.verdict.tolerance import Tolerance
from gradcheck.numerical.entries import Entries, EntryMeter
from gradcheck.numerical.evaluation import Neighbourhood
from gradcheck.numerical.noise import measured_noise

Array = NDArray[Any]


@dataclass(frozen=True)
class How:
    """The keywords of :func:`~gradcheck.checking.check.check` that say how to check, whatever the subject."""

    seed: int
    rtol: float
    wanted: list[str] | None
    exhaustive: bool
    executor: Executor | None
    order: int
    allowed: float
    explained: frozenset[str] | None = None
    """The tensors whose mistakes are to be named, if wrong; None for all."""
    reading: bool = True
    """Whether the code of the backward may be read for that."""


def compare_all(bench: Bench, report: Report, how: How) -> None:
    """Add to the report what comes of comparing each tensor: verdicts, diagnoses, warnings."""
    evidence, precise = bench.evidence, bench
    narrow = any(is_narrow(value) for value in (*evidence.tensors.values(), *evidence.outputs))
    if narrow:
        precise = bench.in_double() or bench
    report.tensors = [_within_limit(precise, tensor, how) for tensor in evidence.names]
    with suppress(LimitReached):
        if precise is not bench:
            report.conduct = list(_cleared_in_double(precise, report.conduct))
        _kinks_shared_by_tensors(precise, report.tensors)
        report.diagnoses, report.patterns = diagnose(
            precise, report.tensors, report.conduct, how.explained, how.reading
        )
    if precise is not bench:
        precise.runner.state.restore()
        bench.elsewhere = precise.evaluations - bench.runner.evaluations
        bench.allow(bench.allowed)
    with suppress(LimitReached):
        report.warnings = adequacy.warnings(evidence, report.tensors)


def _cleared_in_double(precise: Bench, conduct: list[Finding]) -> Iterator[Finding]:
    """The conduct without charges that a copy in double precision clears up: what is rounded may be amplified."""
    accused = [finding.tensor for finding in conduct if finding.check == "linear" and not finding.ok]
    again = [finding.tensor for finding in linear(precise.evidence) if not finding.ok] if accused else []
    if accused and not again:
        yield Finding("linear", True, "backward is linear in the cotangent, but for rounding in single precision")
    yield from (f for f in conduct if f.ok or f.check != "linear" or f.tensor in again)


def _within_limit(bench: Bench, tensor: str, how: How) -> Comparison:
    try:
        return _compare_one(bench, tensor, how)
    except LimitReached:
        return bench.undecided(tensor)
    finally:
        bench.allow(bench.allowed)


def _compare_one(bench: Bench, tensor: str, how: How) -> Comparison:
    evidence = bench.evidence
    value, gradient = evidence.tensors[tensor], evidence.gradients.get(tensor)
    if not is_comparable(gradient, value):
        return Comparison.unmeasured(
            tensor, value, "disagree", "there is no gradient to compare; see the conduct below"
        )
    analytic = np.asarray(as_array(gradient))
    analytic = analytic if analytic.dtype.kind == "f" else analytic.astype(value.dtype)
    rng = np.random.default_rng([bench.seed, len(evidence.names), evidence.names.index(tensor)])
    function = AsFunctionOf(bench, tensor)
    near = Neighbourhood(function, value, how.executor, base=joined(evidence.outputs))
    meter = EntryMeter(near, joined(evidence.cotangents), measured_noise(near, rng), rng)
    tolerance = Tolerance(
        analytic,
        jitter_here(evidence, tensor, analytic, meter),
        how.rtol,
        lambda: jitter_around(bench, tensor, analytic, meter),
    )
    with np.errstate(all="ignore"):
        comparison = compare(tensor, meter, tolerance, exhaustive=how.exhaustive)
    bench.elsewhere += near.evaluations_elsewhere
    return comparison


def _kinks_shared_by_tensors(bench: Bench, comparisons: list[Comparison]) -> None:
    """What each tensor may claim by itself at a kink, several may not claim together: ``maximum(x, y)`` at a tie."""
    kinked = [c for c in comparisons if c.entries is not None and c.verdict == "agree" and c.kinks.any()]
    if len(kinked) < 2:
        return
    entries = Entries.joined([c.entries for c in kinked if c.entries is not None])
    analytic = np.concatenate([np.ravel(np.asarray(c.analytic)) for c in kinked])
    near = Neighbourhood(
        AsFunctionOf(bench, *(c.name for c in kinked)),
        np.concatenate([bench.evidence.tensors[c.name].ravel() for c in kinked]),
        base=joined(bench.evidence.outputs),
    )
    rng = np.random.default_rng(bench.seed)
    try:
        meter = EntryMeter(near, joined(bench.evidence.cotangents), measured_noise(near, rng), rng)
        wrong = joint_subgradients(meter, Tolerance(analytic, 0.0, 0.0), entries)
    except LimitReached:
        for c in kinked:
            c.verdict, c.reason = "undecided", bench.undecided(c.name).reason
        raise
    for c, part in zip(kinked, np.split(wrong, np.cumsum([c.wrong.size for c in kinked])[:-1]), strict=True):
        if part.any():
            c.wrong, c.verdict = part.reshape(c.shape), "disagree"
            c.worst = tuple(int(i) for i in np.argwhere(c.wrong)[0])
            c.reason = "at a tie the gradients of the tensors that share it must add up to the whole, once"
