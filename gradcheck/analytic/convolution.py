"""The convolutional layers: one small weight pattern, laid over every place of a sequence, an image or a volume."""

from math import prod, sqrt
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic.correlation import columns_of, maps_of, weights_of
from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.validation import Array, float_dtype, positive_integer
from gradcheck.analytic.windows import Sizes, Windows, padding_of, sizes


class Convolution(Layer):
    """What `Conv1D`, `Conv2D` and `Conv3D` have in common; they differ in the number of axes."""

    W = Parameter()
    b = Parameter()
    dims = 2

    def __init__(
        self,
        C: int,
        filters: int,
        kernel_size: int | Sizes,
        *,
        stride: int | Sizes = 1,
        padding: Any = "valid",
        dilation: int | Sizes = 1,
        groups: int = 1,
        rng: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        owner = type(self).__name__
        C, F = positive_integer(owner, "C", C), positive_integer(owner, "filters", filters)
        self.groups = groups_of(owner, groups, C, F)
        self.windows = Windows(
            sizes(owner, "kernel_size", kernel_size, self.dims),
            sizes(owner, "stride", stride, self.dims),
            padding_of(owner, padding, self.dims),
            sizes(owner, "dilation", dilation, self.dims),
        )
        W = random_filters((F, C // self.groups, *self.windows.size), rng, float_dtype(owner, dtype))
        super().__init__(W=W, b=np.zeros(F, W.dtype))

    def _forward(self, x: Array) -> tuple[Array, Any]:
        columns = self.windows.gather(x)
        y = maps_of(columns, self.W, self.groups)
        y += along_channels(self.b, self.dims)
        return y, (columns, x.shape[2:])

    def _backward(self, dy: Array, cache: tuple[Array, Sizes]) -> Array:
        columns, image = cache
        self.grads["W"] = weights_of(dy, columns, self.W, self.groups)
        self.grads["b"] = channel_sums(dy)
        return self.windows.scatter(columns_of(dy, self.W, self.groups), image)

    def _check_shape(self, x: Array) -> None:
        self.windows.require(self, x.shape)
        require_channels(self, x, self.W.shape[1] * self.groups)

    def __repr__(self) -> str:
        F, C, *_ = self._shapes["W"]
        groups = f", groups={self.groups}" if self.groups > 1 else ""
        return f"{type(self).__name__}({C * self.groups}, {F}, {self.windows}{groups})"


class Conv2D(Convolution):
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
        No zeros around x; so many that ⌈H / stride⌉ rows come out; or this many on each side. Where the two sides
        differ, a pair (before, after) for each axis.
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


class Conv1D(Convolution):
    """The cross-correlation of sequences with F filters: y_nft = Σ_ci W_fci x_nc(t+i) + b_f.

    Shapes: x (N, C, T), W (F, C / groups, K), b (F,), y (N, F, OT). With a stride s and a dilation d the step t + i is
    t·s + i·d, of x with its padding.

    Backward, as in `Conv2D`: ∂L/∂W_fci = Σ_nt dy_nft x_nc(t+i); x_nc(t+i) gets Σ_f W_fci dy_nft from every window it
    lies in; ∂L/∂b_f = Σ_nt dy_nft.

    Parameters are those of `Conv2D`, with one axis. ``padding=((K - 1, 0),)`` makes it causal: y_t sees no later x.

    Examples
    --------
    >>> layer = Conv1D(1, 1, 2, padding=((1, 0),))
    >>> layer.W[...] = [[[10, 1]]]
    >>> layer.forward([[[1.0, 2.0, 3.0]]])
    array([[[ 1., 12., 23.]]])
    >>> layer.backward([[[1.0, 0.0, 2.0]]])
    array([[[ 1., 20.,  2.]]])

    References
    ----------
    Waibel, Hanazawa, Hinton, Shikano, Lang, "Phoneme recognition using time-delay neural networks" (1989).
    """

    dims = 1


class Conv3D(Convolution):
    """The cross-correlation of volumes with F filters: y_nfopq = Σ_cijk W_fcijk x_nc(o+i)(p+j)(q+k) + b_f.

    Shapes: x (N, C, D, H, W), W (F, C / groups, KD, KH, KW), b (F,), y (N, F, OD, OH, OW); stride, padding and dilation
    as in `Conv2D`, for planes, rows and columns.

    Backward, as in `Conv2D`, with one more axis: ∂L/∂W is the windows of x weighted by dy, each entry of x gets
    Σ_f W_f… dy_nf… from every window it lies in, and ∂L/∂b is the sum of dy over batch and places.

    Parameters are those of `Conv2D`, with three axes.

    Examples
    --------
    >>> layer = Conv3D(1, 1, (2, 1, 1))
    >>> layer.W[...] = [[[[[10]], [[1]]]]]
    >>> layer.forward([[[[[1.0]], [[2.0]], [[3.0]]]]]).ravel()
    array([12., 23.])
    >>> layer.backward([[[[[1.0]], [[2.0]]]]]).ravel()
    array([10., 21.,  2.])

    References
    ----------
    Ji, Xu, Yang, Yu, "3D convolutional neural networks for human action recognition", ICML 2010.
    """

    dims = 3


def groups_of(owner: str, groups: Any, C: int, F: int) -> int:
    """The number of groups, or an error unless it divides the channels and the filters."""
    number = positive_integer(owner, "groups", groups)
    if C % number or F % number:
        raise ValueError(f"{owner}: groups = {number} divides not both C = {C} and filters = {F}")
    return number


def random_filters(shape: Sizes, rng: int | np.random.Generator | None, dtype: DTypeLike) -> Array:
    """Filters (F, C, ...) with standard deviation 1/√(entries of a window), which keeps y about as large as x."""
    weights: Array = np.random.default_rng(rng).standard_normal(shape) / sqrt(prod(shape[1:]))
    return weights.astype(dtype)


def along_channels(b: Array, dims: int) -> Array:
    """A vector (F,) as (F, 1, ...), to be broadcast over batch and places."""
    return b.reshape(-1, *[1] * dims)


def channel_sums(dy: Array) -> Array:
    """The sums (F,) of dy (N, F, ...) over batch and places: the gradient of what `along_channels` broadcast."""
    sums: Array = dy.reshape(*dy.shape[:2], prod(dy.shape[2:])).sum(axis=2).sum(axis=0)
    return sums


def require_channels(owner: Layer, x: Array, C: int) -> None:
    """Raise unless x (N, C, ...) has C channels."""
    if x.shape[1] != C:
        raise ValueError(f"{owner!r}: x has {x.shape[1]} channels on axis 1, expected C = {C}")
