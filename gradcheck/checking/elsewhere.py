"""Is the gradient right at another point too, on branches of the function that these inputs never visit?

A ReLU that sees positive numbers only is the identity, and a backward that forgot the mask agrees with it. So the
gradient is looked at once more, far away: along one random line, and generously, since only a mistake that is gross
there says anything about here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.conduct.evidence import Evidence, pulled
from gradcheck.checking.report import Comparison
from gradcheck.checking.verdict.compare import compare
from gradcheck.checking.verdict.tolerance import Tolerance
from gradcheck.numerical.evaluation import Neighbourhood
from gradcheck.numerical.line import Contraction, Line
from gradcheck.numerical.meter import EntryMeter
from gradcheck.numerical.noise import Noise, measured_noise, norm
from gradcheck.numerical.steps import exact_direction, ladder, random_direction, scales

Array = NDArray[Any]

GROSS = 1e-2
"""A mistake of less than this share of the gradient is not told from the roughness of a point chosen blindly."""


def wrong_elsewhere(evidence: Evidence, comparisons: list[Comparison]) -> str:
    """Where else the gradient is wrong, as ``-x`` or ``16·x``; empty if it is not, or if that cannot be told."""
    inputs = {name: x for name, x in evidence.varied.items() if x.any() and not _is_distribution(x)}
    share = max([GROSS, *(2 * comparison.resolution for comparison in comparisons)])
    if not inputs or not share <= 10 * GROSS or any(comparison.verdict != "agree" for comparison in comparisons):
        return ""
    mirrored = all(np.all(x >= 0) or np.all(x <= 0) for x in inputs.values())
    factor, sign = (-1, "−") if mirrored else (16, "16·")
    point = evidence.tensors | {name: x * np.asarray(factor, x.dtype) for name, x in inputs.items()}
    try:
        with np.errstate(all="ignore"):
            wrong = _is_wrong_at(evidence, point, share)
    except Exception:  # nobody but us chose this point, and a subject need not have values there
        return ""
    return ", ".join(f"{sign}{name}" for name in inputs) if wrong else ""


def _is_distribution(x: Array) -> bool:
    """Whether rows add up to 1, as targets do for which gradients are simplified."""
    return bool(x.ndim and x.shape[-1] > 1 and np.all(x >= 0) and np.allclose(x.sum(axis=-1), 1))


def _is_wrong_at(evidence: Evidence, point: Mapping[str, Array], share: float) -> bool:
    rng = np.random.default_rng(len(point))
    outputs, pullback = evidence.runner.start(point)
    if [out.shape for out in outputs] != [out.shape for out in evidence.outputs] or not _all_finite(outputs):
        return False
    gradients = pulled(pullback, evidence.cotangents)
    if evidence.comparable(gradients) != evidence.names or not _all_finite(gradients[name] for name in evidence.names):
        return False
    along = _Along(evidence, point, {name: _direction(x, rng) for name, x in point.items()})
    rises = _joined(np.asarray(gradients[name]) * along.direction[name] for name in evidence.names)
    claimed, allowed = rises.sum(keepdims=True), share * float(norm(rises))
    here = np.ones(1, max((x.dtype for x in point.values()), key=lambda d: np.finfo(d).eps))
    near = Neighbourhood(along, here, base=_joined(outputs))
    del outputs, pullback, gradients, rises  # they may be large
    if not _differs(near, evidence, claimed, allowed):
        return False
    meter = EntryMeter(near, _joined(evidence.cotangents), measured_noise(near, rng), rng)
    return compare("t", meter, Tolerance(claimed, allowed, 0.0)).verdict == "disagree"


def _differs(near: Neighbourhood, evidence: Evidence, claimed: Array, allowed: float) -> bool:
    """Whether two steps agree on a slope other than the one claimed; of a right gradient one step is enough to see."""
    contract = Contraction(_joined(evidence.cotangents))
    line = Line(near, np.ones_like(near.x), contract, Noise.rounding(near))
    first, second = ladder(near.coarsest).wide[:2]
    level = line.measure([first]).levels[first]
    if np.all(np.abs((level.right + level.left) / 2 - claimed) <= allowed):
        return False
    slope = line.measure([second]).slope()
    return not slope.kink and bool(np.abs(slope.value - claimed) > 2 * slope.error + allowed)


@dataclass
class _Along:
    """The outputs as a function of one number t: at ``point + (t - 1) · direction``."""

    evidence: Evidence
    point: Mapping[str, Array]
    direction: Mapping[str, Array]

    def __call__(self, t: Array) -> Array:
        step = t - 1
        there = {name: (x + step * self.direction[name]).astype(x.dtype, copy=False) for name, x in self.point.items()}
        return _joined(self.evidence.runner.outputs_at(there))


def _direction(x: Array, rng: np.random.Generator) -> Array:
    return exact_direction(x, scales(x) * random_direction(x, rng), ladder(x.dtype).lowest)


def _joined(arrays: Iterable[Array]) -> Array:
    rows = [np.ravel(array) for array in arrays]
    return rows[0] if len(rows) == 1 else np.concatenate(rows)


def _all_finite(arrays: Iterable[Any]) -> bool:
    return all(np.all(np.isfinite(array)) for array in arrays)
