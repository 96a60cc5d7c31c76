"""Dropout: a network that may not rely on any one unit, or any one channel."""

from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array, real_number


class Dropout(Layer):
    """In training each entry is 0 with probability p, and else divided by 1 − p: y = x m / (1 − p).

    Shapes: x and y the same, any number of axes. The mask m of zeros and ones is drawn anew by each
    ``forward``.

    The division keeps the mean where it is, so that in inference (``training = False``) y = x. ("Inverted"
    dropout.)

    Backward: given m, the map is linear and diagonal: dx = dy m / (1 − p), with the m of the last
    ``forward``.

    Parameters
    ----------
    rate : float
        The probability p, in [0, 1).
    rng : None, int or numpy.random.Generator
        Where masks are drawn from.

    Examples
    --------
    >>> layer = Dropout(0.5, rng=0)
    >>> layer.forward([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    array([2., 4., 6., 0., 0., 0.])
    >>> layer.backward([1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    array([2., 2., 2., 0., 0., 0.])
    >>> layer.training = False
    >>> layer.forward([1.0, 2.0])
    array([1., 2.])

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent neural
    networks from overfitting", JMLR 15 (2014); Saito, *Deep Learning from Scratch* (2017), section 6.4.3.
    """

    def __init__(self, rate: float, rng: int | np.random.Generator | None = None) -> None:
        super().__init__()
        self.rate = real_number(type(self).__name__, "rate", rate)
        if not 0 <= self.rate < 1:
            raise ValueError(f"{type(self).__name__}: rate = {rate}, expected a probability from 0 to less than 1")
        self.rng = np.random.default_rng(rng)

    def _forward(self, x: Array) -> tuple[Array, Any]:
        if not self.training:
            return x.copy(), None
        scaled_mask = (self.rng.random(self._mask_shape(x), np.float32) >= self.rate).astype(x.dtype)
        scaled_mask /= 1 - self.rate
        return x * scaled_mask, scaled_mask

    def _backward(self, dy: Array, scaled_mask: Array | None) -> Array:
        return dy.copy() if scaled_mask is None else dy * scaled_mask

    def _mask_shape(self, x: Array) -> tuple[int, ...]:
        return x.shape

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.rate})"


class SpatialDropout(Dropout):
    """Dropout of whole channels: in training y_nc… = x_nc… m_nc / (1 − p), with one m for all places of a channel.

    Shapes: x and y the same, (N, C, ...): sequences, images or volumes; the mask m is (N, C). Neighbouring places of
    a map are so alike that dropping some of them leaves their content; this drops it.

    Backward: as in `Dropout`, dx = dy m / (1 − p).

    Parameters
    ----------
    rate : float
        The probability p, in [0, 1).
    rng : None, int or numpy.random.Generator
        Where masks are drawn from.

    Examples
    --------
    >>> layer = SpatialDropout(0.5, rng=0)
    >>> layer.forward([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]])
    array([[[ 2.,  4.],
            [ 6.,  8.],
            [10., 12.],
            [ 0.,  0.]]])
    >>> layer.backward([[[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]])
    array([[[2., 2.],
            [2., 2.],
            [2., 2.],
            [0., 0.]]])

    References
    ----------
    Tompson, Goroshin, Jain, LeCun, Bregler, "Efficient object localization using convolutional networks", CVPR 2015.
    """

    def _mask_shape(self, x: Array) -> tuple[int, ...]:
        return (*x.shape[:2], *[1] * (x.ndim - 2))

    def _check_shape(self, x: Array) -> None:
        if x.ndim < 2:
            raise ValueError(f"{self!r}: x has shape {x.shape}, expected (N, C, ...)")
