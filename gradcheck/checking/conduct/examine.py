"""What a backward must do whatever its numbers: checks that need no differences and are therefore exact.

Each check is one function from the evidence to its findings. Read :mod:`~gradcheck.checking.conduct.form` (what a
gradient must be), :mod:`~gradcheck.checking.conduct.algebra` (what a backward must do with cotangents) and
:mod:`~gradcheck.checking.conduct.memory` (what it remembers and touches); :data:`CHECKS` lists them in the order of the
report.
"""

from collections.abc import Iterator

import numpy as np

from gradcheck.checking.conduct.algebra import linear, repeatable
from gradcheck.checking.conduct.evidence import Evidence, first_change
from gradcheck.checking.conduct.form import dtype, finite, present
from gradcheck.checking.conduct.memory import interleaved, pure
from gradcheck.checking.report import Finding
from gradcheck.checking.state.snapshot import same_values


def deterministic(evidence: Evidence) -> Iterator[Finding]:
    """The same input and the same random state give the same output."""
    again, evidence.pending = evidence.runner.start()
    for i, (first, second) in enumerate(zip(evidence.outputs, again, strict=False)):
        if first.shape != second.shape or not np.all(same_values(first, second)):
            yield Finding(
                "deterministic",
                False,
                f"output {i} of the forward differs between two runs from the same input, parameters and random state, "
                f"{first_change(first, second)}; draw randomness from a Generator the subject holds, or fix its seed",
                "nondeterministic",
            )
            return
    yield Finding("deterministic", True, "the forward gives the same output twice")


CHECKS = (repeatable, present, dtype, finite, linear, interleaved, pure)
"""In the order of the report, after :func:`deterministic`, without which nothing else can be said.

Repeatability comes first, as it goes on with the forward that :func:`deterministic` ran; linearity and interleaving
go on with the same where they can.
"""


def examine(evidence: Evidence) -> list[Finding]:
    """Every check of conduct, in order; nothing but the first where the forward is not deterministic."""
    findings = list(deterministic(evidence))
    if all(finding.ok for finding in findings):
        findings += [finding for check in CHECKS for finding in check(evidence)]
        findings += evidence.runner.subject.conduct(evidence)
    evidence.pending = None  # with the cache it holds
    return findings
