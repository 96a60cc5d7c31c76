"""Pooling: each window of a sequence, an image or a volume becomes one number, channel by channel."""

from math import inf
from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array
from gradcheck.analytic.windows import Sizes, Windows, padding_of, sizes


class Pooling(Layer):
    """What all of them have in common: windows, by default side by side."""

    dims = 2

    def __init__(self, pool_size: int | Sizes = 2, stride: int | Sizes | None = None, padding: Any = "valid") -> None:
        super().__init__()
        owner = type(self).__name__
        size = sizes(owner, "pool_size", pool_size, self.dims)
        steps = size if stride is None else sizes(owner, "stride", stride, self.dims)
        self.windows = Windows(size, steps, padding_of(owner, padding, self.dims), (1,) * self.dims)
        if isinstance(self.windows.padding, tuple) and any(
            max(margin) >= side for margin, side in zip(self.windows.padding, size, strict=True)
        ):
            raise ValueError(f"{owner}: padding = {padding!r}, expected less than pool_size = {pool_size!r}")

    def _check_shape(self, x: Array) -> None:
        self.windows.require(self, x.shape)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.windows})"


class MaxPooling(Pooling):
    """What `MaxPooling1D`, `MaxPooling2D` and `MaxPooling3D` have in common; they differ in the number of axes."""

    def _forward(self, x: Array) -> tuple[Array, Any]:
        y = padded = self.windows.pad(x, -inf)
        for axis in range(self.dims):  # a maximum of maxima is the maximum, and so takes fewer steps
            first, *others = self.windows.along(axis, y)
            y = first.copy()
            for entry in others:
                np.maximum(y, entry, out=y)
        return y, (padded, y, x.shape[2:])

    def _backward(self, dy: Array, cache: tuple[Array, Array, Sizes]) -> Array:
        padded, y, image = cache
        dpadded, left = self.windows.zeros(dy, image), dy.copy()  # what no entry has taken yet
        for entry, dentry in zip(self.windows.entries(padded), self.windows.entries(dpadded), strict=True):
            taken = left * ~(entry < y)
            np.add(dentry, taken, out=dentry)
            left -= taken
        return self.windows.crop(dpadded, image)


class MaxPooling2D(MaxPooling):
    """The largest number of each window: y_ncpq = max_ij x_nc(p·s+i)(q·s+j).

    Shapes: x (N, C, H, W), y (N, C, OH, OW). Places in the padding never win.

    Backward: ∂y/∂x is 1 for the entry that is the largest and 0 for the others, so dy goes back to where y
    came from; an entry that is the largest of several windows gets the sum. Where two are equally large any
    split between them is a subgradient; the first, in reading order, takes all.

    Parameters
    ----------
    pool_size : int or (int, int)
        For rows and columns.
    stride : int or (int, int), optional
        By default `pool_size`: windows side by side.
    padding : "valid", "same", int or (int, int)
        As in `Conv2D`; a number must be less than `pool_size`, or a window would hold nothing.

    Examples
    --------
    >>> layer = MaxPooling2D((1, 2))
    >>> layer.forward([[[[1.0, 5.0, 7.0, 3.0]]]])
    array([[[[5., 7.]]]])
    >>> layer.backward([[[[10.0, 20.0]]]])
    array([[[[ 0., 10., 20.,  0.]]]])

    References
    ----------
    Zhou and Chellappa, "Computation of optical flow using a neural network" (1988); Goodfellow, Bengio,
    Courville, *Deep Learning* (2016), section 9.3; Saito, *Deep Learning from Scratch* (2017), section
    7.4.4.
    """


class MaxPooling1D(MaxPooling):
    """The largest number of each window of a sequence: y_nct = max_i x_nc(t·s+i).

    Shapes: x (N, C, T), y (N, C, OT). Backward and parameters are those of `MaxPooling2D`, with one axis.

    Examples
    --------
    >>> layer = MaxPooling1D(2)
    >>> layer.forward([[[1.0, 5.0, 7.0, 3.0]]])
    array([[[5., 7.]]])
    >>> layer.backward([[[10.0, 20.0]]])
    array([[[ 0., 10., 20.,  0.]]])

    References
    ----------
    Collobert, Weston, Bottou, Karlen, Kavukcuoglu, Kuksa, "Natural language processing (almost) from scratch", JMLR 12
    (2011), where the window is the whole sentence.
    """

    dims = 1


class MaxPooling3D(MaxPooling):
    """The largest number of each window of a volume: y_ncopq = max_ijk x_nc(o·s+i)(p·s+j)(q·s+k).

    Shapes: x (N, C, D, H, W), y (N, C, OD, OH, OW). Backward and parameters are those of `MaxPooling2D`, with three
    axes.

    Examples
    --------
    >>> layer = MaxPooling3D((2, 1, 1))
    >>> layer.forward([[[[[1.0]], [[5.0]]]]]).ravel()
    array([5.])
    >>> layer.backward([[[[[10.0]]]]]).ravel()
    array([ 0., 10.])

    References
    ----------
    Tran, Bourdev, Fergus, Torresani, Paluri, "Learning spatiotemporal features with 3D convolutional networks", ICCV
    2015.
    """

    dims = 3


class AveragePooling(Pooling):
    """What `AveragePooling1D`, `AveragePooling2D` and `AveragePooling3D` have in common."""

    def _forward(self, x: Array) -> tuple[Array, Any]:
        counts = self._sums(np.ones((1, 1, *x.shape[2:]), x.dtype))
        return self._sums(x) / counts, (counts, x.shape[2:])

    def _backward(self, dy: Array, cache: tuple[Array, Sizes]) -> Array:
        counts, image = cache
        dpadded, share = self.windows.zeros(dy, image), dy / counts
        for dentry in self.windows.entries(dpadded):
            np.add(dentry, share, out=dentry)
        return self.windows.crop(dpadded, image)

    def _sums(self, x: Array) -> Array:
        sums = self.windows.pad(x)
        for axis in range(self.dims):  # a sum of sums is the sum, and so takes fewer steps
            first, *others = self.windows.along(axis, sums)
            sums = first.copy()
            for entry in others:
                sums += entry
        return sums


class AveragePooling2D(AveragePooling):
    """The mean of each window: y_ncpq = (1/K) Σ_ij x_nc(p·s+i)(q·s+j), with K entries in the window.

    Shapes: x (N, C, H, W), y (N, C, OH, OW). Places in the padding count neither in the sum nor in K.

    Backward: ∂y/∂x is 1/K for each entry of the window, so each gets dy / K, and the sum of these where
    windows overlap.

    Parameters
    ----------
    pool_size : int or (int, int)
        For rows and columns.
    stride : int or (int, int), optional
        By default `pool_size`: windows side by side.
    padding : "valid", "same", int or (int, int)
        As in `Conv2D`; a number must be less than `pool_size`, or a window would hold nothing.

    Examples
    --------
    >>> layer = AveragePooling2D((1, 2), stride=1)
    >>> layer.forward([[[[1.0, 5.0, 7.0]]]])
    array([[[[3., 6.]]]])
    >>> layer.backward([[[[10.0, 20.0]]]])
    array([[[[ 5., 15., 10.]]]])

    References
    ----------
    LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition" (1998),
    section II.B.
    """


class AveragePooling1D(AveragePooling):
    """The mean of each window of a sequence: y_nct = (1/K) Σ_i x_nc(t·s+i), with K entries in the window.

    Shapes: x (N, C, T), y (N, C, OT). Backward and parameters are those of `AveragePooling2D`, with one axis.

    Examples
    --------
    >>> layer = AveragePooling1D(2, stride=1)
    >>> layer.forward([[[1.0, 5.0, 7.0]]])
    array([[[3., 6.]]])
    >>> layer.backward([[[10.0, 20.0]]])
    array([[[ 5., 15., 10.]]])

    References
    ----------
    As for `AveragePooling2D`.
    """

    dims = 1


class AveragePooling3D(AveragePooling):
    """The mean of each window of a volume: y_ncopq = (1/K) Σ_ijk x_nc(o·s+i)(p·s+j)(q·s+k), with K entries in it.

    Shapes: x (N, C, D, H, W), y (N, C, OD, OH, OW). Backward and parameters are those of `AveragePooling2D`, with three
    axes.

    Examples
    --------
    >>> layer = AveragePooling3D((2, 1, 1))
    >>> layer.forward([[[[[1.0]], [[5.0]]]]]).ravel()
    array([3.])
    >>> layer.backward([[[[[10.0]]]]]).ravel()
    array([5., 5.])

    References
    ----------
    Carreira and Zisserman, "Quo vadis, action recognition? A new model and the Kinetics dataset", CVPR 2017.
    """

    dims = 3
