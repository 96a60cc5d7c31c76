"""Layers that read sequences: recurrent ones, step by step, and attention."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from gradcheck.derivation.forms.plain import plain


def _running(lengths: Any, t: int) -> Any:
    """Which sequences are not over at step t, (N, 1); None if all go on."""
    going = None if lengths is None else (t < plain(lengths))[:, None]
    return None if going is None or np.all(going) else going


def _kept(going: Any, new: Any, old: Any) -> Any:
    """The new state, or the old one of a sequence that is over."""
    return new if going is None else np.where(going, new, old)


def _states(layer: Any, h: list[Any], lengths: Any) -> Any:
    """All states along the axis of time, 0 after the end of a sequence; or the last alone."""
    if not layer.return_sequences:
        return h[-1]
    states = np.stack(h, axis=1)
    return states if lengths is None else states * (np.arange(len(h)) < plain(lengths)[:, None])[:, :, None]


def _simple_rnn(layer: Any, x: Any, lengths: Any = None) -> Any:
    W, U, b = (layer.params[name] for name in "WUb")
    h = []  # type: ignore[var-annotated]  # arrays, or traced ones
    for t in range(x.shape[1]):
        a = x[:, t] @ W + h[t - 1] @ U + b if t else x[:, t] @ W + b
        h.append(_kept(_running(lengths, t), np.tanh(a), h[t - 1] if t else 0.0))
    return _states(layer, h, lengths)


def _lstm(layer: Any, x: Any, lengths: Any = None) -> Any:
    W, U, b = (layer.params[name] for name in "WUb")
    H = U.shape[0]
    c, h = [], []  # type: ignore[var-annotated]
    for t in range(x.shape[1]):
        a = x[:, t] @ W + b if t == 0 else x[:, t] @ W + h[t - 1] @ U + b
        i = 1 / (1 + np.exp(-a[:, :H]))
        f = 1 / (1 + np.exp(-a[:, H : 2 * H]))
        o = 1 / (1 + np.exp(-a[:, 3 * H :]))
        g = np.tanh(a[:, 2 * H : 3 * H])
        going = _running(lengths, t)
        c.append(_kept(going, i * g if t == 0 else f * c[t - 1] + i * g, c[t - 1] if t else 0.0))
        h.append(_kept(going, o * np.tanh(c[t]), h[t - 1] if t else 0.0))
    return _states(layer, h, lengths)


def _gru(layer: Any, x: Any, lengths: Any = None) -> Any:
    W, U, b, c = (layer.params[name] for name in "WUbc")
    H = U.shape[0]
    h = [np.zeros((len(x), H))]
    for t in range(x.shape[1]):
        a, u = x[:, t] @ W + b, h[t] @ U
        z = 1 / (1 + np.exp(-(a[:, :H] + u[:, :H])))
        r = 1 / (1 + np.exp(-(a[:, H : 2 * H] + u[:, H : 2 * H])))
        n = np.tanh(a[:, 2 * H :] + r * (u[:, 2 * H :] + c))
        h.append(_kept(_running(lengths, t), z * h[t] + (1 - z) * n, h[t]))
    return _states(layer, h[1:], lengths)


def _attention(layer: Any, q: Any, k: Any, v: Any, mask: Any = None) -> Any:
    scores = q @ np.swapaxes(k, -1, -2) / sqrt(q.shape[-1])
    if layer.causal:
        causal = np.tril(np.ones(scores.shape[-2:], bool))
        mask = causal if mask is None else causal & plain(mask)
    e = np.exp(scores if mask is None else np.where(plain(mask), scores, -np.inf))
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
    per_head = None if mask is None else plain(mask)[..., None, :, :]
    attended = _attention(layer, queries, keys, values, per_head)
    joined = np.reshape(np.transpose(attended, (0, 2, 1, 3)), q.shape)
    return joined @ params["W_o"] + params["b_o"]


SEQUENCES: dict[str, Callable[..., Any]] = {
    "SimpleRNN": _simple_rnn,
    "LSTM": _lstm,
    "GRU": _gru,
    "ScaledDotProductAttention": _attention,
    "MultiHeadAttention": _multi_head,
}
