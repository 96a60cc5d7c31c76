"""Layers as textbooks write them: forwards that can be followed, for layers whose code is written for speed.

A fast layer fills arrays in place and takes detours that compute the same; a derivation of its code would explain
the detours. Each form here is known by the name of the layer's class, and is used only where it gives, at the point
asked about, the very values of the layer's own ``forward``: whatever else is called LSTM is not meant.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Form = Callable[..., Any]


def form_of(layer: Any) -> Form | None:
    """The textbook's form of a layer, by its class or one that this comes from."""
    return next((FORMS[kind.__name__] for kind in type(layer).__mro__ if kind.__name__ in FORMS), None)


def sigmoid(x: Any) -> Any:
    """σ(x) = 1 / (1 + e⁻ˣ)."""
    return 1 / (1 + np.exp(-x))


def _dense(layer: Any, x: Any) -> Any:
    return x @ layer.params["W"] + layer.params["b"]


def _sigmoid(layer: Any, x: Any) -> Any:
    y = sigmoid(x)
    return y  # noqa: RET504 - a derivation takes its names from the code


def _plain(constant: Any) -> Any:
    """Labels or a mask as a plain array."""
    return np.asarray(getattr(constant, "value", constant))


def _softplus(layer: Any, x: Any) -> Any:
    return np.log(1 + np.exp(x))


def _silu(layer: Any, x: Any) -> Any:
    s = sigmoid(x)
    return x * s


def _softmax(layer: Any, x: Any) -> Any:
    e = np.exp(x)
    total = np.sum(e, axis=-1, keepdims=True)
    return e / total


def _log_softmax(layer: Any, x: Any) -> Any:
    total = np.sum(np.exp(x), axis=-1, keepdims=True)
    return x - np.log(total)


def _softmax_cross_entropy(layer: Any, x: Any, t: Any) -> Any:
    log_y = _log_softmax(layer, x)
    one_hot = t if np.ndim(t) == x.ndim else np.eye(x.shape[-1])[_plain(t)]
    return -np.sum(one_hot * log_y) / (x.size // x.shape[-1])


def _batch_normalization(layer: Any, x: Any) -> Any:
    others = tuple(k for k in range(x.ndim) if k != 1)
    column = (1, -1, *[1] * (x.ndim - 2))
    gamma, beta = layer.params["gamma"], layer.params["beta"]
    if layer.training:
        mean = np.mean(x, axis=others, keepdims=True)
        centred = x - mean
        variance = np.mean(centred**2, axis=others, keepdims=True)
    else:
        centred = x - layer.running_mean.reshape(column)
        variance = layer.running_variance.reshape(column)
    s = np.sqrt(variance + layer.epsilon)
    normal = centred / s
    if x.ndim > 2:
        gamma, beta = gamma.reshape(column), beta.reshape(column)
    return gamma * normal + beta


def _layer_normalization(layer: Any, x: Any) -> Any:
    gamma, beta = layer.params["gamma"], layer.params["beta"]
    axes = tuple(range(x.ndim - gamma.ndim, x.ndim))
    mean = np.mean(x, axis=axes, keepdims=True)
    centred = x - mean
    variance = np.mean(centred**2, axis=axes, keepdims=True)
    s = np.sqrt(variance + layer.epsilon)
    normal = centred / s
    return gamma * normal + beta


def _rms_norm(layer: Any, x: Any) -> Any:
    gamma = layer.params["gamma"]
    r = np.sqrt(np.mean(x**2, axis=tuple(range(x.ndim - gamma.ndim, x.ndim)), keepdims=True) + layer.epsilon)
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


def _windows(layer: Any, x: Any, fill: float = 0.0) -> Any:
    """All windows: (N, C, *places, *entries of a window)."""
    windows, axes = layer.windows, tuple(range(2, x.ndim))
    margins = windows.margins(x.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), *margins), constant_values=fill) if np.any(margins) else x
    extents = tuple((k - 1) * gap + 1 for k, gap in zip(windows.size, windows.dilation, strict=True))
    every = sliding_window_view(padded, extents, axis=axes)
    steps = [slice(None, None, step) for step in (*windows.stride, *windows.dilation)]
    if all(step.step == 1 for step in steps):
        return every
    return every[(slice(None), slice(None), *steps)]


def _convolution(layer: Any, x: Any) -> Any:
    windows = _windows(layer, x)
    W, b = layer.params["W"], layer.params["b"]
    places, entries = "pqr"[: x.ndim - 2], "ijk"[: x.ndim - 2]
    if layer.groups == 1:
        maps = np.einsum(f"nc{places}{entries},fc{entries}->nf{places}", windows, W)
    else:
        shape = (windows.shape[0], layer.groups, -1, *windows.shape[2:])
        grouped = np.reshape(windows, shape)
        filters = np.reshape(W, (layer.groups, -1, *W.shape[1:]))
        of_groups = np.einsum(f"ngc{places}{entries},gfc{entries}->ngf{places}", grouped, filters)
        maps = np.reshape(of_groups, (windows.shape[0], W.shape[0], *windows.shape[2 : x.ndim]))
    return maps + np.reshape(b, (-1, *[1] * (x.ndim - 2)))


def _max_pooling(layer: Any, x: Any) -> Any:
    windows = _windows(layer, x, -1 - float(np.max(np.abs(_plain(x)))))  # what fills the margins never wins
    return np.max(windows, axis=tuple(range(x.ndim, 2 * x.ndim - 2)))


def _average_pooling(layer: Any, x: Any) -> Any:
    windows = _windows(layer, x)
    entries = tuple(range(x.ndim, 2 * x.ndim - 2))
    counts = np.sum(_windows(layer, np.ones((1, 1, *x.shape[2:]))), axis=entries)
    return np.sum(windows, axis=entries) / counts


def _states(layer: Any, h: list[Any]) -> Any:
    """All states along the axis of time, or the last alone."""
    return np.stack(h, axis=1) if layer.return_sequences else h[-1]


def _simple_rnn(layer: Any, x: Any) -> Any:
    W, U, b = (layer.params[name] for name in "WUb")
    h = [np.tanh(x[:, 0] @ W + b)]
    for t in range(1, x.shape[1]):
        h.append(np.tanh(x[:, t] @ W + h[t - 1] @ U + b))
    return _states(layer, h)


def _lstm(layer: Any, x: Any) -> Any:
    W, U, b = (layer.params[name] for name in "WUb")
    H = U.shape[0]
    c, h = [], []  # type: ignore[var-annotated]  # arrays, or traced ones
    for t in range(x.shape[1]):
        a = x[:, t] @ W + b if t == 0 else x[:, t] @ W + h[t - 1] @ U + b
        i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 3 * H :])
        g = np.tanh(a[:, 2 * H : 3 * H])
        c.append(i * g if t == 0 else f * c[t - 1] + i * g)
        h.append(o * np.tanh(c[t]))
    return _states(layer, h)


def _gru(layer: Any, x: Any) -> Any:
    W, U, b, c = (layer.params[name] for name in "WUbc")
    H = U.shape[0]
    h = [np.zeros((len(x), H))]
    for t in range(x.shape[1]):
        a, u = x[:, t] @ W + b, h[t] @ U
        z, r = sigmoid(a[:, :H] + u[:, :H]), sigmoid(a[:, H : 2 * H] + u[:, H : 2 * H])
        n = np.tanh(a[:, 2 * H :] + r * (u[:, 2 * H :] + c))
        h.append(z * h[t] + (1 - z) * n)
    return _states(layer, h[1:])


def _attention(layer: Any, q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    scores = q @ np.swapaxes(k, -1, -2) / sqrt(q.shape[-1])
    if layer.causal:
        causal = np.tril(np.ones(scores.shape[-2:], bool))
        mask = causal if mask is None else causal & _plain(mask)
    e = np.exp(scores if mask is None else np.where(_plain(mask), scores, -np.inf))
    weights = e / np.sum(e, axis=-1, keepdims=True)
    return weights @ v


def _multi_head(layer: Any, q: Any, k: Any = None, v: Any = None, mask: Any = None) -> Any:
    params, heads = layer.params, layer.heads
    k = q if k is None else k
    v = k if v is None else v

    def split(x: Any) -> Any:
        """(N, T, D) as (N, heads, T, D / heads)."""
        return np.transpose(np.reshape(x, (*x.shape[:2], heads, -1)), (0, 2, 1, 3))

    queries = split(q @ params["W_q"] + params["b_q"])
    keys = split(k @ params["W_k"] + params["b_k"] if "b_k" in params else k @ params["W_k"])
    values = split(v @ params["W_v"] + params["b_v"])
    per_head = None if mask is None else _plain(mask)[..., None, :, :]
    attended = _attention(layer, queries, keys, values, per_head)
    joined = np.reshape(np.transpose(attended, (0, 2, 1, 3)), q.shape)
    return joined @ params["W_o"] + params["b_o"]


def _add(layer: Any, *xs: Any) -> Any:
    return sum(xs[1:], xs[0])


def _concatenate(layer: Any, *xs: Any) -> Any:
    return np.concatenate(xs, axis=layer.axis)


FORMS: dict[str, Form] = {
    "Dense": _dense,
    "Sigmoid": _sigmoid,
    "Softplus": _softplus,
    "SiLU": _silu,
    "Softmax": _softmax,
    "LogSoftmax": _log_softmax,
    "SoftmaxCrossEntropy": _softmax_cross_entropy,
    "BatchNormalization": _batch_normalization,
    "LayerNormalization": _layer_normalization,
    "RMSNorm": _rms_norm,
    "GroupNormalization": _group_normalization,
    "Convolution": _convolution,
    "MaxPooling": _max_pooling,
    "AveragePooling": _average_pooling,
    "SimpleRNN": _simple_rnn,
    "LSTM": _lstm,
    "GRU": _gru,
    "ScaledDotProductAttention": _attention,
    "MultiHeadAttention": _multi_head,
    "Add": _add,
    "Concatenate": _concatenate,
}
