"""Global pooling: each channel of an image becomes one number, however large the image is."""

from math import prod
from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array
from gradcheck.analytic.windows import Sizes, require_images


class GlobalPooling2D(Layer):
    """What the two have in common: the places of an image laid out in one axis."""

    def _check_shape(self, x: Array) -> None:
        require_images(self, x)


class GlobalMaxPooling2D(GlobalPooling2D):
    """The largest number of each channel: y_nc = max_pq x_ncpq.

    Shapes: x (N, C, H, W), y (N, C).

    Backward: as in `MaxPooling2D` with the whole image as the window, dy goes to the place that y came from, and to the
    first of several that are equally large.

    Examples
    --------
    >>> layer = GlobalMaxPooling2D()
    >>> layer.forward([[[[1.0, 5.0], [7.0, 3.0]]]])
    array([[7.]])
    >>> layer.backward([[10.0]])
    array([[[[ 0.,  0.],
             [10.,  0.]]]])

    References
    ----------
    Oquab, Bottou, Laptev, Sivic, "Is object localization for free? Weakly-supervised learning with convolutional neural
    networks", CVPR 2015.
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        places = x.reshape(*x.shape[:2], prod(x.shape[2:]))
        winner = places.argmax(axis=2, keepdims=True)
        return np.take_along_axis(places, winner, axis=2)[:, :, 0], (winner, x.shape)

    def _backward(self, dy: Array, cache: tuple[Any, Sizes]) -> Array:
        winner, shape = cache
        dx = np.zeros((*dy.shape, prod(shape[2:])), dy.dtype)
        np.put_along_axis(dx, winner, dy[:, :, None], axis=2)
        return dx.reshape(shape)


class GlobalAveragePooling2D(GlobalPooling2D):
    """The mean of each channel: y_nc = (1 / HW) Σ_pq x_ncpq.

    Shapes: x (N, C, H, W), y (N, C).

    Backward: ∂y/∂x is 1 / HW at each place, so each gets dy / HW.

    Examples
    --------
    >>> layer = GlobalAveragePooling2D()
    >>> layer.forward([[[[1.0, 5.0], [7.0, 3.0]]]])
    array([[4.]])
    >>> layer.backward([[8.0]])
    array([[[[2., 2.],
             [2., 2.]]]])

    References
    ----------
    Lin, Chen, Yan, "Network in network", ICLR 2014, section 3.2.
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        return x.reshape(*x.shape[:2], prod(x.shape[2:])).mean(axis=2), x.shape

    def _backward(self, dy: Array, shape: Sizes) -> Array:
        share = dy / dy.dtype.type(prod(shape[2:]))
        return np.broadcast_to(share[:, :, None, None], shape).copy()
