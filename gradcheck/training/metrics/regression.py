"""How far off: errors of predicted numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def mean_squared_error(predicted: Any, t: Any) -> float:
    """The mean of (predicted − t)² over all entries.

    Raises
    ------
    ValueError
        If the shapes differ, or there is nothing to take the mean of.

    >>> mean_squared_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    2.0
    """
    return float(np.mean(_errors(predicted, t) ** 2))


def mean_absolute_error(predicted: Any, t: Any) -> float:
    """The mean of |predicted − t| over all entries; raises as `mean_squared_error` does.

    >>> mean_absolute_error(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    1.0
    """
    return float(np.mean(np.abs(_errors(predicted, t))))


def r2(predicted: Any, t: Any) -> float:
    """The share of the variance of t that is explained: 1 − Σ (predicted − t)² / Σ (t − mean of t)².

    1 is perfect, 0 no better than always saying the mean; there is no lower limit. Of several columns (N, D)
    the mean is taken.

    Raises
    ------
    ValueError
        If the shapes differ, or a column of t is constant: it has no variance to explain.

    >>> r2(np.array([1.0, 2.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    0.5
    """
    unexplained = np.sum(_errors(predicted, t) ** 2, axis=0)
    t = np.asarray(t, np.float64)
    variation = np.sum((t - t.mean(axis=0)) ** 2, axis=0)
    if not np.all(variation > 0):
        raise ValueError("t is constant, so there is no variance to explain; use mean_squared_error")
    return float(np.mean(1 - unexplained / variation))


def _errors(predicted: Any, t: Any) -> NDArray[np.float64]:
    predicted, t = np.asarray(predicted, np.float64), np.asarray(t, np.float64)
    if predicted.shape != t.shape or not t.size:
        raise ValueError(
            f"predicted and t have to be of one shape, and not empty; they have {predicted.shape} and {t.shape}"
        )
    return np.asarray(predicted - t)
