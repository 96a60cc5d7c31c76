"""Activations, entry by entry, and softmax."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import Any

import numpy as np

from gradcheck.derivation.value import apply


def sigmoid(x: Any) -> Any:
    """σ(x) = 1 / (1 + e⁻ˣ)."""
    return 1 / (1 + np.exp(-x))


def _sigmoid(layer: Any, x: Any) -> Any:
    y = sigmoid(x)
    return y  # noqa: RET504 - a derivation takes its names from the code


def _hard_sigmoid(layer: Any, x: Any) -> Any:
    return np.where(np.abs(x) < 3, x / 6 + 0.5, x > 0)


def _leaky_relu(layer: Any, x: Any) -> Any:
    return np.where(x > 0, x, layer.negative_slope * x)


def _elu(layer: Any, x: Any) -> Any:
    return np.where(x > 0, x, layer.alpha * (np.exp(x) - 1))


def _selu(layer: Any, x: Any) -> Any:
    return layer.scale * np.where(x > 0, x, layer.alpha * (np.exp(x) - 1))


def _softplus(layer: Any, x: Any) -> Any:
    return np.log(1 + np.exp(x))


def _silu(layer: Any, x: Any) -> Any:
    s = sigmoid(x)
    return x * s


def _gelu(layer: Any, x: Any) -> Any:
    if layer.approximate:
        u = sqrt(2 / pi) * (x + 0.044715 * x**3)
        cdf = (1 + np.tanh(u)) / 2
    else:
        cdf = (1 + apply("erf", x / sqrt(2))) / 2
    return x * cdf


def _softmax(layer: Any, x: Any) -> Any:
    e = np.exp(x)
    total = np.sum(e, axis=-1, keepdims=True)
    return e / total


def _log_softmax(layer: Any, x: Any) -> Any:
    total = np.sum(np.exp(x), axis=-1, keepdims=True)
    return x - np.log(total)


ACTIVATIONS: dict[str, Callable[..., Any]] = {
    "Sigmoid": _sigmoid,
    "HardSigmoid": _hard_sigmoid,
    "LeakyReLU": _leaky_relu,
    "ELU": _elu,
    "SELU": _selu,
    "Softplus": _softplus,
    "SiLU": _silu,
    "GELU": _gelu,
    "Softmax": _softmax,
    "LogSoftmax": _log_softmax,
}
