"""Upsampling: images made larger by a whole factor, each new place a fixed mixture of old ones.

Along one axis the places r, s + r, 2s + r, ... of y, for one r < s, are all made alike: of x_i alone, or of two
neighbours with weights 1 − f and f. So each r is a slice of y and one or two slices of x. The map is linear, and
backward is its transpose: the same slices with the same weights, the other way. Rows and columns take turns.
"""

from collections.abc import Iterator
from math import floor
from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array
from gradcheck.analytic.windows import Sizes, require_images, sizes


class UpSampling2D(Layer):
    """Images made larger by a whole factor: each place repeated, or values interpolated between places.

    Shapes: x (N, C, H, W), y (N, C, s·H, t·W) for the factors (s, t).

    "nearest": y_ncpq = x_nc⌊p/s⌋⌊q/t⌋. "bilinear": the centre of row p of y lies at row (p + ½) / s − ½ of x, a share
    f of the way from row i to row i + 1, so y_p = (1 − f) x_i + f x_{i+1}, and likewise for columns; beyond the
    outermost centres the outermost row is repeated.

    Backward: each entry of x gets dy from the places it went to, with the same weights. For "nearest" that is the sum
    over a block of s × t places.

    Parameters
    ----------
    size : int or (int, int)
        The factors for rows and columns.
    interpolation : "nearest" or "bilinear"

    Examples
    --------
    >>> layer = UpSampling2D((1, 2))
    >>> layer.forward([[[[1.0, 5.0]]]])
    array([[[[1., 1., 5., 5.]]]])
    >>> layer.backward([[[[1.0, 2.0, 3.0, 4.0]]]])
    array([[[[3., 7.]]]])
    >>> UpSampling2D((1, 2), "bilinear").forward([[[[1.0, 5.0]]]])
    array([[[[1., 2., 4., 5.]]]])

    References
    ----------
    Long, Shelhamer, Darrell, "Fully convolutional networks for semantic segmentation", CVPR 2015, section 3.3; Gonzalez
    and Woods, *Digital Image Processing* (2018), section 2.4.
    """

    def __init__(self, size: int | Sizes = 2, interpolation: str = "nearest") -> None:
        super().__init__()
        self.size = sizes("UpSampling2D", "size", size, 2)
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError(f"UpSampling2D: interpolation = {interpolation!r}, expected 'nearest' or 'bilinear'")
        self.interpolation = interpolation

    def _forward(self, x: Array) -> tuple[Array, Any]:
        image = x.shape[2:]
        for axis in (2, 3):
            padded = _repeat_ends(x, axis)
            x = np.empty((*x.shape[:axis], x.shape[axis] * self.size[axis - 2], *x.shape[axis + 1 :]), x.dtype)
            for enlarged, ((weight, place), *rest) in self._parts(axis, x, padded):
                np.multiply(place, weight, out=enlarged)
                for more, neighbour in rest:
                    np.add(enlarged, more * neighbour, out=enlarged)
        return x, image

    def _backward(self, dy: Array, image: Sizes) -> Array:
        for axis in (3, 2):
            dpadded = np.zeros((*dy.shape[:axis], image[axis - 2] + 2, *dy.shape[axis + 1 :]), dy.dtype)
            for enlarged, places in self._parts(axis, dy, dpadded):
                for weight, place in places:
                    np.add(place, enlarged if weight == 1 else weight * enlarged, out=place)
            dy = _add_to_ends(dpadded, axis)
        return dy

    def _parts(self, axis: int, large: Array, padded: Array) -> Iterator[tuple[Array, list[tuple[float, Array]]]]:
        """For each r, the places r, s + r, ... of the larger array, and the places they are made of, with weights."""
        s, length = self.size[axis - 2], padded.shape[axis] - 2
        for r in range(s):
            centre = (r + 0.5) / s - 0.5 if self.interpolation == "bilinear" else 0.0
            i, f = floor(centre), centre - floor(centre)
            weights = [(w, j) for w, j in ((1 - f, i), (f, i + 1)) if w]
            places = [(w, padded[_along(axis, slice(1 + j, 1 + j + length))]) for w, j in weights]
            yield large[_along(axis, slice(r, None, s))], places

    def _check_shape(self, x: Array) -> None:
        require_images(self, x)

    def __repr__(self) -> str:
        s, t = self.size
        bilinear = ", 'bilinear'" if self.interpolation == "bilinear" else ""
        return f"{type(self).__name__}({s if s == t else self.size}{bilinear})"


def _along(axis: int, places: slice) -> tuple[slice, ...]:
    return (slice(None),) * axis + (places,)


def _repeat_ends(x: Array, axis: int) -> Array:
    """The outermost rows (or columns) once more beyond themselves."""
    first, last = x[_along(axis, slice(None, 1))], x[_along(axis, slice(-1, None))]
    return np.concatenate([first, x, last], axis=axis)


def _add_to_ends(dpadded: Array, axis: int) -> Array:
    """The transpose of `_repeat_ends`."""
    dx = dpadded[_along(axis, slice(1, -1))].copy()
    dx[_along(axis, slice(None, 1))] += dpadded[_along(axis, slice(None, 1))]
    dx[_along(axis, slice(-1, None))] += dpadded[_along(axis, slice(-1, None))]
    return dx
