"""Losses, of the predictions x and the targets t."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.derivation.forms.activations import sigmoid
from gradcheck.derivation.forms.plain import plain


def _softmax_cross_entropy(layer: Any, x: Any, t: Any) -> Any:
    total = np.sum(np.exp(x), axis=-1, keepdims=True)
    logs = x - np.log(total)
    return _of_classes(layer, t, logs)


def _categorical_cross_entropy(layer: Any, x: Any, t: Any) -> Any:
    return _of_classes(layer, t, np.log(x))


def _of_classes(layer: Any, t: Any, logs: Any) -> Any:
    """-Σ t log y of each row, or their mean or sum."""
    C = logs.shape[-1]
    one_hot = t if np.ndim(t) == logs.ndim else np.eye(C)[plain(t)]
    reduction = getattr(layer, "reduction", "mean")
    if reduction == "none":
        return -np.sum(one_hot * logs, axis=-1)
    return -np.sum(one_hot * logs) / (logs.size // C if reduction == "mean" else 1)


def _sigmoid_cross_entropy(layer: Any, x: Any, t: Any) -> Any:
    p = sigmoid(x)
    values = -layer.positive_weight * t * np.log(p) - (1 - t) * np.log(1 - p)
    return _reduced(layer, values)


def _binary_cross_entropy(layer: Any, x: Any, t: Any) -> Any:
    values = -layer.positive_weight * t * np.log(x) - (1 - t) * np.log(1 - x)
    return _reduced(layer, values)


def _focal_loss(layer: Any, x: Any, t: Any) -> Any:
    sign, weight = 2 * plain(t) - 1, np.where(plain(t) == 1, layer.alpha, 1 - layer.alpha)
    z = sign * x
    p = sigmoid(z)
    values = weight * (1 - p) ** layer.gamma * -np.log(p)
    return _reduced(layer, values)


def _log_cosh(layer: Any, x: Any, t: Any) -> Any:
    error = x - t
    values = np.log(np.cosh(error))
    return _reduced(layer, values)


def _squared_hinge(layer: Any, x: Any, t: Any) -> Any:
    missing = np.maximum(1 - t * x, 0)
    return _reduced(layer, missing**2)


def _categorical_hinge(layer: Any, x: Any, t: Any) -> Any:
    one_hot = t if np.ndim(t) == x.ndim else np.eye(x.shape[-1])[plain(t)]
    is_right = plain(one_hot) > 0
    right = np.sum(one_hot * x, axis=-1)
    wrong = np.max(np.where(is_right, -np.inf, x), axis=-1)
    return _reduced(layer, np.maximum(1 + wrong - right, 0))


def _kl_divergence(layer: Any, x: Any, t: Any) -> Any:
    some = plain(t) > 0
    log_t = np.log(np.where(some, plain(t), 1))
    values = np.sum(t * (log_t - x), axis=-1)
    return _reduced(layer, values)


def _cosine_distance(layer: Any, x: Any, t: Any) -> Any:
    w = plain(t) / np.sqrt(np.sum(plain(t) ** 2, axis=-1, keepdims=True))
    length = np.sqrt(np.sum(x**2, axis=-1, keepdims=True))
    u = x / length
    cosine = np.sum(u * w, axis=-1)
    return _reduced(layer, 1 - cosine)


def _ctc(layer: Any, x: Any, t: Any, lengths: Any = None) -> Any:
    """α of each state of -a-b-…-, from step to step; the labels have the probability of the last two."""
    t = plain(t)
    N, T, S = len(t), x.shape[1], t.shape[1]
    states, skips = np.full((N, 2 * S + 1), layer.blank), np.zeros((N, 2 * S + 1))
    states[:, 1::2], skips[:, 3::2] = np.where(t < 0, layer.blank, t), t[:, 1:] != t[:, :-1]
    places = np.arange(2 * S + 1)
    start, ends = (places < 2).astype(float), np.isin(places - 2 * np.sum(t >= 0, axis=1, keepdims=True), (0, -1)) * 1.0
    e = np.exp(x)
    total = np.sum(e, axis=-1, keepdims=True)
    y = e / total
    seen = np.take_along_axis(y, states[:, None], axis=2)
    alpha = [start * seen[:, 0]]
    for k in range(1, T):
        moves = alpha[-1] + _moved(alpha[-1], 1) + skips * _moved(alpha[-1], 2)
        going = np.ones((N, 1), bool) if lengths is None else (k < plain(lengths))[:, None]
        alpha.append(moves * seen[:, k] if np.all(going) else np.where(going, moves * seen[:, k], alpha[-1]))
    p = np.sum(ends * alpha[-1], axis=1)
    return _reduced(layer, -np.log(p))


def _moved(states: Any, by: int) -> Any:
    """All states moved on by so many places."""
    return np.pad(states, ((0, 0), (by, 0)))[:, :-by]


def _reduced(layer: Any, values: Any) -> Any:
    if layer.reduction == "none":
        return values
    return np.mean(values) if layer.reduction == "mean" else np.sum(values)


LOSSES: dict[str, Callable[..., Any]] = {
    "SoftmaxCrossEntropy": _softmax_cross_entropy,
    "BinaryCrossEntropy": _binary_cross_entropy,
    "CategoricalCrossEntropy": _categorical_cross_entropy,
    "SigmoidCrossEntropy": _sigmoid_cross_entropy,
    "FocalLoss": _focal_loss,
    "LogCosh": _log_cosh,
    "SquaredHinge": _squared_hinge,
    "CategoricalHinge": _categorical_hinge,
    "KLDivergence": _kl_divergence,
    "CosineDistance": _cosine_distance,
    "CTC": _ctc,
}
