"""The convolutional layer: one small weight pattern, laid over every place of an image."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.validation import Array, float_dtype, positive_integer
from gradcheck.analytic.windows import Pair, Windows, padding_of, pair


class Conv2D(Layer):
    """The cross-correlation of images with F filters: y_nfpq = Σ_cij W_fcij x_nc(p+i)(q+j) + b_f.

    Shapes: x (N, C, H, W), W (F, C / groups, KH, KW), b (F,), y (N, F, OH, OW). With a stride s and a
    dilation d the row p + i is p·s + i·d, of x with its padding; likewise for columns.

    Backward: y is linear in W and in x, and each product W_fcij x_… of the sum above goes both ways:

    * ∂L/∂W_fcij = Σ_npq dy_nfpq x_nc(p+i)(q+j): the windows of x, weighted by dy;
    * ∂L/∂x_nc(p+i)(q+j) gets W_fcij dy_nfpq from every window it lies in: for each (i, j) at once, the array
      Σ_f W_fcij dy_nfpq is added to the places x_nc(p+i)(q+j);
    * ∂L/∂b_f = Σ_npq dy_nfpq: b was broadcast over batch and places.

    Parameters
    ----------
    C, filters : int
        The number of input and output channels.
    kernel_size, stride, dilation : int or (int, int)
        For rows and columns.
    padding : "valid", "same", int or (int, int)
        No zeros around x; so many that ⌈H / stride⌉ rows come out; or this many on each side.
    groups : int
        The channels are split into as many groups, each with its own share of the filters (groups = C:
        depthwise).
    rng : None, int or numpy.random.Generator
        Where W is drawn from, with standard deviation 1/√(entries of a window). b starts at zero.
    dtype : dtype

    Examples
    --------
    >>> layer = Conv2D(1, 1, (1, 2))
    >>> layer.W[...] = [[[[10, 1]]]]
    >>> layer.forward([[[[1.0, 2.0, 3.0]]]])
    array([[[[12., 23.]]]])
    >>> layer.backward([[[[1.0, 2.0]]]])
    array([[[[10., 21.,  2.]]]])
    >>> layer.grads["W"]  # 1·1 + 2·2 and 1·2 + 2·3
    array([[[[5., 8.]]]])

    References
    ----------
    LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition" (1998);
    Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 9.5; Dumoulin and Visin, "A guide to
    convolution arithmetic for deep learning", arXiv:1603.07285 (2016).
    """

    W = Parameter()
    b = Parameter()

    def __init__(
        self,
        C: int,
        filters: int,
        kernel_size: int | Pair,
        *,
        stride: int | Pair = 1,
        padding: Any = "valid",
        dilation: int | Pair = 1,
        groups: int = 1,
        rng: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        C, F = positive_integer("Conv2D", "C", C), positive_integer("Conv2D", "filters", filters)
        self.groups = positive_integer("Conv2D", "groups", groups)
        if C % self.groups or F % self.groups:
            raise ValueError(f"Conv2D: groups = {groups} divides not both C = {C} and filters = {F}")
        self.windows = Windows(
            pair("Conv2D", "kernel_size", kernel_size),
            pair("Conv2D", "stride", stride),
            padding_of("Conv2D", padding),
            pair("Conv2D", "dilation", dilation),
        )
        shape = (F, C // self.groups, *self.windows.size)
        dtype = float_dtype("Conv2D", dtype)
        weights = np.random.default_rng(rng).standard_normal(shape) / sqrt(np.prod(shape[1:]))
        super().__init__(W=weights.astype(dtype), b=np.zeros(F, dtype))

    def _forward(self, x: Array) -> tuple[Array, Any]:
        gathered = self.windows.gather(self.windows.pad(x))
        N, C, KH, KW, OH, OW = gathered.shape
        columns = gathered.reshape(N, self.groups, C // self.groups * KH * KW, OH * OW)
        y = self._matrix() @ columns  # (G, F/G, C/G·KH·KW) @ (N, G, C/G·KH·KW, OH·OW)
        return y.reshape(N, -1, OH, OW) + self.b[:, None, None], (columns, x.shape)

    def _backward(self, dy: Array, cache: tuple[Array, tuple[int, ...]]) -> Array:
        columns, (N, C, H, W) = cache
        _, F, OH, OW = dy.shape
        rows = dy.reshape(N, self.groups, F // self.groups, OH * OW)
        dW = rows @ columns.swapaxes(-1, -2)  # (N, G, F/G, OH·OW) @ (N, G, OH·OW, C/G·KH·KW)
        self.grads["W"] = dW.sum(axis=0).reshape(self.W.shape)
        self.grads["b"] = dy.sum(axis=(0, 2, 3))
        dcolumns = self._matrix().swapaxes(-1, -2) @ rows  # (G, C/G·KH·KW, F/G) @ (N, G, F/G, OH·OW)
        return self.windows.scatter(dcolumns.reshape(N, C, *self.windows.size, OH, OW), (H, W))

    def _matrix(self) -> Array:
        """The filters as rows, group by group: (G, F/G, C/G·KH·KW)."""
        return self.W.reshape(self.groups, len(self.W) // self.groups, -1)

    def _check_shape(self, x: Array) -> None:
        self.windows.require(self, x.shape)
        C = self.W.shape[1] * self.groups
        if x.shape[1] != C:
            raise ValueError(f"{self!r}: x has {x.shape[1]} channels on axis 1, expected C = {C}")

    def __repr__(self) -> str:
        F, C, *_ = self._shapes["W"]
        groups = f", groups={self.groups}" if self.groups > 1 else ""
        return f"{type(self).__name__}({C * self.groups}, {F}, {self.windows}{groups})"
