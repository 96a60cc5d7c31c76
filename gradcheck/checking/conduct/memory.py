"""What a backward remembers, and what it touches: its own forward, and nothing of the caller's."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.checking.conduct.evidence import Array, Evidence, Gradients, close, first_change, pulled
from gradcheck.checking.report import Finding
from gradcheck.checking.state.snapshot import same_values
from gradcheck.checking.subject import copies
from gradcheck.numerical.evaluation import OUTSIDE_ITS_DOMAIN

ELSEWHERE = (0.75, 1 + 2**-10)
"""Another input is so many times the one given: well away where the function is defined there, else close by."""


def interleaved(evidence: Evidence) -> Iterator[Finding]:
    """Of two forwards, backward belongs to the one it was asked for, not to what another left behind."""
    for factor in ELSEWHERE if evidence.varied else ():
        with np.errstate(all="ignore"):  # nobody but us chose this point
            try:
                findings = _with_a_forward_between(evidence, factor)
            except OUTSIDE_ITS_DOMAIN:
                findings = None
        evidence.pending = None
        if findings is not None:
            yield from findings
            return


def _with_a_forward_between(evidence: Evidence, factor: float) -> list[Finding] | None:
    """Forward here, forward elsewhere, then both backwards; None if the subject has no values elsewhere."""
    runner, v = evidence.runner, evidence.cotangents
    elsewhere = {name: value * np.asarray(factor, value.dtype) for name, value in evidence.varied.items()}
    inputs = {**runner.inputs, **elsewhere}
    findings = _beside_another_instance(evidence, inputs)
    here = evidence.pullback()
    runner.rewind()
    there, second = runner.forward(copies(inputs))
    there, got = [out.copy() for out in there], pulled(second, v)
    if _is_reentrant(evidence):
        findings += _belongs(evidence, evidence.gradients, pulled(here, v), "its own, after another call of forward")
    alone, pullback = runner.start(elsewhere)
    if not all(a.shape == b.shape and np.all(np.isfinite(a)) for a, b in zip(alone, evidence.outputs, strict=True)):
        return None
    # Where the output itself depends on how often the forward ran, a gradient that does too is no mistake.
    if all(a.shape == b.shape and close(a, b) for a, b in zip(alone, there, strict=True)):
        findings = _belongs(evidence, pulled(pullback, v), got, "its own, after another forward") + findings
    return findings


def _beside_another_instance(evidence: Evidence, inputs: Mapping[str, Any]) -> list[Finding]:
    """Another instance's forward must not disturb a pending backward."""
    runner, subject = evidence.runner, evidence.runner.subject
    twin = subject.twin() if subject.takes_cotangent or subject.keeps_input else None
    if twin is None:
        return []
    here = evidence.pullback()
    runner.forward(copies(inputs), twin)
    got = pulled(here, evidence.cotangents)
    return _belongs(evidence, evidence.gradients, got, "its own, after another instance's forward")


def _is_reentrant(evidence: Evidence) -> bool:
    """Whether two calls of forward may be pending at once: those of functions, unless they keep a cache themselves."""
    subject = evidence.runner.subject
    return (subject.takes_cotangent or subject.keeps_input) and not subject.parameters and not subject.holds_cache


def _belongs(evidence: Evidence, expected: Gradients, got: Gradients, what: str) -> list[Finding]:
    for name in evidence.comparable(expected, got):
        a, b = np.asarray(expected[name]), np.asarray(got[name])
        if not close(a, b):
            message = f"backward does not use {what}: d{name} differs, {first_change(a, b)}; keep the cache by forward"
            return [Finding("interleaved", False, message, "stale-cache", name)]
    return [Finding("interleaved", True, f"backward uses {what}")]


def pure(evidence: Evidence) -> Iterator[Finding]:
    """Neither forward nor backward changes inputs, cotangents or parameters, or hands out an input as a gradient."""
    runner, subject = evidence.runner, evidence.runner.subject
    runner.reset()
    inputs, cotangents = copies(runner.inputs), _named(evidence.cotangents)
    kept, kept_cotangents = copies(inputs), copies(cotangents)
    _, pullback = runner.forward(inputs)
    findings = list(_mutations("forward", inputs, kept, "mutates-input"))
    kept = copies(inputs)
    gradients = pullback(list(cotangents.values()))
    findings += _mutations("backward", inputs, kept, "mutates-input")
    findings += _mutations("backward", cotangents, kept_cotangents, "mutates-cotangent")
    held = {name: np.asarray(parameter.read()) for name, parameter in subject.parameters.items()}
    original = {name: subject.tensors[name] for name in held}
    findings += _mutations("forward or backward", held, original, "mutates-parameter")
    yield from findings or [Finding("mutation", True, "inputs, cotangents and parameters are left as they were")]
    if not subject.keeps_input:
        yield _aliases(evidence, gradients, {**inputs, **held})


def _named(cotangents: list[Array]) -> dict[str, Array]:
    """Copies of the cotangents, by what to call them."""
    names = ["the cotangent (dout)"] if len(cotangents) == 1 else [f"cotangent {i}" for i in range(len(cotangents))]
    return {name: cotangent.copy() for name, cotangent in zip(names, cotangents, strict=True)}


def _mutations(who: str, now: Mapping[str, Any], before: Mapping[str, Any], cause: str) -> Iterator[Finding]:
    for name, value in now.items():
        if not isinstance(value, np.ndarray):
            continue
        if value.shape != before[name].shape or not np.all(same_values(value, before[name])):
            change = first_change(before[name], value)
            yield Finding("mutation", False, f"{who} changes {name} in place, {change}; work on a copy", cause, name)


def _aliases(evidence: Evidence, gradients: Gradients, arrays: Mapping[str, Any]) -> Finding:
    """Whether some gradient is, or is a view of, one of these."""
    for name in evidence.names:
        gradient = gradients.get(name)
        if not isinstance(gradient, np.ndarray) or not gradient.size:
            continue
        for other, array in arrays.items():
            if isinstance(array, np.ndarray) and np.may_share_memory(gradient, array):
                message = f"d{name} shares its memory with {other}: updating one would change the other; return a copy"
                return Finding("aliasing", False, message, "aliases-input", name)
    return Finding("aliasing", True, "no gradient shares memory with an input or a parameter")
