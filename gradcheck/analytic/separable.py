"""Convolutions with fewer weights: each channel by itself, and then a mixture of channels at each place."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic.convolution import Conv2D, along_channels, channel_sums, random_filters, require_channels
from gradcheck.analytic.correlation import columns_of, maps_of, weights_of
from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.validation import Array, float_dtype, positive_integer
from gradcheck.analytic.windows import Sizes, Windows, padding_of, sizes


class DepthwiseConv2D(Conv2D):
    """Each channel under m filters of its own: y_n(cm+k)pq = Σ_ij W_(cm+k)ij x_nc(p+i)(q+j) + b_(cm+k), 0 ≤ k < m.

    Shapes: x (N, C, H, W), W (C·m, 1, KH, KW), b (C·m,), y (N, C·m, OH, OW).

    It is `Conv2D` with as many groups as channels, and so is its backward: an output depends on one channel only, and
    the channel gets the sum over its own m filters.

    Parameters
    ----------
    C : int
        The number of input channels.
    kernel_size, stride, padding, dilation, rng, dtype
        As in `Conv2D`.
    multiplier : int
        The number m of filters for each channel.

    Examples
    --------
    >>> layer = DepthwiseConv2D(2, (1, 2))
    >>> layer.W[...] = [[[[10, 1]]], [[[1, -1]]]]
    >>> layer.forward([[[[1.0, 2.0, 3.0]], [[5.0, 5.0, 5.0]]]])
    array([[[[12., 23.]],
    <BLANKLINE>
            [[ 0.,  0.]]]])
    >>> layer.backward([[[[1.0, 0.0]], [[0.0, 1.0]]]])
    array([[[[10.,  1.,  0.]],
    <BLANKLINE>
            [[ 0.,  1., -1.]]]])

    References
    ----------
    Howard et al., "MobileNets: efficient convolutional neural networks for mobile vision applications",
    arXiv:1704.04861 (2017).
    """

    def __init__(
        self,
        C: int,
        kernel_size: int | Sizes,
        *,
        multiplier: int = 1,
        stride: int | Sizes = 1,
        padding: Any = "valid",
        dilation: int | Sizes = 1,
        rng: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        C, m = (
            positive_integer("DepthwiseConv2D", "C", C),
            positive_integer("DepthwiseConv2D", "multiplier", multiplier),
        )
        super().__init__(
            C, C * m, kernel_size, stride=stride, padding=padding, dilation=dilation, groups=C, rng=rng, dtype=dtype
        )

    def __repr__(self) -> str:
        m = self._shapes["W"][0] // self.groups
        return f"{type(self).__name__}({self.groups}, {self.windows}{f', multiplier={m}' if m > 1 else ''})"


class SeparableConv2D(Layer):
    """A depthwise convolution of x to z, then a mixture of its channels: y_nfpq = Σ_k V_fk z_nkpq + b_f.

    Shapes: x (N, C, H, W), W (C·m, 1, KH, KW), z (N, C·m, OH, OW), V (F, C·m), b (F,), y (N, F, OH, OW).
    For m = 1 it is the convolution with the weights V_fc W_cij, of which there are C·KH·KW + F·C instead of F·C·KH·KW.

    Backward, by the chain rule through z:

    * ∂L/∂V_fk = Σ_npq dy_nfpq z_nkpq and ∂L/∂b_f = Σ_npq dy_nfpq;
    * ∂L/∂z_nkpq = Σ_f V_fk dy_nfpq, from which dW and dx follow as in `DepthwiseConv2D`.

    Parameters
    ----------
    C, filters : int
        The number of input and output channels.
    kernel_size, stride, padding, dilation, rng, dtype
        As in `Conv2D`; the mixture has no stride.
    multiplier : int
        The number m of depthwise filters for each channel.

    Examples
    --------
    >>> layer = SeparableConv2D(2, 1, (1, 2))
    >>> layer.W[...], layer.V[...] = [[[[10, 1]]], [[[1, -1]]]], [[1, 100]]
    >>> layer.forward([[[[1.0, 2.0, 3.0]], [[5.0, 5.0, 4.0]]]])
    array([[[[ 12., 123.]]]])
    >>> layer.backward([[[[1.0, 0.0]]]])
    array([[[[  10.,    1.,    0.]],
    <BLANKLINE>
            [[ 100., -100.,    0.]]]])

    References
    ----------
    Chollet, "Xception: deep learning with depthwise separable convolutions", CVPR 2017.
    """

    W = Parameter()
    V = Parameter()
    b = Parameter()

    def __init__(
        self,
        C: int,
        filters: int,
        kernel_size: int | Sizes,
        *,
        multiplier: int = 1,
        stride: int | Sizes = 1,
        padding: Any = "valid",
        dilation: int | Sizes = 1,
        rng: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        owner, rng, dtype = type(self).__name__, np.random.default_rng(rng), float_dtype(type(self).__name__, dtype)
        self.groups, F = positive_integer(owner, "C", C), positive_integer(owner, "filters", filters)
        self.windows = Windows(
            sizes(owner, "kernel_size", kernel_size, 2),
            sizes(owner, "stride", stride, 2),
            padding_of(owner, padding, 2),
            sizes(owner, "dilation", dilation, 2),
        )
        K = self.groups * positive_integer(owner, "multiplier", multiplier)
        super().__init__(
            W=random_filters((K, 1, *self.windows.size), rng, dtype),
            V=random_filters((F, K), rng, dtype),
            b=np.zeros(F, dtype),
        )

    def _forward(self, x: Array) -> tuple[Array, Any]:
        columns = self.windows.gather(x)
        z = maps_of(columns, self.W, self.groups)
        y = maps_of(z[:, :, None], self.V, groups=1)  # a mixture is a convolution with windows of one entry
        y += along_channels(self.b, 2)
        return y, (columns, z, x.shape[2:])

    def _backward(self, dy: Array, cache: tuple[Array, Array, Sizes]) -> Array:
        columns, z, image = cache
        self.grads["b"] = channel_sums(dy)
        self.grads["V"] = weights_of(dy, z[:, :, None], self.V, groups=1)
        dz = columns_of(dy, self.V, groups=1)[:, :, 0]
        self.grads["W"] = weights_of(dz, columns, self.W, self.groups)
        return self.windows.scatter(columns_of(dz, self.W, self.groups), image)

    def _check_shape(self, x: Array) -> None:
        self.windows.require(self, x.shape)
        require_channels(self, x, self.groups)

    def __repr__(self) -> str:
        F, K = self._shapes["V"]
        multiplier = f", multiplier={K // self.groups}" if self.groups < K else ""
        return f"{type(self).__name__}({self.groups}, {F}, {self.windows}{multiplier})"
