"""What is seen of several tensors at once: that all of them are right, or that they share a kink and claim it twice."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.bench import AsFunctionOf, Bench, consecutive, joined
from gradcheck.checking.conduct.evidence import is_comparable
from gradcheck.checking.jitter import is_usual
from gradcheck.checking.precision import is_narrow
from gradcheck.checking.report import Comparison
from gradcheck.checking.subject import LimitReached
from gradcheck.checking.verdict.compare import Directions, settled, sharpened
from gradcheck.checking.verdict.subgradients import joint_subgradients
from gradcheck.checking.verdict.tolerance import Tolerance, relative
from gradcheck.checking.verdict.typical import claimed_size
from gradcheck.numerical.entries import Entries
from gradcheck.numerical.evaluation import Neighbourhood
from gradcheck.numerical.meter import EntryMeter
from gradcheck.numerical.noise import measured_noise
from gradcheck.numerical.steps import scales

Array = NDArray[np.floating]

SHARP = 1e-6
"""Lines through all tensors settle those of which they show that this relative error of any entry would be noticed."""

LOOSER = 8
"""So many times what these lines would notice is promised: a line of one tensor by itself must be able to keep it."""


class Claim(NamedTuple):
    """The gradient under test of one tensor, and how large an entry of it typically is."""

    name: str
    tolerance: Tolerance
    typical: float

    @property
    def analytic(self) -> Array:
        """The gradient under test."""
        return self.tolerance.analytic


class Together(NamedTuple):
    """The tensors that agree together, and how sharply each of the others has to be seen by itself."""

    agreeing: Mapping[str, Comparison]
    wanted: Mapping[str, float]


def compare_together(bench: Bench, executor: Executor | None) -> Together:
    """The tensors that agree along two random lines through all of them, and were seen sharply there.

    Nothing is accused here, nor called undecided: where a line differs or bends at a kink, and of tensors that it
    does not see sharply, each is looked at by itself.
    """
    claims = list(_claims(bench))
    if len(claims) < 2:
        return Together({}, {})
    meter = _meter(bench, [claim.name for claim in claims], executor)
    together = Tolerance(
        _row([claim.analytic for claim in claims]),
        _row([np.asarray(claim.tolerance.jitter) for claim in claims]),
        rtol=0.0,
    )
    with np.errstate(all="ignore"):
        seen = sharpened(meter, together, lambda seen: all(c.resolution <= SHARP for c in _settled(claims, seen)))
    bench.elsewhere += meter.near.evaluations_elsewhere
    if seen.differs:
        return Together({}, {c.name: c.resolution / LOOSER for c in _settled(claims, seen)})
    return Together({} if seen.kinked else {c.name: c for c in _settled(claims, seen) if c.resolution <= SHARP}, {})


def _settled(claims: Sequence[Claim], seen: Directions) -> Iterator[Comparison]:
    """Each tensor, as far as directions through all have settled it."""
    parts = _split(seen.noticeable, [claim.analytic for claim in claims])
    for (name, tolerance, typical), part in zip(claims, parts, strict=True):
        noticeable = LOOSER * part
        resolution = relative(noticeable, tolerance.analytic, typical)
        yield settled(name, tolerance, noticeable, typical, resolution)


def _claims(bench: Bench) -> Iterator[Claim]:
    """The gradients that may be compared together: none if some gradient is not even finite, or an output is not."""
    evidence = bench.evidence
    if not all(np.all(np.isfinite(out)) for out in evidence.outputs):
        return
    for name, tensor in evidence.tensors.items():
        gradient = evidence.gradients.get(name)
        if not is_comparable(gradient, tensor) or is_narrow(tensor):
            return
        analytic = np.asarray(gradient)
        jitter = np.broadcast_to(evidence.jitter.get(name, np.zeros(())), tensor.shape)
        if not (np.all(np.isfinite(analytic)) and analytic.dtype == tensor.dtype == evidence.outputs[0].dtype):
            return
        if analytic.any() and is_usual(jitter, analytic):
            tolerance = Tolerance(analytic, jitter, 0.0)
            yield Claim(name, tolerance, claimed_size(tolerance))


def share_kinks(bench: Bench, comparisons: list[Comparison]) -> None:
    """What each tensor may claim by itself at a kink, several may not claim together: ``maximum(x, y)`` at a tie."""
    kinked = [c for c in comparisons if c.entries is not None and c.verdict == "agree" and c.kinks.any()]
    if len(kinked) < 2:
        return
    entries = Entries.joined([c.entries for c in kinked if c.entries is not None])
    analytic = _row([np.asarray(c.analytic) for c in kinked])
    try:
        meter = _meter(bench, [c.name for c in kinked])
        wrong = joint_subgradients(meter, Tolerance(analytic, 0.0, 0.0), entries)
    except LimitReached:
        for c in kinked:
            c.verdict, c.reason = "undecided", bench.undecided(c.name).reason
        raise
    for c, part in zip(kinked, _split(wrong, [c.wrong for c in kinked]), strict=True):
        if part.any():
            c.wrong, c.verdict = part, "disagree"
            c.worst = tuple(int(i) for i in np.argwhere(c.wrong)[0])
            c.reason = "at a tie the gradients of the tensors that share it must add up to the whole, once"


def _meter(bench: Bench, names: list[str], executor: Executor | None = None) -> EntryMeter:
    """For all entries of several tensors in one row, each moved by the scales of its own tensor."""
    evidence, tensors = bench.evidence, [bench.evidence.tensors[name] for name in names]
    near = Neighbourhood(AsFunctionOf(bench, *names), _row(tensors), executor, base=joined(evidence.outputs))
    rng = np.random.default_rng([bench.seed, len(evidence.names)])
    noise = measured_noise(near, rng)
    return EntryMeter(near, joined(evidence.cotangents), noise, rng, scale=_row(list(map(scales, tensors))))


def _row(arrays: Sequence[Array]) -> Array:
    return np.concatenate([array.ravel() for array in arrays])


def _split(row: Array, like: Sequence[Array]) -> list[Array]:
    parts = consecutive(array.size for array in like)
    return [row[part].reshape(array.shape) for part, array in zip(parts, like, strict=True)]
