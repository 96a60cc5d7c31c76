"""Layers that move numbers and change none: their Jacobian is a permutation, and backward moves them back.

Both ways make a copy, so that no result is another view of what was passed in.
"""

from math import prod
from typing import Any

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array, integer


class Reshape(Layer):
    """The same numbers in another shape: y = x.reshape(N, *shape).

    Shapes: x (N, ...), y (N, *shape); the batch axis N stays.

    Backward: y_i = x_i in reading order, so dx is dy in the shape of x.

    Parameters
    ----------
    shape : int or sequence of int
        Without the batch axis; one entry may be −1, to be worked out.

    Raises
    ------
    ValueError
        In ``forward``, if the entries of x do not fill the shape.

    Examples
    --------
    >>> layer = Reshape((2, 2))
    >>> layer.forward([[1.0, 2.0, 3.0, 4.0]])
    array([[[1., 2.],
            [3., 4.]]])
    >>> layer.backward([[[5.0, 6.0], [7.0, 8.0]]])
    array([[5., 6., 7., 8.]])

    References
    ----------
    Saito, *Deep Learning from Scratch 3* (2020), step 38.
    """

    def __init__(self, shape: int | tuple[int, ...]) -> None:
        super().__init__()
        sides = shape if isinstance(shape, tuple | list) else (shape,)
        self.shape = tuple(integer("Reshape", "shape", side) for side in sides)
        if any(side < -1 or side == 0 for side in self.shape) or self.shape.count(-1) > 1:
            raise ValueError(f"Reshape: shape = {self.shape}, expected lengths of 1 or more, and at most one −1")

    def _forward(self, x: Array) -> tuple[Array, Any]:
        return x.reshape(len(x), *self._filled(x)).copy(), x.shape

    def _backward(self, dy: Array, shape: tuple[int, ...]) -> Array:
        return dy.reshape(shape).copy()

    def _filled(self, x: Array) -> tuple[int, ...]:
        """The shape of a row of y, its −1 worked out (also in an empty batch, where NumPy cannot)."""
        known = prod(side for side in self.shape if side != -1)
        return tuple(prod(x.shape[1:]) // known if side == -1 else side for side in self.shape)

    def _check_shape(self, x: Array) -> None:
        _require_batch(self, x)
        entries = prod(x.shape[1:])
        if prod(self._filled(x)) != entries:
            raise ValueError(f"{self!r}: a row of x has {entries} entries, which do not fill the shape {self.shape}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.shape})"


class Flatten(Layer):
    """All axes but the first laid out in one: from images (N, C, H, W) to rows for a dense layer.

    Shapes: x (N, ...), y (N, D), D the product of the other axes.

    Backward: y_i = x_i in reading order, so dx is dy in the shape of x.

    Examples
    --------
    >>> layer = Flatten()
    >>> layer.forward([[[1.0, 2.0], [3.0, 4.0]]])
    array([[1., 2., 3., 4.]])
    >>> layer.backward([[5.0, 6.0, 7.0, 8.0]])
    array([[[5., 6.],
            [7., 8.]]])

    References
    ----------
    Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 9.1.
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        return x.reshape(len(x), prod(x.shape[1:])).copy(), x.shape

    def _backward(self, dy: Array, shape: tuple[int, ...]) -> Array:
        return dy.reshape(shape).copy()

    def _check_shape(self, x: Array) -> None:
        _require_batch(self, x)


def _require_batch(owner: Layer, x: Array) -> None:
    if x.ndim == 0:
        raise ValueError(f"{owner!r}: x is a single number, expected a batch (N, ...)")
