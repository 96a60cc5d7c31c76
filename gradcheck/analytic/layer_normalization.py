"""Normalisation of each example by itself, over its last axes: with the mean taken out, and without."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.normalization import Axes, mean_product, normalize, normalize_backward, sum_product
from gradcheck.analytic.validation import Array, float_dtype, positive_integer, real_number


class LayerNormalization(Layer):
    """Each example normalised over its own features: y = γ (x − μ) / √(σ² + ε) + β.

    Shapes: x and y (..., *shape), γ and β of that shape, usually (D,); mean and (biased) variance are taken
    over its axes, the last ones of x. Nothing is shared between examples, so training and inference are the
    same.

    Backward: dβ = Σ dy and dγ = Σ dy x̂ over all other axes; with dx̂ = dy γ, dx as derived in
    :mod:`gradcheck.analytic.normalization`, for each example.

    Parameters
    ----------
    shape : int or sequence of int
        The lengths of the axes to normalise over.
    epsilon : float
        ε, which keeps a constant example from division by 0.
    dtype : dtype

    Examples
    --------
    >>> layer = LayerNormalization(2, epsilon=0)
    >>> layer.forward([[1.0, 5.0], [3.0, -5.0]])
    array([[-1.,  1.],
           [ 1., -1.]])
    >>> layer.backward([[1.0, 2.0], [1.0, 7.0]])
    array([[0., 0.],
           [0., 0.]])
    >>> layer.grads["gamma"], layer.grads["beta"]
    (array([ 0., -5.]), array([2., 9.]))

    References
    ----------
    Ba, Kiros, Hinton, "Layer normalization", arXiv:1607.06450 (2016).
    """

    gamma = Parameter()
    beta = Parameter()

    def __init__(self, shape: int | tuple[int, ...], epsilon: float = 1e-5, dtype: DTypeLike = np.float64) -> None:
        sides = sides_of("LayerNormalization", shape)
        dtype = float_dtype("LayerNormalization", dtype)
        super().__init__(gamma=np.ones(sides, dtype), beta=np.zeros(sides, dtype))
        self.epsilon = real_number("LayerNormalization", "epsilon", epsilon, least=0)

    def _forward(self, x: Array) -> tuple[Array, Any]:
        axes = tuple(range(x.ndim - self.gamma.ndim, x.ndim))
        normal, s, _, _ = normalize(x, axes, self.epsilon)
        y = normal * self.gamma
        y += self.beta
        return y, (normal, s, axes)

    def _backward(self, dy: Array, cache: tuple[Array, Array, Axes]) -> Array:
        normal, s, axes = cache
        others = tuple(range(dy.ndim - len(axes)))
        self.grads["gamma"] = sum_product(dy, normal, others)
        self.grads["beta"] = dy.sum(axis=others)
        return normalize_backward(dy * self.gamma, normal, s, axes)

    def _check_shape(self, x: Array) -> None:
        require_last_axes(self, x, self.gamma.shape)

    def __repr__(self) -> str:
        shape = self._shapes["gamma"]
        return f"{type(self).__name__}({shape[0] if len(shape) == 1 else shape})"


class RMSNorm(Layer):
    """Each example divided by the root mean square of its own features: y = γ x / r with r = √(mean(x²) + ε).

    Shapes: x and y (..., *shape), γ of that shape, usually (D,); the mean is taken over its axes, the last ones of x.
    It is `LayerNormalization` without the mean, and without β.

    Backward: dγ = Σ dy x̂ over all other axes, with x̂ = x / r. Each x_j moves all of x̂: by itself and through r, as
    ∂r/∂x_j = x̂_j / n. With dx̂ = dy γ that makes dx_j = (dx̂_j − x̂_j mean(dx̂ x̂)) / r.

    Parameters
    ----------
    shape : int or sequence of int
        The lengths of the axes to normalise over.
    epsilon : float
        ε, which keeps an example of zeros from division by 0.
    dtype : dtype

    Examples
    --------
    >>> layer = RMSNorm(2, epsilon=0)
    >>> layer.forward([[1.0, 7.0], [-0.3, 0.1]]).round(4)
    array([[ 0.2   ,  1.4   ],
           [-1.3416,  0.4472]])
    >>> layer.backward([[1.0, 7.0], [1.0, 3.0]]).round(4)  # a dy along x changes only the length, which is divided out
    array([[ 0.    ,  0.    ],
           [ 4.4721, 13.4164]])

    References
    ----------
    Zhang and Sennrich, "Root mean square layer normalization", NeurIPS 2019.
    """

    gamma = Parameter()

    def __init__(self, shape: int | tuple[int, ...], epsilon: float = 1e-6, dtype: DTypeLike = np.float64) -> None:
        sides = sides_of("RMSNorm", shape)
        super().__init__(gamma=np.ones(sides, float_dtype("RMSNorm", dtype)))
        self.epsilon = real_number("RMSNorm", "epsilon", epsilon, least=0)

    def _forward(self, x: Array) -> tuple[Array, Any]:
        axes = tuple(range(x.ndim - self.gamma.ndim, x.ndim))
        r = np.sqrt(mean_product(x, x, axes) + self.epsilon)
        normal = x / r
        return normal * self.gamma, (normal, r, axes)

    def _backward(self, dy: Array, cache: tuple[Array, Array, Axes]) -> Array:
        normal, r, axes = cache
        self.grads["gamma"] = sum_product(dy, normal, tuple(range(dy.ndim - len(axes))))
        dnormal = dy * self.gamma
        dx = dnormal - normal * mean_product(dnormal, normal, axes)
        dx /= r
        return dx

    def _check_shape(self, x: Array) -> None:
        require_last_axes(self, x, self.gamma.shape)

    def __repr__(self) -> str:
        shape = self._shapes["gamma"]
        return f"{type(self).__name__}({shape[0] if len(shape) == 1 else shape})"


def sides_of(owner: str, shape: Any) -> tuple[int, ...]:
    """The lengths of one or more axes, each a positive integer."""
    sides = shape if isinstance(shape, tuple | list) else (shape,)
    if not sides:
        raise ValueError(f"{owner}: shape = {shape!r}, expected the length of at least one axis")
    return tuple(positive_integer(owner, "shape", side) for side in sides)


def require_last_axes(owner: Layer, x: Array, expected: tuple[int, ...]) -> None:
    """Raise unless the last axes of x have these lengths."""
    if x.shape[max(x.ndim - len(expected), 0) :] != expected:
        raise ValueError(f"{owner!r}: x has shape {x.shape}, expected (..., {', '.join(map(str, expected))})")
