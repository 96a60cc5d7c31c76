"""What a hypothesis comes to: a mistake, the gradient it would give anywhere, and how much of what is seen that is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]

CONVINCING = 0.99
"""Below this share of the squared residual, an explanation is no cause."""

FEW = 24
"""So many entries tell where more are not known."""

CLEARLY_NOT = 0.5
"""Below this at one fresh point, the others are not asked."""


@dataclass(frozen=True)
class Explanation:
    """A mistake, as a rule that turns the right gradient into the wrong one.

    Attributes
    ----------
    cause : str
        The identifier of the mistake.
    predict : callable
        From a trial to what this mistake would give there.
    message, remedy : str
        One or two sentences with the numbers, and what to do.
    doubt : int
        How far-fetched it is: of two that explain alike, the simpler one is preferred.
    onto : callable, optional
        The same mistake made on top of another: from a trial and any gradient.
    edit : object, optional
        What undoes it, where that is an edit of the code; it may put other tensors right as well.
    """

    cause: str
    predict: Callable[[Trial], Array]
    message: str
    remedy: str
    doubt: int = 0
    onto: Callable[[Trial, Array], Array] | None = None
    edit: object = None


_AS_SAID = {"missing-mean": 1, "extra-mean": 1, "factor": 1, "sign": 2}


def both(*causes: str) -> str:
    """Several causes as one identifier: what was done to the numbers first, then to their size, then to their sign.

    Examples
    --------
    >>> both("sign", "transposed")
    'transposed+sign'
    """
    single = dict.fromkeys(part for cause in causes for part in cause.split("+"))
    return "+".join(sorted(single, key=lambda part: _AS_SAID.get(part, 0)))


def share_explained(tensor: str, predict: Callable[[Trial], Array], trials: Sequence[Trial]) -> float:
    """The share of the squared residual, claimed minus right, that a rule explains in the worst of some trials.

    0 where nothing was wrong in any of them, for then nothing was tested.
    """
    shares: list[float] = []
    for trial in trials:
        claimed, right = trial.claimed(tensor), trial.right(tensor)
        with np.errstate(all="ignore"):
            predicted = np.asarray(predict(trial), float)
        if predicted.shape != claimed.shape:
            return 0.0
        known = np.isfinite(predicted) & np.isfinite(claimed)
        if right.shape == claimed.shape:
            known &= np.isfinite(right)
            residual = (claimed - right)[known]
        else:
            residual = claimed[known]
        if right.shape == claimed.shape and known.sum() < _enough(right):
            return 0.0  # it leaves most entries open
        left = (claimed - predicted)[known]
        floor = (1e-8 * float(np.max(np.abs(claimed[known]), initial=0.0))) ** 2 * max(1, residual.size) / 100
        total = float(min(np.sum(residual**2), np.sum(claimed[known] ** 2) or np.inf))  # a small claim, as exactly
        if total > 4 * floor:
            shares.append(1 - max(0.0, float(np.sum(left**2)) - floor) / total)
            if shares[-1] < CLEARLY_NOT:
                return max(0.0, float(shares[-1]))
        elif float(np.sum(left**2)) > 16 * floor:  # right here, where this mistake would show
            return 0.0
    return max(0.0, min(shares)) if shares else 0.0


def _enough(right: Array) -> float:
    """Half the entries; where the right ones were measured here and there, the prediction may lie elsewhere."""
    measured = int(np.isfinite(right).sum())
    return measured / 2 if measured == right.size else min(measured / 2, FEW)
