"""Mistakes that the checks of conduct have found already, each said as a diagnosis."""

from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck.checking.bench import Bench
from gradcheck.checking.conduct.evidence import pulled
from gradcheck.checking.report import Diagnosis, Finding

REMEDIES = {
    "mutates-input": "Work on a copy: write y = x * 2 rather than x *= 2.",
    "mutates-cotangent": "Work on a copy: write dx = dout * mask rather than dout *= mask.",
    "mutates-parameter": "Only the optimiser may change parameters.",
    "nondeterministic": "Draw randomness from a Generator that the subject holds, or give it a seed.",
    "stale-cache": "Keep what backward needs by forward, in the instance or the cache it returns, and nowhere else.",
    "wrong-shape": "Give each gradient the shape of its tensor: sum over axes that were broadcast, keep all others.",
    "wrong-dtype": "Give each gradient the type of its tensor.",
    "not-finite": "Look for 0/0, log(0) or overflow in backward; use the form that is stable.",
    "missing": "Return it, or store it beside its tensor; what is to have none is left out by wrt=.",
    "accumulated": "Set it to zero before each backward, or assign it.",
    "aliases-input": "Return a copy.",
}


def from_conduct(bench: Bench, findings: Sequence[Finding]) -> Iterator[Diagnosis]:
    """A diagnosis for each finding that is a mistake by itself; a symptom, as non-linearity, is none."""
    mutates = any(not finding.ok and finding.cause.startswith("mutates") for finding in findings)
    unsteady = {finding.tensor for finding in findings if not finding.ok and finding.check == "repeatable"}
    for finding in findings:
        if finding.ok or finding.cause not in REMEDIES:
            continue
        cause = finding.cause
        if finding.check == "repeatable":
            if mutates:
                continue  # which is why the second backward differs
            cause = _why_not_repeatable(bench, finding.tensor)
        elif cause == "stale-cache" and (mutates or finding.tensor in unsteady):
            continue  # what changes by itself changes after another forward too
        yield Diagnosis(cause, finding.tensor, 1.0, f"{finding.message}.", REMEDIES[cause])


def _why_not_repeatable(bench: Bench, tensor: str) -> str:
    """Whether each further backward adds the same once more, or draws at random; else something is left behind."""
    runner, v = bench.runner, bench.evidence.cotangents
    _, pullback = runner.start()
    a, b, c = (np.asarray(pulled(pullback, v).get(tensor), float) for _ in range(3))
    _, pullback = runner.start()
    runner.state.rewind()
    once = np.asarray(pulled(pullback, v).get(tensor), float)
    runner.state.rewind()
    again = np.asarray(pulled(pullback, v).get(tensor), float)
    runner.reset()
    if np.array_equal(once, again):
        return "nondeterministic"
    return "accumulated" if np.any(b != a) and np.allclose(b - a, c - b) else "stale-cache"
