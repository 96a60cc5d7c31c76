"""The dense layer: every output is a weighted sum of every input, plus a bias."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.validation import Array, float_dtype, positive_integer, real_number


class Dense(Layer):
    """The affine map y = x W + b.

    Shapes: x (..., D), W (D, H), b (H,), y (..., H). Usually x is (N, D), a batch of N rows.

    Backward, entry by entry, with n over the batch: y_nh = Σ_d x_nd W_dh + b_h, so

    * ∂L/∂x_nd = Σ_h dy_nh W_dh, that is dx = dy Wᵀ;
    * ∂L/∂W_dh = Σ_n x_nd dy_nh, that is dW = xᵀ dy: every row of the batch used the same W, hence the sum;
    * ∂L/∂b_h = Σ_n dy_nh: b was broadcast over the batch, so its gradient is summed over it.

    Parameters
    ----------
    D, H : int
        The number of input and output features.
    rng : None, int or numpy.random.Generator
        Where W is drawn from.
    dtype : dtype
        Of W, b, and of the x to come.
    scale : float, optional
        The standard deviation of W, by default 1/√D, which keeps y about as large as x. b starts at zero.

    Raises
    ------
    ValueError, TypeError
        If D or H is no positive integer; in ``forward``, if the last axis of x has not length D.

    Examples
    --------
    >>> dense = Dense(2, 3)
    >>> dense.W[...] = [[1, 2, 3], [4, 5, 6]]
    >>> dense.forward([[1.0, 0.0], [1.0, -1.0]])
    array([[ 1.,  2.,  3.],
           [-3., -3., -3.]])
    >>> dense.backward([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])  # rows of W, picked by dy
    array([[ 1.,  4.],
           [-3., -6.]])
    >>> dense.grads["W"]
    array([[ 1.,  0., -1.],
           [ 0.,  0.,  1.]])

    References
    ----------
    Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.5; Saito, *Deep Learning from Scratch*
    (2017), section 5.6; Stanford CS231n, "Backpropagation, intuitions".
    """

    W = Parameter()
    b = Parameter()

    def __init__(
        self,
        D: int,
        H: int,
        rng: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
        scale: float | None = None,
    ) -> None:
        D = positive_integer("Dense", "D", D)
        H = positive_integer("Dense", "H", H)
        dtype = float_dtype("Dense", dtype)
        spread = 1 / sqrt(D) if scale is None else real_number("Dense", "scale", scale, least=0)
        weights = spread * np.random.default_rng(rng).standard_normal((D, H))
        super().__init__(W=weights.astype(dtype), b=np.zeros(H, dtype))

    def _forward(self, x: Array) -> tuple[Array, Any]:
        y: Array = x @ self.W
        y += self.b
        return y, x

    def _backward(self, dy: Array, x: Array) -> Array:
        D, H = self.W.shape
        rows, dy_rows = x.reshape(-1, D), dy.reshape(-1, H)
        self.grads["W"] = rows.T @ dy_rows  # (D, N) @ (N, H)
        self.grads["b"] = dy_rows.sum(axis=0)
        dx: Array = dy @ self.W.T  # (..., H) @ (H, D)
        return dx

    def _check_shape(self, x: Array) -> None:
        D = self.W.shape[0]
        if x.ndim == 0:
            raise ValueError(f"{self!r}: x is a single number, expected an array (..., D) with D = {D}")
        if x.shape[-1] != D:
            raise ValueError(f"{self!r}: x has {x.shape[-1]} features on its last axis, expected D = {D}")

    def __repr__(self) -> str:
        D, H = self._shapes["W"]
        return f"{type(self).__name__}({D}, {H})"
