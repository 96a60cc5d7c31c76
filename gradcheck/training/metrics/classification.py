"""Right or wrong: accuracy, and how the mistakes are spread over the classes."""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray


def accuracy(scores: Any, t: Any) -> float:
    """The share of rows whose greatest score is that of the right class.

    Parameters
    ----------
    scores : array_like
        A score for each class, (N, K): logits or probabilities, the order is all that counts.
    t : array_like
        The right classes, as indices (N,) or one-hot (N, K).

    Raises
    ------
    ValueError, TypeError
        If the shapes do not fit, there is not a single row, or an index is no class.

    Examples
    --------
    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    scores, right = scores_and_classes(scores, t)
    return float(np.mean(scores.argmax(axis=1) == right))


def scores_and_classes(scores: Any, t: Any) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The scores (N, K), and the right class of each row, which was given as an index or one-hot."""
    scores, t = np.asarray(scores), np.asarray(t)
    if scores.ndim != 2 or len(scores) == 0:
        raise ValueError(f"scores has to be of shape (N, K) with N ≥ 1; it has shape {scores.shape}")
    if t.shape not in {scores.shape[:1], scores.shape}:
        shapes = f"{scores.shape[:1]} (indices) or {scores.shape} (one-hot)"
        raise ValueError(f"t has to be of shape {shapes} to go with scores; it has shape {t.shape}")
    right = _indices("t", t)
    _require_classes("t", right, scores.shape[1])
    return scores, right


def confusion_matrix(predicted: Any, t: Any, classes: int | None = None) -> NDArray[np.intp]:
    """How often examples of class i (row) were taken for class j (column).

    Parameters
    ----------
    predicted : array_like
        Class indices (N,), or scores (N, K), of which the greatest counts.
    t : array_like
        The right classes, as indices (N,) or one-hot (N, K).
    classes : int, optional
        K; by default that of the scores, or as many as occur.

    Raises
    ------
    ValueError, TypeError
        If the shapes do not fit, or an index is no class.

    Examples
    --------
    >>> confusion_matrix([0, 1, 1, 1], [0, 0, 1, 1])
    array([[1, 1],
           [0, 2]])
    """
    predicted, t = np.asarray(predicted), np.asarray(t)
    if classes is None and max(predicted.ndim, t.ndim) == 2:
        classes = max(array.shape[1] for array in (predicted, t) if array.ndim == 2)
    found, right = _indices("predicted", predicted), _indices("t", t)
    if found.shape != right.shape or not found.size:
        raise ValueError(f"predicted and t have to be equally many, at least one: {found.shape} and {right.shape}")
    K = classes if classes is not None else int(max(found.max(), right.max())) + 1
    _require_classes("predicted", found, K)
    _require_classes("t", right, K)
    return np.bincount(right * K + found, minlength=K * K).reshape(K, K)


Average = Literal["macro", "micro", "weighted", "none"]


def precision(predicted: Any, t: Any, average: Average = "macro") -> Any:
    """The share of the examples taken for a class that are of it: TP / (TP + FP).

    Parameters
    ----------
    predicted, t : array_like
        As in `confusion_matrix`.
    average : ``"macro"``, ``"weighted"``, ``"micro"`` or ``"none"``
        The mean over the classes; the mean weighted by how many examples are of each; all classes counted
        together, which is the accuracy; or one number for each class. Classes that occur neither in t nor
        among the predictions do not count. Where nothing was taken for a class its precision is 0.

    Examples
    --------
    >>> precision([0, 1, 1, 1], [0, 0, 1, 1], average="none").round(3)
    array([1.   , 0.667])
    """
    table = confusion_matrix(predicted, t)
    return _averaged(np.diagonal(table), table.sum(axis=0), table, average)


def recall(predicted: Any, t: Any, average: Average = "macro") -> Any:
    """The share of the examples of a class that are taken for it: TP / (TP + FN). As in `precision`.

    >>> recall([0, 1, 1, 1], [0, 0, 1, 1], average="none")
    array([0.5, 1. ])
    """
    table = confusion_matrix(predicted, t)
    return _averaged(np.diagonal(table), table.sum(axis=1), table, average)


def f1(predicted: Any, t: Any, average: Average = "macro") -> Any:
    """The harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN). As in `precision`.

    >>> f1([0, 1, 1, 1], [0, 0, 1, 1], average="none").round(3)
    array([0.667, 0.8  ])
    """
    table = confusion_matrix(predicted, t)
    return _averaged(2 * np.diagonal(table), table.sum(axis=0) + table.sum(axis=1), table, average)


def _averaged(hits: NDArray[Any], chances: NDArray[Any], table: NDArray[np.intp], average: Average) -> Any:
    """The share of hits among chances, for each class or for all."""
    if average not in get_args(Average):
        raise ValueError(f"average has to be one of {', '.join(get_args(Average))}; it is {average!r}")
    if average == "micro":
        return float(hits.sum() / chances.sum())
    shares = hits / np.maximum(chances, 1)
    if average == "none":
        return shares
    examples = table.sum(axis=1)
    weights = examples if average == "weighted" else examples + table.sum(axis=0) > 0
    return float(np.average(shares, weights=weights))


def _require_classes(name: str, indices: NDArray[np.intp], K: int) -> None:
    if indices.min() < 0 or indices.max() >= K:
        wrong = indices[(indices < 0) | (indices >= K)][0]
        raise ValueError(f"{name} holds the class {wrong}; there are the classes 0 to {K - 1}")


def _indices(name: str, classes: NDArray[Any]) -> NDArray[np.intp]:
    if classes.ndim == 2:
        return np.asarray(classes.argmax(axis=1))
    if classes.ndim != 1:
        raise ValueError(f"{name} has to be of shape (N,) or (N, K); it has shape {classes.shape}")
    if not (np.issubdtype(classes.dtype, np.integer) or classes.dtype == np.bool_):
        raise TypeError(f"{name} has to hold class indices; it has dtype {classes.dtype}")
    return classes.astype(np.intp)
