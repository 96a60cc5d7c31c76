"""What a backward must do with cotangents, as it multiplies by a Jacobian: the same each time, and linearly."""

from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck.checking.evidence import Array, Evidence, Gradients, close, first_change, largest, pulled, rounding
from gradcheck.checking.report import Finding
from gradcheck.checking.state import same_values


def repeatable(evidence: Evidence) -> Iterator[Finding]:
    """A second backward gives the same again, or for parameters twice as much; which of the two is said.

    Where it gives the same, the forward stays good for further ones.
    """
    pullback = evidence.pullback()
    evidence.pending = None
    first = pulled(pullback, evidence.cotangents)
    try:
        second = pulled(pullback, evidence.cotangents)
    except Exception as problem:
        yield Finding("repeatable", True, f"backward works once per forward ({type(problem).__name__} the second time)")
        return
    pairs = {name: (np.asarray(first[name]), np.asarray(second[name])) for name in evidence.comparable(first, second)}
    changed = {name: pair for name, pair in pairs.items() if not np.all(same_values(*pair))}
    parameters = evidence.runner.subject.parameters
    accumulated = [name for name, (a, b) in changed.items() if name in parameters and close(b, 2 * a)]
    for name, (a, b) in changed.items():
        if name not in accumulated:
            message = f"a second backward with the same cotangent gives another d{name}, {first_change(a, b)}"
            yield Finding("repeatable", False, message, "stale-cache", name)
    if len(accumulated) == len(changed):
        how = f"accumulates into {', '.join(accumulated)}" if accumulated else "overwrites its gradients"
        remark = f"; it {how}" if parameters else ""
        yield Finding("repeatable", True, f"a second backward gives the same{remark}")
    if not changed:
        evidence.pending = pullback


def linear(evidence: Evidence) -> Iterator[Finding]:
    """Backward is linear in the cotangent: homogeneous, zero gives zero, and additive.

    What remains by rounding is noted for each tensor: so much the gradient under test jitters by itself.
    """
    if not evidence.runner.subject.takes_cotangent:
        return
    with np.errstate(all="ignore"):  # nobody but us chose these cotangents
        findings = _nonlinearities(evidence)
        if findings and evidence.pending is not None:
            evidence.pending = None  # nobody is accused before each backward had a forward of its own
            findings = _nonlinearities(evidence)
    yield from findings or [Finding("linear", True, "backward is linear in the cotangent")]


def _nonlinearities(evidence: Evidence) -> list[Finding]:
    v = evidence.cotangents
    other = [_permuted(c, evidence.rng) for c in v]
    multiples = [evidence.backward([factor * c for c in v]) for factor in (-2, -3, 0)]
    parts = _of_a_sum(evidence, other)
    findings = []
    for name in evidence.comparable(*multiples, *parts):
        size = largest(np.abs(parts[0][name]) + np.abs(parts[1][name]))
        if not np.isfinite(size) or not np.issubdtype(np.asarray(parts[0][name]).dtype, np.floating):
            continue
        text, residual = _objection(evidence, name, multiples, parts, other)
        if text:
            off = f"off by {residual:.3g} at a size of {size:.3g}"
            message = f"backward is not linear in the cotangent: {text}, {off}"
            findings.append(Finding("linear", False, message, "nonlinear", name))
        else:
            evidence.jitter[name] = residual
    return findings


def _objection(
    evidence: Evidence, name: str, multiples: Sequence[Gradients], parts: Sequence[Gradients], other: list[Array]
) -> tuple[str, float]:
    """What is not linear in one gradient, and by how much; if nothing is, by how much rounding makes it differ."""
    double, triple, zero = (np.asarray(gradients[name]) for gradients in multiples)
    one = np.asarray(parts[0][name])
    # The multiples and sums of the cotangents are themselves rounded to their own type.
    wide = all(np.finfo(c.dtype).eps <= np.finfo(one.dtype).eps for c in evidence.cotangents)
    coarsest = rounding(one) if wide else max(rounding(c) for c in evidence.cotangents)
    allowed = coarsest * largest(np.abs(one) + np.abs(parts[1][name]))
    missed = _missed(parts, name)
    doubled = largest(double + 2 * one)
    if not doubled <= allowed:  # also if it is NaN; a power of two scales exactly, whatever cancels
        return f"d{name}(−2·dout) is not −2·d{name}(dout)", doubled
    if not largest(zero) <= allowed:
        return f"d{name} is not zero for a zero cotangent", largest(zero)
    if not largest(missed) <= allowed and _grows_along(evidence, name, missed, other):
        return f"d{name}(u + v) is not d{name}(u) + d{name}(v)", largest(missed)
    return "", max(largest(triple + 3 * one) / 3, largest(missed)) if wide else 0.0


def _permuted(cotangent: Array, rng: np.random.Generator) -> Array:
    """Another cotangent, which is no multiple of the first."""
    factors = rng.permutation(np.linspace(-1.5, 0.5, max(2, cotangent.size)))[: cotangent.size]
    return np.asarray((cotangent * factors.reshape(cotangent.shape)).astype(cotangent.dtype))


def _of_a_sum(evidence: Evidence, other: list[Array], factor: float = 1.0) -> list[Gradients]:
    """The gradients for dout, for another cotangent, and for their sum, each times a factor."""
    u, v = [factor * c for c in evidence.cotangents], [factor * c for c in other]
    both = [a + b for a, b in zip(u, v, strict=True)]
    first = evidence.gradients if factor == 1 else evidence.backward(u)
    return [first, evidence.backward(v), evidence.backward(both)]


def _missed(parts: Sequence[Gradients], name: str) -> Array:
    one, two, both = (np.asarray(gradients[name]) for gradients in parts)
    return np.asarray(both - one - two)


def _grows_along(evidence: Evidence, name: str, missed: Array, other: list[Array]) -> bool:
    """Whether what is missing grows with the cotangents, as a mistake does; what rounding leaves is another each time.

    Where the terms of a gradient cancel, its size does not tell how large their rounding may be.
    """
    for factor in (1.25, 1.5, 1.75):
        grown = _missed(_of_a_sum(evidence, other, factor), name) / factor
        if largest(grown - missed) > 0.1 * largest(missed):
            return False
    return True
