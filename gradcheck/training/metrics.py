"""How good the answers are."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def accuracy(scores: NDArray[Any], t: NDArray[Any]) -> float:
    """The share of rows whose greatest score is that of the right class.

    Parameters
    ----------
    scores
        A score for each class, (N, K): logits or probabilities, the order is all that counts.
    t
        The right classes, as indices (N,) or one-hot (N, K).

    Raises
    ------
    ValueError
        If the shapes do not fit, or there is not a single row.

    Examples
    --------
    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    if scores.ndim != 2 or len(scores) == 0:
        raise ValueError(f"scores has to be of shape (N, K) with N ≥ 1; it has shape {scores.shape}")
    if t.shape not in {scores.shape[:1], scores.shape}:
        shapes = f"{scores.shape[:1]} (indices) or {scores.shape} (one-hot)"
        raise ValueError(f"t has to be of shape {shapes} to go with scores; it has shape {t.shape}")
    right = t if t.ndim == 1 else t.argmax(axis=1)
    return float(np.mean(scores.argmax(axis=1) == right))
