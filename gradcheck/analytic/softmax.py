"""Softmax and its logarithm: scores become probabilities that share one denominator.

Here every output depends on every input of its row, so the Jacobian is a full matrix; it is never built.
"""

from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array


class Softmax(Layer):
    """Scores to probabilities over the last axis: y_i = e^{x_i} / Σ_k e^{x_k}.

    Shapes: x and y (..., C), usually (N, C); every row of y sums to 1.

    Backward: ∂y_i/∂x_j = y_i (δ_ij − y_j): the diagonal, and the rest that comes from the shared
    denominator. So dx_j = Σ_i dy_i y_i (δ_ij − y_j) = y_j (dy_j − Σ_i dy_i y_i), without ever building the
    matrix. A constant dy gives 0: moving all scores together changes no probability.

    Examples
    --------
    >>> softmax = Softmax()
    >>> softmax.forward([[1e4, 1e4], [0.0, -1e4]])
    array([[0.5, 0.5],
           [1. , 0. ]])
    >>> softmax.backward([[4.0, 0.0], [0.0, 4.0]])
    array([[ 1., -1.],
           [ 0.,  0.]])

    References
    ----------
    Bridle, "Probabilistic interpretation of feedforward classification network outputs" (1990); Goodfellow,
    Bengio, Courville, *Deep Learning* (2016), section 6.2.2.3.
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        y = softmax(x)
        return y, y

    def _backward(self, dy: Array, y: Array) -> Array:
        dx: Array = dy - np.einsum("...i,...i->...", dy, y)[..., None]  # Σ_i dy_i y_i, in one pass
        dx *= y
        return dx

    def _check_shape(self, x: Array) -> None:
        _require_classes(self, x)


class LogSoftmax(Layer):
    """The logarithms of probabilities: y_i = x_i − log Σ_k e^{x_k}, over the last axis.

    Shapes: x and y (..., C), usually (N, C).

    Backward: ∂y_i/∂x_j = δ_ij − p_j with p = softmax(x) = e^y, so dx_j = dy_j − p_j Σ_i dy_i. Other than
    log(softmax(x)) it is finite where a probability rounds to 0.

    Examples
    --------
    >>> layer = LogSoftmax()
    >>> layer.forward([[0.0, -1e4]])
    array([[     0., -10000.]])
    >>> layer.backward([[1.0, 2.0]])
    array([[-2.,  2.]])

    References
    ----------
    Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.2.2.3; Blanchard, D. Higham, N. Higham,
    "Accurately computing the log-sum-exp and softmax functions", IMA J. Numer. Anal. 41 (2021).
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        y = log_softmax(x)
        return y, y

    def _backward(self, dy: Array, y: Array) -> Array:
        dx = np.exp(y)
        dx *= -dy.sum(axis=-1, keepdims=True)
        dx += dy
        return dx

    def _check_shape(self, x: Array) -> None:
        _require_classes(self, x)


def softmax(x: Array) -> Array:
    """The softmax of x (..., C) over its last axis.

    Subtracting the largest score changes nothing, since it cancels in the fraction, and leaves no exponent
    above 0.

    >>> softmax(np.array([1000.0, 1000.0, 0.0]))
    array([0.5, 0.5, 0. ])
    """
    y: Array = x - x.max(axis=-1, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(axis=-1, keepdims=True)
    return y


def log_softmax(x: Array) -> Array:
    """The logarithm of softmax(x), finite also where the probability itself rounds to 0.

    >>> log_softmax(np.array([0.0, -10000.0]))
    array([     0., -10000.])
    """
    y: Array = x - x.max(axis=-1, keepdims=True)
    y -= np.log(np.exp(y).sum(axis=-1, keepdims=True))
    return y


def _require_classes(owner: Layer, x: Array) -> None:
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ValueError(f"{owner!r}: x has shape {x.shape}, expected at least one class on its last axis")
