"""Every tensor of a subject compared, all at once or each by itself; and what follows from it."""

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
from gradcheck.checking.together import Together, compare_together, share_kinks
from gradcheck.checking.verdict.compare import compare
from gradcheck.checking.verdict.tolerance import SETTLED, Tolerance
from gradcheck.numerical.evaluation import Neighbourhood
from gradcheck.numerical.meter import EntryMeter
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
    together = _together(precise, how)
    report.tensors = [
        together.agreeing.get(tensor) or _within_limit(precise, tensor, how, together.wanted.get(tensor, SETTLED))
        for tensor in evidence.names
    ]
    with suppress(LimitReached):
        if precise is not bench:
            report.conduct = list(_cleared_in_double(precise, report.conduct))
        share_kinks(precise, report.tensors)
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


def _together(bench: Bench, how: How) -> Together:
    """What a look at all tensors at once settles, where less than every entry is wanted."""
    if how.exhaustive or how.rtol:
        return Together({}, {})
    try:
        return compare_together(bench, how.executor)
    except LimitReached:
        return Together({}, {})
    finally:
        bench.allow(bench.allowed)


def _within_limit(bench: Bench, tensor: str, how: How, wanted: float) -> Comparison:
    try:
        return _compare_one(bench, tensor, how, wanted)
    except LimitReached:
        return bench.undecided(tensor)
    finally:
        bench.allow(bench.allowed)


def _compare_one(bench: Bench, tensor: str, how: How, wanted: float) -> Comparison:
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
        comparison = compare(tensor, meter, tolerance, exhaustive=how.exhaustive, wanted=wanted)
    bench.elsewhere += near.evaluations_elsewhere
    return comparison
