"""Group normalisation: the channels of each example in groups, each group by itself."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.normalization import (
    along_channels,
    normalize,
    sum_product,
    through_statistics,
)
from gradcheck.analytic.validation import Array, float_dtype, positive_integer, real_number


class GroupNormalization(Layer):
    """Each group of channels normalised over its channels and places: y = γ (x − μ) / √(σ² + ε) + β.

    Shapes: x and y (N, C) or (N, C, ...), γ and β (C,), μ and σ² (N, groups). Nothing is shared between examples, so
    training and inference are the same. One group is layer normalisation with a γ for each channel, C groups are
    instance normalisation.

    Backward: dβ = Σ dy and dγ = Σ dy x̂ over all axes but C; with dx̂ = dy γ, dx as derived in
    :mod:`gradcheck.analytic.normalization`, for each group of each example. The sums over the places of a channel serve
    all of them: γ is the same there, so Σ dx̂ = γ Σ dy and Σ dx̂ x̂ = γ Σ dy x̂, to be added up over the group.

    Parameters
    ----------
    C : int
        The number of channels, the length of axis 1.
    groups : int
        A divisor of C.
    epsilon : float
        ε, which keeps a constant group from division by 0.
    dtype : dtype

    Examples
    --------
    >>> layer = GroupNormalization(4, 2, epsilon=0)
    >>> layer.forward([[1.0, 5.0, -3.0, -2.0]])
    array([[-1.,  1., -1.,  1.]])
    >>> layer.backward([[1.0, 2.0, 3.0, 4.0]])
    array([[0., 0., 0., 0.]])
    >>> layer.grads["gamma"]
    array([-1.,  2., -3.,  4.])

    References
    ----------
    Wu and He, "Group normalization", ECCV 2018.
    """

    gamma = Parameter()
    beta = Parameter()

    def __init__(self, C: int, groups: int, epsilon: float = 1e-5, dtype: DTypeLike = np.float64) -> None:
        C = positive_integer("GroupNormalization", "C", C)
        dtype = float_dtype("GroupNormalization", dtype)
        super().__init__(gamma=np.ones(C, dtype), beta=np.zeros(C, dtype))
        self.groups = positive_integer("GroupNormalization", "groups", groups)
        if C % self.groups:
            raise ValueError(f"GroupNormalization: groups = {groups} does not divide C = {C}")
        self.epsilon = real_number("GroupNormalization", "epsilon", epsilon, least=0)

    def _forward(self, x: Array) -> tuple[Array, Any]:
        normal, s, _, _ = normalize(self._grouped(x), (2,), self.epsilon)
        y = normal.reshape(x.shape) * along_channels(self.gamma, x)
        y += along_channels(self.beta, x)
        return y, (normal, s)

    def _backward(self, dy: Array, cache: tuple[Array, Array]) -> Array:
        normal, s = cache
        places = tuple(range(2, dy.ndim))
        sums, products = dy.sum(axis=places), sum_product(dy, normal.reshape(dy.shape), places)  # (N, C) each
        self.grads["beta"], self.grads["gamma"] = sums.sum(axis=0), products.sum(axis=0)
        dnormal = self._grouped(dy * along_channels(self.gamma, dy))
        means = (self._grouped(self.gamma * each).sum(axis=2, keepdims=True) for each in (sums, products))
        mean, product = (total / dnormal.shape[2] for total in means)
        return through_statistics(dnormal, normal, 1 / s, mean, product).reshape(dy.shape)

    def _grouped(self, x: Array) -> Array:
        """The array as (N, groups, entries of a group)."""
        return x.reshape(len(x), self.groups, prod(x.shape[1:]) // self.groups)

    def _check_shape(self, x: Array) -> None:
        C = len(self.gamma)
        if x.ndim < 2:
            raise ValueError(f"{self!r}: x has shape {x.shape}, expected (N, C) or (N, C, ...) with C = {C}")
        if x.shape[1] != C:
            raise ValueError(f"{self!r}: x has {x.shape[1]} channels on axis 1, expected C = {C}")
        if 0 in x.shape[2:]:
            raise ValueError(f"{self!r}: x has shape {x.shape} and so no places to take a mean of")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._shapes['gamma'][0]}, {self.groups})"
