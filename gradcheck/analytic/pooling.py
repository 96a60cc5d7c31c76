"""Pooling: each window of an image becomes one number, channel by channel."""

from math import inf
from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array
from gradcheck.analytic.windows import Pair, Windows, padding_of, pair


class _Pooling2D(Layer):
    """What the two have in common: windows, by default side by side."""

    def __init__(self, pool_size: int | Pair = 2, stride: int | Pair | None = None, padding: Any = "valid") -> None:
        super().__init__()
        owner = type(self).__name__
        size = pair(owner, "pool_size", pool_size)
        steps = size if stride is None else pair(owner, "stride", stride)
        self.windows = Windows(size, steps, padding_of(owner, padding))
        if not isinstance(self.windows.padding, str) and any(
            margin >= side for margin, side in zip(self.windows.padding, size, strict=True)
        ):
            raise ValueError(f"{owner}: padding = {padding!r}, expected less than pool_size = {pool_size!r}")

    def _check_shape(self, x: Array) -> None:
        self.windows.require(self, x.shape)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.windows})"


class MaxPooling2D(_Pooling2D):
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

    def _forward(self, x: Array) -> tuple[Array, Any]:
        windows = self.windows.gather(self.windows.pad(x, -inf))
        N, C, KH, KW, OH, OW = windows.shape
        entries = windows.reshape(N, C, KH * KW, OH, OW)
        winner = entries.argmax(axis=2, keepdims=True)
        return np.take_along_axis(entries, winner, axis=2)[:, :, 0], (winner, x.shape)

    def _backward(self, dy: Array, cache: tuple[Any, tuple[int, ...]]) -> Array:
        winner, (N, C, H, W) = cache
        KH, KW = self.windows.size
        entry = np.arange(KH * KW).reshape(-1, 1, 1)
        won = (winner == entry) * dy[:, :, None]  # (N, C, KH·KW, OH, OW)
        return self.windows.scatter(won.reshape(N, C, KH, KW, *dy.shape[2:]), (H, W))


class AveragePooling2D(_Pooling2D):
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

    def _forward(self, x: Array) -> tuple[Array, Any]:
        ones = np.ones((1, 1, *x.shape[2:]), x.dtype)
        counts = self._sums(ones)  # (1, 1, OH, OW): K, less where a window reaches into the padding
        return self._sums(x) / counts, (counts, x.shape)

    def _backward(self, dy: Array, cache: tuple[Array, tuple[int, ...]]) -> Array:
        counts, (_, _, H, W) = cache
        share = (dy / counts)[:, :, None, None]
        N, C, _, _, OH, OW = share.shape
        return self.windows.scatter(np.broadcast_to(share, (N, C, *self.windows.size, OH, OW)), (H, W))

    def _sums(self, x: Array) -> Array:
        sums: Array = self.windows.gather(self.windows.pad(x)).sum(axis=(2, 3))
        return sums
