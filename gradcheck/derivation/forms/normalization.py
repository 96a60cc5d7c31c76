"""Normalisations: centred, divided by a standard deviation, and given a scale and a place of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import Any

import numpy as np


def one_or_all(axes: Iterable[int]) -> int | tuple[int, ...]:
    """Several axes as NumPy takes them, a single one as a number."""
    found = tuple(axes)
    return found[0] if len(found) == 1 else found


def _batch_normalization(layer: Any, x: Any) -> Any:
    others = one_or_all(k for k in range(x.ndim) if k != 1)
    column = (1, -1, *[1] * (x.ndim - 2))
    gamma, beta = layer.params["gamma"], layer.params["beta"]
    if layer.training:
        mean = np.mean(x, axis=others, keepdims=True)
        centred = x - mean
        variance = np.mean(centred**2, axis=others, keepdims=True)
    else:
        mean = layer.running_mean.reshape(column)
        centred = x - mean
        variance = layer.running_variance.reshape(column)
    s = np.sqrt(variance + layer.epsilon)
    normal = centred / s
    if x.ndim > 2:
        gamma, beta = gamma.reshape(column), beta.reshape(column)
    return gamma * normal + beta


def _layer_normalization(layer: Any, x: Any) -> Any:
    gamma, beta = layer.params["gamma"], layer.params["beta"]
    axes = one_or_all(range(x.ndim - gamma.ndim, x.ndim))
    mean = np.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    variance = np.mean(centred**2, axis=axes, keepdims=True)
    s = np.sqrt(variance + layer.epsilon)
    normal = centred / s
    return gamma * normal + beta


def _rms_norm(layer: Any, x: Any) -> Any:
    gamma = layer.params["gamma"]
    r = np.sqrt(np.mean(x**2, axis=one_or_all(range(x.ndim - gamma.ndim, x.ndim)), keepdims=True) + layer.epsilon)
    normal = x / r
    return gamma * normal


def _group_normalization(layer: Any, x: Any) -> Any:
    grouped = np.reshape(x, (len(x), layer.groups, prod(x.shape[1:]) // layer.groups))
    mean = np.mean(grouped, axis=2, keepdims=True)
    centred = grouped - mean
    variance = np.mean(centred**2, axis=2, keepdims=True)
    s = np.sqrt(variance + layer.epsilon)
    normal = np.reshape(centred / s, x.shape)
    column = (1, -1, *[1] * (x.ndim - 2))
    return layer.params["gamma"].reshape(column) * normal + layer.params["beta"].reshape(column)


NORMALIZATIONS: dict[str, Callable[..., Any]] = {
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "RMSNorm": _rms_norm,
    "GroupNormalization": _group_normalization,
}
