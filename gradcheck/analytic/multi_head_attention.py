"""Multi-head attention: several small attentions side by side, each on its own view of the input."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic.attention import attend, checked_mask, require_fitting
from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.validation import Array, as_float_array, float_dtype, positive_integer


class MultiHeadAttention(Layer):
    """Attention in several heads, y = concat(head_1, …, head_n) W_o + b_o, on D / heads features each.

    head_i is softmax(q_i k_iᵀ / √(D / heads)) v_i, with q_i the i-th part of q W_q + b_q, k_i of k W_k and v_i of
    v W_v + b_v. The keys have no bias: it would add the same to all scores of a query, which the softmax cancels.

    Shapes: q (N, T, D), k and v (N, S, D), y (N, T, D); all W (D, D), all b (D,). ``forward(q, k, v, mask)``:
    without v the values are k, without k both are q (self-attention). The mask is boolean, True where a query
    may look, (N, T, S) or what broadcasts to it, the same for all heads.

    Backward: four dense layers with an attention between them, each of which has its derivation (`Dense`,
    `ScaledDotProductAttention`). Splitting D into heads is a reshape, and what was split is joined. If one
    array is query, key and value, its gradient is the sum of three.

    ``backward`` returns a gradient for each array that was given: dq, or (dq, dk), or (dq, dk, dv).

    Parameters
    ----------
    D, heads : int
        The number of features, and of heads, which has to divide it.
    causal : bool
        Position t may only look at positions up to t.
    rng : None, int or numpy.random.Generator
        Where the weights are drawn from, with standard deviation 1/√D.
    dtype : dtype

    Examples
    --------
    >>> layer = MultiHeadAttention(6, heads=2, rng=0)
    >>> x = np.random.default_rng(1).normal(size=(4, 5, 6))
    >>> layer.forward(x).shape
    (4, 5, 6)
    >>> layer.backward(np.ones((4, 5, 6))).shape
    (4, 5, 6)
    >>> y = layer.forward(x, x[:, :3])  # 5 queries to 3 keys
    >>> [gradient.shape for gradient in layer.backward(y)]
    [(4, 5, 6), (4, 3, 6)]

    References
    ----------
    Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.2.2.
    """

    W_q, W_k, W_v, W_o = Parameter(), Parameter(), Parameter(), Parameter()
    b_q, b_v, b_o = Parameter(), Parameter(), Parameter()

    def __init__(
        self,
        D: int,
        heads: int,
        *,
        causal: bool = False,
        rng: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        owner = "MultiHeadAttention"
        D, self.heads = positive_integer(owner, "D", D), positive_integer(owner, "heads", heads)
        if D % self.heads:
            raise ValueError(f"{owner}: heads = {heads} does not divide D = {D}")
        rng, dtype, self.causal = np.random.default_rng(rng), float_dtype(owner, dtype), bool(causal)
        weights = {f"W_{name}": (rng.standard_normal((D, D)) / sqrt(D)).astype(dtype) for name in "qkvo"}
        super().__init__(**weights, **{f"b_{name}": np.zeros(D, dtype) for name in "qvo"})

    def forward(self, q: Any, k: Any = None, v: Any = None, mask: Any = None) -> Array:
        """For each query a mixture of the values, head by head."""
        self._memory = None
        given = [("q", q), *((name, x) for name, x in (("k", k), ("v", v)) if x is not None)]
        if k is None and v is not None:
            raise ValueError(f"{self!r}: v was given without k; give both, or k alone")
        q = self._accept(q)
        arrays = [q, *(as_float_array(self, name, x, q.dtype) for name, x in given[1:])]
        for (name, _), x in zip(given, arrays, strict=True):
            self._require_shape(name, x)
        q, k, v = arrays[0], arrays[min(1, len(arrays) - 1)], arrays[-1]
        require_fitting(self, q, k, v)
        mask = checked_mask(self, mask, q, k, self.causal)
        if mask is not None and mask.ndim == 3:
            mask = mask[:, None]  # for all heads

        def project(x: Array, name: str) -> Array:
            y = x @ self.params[f"W_{name}"]
            return self._split(y if name == "k" else y + self.params[f"b_{name}"])

        heads, pullback = attend(project(q, "q"), project(k, "k"), project(v, "v"), mask)
        joined = self._join(heads)
        return self._remember(joined @ self.W_o + self.b_o, (q, k, v, joined, pullback, len(given)))

    def backward(self, dy: Any) -> Any:
        """The gradient of each array that ``forward`` was given, given dy; fills ``grads``."""
        dy, (q, k, v, joined, pullback, given) = self._recall(dy)
        d_heads = self._split(self._dense_backward(joined, dy, "o"))
        projected = [self._join(gradient) for gradient in pullback(d_heads)]
        dq, dk, dv = (self._dense_backward(*case) for case in zip((q, k, v), projected, "qkv", strict=True))
        if given == 1:
            dq += dk
            dq += dv
            return dq
        if given == 2:
            dk += dv
            return dq, dk
        return dq, dk, dv

    def _dense_backward(self, x: Array, dy: Array, name: str) -> Array:
        """As in `Dense`: fills dW and db, returns dx."""
        D = x.shape[-1]
        rows = dy.reshape(-1, D)
        self.grads[f"W_{name}"] = x.reshape(-1, D).T @ rows
        if name != "k":
            self.grads[f"b_{name}"] = rows.sum(axis=0)
        dx: Array = dy @ self.params[f"W_{name}"].T
        return dx

    def _split(self, x: Array) -> Array:
        """(N, T, D) to (N, heads, T, D / heads)."""
        N, T, D = x.shape
        return np.ascontiguousarray(x.reshape(N, T, self.heads, D // self.heads).transpose(0, 2, 1, 3))

    def _join(self, x: Array) -> Array:
        """(N, heads, T, D / heads) to (N, T, D)."""
        N, heads, T, features = x.shape
        return x.transpose(0, 2, 1, 3).reshape(N, T, heads * features)

    def _require_shape(self, name: str, x: Array) -> None:
        D = len(self.W_o)
        if x.ndim != 3 or x.shape[-1] != D:
            raise ValueError(f"{self!r}: {name} has shape {x.shape}, expected (N, T, D) with D = {D}")

    def __repr__(self) -> str:
        causal = ", causal=True" if self.causal else ""
        return f"{type(self).__name__}({self._shapes['W_o'][0]}, heads={self.heads}{causal})"
