"""Attention: every position asks, all positions answer, and the answers are mixed by how well they fit the question."""

from collections.abc import Callable
from math import sqrt
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array, as_float_array

Gradients: TypeAlias = tuple[Array, ...]
Pullback: TypeAlias = Callable[[Array], tuple[Array, Array, Array]]


class ScaledDotProductAttention(Layer):
    """A mean of values, weighted by how well their keys fit a query: y = softmax(q kᵀ / √D) v.

    Shapes: q (..., T, D), k (..., S, D), v (..., S, H), y (..., T, H), with the same leading axes, usually
    (N,) or (N, heads). ``forward(q, k, v, mask)`` takes a boolean mask, (..., T, S) or what broadcasts to it: True
    where a query may look. A query that may look nowhere gets 0.

    Backward: with S = q kᵀ / √D, P = softmax(S) along the keys and y = P v,

    * y is a product: dv = Pᵀ dy, dP = dy vᵀ;
    * through the softmax (see `Softmax`): dS = P (dP − Σ dP P), the sum along the keys;
    * S is a product: dq = dS k / √D, dk = dSᵀ q / √D.

    ``backward`` returns (dq, dk, dv).

    Parameters
    ----------
    causal : bool
        Position t may only look at positions up to t.

    Raises
    ------
    ValueError, TypeError
        If the shapes of q, k and v do not fit together, or the mask is not boolean.

    Examples
    --------
    >>> layer = ScaledDotProductAttention()
    >>> q, k, v = np.zeros((1, 2)), np.zeros((3, 2)), np.array([[1.0], [2.0], [6.0]])
    >>> layer.forward(q, k, v)  # all keys fit equally well
    array([[3.]])
    >>> layer.forward(q, k, v, mask=[[True, True, False]])
    array([[1.5]])
    >>> dq, dk, dv = layer.backward([[1.0]])
    >>> dv.ravel()
    array([0.5, 0.5, 0. ])

    References
    ----------
    Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.2.1.
    """

    def __init__(self, causal: bool = False) -> None:
        super().__init__()
        self.causal = bool(causal)

    def forward(self, q: Any, k: Any, v: Any, mask: Any = None) -> Array:  # type: ignore[override]  # several inputs
        """For each query the mean of the values."""
        self._memory = None
        q = as_float_array(self, "q", q)
        k, v = as_float_array(self, "k", k, q.dtype), as_float_array(self, "v", v, q.dtype)
        require_fitting(self, q, k, v)
        return self._remember(*attend(q, k, v, checked_mask(self, mask, q, k, self.causal)))

    def backward(self, dy: Any) -> Any:
        """(dq, dk, dv), given dy."""
        dy, pullback = self._recall(dy)
        return pullback(dy)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'causal=True' if self.causal else ''})"


def attend(q: Array, k: Array, v: Array, mask: NDArray[np.bool_] | None) -> tuple[Array, Pullback]:
    """The value softmax(q kᵀ / √D) v, and what takes dy to (dq, dk, dv)."""
    scale = 1 / sqrt(q.shape[-1])
    weights = _softmax_in_place((q * scale) @ _transposed(k), mask)  # (..., T, S)

    def pullback(dy: Array) -> tuple[Array, Array, Array]:
        dv = _transposed(weights) @ dy
        d_scores = dy @ _transposed(v)
        d_scores -= np.einsum("...s,...s->...", d_scores, weights)[..., None]  # Σ dP P
        d_scores *= weights
        d_scores *= scale
        return d_scores @ k, _transposed(d_scores) @ q, dv

    return weights @ v, pullback


def require_fitting(owner: Layer, q: Array, k: Array, v: Array) -> None:
    """Raise unless q (..., T, D), k (..., S, D) and v (..., S, H) fit together."""
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise ValueError(
            f"{owner!r}: q, k, v have shapes {q.shape}, {k.shape}, {v.shape}, "
            "expected (..., T, D), (..., S, D), (..., S, H)"
        )
    if q.shape[-1] == 0:
        raise ValueError(f"{owner!r}: q has shape {q.shape} and so no features to compare with keys")
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(
            f"{owner!r}: k has {k.shape[-1]} features on its last axis, expected D = {q.shape[-1]} as in q"
        )
    if k.shape[:-1] != v.shape[:-1]:
        raise ValueError(f"{owner!r}: v has shape {v.shape}, expected a value for each key, {k.shape[:-1]}")
    if q.shape[:-2] != k.shape[:-2]:
        raise ValueError(f"{owner!r}: q has shape {q.shape} and k {k.shape}, expected the same leading axes")


def checked_mask(owner: Layer, mask: Any, q: Array, k: Array, causal: bool) -> NDArray[np.bool_] | None:
    """Where each query may look, broadcastable to (..., T, S); None where it may look everywhere."""
    shape = (*q.shape[:-2], q.shape[-2], k.shape[-2])
    if mask is not None:
        mask = np.asarray(mask)
        if mask.dtype != np.bool_:
            raise TypeError(f"{owner!r}: mask has dtype {mask.dtype}, expected bool, True where a query may look")
        try:
            np.broadcast_to(mask, shape)
        except ValueError:
            raise ValueError(
                f"{owner!r}: mask has shape {mask.shape}, expected {shape} or what broadcasts to it"
            ) from None
    if not causal:
        return None if mask is None else np.asarray(mask, np.bool_)
    past = np.tri(*shape[-2:], dtype=np.bool_)
    return past if mask is None else np.asarray(past & mask)


def _softmax_in_place(scores: Array, mask: NDArray[np.bool_] | None) -> Array:
    """The softmax along the last axis of what the mask lets through; 0 where it lets nothing through."""
    if mask is not None:
        np.copyto(scores, -np.inf, where=~mask)
    highest = scores.max(axis=-1, keepdims=True, initial=np.finfo(scores.dtype).min)  # finite, also without any
    scores -= highest
    np.exp(scores, out=scores)
    total = scores.sum(axis=-1, keepdims=True)
    scores /= np.where(total > 0, total, 1)
    return scores


def _transposed(x: Array) -> Array:
    return x.swapaxes(-1, -2)
