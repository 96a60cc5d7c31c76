"""By how much a gradient under test varies by rounding alone; what varies by more is a mistake."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.bench import Bench
from gradcheck.checking.conduct.algebra import linear
from gradcheck.checking.conduct.evidence import Evidence, as_array, largest, rounding
from gradcheck.checking.verdict.typical import DIGITS, natural_size, size_before_cancelling
from gradcheck.numerical.differences import NOISE_FACTOR
from gradcheck.numerical.evaluation import Neighbourhood
from gradcheck.numerical.meter import EntryMeter
from gradcheck.numerical.noise import jitter_along_all

Array = NDArray[np.floating]

ROUNDINGS = 64
"""So many last digits a long sum may be off."""


def jitter_here(evidence: Evidence, tensor: str, analytic: Array, meter: EntryMeter) -> Array:
    """By how much each entry misses what linearity in the cotangent demands, as its conduct has shown."""
    seen = evidence.jitter.get(tensor, np.zeros(()))
    return _by_rounding(seen, analytic, lambda: size_before_cancelling(meter))


def jitter_around(bench: Bench, tensor: str, analytic: Array, meter: EntryMeter) -> Array:
    """The same and, beside it, by how much each entry varies at points around this one."""
    if not bench.evidence.jitter:  # a copy in double precision, whose conduct nobody has looked at
        list(linear(bench.evidence))

    def gradient(value: Array) -> Array | None:
        return as_array(bench.runner.gradients(bench.evidence.cotangents, {tensor: value})[tensor])

    near = Neighbourhood(gradient, meter.near.x, base=analytic)
    exponents = (meter.ladder.wide[0] - 4, meter.ladder.wide[0] + 4)
    try:
        seen, _ = jitter_along_all(near, [meter.random_direction() * near.x.dtype.type(2.0**k) for k in exponents])
    except Exception:  # a backward that fails elsewhere says nothing of how it rounds here
        seen = np.zeros(analytic.shape)
    around = _by_rounding(NOISE_FACTOR * np.where(np.isfinite(seen), seen, 0), analytic, lambda: natural_size(meter))
    return np.maximum(around, jitter_here(bench.evidence, tensor, analytic, meter))


def is_usual(seen: Array, analytic: Array) -> bool:
    """Whether a jitter is no more than what rounding may well cause in a gradient of that size."""
    return bool(np.all(seen <= rounding(analytic) * largest(analytic[np.isfinite(analytic)])))


def _by_rounding(seen: Array, analytic: Array, natural: Callable[[], float]) -> Array:
    """As much of a jitter as rounding can cause: in what was rounded on purpose it is no excuse."""
    if is_usual(seen, analytic):
        return seen
    size = largest(analytic[np.isfinite(analytic)])
    eps, size_before = float(np.finfo(analytic.dtype).eps), natural()
    allowed = rounding(analytic) * size + ROUNDINGS * eps * size_before
    if size <= DIGITS * largest(seen):  # terms that cancelled altogether may have been larger than anything seen
        allowed = max(allowed, eps**0.5 * size_before)
    return np.minimum(seen, allowed)
