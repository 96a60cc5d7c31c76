"""The classic activations: they bend what dense layers would leave straight.

Every y_i depends on x_i alone, so the Jacobian is diagonal and backward is dx = dy · f'(x).
"""

from typing import Any

import numpy as np

from gradcheck.analytic.blocks import in_blocks
from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array


class Step(Layer):
    """The step function of the first neurons: y = 1 where x > 0, and 0 elsewhere.

    Shapes: x and y the same, any number of axes.

    Backward: dx = 0. The function is constant on either side of 0, so a small change of x changes nothing, and at 0 it
    jumps and has no derivative. That is right, and useless: no gradient reaches what comes before, which is why
    networks that learn by gradients bend smoothly (`Sigmoid`) or at least have a slope (`ReLU`).

    Examples
    --------
    >>> step = Step()
    >>> step.forward([-2.0, 0.0, 3.0])
    array([0., 0., 1.])
    >>> step.backward([5.0, 5.0, 5.0])
    array([0., 0., 0.])

    References
    ----------
    Rosenblatt, "The perceptron", Psychological Review 65 (1958); Nielsen, *Neural Networks and Deep Learning* (2015),
    chapter 1, on why the sigmoid took its place; Saito, *Deep Learning from Scratch* (2017), section 3.2.
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        return (x > 0).astype(x.dtype), None

    def _backward(self, dy: Array, cache: None) -> Array:
        return np.zeros_like(dy)


class Sigmoid(Layer):
    """The logistic function y = σ(x) = 1 / (1 + e⁻ˣ).

    Shapes: x and y the same, any number of axes.

    Backward: dy/dx = e⁻ˣ / (1 + e⁻ˣ)² = y (1 − y), so the output alone is remembered.

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
        return sigmoid_backward(dy, y)


class HardSigmoid(Layer):
    """Three straight lines for a sigmoid: y = x / 6 + 1/2, but 0 for x ≤ −3 and 1 for x ≥ 3.

    Shapes: x and y the same, any number of axes.

    Backward: the slope is 1/6 for −3 < x < 3 and 0 outside. At the kinks ±3 any number in [0, 1/6] is a subgradient;
    0 is taken.

    Examples
    --------
    >>> layer = HardSigmoid()
    >>> layer.forward([-1e4, 0.0, 1.5, 3.0])
    array([0.  , 0.5 , 0.75, 1.  ])
    >>> layer.backward([12.0, 12.0, 12.0, 12.0])
    array([0., 2., 2., 0.])

    References
    ----------
    Howard et al., "Searching for MobileNetV3", ICCV 2019, section 5.2; an earlier one, with slope 1/5, is in
    Courbariaux, Bengio, David, "BinaryConnect", NeurIPS 2015.
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        return hard_sigmoid(x), x

    def _backward(self, dy: Array, x: Array) -> Array:
        return hard_sigmoid_backward(dy, x)


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
        return tanh_backward(dy, y)


@in_blocks
def sigmoid(x: Array, out: Array) -> None:
    """The logistic function of x: 1 / (1 + e⁻ˣ).

    For large negative x, e⁻ˣ is too large for a floating-point number and becomes ∞, of which 1 / ∞ = 0 is right.

    >>> sigmoid(np.array([-1e4, 0.0, 1e4]))
    array([0. , 0.5, 1. ])
    """
    np.negative(x, out=out)
    with np.errstate(over="ignore"):
        np.exp(out, out=out)
    out += 1
    np.divide(1, out, out=out)


@in_blocks
def sigmoid_backward(dy: Array, y: Array, out: Array) -> None:
    """The product dy · y (1 − y)."""
    np.subtract(1, y, out=out)
    out *= y
    out *= dy


@in_blocks
def tanh_backward(dy: Array, y: Array, out: Array) -> None:
    """The product dy · (1 − y²)."""
    np.multiply(y, y, out=out)
    np.subtract(1, out, out=out)
    out *= dy


@in_blocks
def hard_sigmoid(x: Array, out: Array) -> None:
    """The line x / 6 + 1/2, cut off at 0 and 1."""
    np.clip(x, -3, 3, out=out)
    out += 3
    out *= 1 / 6


@in_blocks
def hard_sigmoid_backward(dy: Array, x: Array, out: Array) -> None:
    """Dy / 6 where |x| < 3, else 0."""
    np.abs(x, out=out)
    np.multiply(dy, out < 3, out=out)
    out *= 1 / 6
