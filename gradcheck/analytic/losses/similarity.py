"""How far apart two rows are: as distributions, and as directions."""

from typing import Any

import numpy as np

from gradcheck.analytic.losses.loss import Loss, per_row
from gradcheck.analytic.validation import Array


class KLDivergence(Loss):
    """The Kullback-Leibler divergence of t from eˣ: ℓ = Σ_c t_c (log t_c − x_c).

    Shapes: x (N, C), logarithms of probabilities, as `LogSoftmax` gives them (and as in PyTorch; in Keras they
    are probabilities); t (N, C), probabilities; the values are (N,). Where t = 0 the term is 0.

    Backward: dℓ/dx_c = −t_c.

    Examples
    --------
    >>> loss = KLDivergence()
    >>> t = np.array([[0.5, 0.5]])
    >>> float(loss.forward(np.log(t), t))
    0.0
    >>> loss.backward()
    array([[-0.5, -0.5]])

    References
    ----------
    Kullback, Leibler, "On information and sufficiency", Annals of Mathematical Statistics 22 (1951).
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        if x.ndim == 0:
            raise ValueError(f"{self!r}: x is a single number, expected rows (N, C)")
        some = t > 0
        return np.sum(t * np.where(some, np.log(np.where(some, t, 1)) - x, 0), axis=-1), t

    def _backward(self, dvalues: Any, t: Array) -> Array:
        dx: Array = -t * per_row(dvalues)
        return dx


class CosineDistance(Loss):
    """One less the cosine of the angle between x and t: ℓ = 1 − x · t / (‖x‖ ‖t‖), along the last axis.

    Shapes: x and t (N, D); the values are (N,), from 0 (the same direction) to 2 (the opposite one). A vector of
    length 0 has no direction: ℓ = 1 and dx = 0. (Keras' ``CosineSimilarity`` is ℓ − 1.)

    Backward: with u = x / ‖x‖ and w = t / ‖t‖, cos = u · w, and the derivative of u in x takes away what lies along
    u: dℓ/dx = −(w − cos u) / ‖x‖. So dx is at right angles to x: a longer x is no better.

    Examples
    --------
    >>> loss = CosineDistance(reduction="none")
    >>> loss.forward([[3.0, 0.0], [0.0, 2.0]], [[1.0, 0.0], [1.0, 0.0]])
    array([0., 1.])
    >>> loss.backward()
    array([[ 0. ,  0. ],
           [-0.5,  0. ]])

    References
    ----------
    Salton, Wong, Yang, "A vector space model for automatic indexing", Communications of the ACM 18 (1975).
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        if x.ndim == 0:
            raise ValueError(f"{self!r}: x is a single number, expected rows (N, D)")
        (u, length), (w, _) = _direction(x), _direction(t)
        cosine = np.sum(u * w, axis=-1, keepdims=True)
        return 1 - cosine[..., 0], (u, w, cosine, length)

    def _backward(self, dvalues: Any, cache: tuple[Array, Array, Array, Array]) -> Array:
        u, w, cosine, length = cache
        away = (cosine * u - w) * per_row(dvalues)
        return np.where(length > 0, away / np.where(length > 0, length, 1), 0)


def _direction(x: Array) -> tuple[Array, Array]:
    """X / ‖x‖ and ‖x‖, by way of the largest entry, so that no square overflows or vanishes."""
    largest = np.abs(x).max(axis=-1, keepdims=True)
    scaled = x / np.where(largest > 0, largest, 1)
    length = np.sqrt(np.sum(scaled * scaled, axis=-1, keepdims=True))
    return scaled / np.where(length > 0, length, 1), length * largest
