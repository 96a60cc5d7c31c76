"""How far apart two gradients may be, and how small an error that lets us notice."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numerical.entries import Entries
from gradcheck.numerical.line import Line
from gradcheck.numerical.noise import norm

Array = NDArray[Any]

SAFETY = 2.0
"""A difference counts when it exceeds the error bound this many times."""

SETTLED = 1e-5
"""Directions settle a tensor if they would have noticed this relative error in any entry."""

MEANINGLESS = 1e-2
"""A comparison that would not notice an error of 1 % of a typical entry decides nothing."""


@dataclass(frozen=True)
class Tolerance:
    """What is allowed on top of the numerical error: the rounding of the analytic gradient, and the caller's rtol.

    Attributes
    ----------
    analytic : ndarray
        The gradient under test.
    jitter : ndarray or float
        How much its entries were seen to vary by rounding.
    rtol : float
        The relative error that the caller accepts.
    look : callable, optional
        Measures how much the gradient under test jitters around the point: dear, and so done before an accusation only.
    """

    analytic: Array
    jitter: Array | float
    rtol: float
    look: Callable[[], Array] | None = None

    def closer(self) -> "Tolerance":
        """The same after a look at the jitter around the point.

        Where terms cancel on the way back, an entry is off by the rounding of those terms, whatever the cotangent.
        """
        return self if self.look is None else replace(self, jitter=np.fmax(self.jitter, self.look()), look=None)

    def strict(self) -> "Tolerance":
        """The same without what the caller accepts on top."""
        return replace(self, rtol=0.0)

    def of_entries(self, entries: Entries) -> Array:
        """For each entry."""
        return np.asarray(SAFETY * entries.error + self._rounding(np.abs(self.analytic), 1.0) + self.jitter)

    def of_line(self, line: Line, error: Array) -> float:
        """For the slope along a line; roundings of many entries add like random numbers."""
        together, jitter = norm(self.analytic * line.direction), norm(np.asarray(self.jitter * line.direction))
        return float(SAFETY * error + self._rounding(together, norm(line.direction)) + jitter)

    def _rounding(self, size: Any, unit: Any) -> Any:
        limits = np.finfo(self.analytic.dtype)
        underflow = float(limits.tiny * limits.eps) * unit  # what is smaller than any number is rightly called 0
        # rtol is relative to the true gradient, of which this is the least that a gradient of that size allows.
        return (8 * float(limits.eps) + self.rtol / (1 + self.rtol)) * size + underflow


def outside(value: Any, low: Any, high: Any) -> Any:
    """How far a value lies outside a range; 0 inside."""
    return np.maximum(np.maximum(low - value, value - high), 0)


def relative(noticeable: Array, size: Array, typical: float) -> float:
    """The worst of `noticeable` in units of the entry itself, or of a typical one where that is larger."""
    if not noticeable.size or not np.any(noticeable):
        return 0.0
    with np.errstate(divide="ignore"):
        return float(np.max(noticeable / np.maximum(np.abs(size), typical)))
