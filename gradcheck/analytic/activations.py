"""The three classic activations: they bend what dense layers would leave straight.

Every y_i depends on x_i alone, so the Jacobian is diagonal and backward is dx = dy · f'(x).
"""

from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array


class Sigmoid(Layer):
    """The logistic function y = σ(x) = 1 / (1 + e⁻ˣ).

    Shapes: x and y the same, any number of axes.

    Backward: dy/dx = e⁻ˣ / (1 + e⁻ˣ)² = y (1 − y), so the output alone is remembered. The exponential is
    only ever taken of −|x|, so nothing overflows.

    Examples
    --------
    >>> sigmoid = Sigmoid()
    >>> sigmoid.forward([-1e4, 0.0, 1e4])
    array([0. , 0.5, 1. ])
    >>> sigmoid.backward([8.0, 8.0, 8.0])
    array([0., 2., 0.])

    References
    ----------
    Nielsen, *Neural Networks and Deep Learning* (2015), chapter 1; Saito, *Deep Learning from Scratch*
    (2017), section 5.5.
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        y = sigmoid(x)
        return y, y

    def _backward(self, dy: Array, y: Array) -> Array:
        return dy * y * (1 - y)


class ReLU(Layer):
    """The rectified linear unit y = max(x, 0).

    Shapes: x and y the same, any number of axes.

    Backward: the slope is 1 where x > 0 and 0 where x < 0. At the kink x = 0 any number in [0, 1] is a
    subgradient; 0 is taken, as nearly everybody does.

    Examples
    --------
    >>> relu = ReLU()
    >>> relu.forward([-2.0, 0.0, 3.0])
    array([0., 0., 3.])
    >>> relu.backward([5.0, 5.0, 5.0])
    array([0., 0., 5.])

    References
    ----------
    Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010; Goodfellow,
    Bengio, Courville, *Deep Learning* (2016), section 6.3.
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        return np.maximum(x, 0), x > 0

    def _backward(self, dy: Array, positive: Array) -> Array:
        return dy * positive


class Tanh(Layer):
    """The hyperbolic tangent y = tanh x.

    Shapes: x and y the same, any number of axes.

    Backward: tanh = sinh / cosh, so dy/dx = (cosh² − sinh²) / cosh² = 1 − y².

    Examples
    --------
    >>> tanh = Tanh()
    >>> tanh.forward([-1e4, 0.0])
    array([-1.,  0.])
    >>> tanh.backward([3.0, 3.0])
    array([0., 3.])

    References
    ----------
    LeCun, Bottou, Orr, Müller, "Efficient BackProp" (1998), section 4.4.
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        y = np.tanh(x)
        return y, y

    def _backward(self, dy: Array, y: Array) -> Array:
        return dy * (1 - y * y)


def sigmoid(x: Array) -> Array:
    """The logistic function of x: 1 / (1 + e⁻ˣ) where x ≥ 0, and eˣ / (1 + eˣ), which is the same, elsewhere.

    >>> sigmoid(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """
    z = np.exp(-np.abs(x))
    y: Array = np.maximum(z, x >= 0) / (1 + z)  # z is at most 1; a maximum is much faster than a choice
    return y
