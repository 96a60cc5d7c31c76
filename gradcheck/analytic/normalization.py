"""Normalisations: numbers brought to mean 0 and variance 1 over some axes, then scaled and shifted.

Both rest on one pair of functions. With n numbers x, x̂ = (x − μ) / s and s = √(σ² + ε), each x_j moves all
of x̂: by itself, through the mean μ, and through the deviation s. As ∂μ/∂x_j = 1/n and ∂s/∂x_j = x̂_j / n,

    ∂x̂_i/∂x_j = (δ_ij − 1/n − x̂_i x̂_j / n) / s,
    dx_j = Σ_i dx̂_i ∂x̂_i/∂x_j = (dx̂_j − mean(dx̂) − x̂_j mean(dx̂ x̂)) / s.

The two means are what is forgotten when μ and s are taken for constants.
"""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.validation import Array, float_dtype, positive_integer, real_number

Axes = tuple[int, ...]


class BatchNormalization(Layer):
    """Each channel normalised over the batch: y = γ (x − μ) / √(σ² + ε) + β.

    Shapes: x and y (N, C) or (N, C, ...); γ, β, μ and σ² have shape (C,). Mean and (biased) variance are
    taken over all axes but C.

    In training each ``forward`` also moves ``running_mean`` and ``running_variance`` towards those of the
    batch; with ``training = False`` the running ones are used, and are constants.

    Backward: dβ = Σ dy and dγ = Σ dy x̂ over all axes but C; with dx̂ = dy γ, dx as derived above for the
    batch (in inference dx = dx̂ / s, as nothing else depends on x).

    Parameters
    ----------
    C : int
        The number of channels (or features), the length of axis 1.
    momentum : float
        What the running statistics keep of themselves at each step, in [0, 1].
    epsilon : float
        ε, which keeps a constant channel from division by 0.
    dtype : dtype

    Examples
    --------
    >>> layer = BatchNormalization(2, epsilon=0)
    >>> layer.forward([[1.0, 5.0], [3.0, -5.0]])
    array([[-1.,  1.],
           [ 1., -1.]])
    >>> layer.backward([[1.0, 2.0], [1.0, 7.0]])  # two points always become −1 and 1, wherever they are
    array([[0., 0.],
           [0., 0.]])
    >>> layer.grads["gamma"], layer.grads["beta"]
    (array([ 0., -5.]), array([2., 9.]))

    Notes
    -----
    The running variance takes the unbiased estimate, n / (n − 1) times the batch's variance, as in the paper.

    References
    ----------
    Ioffe and Szegedy, "Batch normalization", ICML 2015; Goodfellow, Bengio, Courville, *Deep Learning*
    (2016), section 8.7.1; Kratzert, "Understanding the backward pass through batch normalization layer"
    (2016).
    """

    gamma = Parameter()
    beta = Parameter()

    def __init__(self, C: int, momentum: float = 0.9, epsilon: float = 1e-5, dtype: DTypeLike = np.float64) -> None:
        C = positive_integer("BatchNormalization", "C", C)
        dtype = float_dtype("BatchNormalization", dtype)
        super().__init__(gamma=np.ones(C, dtype), beta=np.zeros(C, dtype))
        self.momentum = real_number("BatchNormalization", "momentum", momentum, least=0, most=1)
        self.epsilon = real_number("BatchNormalization", "epsilon", epsilon, least=0)
        self.running_mean = np.zeros(C, dtype)
        self.running_variance = np.ones(C, dtype)

    def _forward(self, x: Array) -> tuple[Array, Any]:
        axes = tuple(axis for axis in range(x.ndim) if axis != 1)
        if self.training:
            normal, s, mean, variance = normalize(x, axes, self.epsilon)
            self._move_running(mean, variance, x.size // x.shape[1])
        else:
            s = np.sqrt(_along_channels(self.running_variance, x).astype(x.dtype) + self.epsilon)
            normal = (x - _along_channels(self.running_mean, x).astype(x.dtype)) / s
        y = _along_channels(self.gamma, x) * normal + _along_channels(self.beta, x)
        return y, (normal, s, axes, self.training)

    def _backward(self, dy: Array, cache: tuple[Array, Array, Axes, bool]) -> Array:
        normal, s, axes, training = cache
        self.grads["gamma"] = (dy * normal).sum(axis=axes)
        self.grads["beta"] = dy.sum(axis=axes)
        dnormal = dy * _along_channels(self.gamma, dy)
        return normalize_backward(dnormal, normal, s, axes) if training else dnormal / s

    def _move_running(self, mean: Array, variance: Array, n: int) -> None:
        keep, unbiased = self.momentum, variance * (n / max(n - 1, 1))
        self.running_mean = keep * self.running_mean + (1 - keep) * mean.reshape(-1)
        self.running_variance = keep * self.running_variance + (1 - keep) * unbiased.reshape(-1)

    def _check_shape(self, x: Array) -> None:
        C = len(self.gamma)
        if x.ndim < 2:
            raise ValueError(f"{self!r}: x has shape {x.shape}, expected (N, C) or (N, C, ...) with C = {C}")
        if x.shape[1] != C:
            raise ValueError(f"{self!r}: x has {x.shape[1]} channels on axis 1, expected C = {C}")
        if self.training and x.size == 0:
            raise ValueError(f"{self!r}: x has shape {x.shape} and so no examples to take a mean of")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._shapes['gamma'][0]})"


class LayerNormalization(Layer):
    """Each example normalised over its own features: y = γ (x − μ) / √(σ² + ε) + β.

    Shapes: x and y (..., *shape), γ and β of that shape, usually (D,); mean and (biased) variance are taken
    over its axes, the last ones of x. Nothing is shared between examples, so training and inference are the
    same.

    Backward: dβ = Σ dy and dγ = Σ dy x̂ over all other axes; with dx̂ = dy γ, dx as derived above for each
    example.

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
        sides = shape if isinstance(shape, tuple | list) else (shape,)
        sides = tuple(positive_integer("LayerNormalization", "shape", side) for side in sides)
        dtype = float_dtype("LayerNormalization", dtype)
        super().__init__(gamma=np.ones(sides, dtype), beta=np.zeros(sides, dtype))
        self.epsilon = real_number("LayerNormalization", "epsilon", epsilon, least=0)

    def _forward(self, x: Array) -> tuple[Array, Any]:
        axes = tuple(range(-self.gamma.ndim, 0))
        normal, s, _, _ = normalize(x, axes, self.epsilon)
        return self.gamma * normal + self.beta, (normal, s, axes)

    def _backward(self, dy: Array, cache: tuple[Array, Array, Axes]) -> Array:
        normal, s, axes = cache
        others = tuple(range(dy.ndim - len(axes)))
        self.grads["gamma"] = (dy * normal).sum(axis=others)
        self.grads["beta"] = dy.sum(axis=others)
        return normalize_backward(dy * self.gamma, normal, s, axes)

    def _check_shape(self, x: Array) -> None:
        expected = self.gamma.shape
        if x.shape[max(x.ndim - len(expected), 0) :] != expected:
            raise ValueError(f"{self!r}: x has shape {x.shape}, expected (..., {', '.join(map(str, expected))})")

    def __repr__(self) -> str:
        shape = self._shapes["gamma"]
        return f"{type(self).__name__}({shape[0] if len(shape) == 1 else shape})"


def normalize(x: Array, axes: Axes, epsilon: float) -> tuple[Array, Array, Array, Array]:
    """x̂ = (x − μ) / s over these axes, with s = √(σ² + ε), μ and σ², which keep the axes at length 1."""
    mean = x.mean(axis=axes, keepdims=True)
    centred = x - mean
    variance = (centred * centred).mean(axis=axes, keepdims=True)
    s = np.sqrt(variance + epsilon)
    return centred / s, s, mean, variance


def normalize_backward(dnormal: Array, normal: Array, s: Array, axes: Axes) -> Array:
    """From dx̂ to dx, through x itself, the mean and the deviation."""
    through_mean = dnormal.mean(axis=axes, keepdims=True)
    through_deviation = normal * (dnormal * normal).mean(axis=axes, keepdims=True)
    dx: Array = (dnormal - through_mean - through_deviation) / s
    return dx


def _along_channels(v: Array, x: Array) -> Array:
    """A vector (C,) as (1, C, 1, ...), to be broadcast along axis 1 of x."""
    return v.reshape(1, -1, *[1] * (x.ndim - 2))
