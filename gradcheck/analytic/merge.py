"""Layers that join several arrays to one: ``forward(x, x1, ...) -> y`` and ``backward(dy) -> (dx, dx1, ...)``."""

from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array, as_float_array, integer, require_shape


class Merge(Layer):
    """What the two have in common: any number of inputs, all of the dtype of the first."""

    def forward(self, *xs: Any) -> Array:
        """The value y of all inputs together."""
        self._memory = None
        if not xs:
            raise ValueError(f"{self!r}: forward was given no array, expected at least one")
        first = as_float_array(self, "x", xs[0])
        others = [as_float_array(self, f"x{i}", x, first.dtype) for i, x in enumerate(xs[1:], start=1)]
        arrays = (first, *others)
        self._check_shapes(arrays)
        return self._remember(*self._merged(arrays))

    def backward(self, dy: Any) -> tuple[Array, ...]:  # type: ignore[override]  # one gradient for each input
        """The gradients (dx, dx1, ...), one for each input of the last ``forward``."""
        return self._backward(*self._recall(dy))

    def _merged(self, xs: tuple[Array, ...]) -> tuple[Array, Any]:
        raise NotImplementedError(f"{type(self).__name__} does not define _merged(xs) -> (y, cache)")

    def _backward(self, dy: Array, cache: Any) -> tuple[Array, ...]:  # type: ignore[override]  # as above
        raise NotImplementedError(f"{type(self).__name__} does not define _backward(dy, cache) -> (dx, dx1, ...)")

    def _check_shapes(self, xs: tuple[Array, ...]) -> None:
        """Raise unless these shapes suit each other."""


class Add(Merge):
    """The sum y = x + x1 + ...: the joint of a residual network, y = x + f(x).

    Shapes: all inputs and y the same, any number of axes. They are not broadcast.

    Backward: ∂y/∂x = ∂y/∂x1 = 1, so each input gets dy. In y = x + f(x) the path around f lets the whole gradient
    through, whatever f does with its share.

    Examples
    --------
    >>> add = Add()
    >>> add.forward([1.0, 2.0], [10.0, 20.0])
    array([11., 22.])
    >>> add.backward([3.0, 4.0])
    (array([3., 4.]), array([3., 4.]))

    References
    ----------
    He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016.
    """

    def _merged(self, xs: tuple[Array, ...]) -> tuple[Array, Any]:
        y = xs[0].copy()
        for x in xs[1:]:
            y += x
        return y, len(xs)

    def _backward(self, dy: Array, count: int) -> tuple[Array, ...]:  # type: ignore[override]  # one for each input
        return tuple(dy.copy() for _ in range(count))  # each its own, to be changed without the others

    def _check_shapes(self, xs: tuple[Array, ...]) -> None:
        for i, x in enumerate(xs[1:], start=1):
            require_shape(self, f"x{i}", x, xs[0].shape, "the shape of x")


class Concatenate(Merge):
    """The inputs side by side along one axis: y = [x, x1, ...].

    Shapes: alike but for that axis, where the lengths of the inputs add up to that of y.

    Backward: y holds the entries of x, x1, ... unchanged, so dy is cut where y was joined.

    Parameters
    ----------
    axis : int
        The axis to join, by default the last; 1 joins the channels of images (N, C, H, W).

    Examples
    --------
    >>> layer = Concatenate()
    >>> layer.forward([[1.0, 2.0]], [[3.0]])
    array([[1., 2., 3.]])
    >>> layer.backward([[10.0, 20.0, 30.0]])
    (array([[10., 20.]]), array([[30.]]))

    References
    ----------
    Szegedy et al., "Going deeper with convolutions", CVPR 2015; Huang, Liu, van der Maaten, Weinberger, "Densely
    connected convolutional networks", CVPR 2017.
    """

    def __init__(self, axis: int = -1) -> None:
        super().__init__()
        self.axis = integer("Concatenate", "axis", axis)

    def _merged(self, xs: tuple[Array, ...]) -> tuple[Array, Any]:
        joints = np.cumsum([x.shape[self.axis] for x in xs])[:-1]
        return np.concatenate(xs, axis=self.axis), joints

    def _backward(self, dy: Array, joints: Any) -> tuple[Array, ...]:  # type: ignore[override]  # one for each input
        return tuple(part.copy() for part in np.split(dy, joints, axis=self.axis))

    def _check_shapes(self, xs: tuple[Array, ...]) -> None:
        dims = xs[0].ndim
        if not -dims <= self.axis < dims:
            raise ValueError(f"{self!r}: x has shape {xs[0].shape} and so no axis {self.axis}")
        for i, x in enumerate(xs[1:], start=1):
            expected = list(xs[0].shape)
            if x.ndim == dims:
                expected[self.axis] = x.shape[self.axis]
            require_shape(self, f"x{i}", x, tuple(expected), f"that of x but for axis {self.axis}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.axis})"
