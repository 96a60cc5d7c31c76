"""Batch normalisation: each channel over the whole batch."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.normalization import (
    Axes,
    all_but_channels,
    along_channels,
    normalize,
    sum_product,
    through_statistics,
)
from gradcheck.analytic.validation import Array, float_dtype, positive_integer, real_number


class BatchNormalization(Layer):
    """Each channel normalised over the batch: y = γ (x − μ) / √(σ² + ε) + β.

    Shapes: x and y (N, C) or (N, C, ...); γ, β, μ and σ² have shape (C,). Mean and (biased) variance are
    taken over all axes but C.

    In training each ``forward`` also moves ``running_mean`` and ``running_variance`` towards those of the
    batch; with ``training = False`` the running ones are used, and are constants.

    Backward: dβ = Σ dy and dγ = Σ dy x̂ over all axes but C. With dx̂ = dy γ, dx is as derived in
    :mod:`gradcheck.analytic.normalization` for the n numbers of each channel. They share one γ, so the two means there
    are known already: dx = γ / s · (dy − dβ / n − x̂ dγ / n). In inference dx = dy γ / s, as nothing else depends on x.

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
        axes = all_but_channels(x)
        if self.training:
            normal, s, mean, variance = normalize(x, axes, self.epsilon)
            self._move_running(mean, variance, x.size // x.shape[1])
        else:
            s = np.sqrt(along_channels(self.running_variance, x).astype(x.dtype) + self.epsilon)
            normal = (x - along_channels(self.running_mean, x).astype(x.dtype)) / s
        y = normal * along_channels(self.gamma, x)
        y += along_channels(self.beta, x)
        return y, (normal, s, axes, self.training)

    def _backward(self, dy: Array, cache: tuple[Array, Array, Axes, bool]) -> Array:
        normal, s, axes, training = cache
        dgamma = self.grads["gamma"] = sum_product(dy, normal, axes)
        dbeta = self.grads["beta"] = dy.sum(axis=axes)
        scale = along_channels(self.gamma, dy) / s
        if not training:
            return dy * scale
        n = dy.size // len(dbeta)
        return through_statistics(dy, normal, scale, along_channels(dbeta / n, dy), along_channels(dgamma / n, dy))

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
