"""Metrics of the order in which scores put things."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.metrics.classification import scores_and_classes


def top_k_accuracy(scores: Any, t: Any, k: int = 5) -> float:
    """The share of rows in which the right class is among the k with the greatest scores.

    Parameters
    ----------
    scores, t : array_like
        As in `accuracy`.
    k : int
        From 1 to K. Of equal scores, those of higher classes count as greater, as in scikit-learn.

    Raises
    ------
    ValueError, TypeError
        If the shapes do not fit, there is not a single row, an index is no class, or k is out of its range.

    Examples
    --------
    >>> top_k_accuracy(np.array([[0.1, 0.6, 0.3], [0.7, 0.2, 0.1]]), np.array([2, 2]), k=2)
    0.5
    """
    scores, right = scores_and_classes(scores, t)
    if not 1 <= k <= scores.shape[1]:
        raise ValueError(f"k has to be from 1 to {scores.shape[1]}, the number of classes; it is {k!r}")
    best = np.argsort(scores, axis=1, kind="stable")[:, -k:]
    return float(np.mean((best == right[:, None]).any(axis=1)))


def auc(scores: Any, t: Any) -> float:
    """The area under the receiver operating characteristic: how likely a positive scores above a negative.

    It is counted as that, over all pairs (Mann and Whitney's U): a tie is half a success.

    Parameters
    ----------
    scores : array_like
        One score for each example, (N,); the greater, the more likely positive.
    t : array_like
        Whether each is positive, (N,), as 0 and 1 or booleans.

    Raises
    ------
    ValueError
        If the shapes do not fit, t holds something else, or there is only one class; then there are no pairs.

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
    0.75

    References
    ----------
    J. Hanley, B. McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC)
    curve", Radiology 143 (1982).
    """
    scores, t = np.asarray(scores), np.asarray(t)
    if scores.ndim != 1 or t.shape != scores.shape:
        raise ValueError(f"scores and t have to be of the same shape (N,); they have {scores.shape} and {t.shape}")
    if not np.isin(t, (0, 1)).all():
        raise ValueError(f"t has to hold 0 and 1; it holds {t[~np.isin(t, (0, 1))][0]!r}")
    if np.isnan(scores).any():
        raise ValueError("scores holds NaN, which has no place in an order")
    positive = t.astype(bool)
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        raise ValueError(f"t has {positives} positive and {negatives} negative examples; it needs both")
    won = _ranks(scores)[positive].sum() - positives * (positives + 1) / 2
    return float(won / (positives * negatives))


def _ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """The place of each value in rising order, from 1 on; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place.reshape(-1)])
