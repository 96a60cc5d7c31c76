"""What a backward must do with cotangents, as it multiplies by a Jacobian: the same each time, and linearly."""

from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck.checking.conduct.evidence import (
    Array,
    Evidence,
    Gradients,
    close,
    first_change,
    largest,
    pulled,
    rounding,
)
from gradcheck.checking.report import Finding
from gradcheck.checking.state.snapshot import same_values


def repeatable(evidence: Evidence) -> Iterator[Finding]:
    """A second backward gives the same again, or twice as much where gradients are stored; which of the two is said.

    Gradients that are stored may add up until they are cleared; what is returned has to be the gradient each time.

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
    subject = evidence.runner.subject
    stored = subject.parameters if subject.stores_gradients else {}
    doubled = [name for name, (a, b) in changed.items() if close(b, 2 * a)]
    accumulated = [name for name in doubled if name in stored]
    for name, (a, b) in changed.items():
        if name in doubled and name not in stored:
            message = f"a second backward returns twice the first d{name}: it adds to what it returned before"
            yield Finding("repeatable", False, message, "accumulated", name)
        elif name not in accumulated:
            message = f"a second backward with the same cotangent gives another d{name}, {first_change(a, b)}"
            yield Finding("repeatable", False, message, "stale-cache", name)
    if len(accumulated) == len(changed):
        how = f"accumulates into {', '.join(accumulated)}" if accumulated else "overwrites its gradients"
        remark = f"; it {how}" if stored else ""
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
    trial = _Trial(evidence)
    findings = []
    for name in trial.names:
        objection = trial.objection(name)
        if objection:
            message = f"backward is not linear in the cotangent: {objection}"
            findings.append(Finding("linear", False, message, "nonlinear", name))
        else:
            evidence.jitter[name] = trial.jitter(name)
    return findings


class _Trial:
    """The gradients for multiples of the cotangents u, for other cotangents v, and for u + v."""

    def __init__(self, evidence: Evidence) -> None:
        u = evidence.cotangents
        self.evidence, self.other = evidence, [_another(c, evidence.rng) for c in u]
        self.double, self.triple, self.zero = (evidence.backward([factor * c for c in u]) for factor in (-2, -3, 0))
        self.sums = self._of_a_sum()
        self.coarsest = max(map(rounding, u))  # the multiples and sums of the cotangents are themselves rounded
        every = evidence.comparable(self.double, self.triple, self.zero, *self.sums)
        self.sizes = {name: self._size(name) for name in every}
        self.names = [name for name in every if self._is_measurable(name)]
        self.missed = {name: _missed(self.sums, name) for name in self.names}

    def objection(self, name: str) -> str:
        """What is not linear in the gradient of a tensor, if anything is."""
        one, missed, size = np.asarray(self.sums[0][name]), self.missed[name], self.sizes[name]
        allowed = max(rounding(one), self.coarsest) * size + 64 * float(np.finfo(one.dtype).smallest_subnormal)
        for residual, text in (
            (self.double[name] + 2 * one, f"d{name}(−2·dout) is not −2·d{name}(dout)"),  # a power of two: exact
            (np.asarray(self.zero[name]), f"d{name} is not zero for a zero cotangent"),
            (missed, f"d{name}(u + v) is not d{name}(u) + d{name}(v)"),
        ):
            off = largest(residual)
            if off <= allowed or (residual is missed and not self._grows(name)):
                continue
            return f"{text}, off by {off:.3g} at a size of {size:.3g}"
        return ""

    def jitter(self, name: str) -> Array:
        """By how much rounding makes each entry differ from what linearity demands."""
        one = np.asarray(self.sums[0][name])
        varies = np.maximum(np.abs(self.triple[name] + 3 * one) / 3, np.abs(self.missed[name]))
        return np.asarray(varies if self.coarsest <= rounding(one) else np.zeros_like(varies))

    def _of_a_sum(self, factor: float = 1.0) -> list[Gradients]:
        """The gradients for u, v and u + v, each times a factor."""
        u, v = [factor * c for c in self.evidence.cotangents], [factor * c for c in self.other]
        first = self.evidence.gradients if factor == 1 else self.evidence.backward(u)
        both = [a + b for a, b in zip(u, v, strict=True)]
        return [first, self.evidence.backward(v), self.evidence.backward(both)]

    def _grows(self, name: str) -> bool:
        """Whether what a sum misses grows with the cotangents, as a mistake does; rounding leaves another rest.

        Where the terms of a gradient cancel, its size does not tell how large their rounding may be.
        """
        missed = self.missed[name]
        grown = (_missed(self._of_a_sum(factor), name) / factor for factor in (1.25, 1.5, 1.75))
        return not any(largest(rest - missed) > 0.1 * largest(missed) for rest in grown)

    def _size(self, name: str) -> float:
        return largest(np.abs(self.sums[0][name]) + np.abs(self.sums[1][name]))

    def _is_measurable(self, name: str) -> bool:
        is_float = np.issubdtype(np.asarray(self.sums[0][name]).dtype, np.floating)
        return bool(is_float and np.isfinite(self.sizes[name]))


def _missed(sums: Sequence[Gradients], name: str) -> Array:
    """By how much the gradient for a sum is not the sum of the gradients."""
    one, two, both = (np.asarray(gradients[name]) for gradients in sums)
    return np.asarray(both - one - two)


def _another(cotangent: Array, rng: np.random.Generator) -> Array:
    """Another cotangent, which is no multiple of the first."""
    return np.asarray((cotangent * rng.uniform(-1.5, 0.5, cotangent.shape)).astype(cotangent.dtype))
