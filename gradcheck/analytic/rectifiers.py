"""Relatives of ReLU: large for x > 0, small for x < 0, with less of a kink or a slope on both sides.

Every y_i depends on x_i alone, so the Jacobian is diagonal and backward is dx = dy · f'(x). Where a function has two
branches, they are added rather than chosen between, each 0 where the other holds: NumPy is faster so.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.activations import sigmoid
from gradcheck.analytic.blocks import in_blocks
from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array, real_number


class LeakyReLU(Layer):
    """The leaky rectifier: y = x for x > 0, and y = a x otherwise.

    Shapes: x and y the same, any number of axes.

    Backward: the slope is 1 or a; at the kink x = 0, where any number between is a subgradient, a is taken.

    Parameters
    ----------
    negative_slope : float
        The slope a for x < 0.

    Examples
    --------
    >>> layer = LeakyReLU(0.1)
    >>> layer.forward([-20.0, 3.0])
    array([-2.,  3.])
    >>> layer.backward([10.0, 10.0])
    array([ 1., 10.])

    References
    ----------
    Maas, Hannun, Ng, "Rectifier nonlinearities improve neural network acoustic models", ICML 2013.
    """

    def __init__(self, negative_slope: float = 0.01) -> None:
        super().__init__()
        self.negative_slope = real_number("LeakyReLU", "negative_slope", negative_slope)

    def _forward(self, x: Array) -> tuple[Array, Any]:
        return leaky_relu(x, slope=self.negative_slope), x > 0

    def _backward(self, dy: Array, positive: NDArray[np.bool_]) -> Array:
        return leaky_relu_backward(dy, positive, slope=self.negative_slope)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.negative_slope})"


class ELU(Layer):
    """The exponential linear unit: y = x for x > 0, and y = α (eˣ − 1) otherwise.

    Shapes: x and y the same, any number of axes.

    Backward: the slope is 1 for x > 0 and α eˣ otherwise. With α = 1 the two meet at 0, with another there
    is a kink, and α is taken.

    Parameters
    ----------
    alpha : float
        How far down the floor at −α lies, 0 or more.

    Examples
    --------
    >>> layer = ELU()
    >>> layer.forward([-1e4, 0.0, 3.0])
    array([-1.,  0.,  3.])
    >>> layer.backward([5.0, 5.0, 5.0])
    array([0., 5., 5.])

    References
    ----------
    Clevert, Unterthiner, Hochreiter, "Fast and accurate deep network learning by exponential linear units",
    ICLR 2016.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        super().__init__()
        self.alpha = real_number(type(self).__name__, "alpha", alpha, least=0)

    def _forward(self, x: Array) -> tuple[Array, Any]:
        return elu(x, alpha=self.alpha), x

    def _backward(self, dy: Array, x: Array) -> Array:
        return elu_backward(dy, x, alpha=self.alpha)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.alpha})"


class SELU(Layer):
    """The scaled exponential linear unit: y = λ x for x > 0, and y = λ α (eˣ − 1) otherwise.

    Shapes: x and y the same, any number of axes.

    With λ = 1.0507… and α = 1.6732… a layer of standard normal numbers stays one, in mean and variance.

    Backward: λ times that of ELU: λ for x > 0, λ α eˣ otherwise; at the kink x = 0 it is λ α.

    Examples
    --------
    >>> layer = SELU()
    >>> layer.forward([-1e4, 1.0]).round(4)
    array([-1.7581,  1.0507])
    >>> layer.backward([1.0, 1.0]).round(4)
    array([0.    , 1.0507])

    References
    ----------
    Klambauer, Unterthiner, Mayr, Hochreiter, "Self-normalizing neural networks", NeurIPS 2017.
    """

    scale = 1.0507009873554804934193349852946
    alpha = 1.6732632423543772848170429916717

    def _forward(self, x: Array) -> tuple[Array, Any]:
        return elu(x, alpha=self.alpha, scale=self.scale), x

    def _backward(self, dy: Array, x: Array) -> Array:
        return elu_backward(dy, x, alpha=self.alpha, scale=self.scale)


class Softplus(Layer):
    """The smooth rectifier y = log(1 + eˣ).

    Shapes: x and y the same, any number of axes.

    Computed as max(x, 0) + log(1 + e^{−|x|}), which neither overflows nor loses small values.

    Backward: dy/dx = eˣ / (1 + eˣ) = σ(x).

    Examples
    --------
    >>> layer = Softplus()
    >>> layer.forward([-1e4, 1e4])
    array([    0., 10000.])
    >>> layer.backward([2.0, 2.0])
    array([0., 2.])

    References
    ----------
    Dugas, Bengio, Bélisle, Nadeau, Garcia, "Incorporating second-order functional knowledge for better
    option pricing", NeurIPS 2000.
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        return softplus(x), x

    def _backward(self, dy: Array, x: Array) -> Array:
        dx = sigmoid(x)
        dx *= dy
        return dx


class SiLU(Layer):
    """The sigmoid linear unit, also called swish: y = x σ(x).

    Shapes: x and y the same, any number of axes.

    Backward, by the product rule and σ' = σ (1 − σ): dy/dx = σ + x σ (1 − σ) = σ + y (1 − σ).

    Examples
    --------
    >>> layer = SiLU()
    >>> layer.forward([-1e4, 0.0, 1e4])
    array([   -0.,     0., 10000.])
    >>> layer.backward([2.0, 2.0, 2.0])
    array([0., 1., 2.])

    References
    ----------
    Elfwing, Uchibe, Doya, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", Neural Networks 107 (2018).
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        s = sigmoid(x)
        y = x * s
        return y, (y, s)

    def _backward(self, dy: Array, cache: tuple[Array, Array]) -> Array:
        return silu_backward(dy, *cache)


@in_blocks
def leaky_relu(x: Array, out: Array, slope: float) -> None:
    """The function x where x > 0, a x elsewhere: the larger of the two lines for a ≤ 1, else the smaller one."""
    larger_or_smaller = np.maximum if slope <= 1 else np.minimum
    np.multiply(x, slope, out=out)
    larger_or_smaller(x, out, out=out)


@in_blocks
def leaky_relu_backward(dy: Array, positive: NDArray[np.bool_], out: Array, slope: float) -> None:
    """The product of dy and 1 where x > 0, slope elsewhere."""
    passed = dy * positive
    np.subtract(dy, passed, out=out)  # what x ≤ 0 holds back
    out *= slope
    out += passed


@in_blocks
def elu(x: Array, out: Array, alpha: float, scale: float = 1.0) -> None:
    """The function x where x > 0, α (eˣ − 1) elsewhere, times a scale; no exponential of a positive number is taken."""
    below = np.minimum(x, 0)
    np.maximum(x, 0, out=out)
    np.expm1(below, out=below)
    if alpha != 1:
        below *= alpha
    out += below
    if scale != 1:
        out *= scale


@in_blocks
def elu_backward(dy: Array, x: Array, out: Array, alpha: float, scale: float = 1.0) -> None:
    """The product of dy and its derivative: 1 where x > 0, α eˣ elsewhere, times the scale."""
    slope = np.minimum(x, 0)
    np.exp(slope, out=slope)  # 1 where x > 0
    if alpha == 1:
        np.multiply(dy, slope, out=out)
    else:
        passed = dy * (x > 0)
        np.subtract(dy, passed, out=out)
        out *= alpha * slope
        out += passed
    if scale != 1:
        out *= scale


@in_blocks
def softplus(x: Array, out: Array) -> None:
    """The function log(1 + eˣ) without overflow."""
    np.abs(x, out=out)
    np.negative(out, out=out)
    np.exp(out, out=out)
    np.log1p(out, out=out)
    out += np.maximum(x, 0)


@in_blocks
def silu_backward(dy: Array, y: Array, s: Array, out: Array) -> None:
    """The product dy · (s + y (1 − s)), with s = σ(x) and y = x s."""
    np.subtract(1, s, out=out)
    out *= y
    out += s
    out *= dy
