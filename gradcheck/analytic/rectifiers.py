"""Relatives of ReLU: large for x > 0, small for x < 0, with less of a kink or a slope on both sides.

Every y_i depends on x_i alone, so the Jacobian is diagonal and backward is dx = dy · f'(x). The two branches of a
function are added rather than chosen between, each 0 where the other holds: NumPy is several times faster so.
"""

from math import pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.activations import sigmoid
from gradcheck.analytic.layer import Layer
from gradcheck.analytic.special import normal_cdf, normal_pdf
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
        return np.maximum(x, 0) + self.negative_slope * np.minimum(x, 0), x > 0

    def _backward(self, dy: Array, positive: NDArray[np.bool_]) -> Array:
        return dy * positive + self.negative_slope * dy * ~positive

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
        return elu(x, self.alpha), x

    def _backward(self, dy: Array, x: Array) -> Array:
        return dy * elu_slope(x, self.alpha)

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
        return self.scale * elu(x, self.alpha), x

    def _backward(self, dy: Array, x: Array) -> Array:
        return self.scale * dy * elu_slope(x, self.alpha)


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
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), x

    def _backward(self, dy: Array, x: Array) -> Array:
        return dy * sigmoid(x)


class SiLU(Layer):
    """The sigmoid linear unit, also called swish: y = x σ(x).

    Shapes: x and y the same, any number of axes.

    Backward, by the product rule and σ' = σ (1 − σ): dy/dx = σ + x σ (1 − σ) = σ (1 + x (1 − σ)).

    Examples
    --------
    >>> layer = SiLU()
    >>> layer.forward([-1e4, 0.0, 1e4])
    array([   -0.,     0., 10000.])
    >>> layer.backward([2.0, 2.0, 2.0])
    array([-0.,  1.,  2.])

    References
    ----------
    Elfwing, Uchibe, Doya, "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", Neural Networks 107 (2018).
    """

    def _forward(self, x: Array) -> tuple[Array, Any]:
        s = sigmoid(x)
        return x * s, (x, s)

    def _backward(self, dy: Array, cache: tuple[Array, Array]) -> Array:
        x, s = cache
        return dy * s * (1 + x * (1 - s))


class GELU(Layer):
    """The Gaussian error linear unit y = x Φ(x), with Φ the normal distribution function.

    Shapes: x and y the same, any number of axes.

    Backward, by the product rule and Φ' = φ, the density: dy/dx = Φ(x) + x φ(x).

    Parameters
    ----------
    approximate : bool
        Take ½ (1 + tanh u) with u = √(2/π) (x + 0.044715 x³) for Φ(x). Then, with tanh' = 1 − tanh²,
        dy/dx = ½ (1 + tanh u) + ½ x (1 − tanh² u) u', and u' = √(2/π) (1 + 3 · 0.044715 x²).

    Examples
    --------
    >>> layer = GELU()
    >>> layer.forward([-1e4, 0.0, 1e4])
    array([   -0.,     0., 10000.])
    >>> layer.backward([2.0, 2.0, 2.0])
    array([0., 1., 2.])

    References
    ----------
    Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", arXiv:1606.08415 (2016).
    """

    def __init__(self, approximate: bool = False) -> None:
        super().__init__()
        self.approximate = bool(approximate)

    def _forward(self, x: Array) -> tuple[Array, Any]:
        cdf = self._tanh_cdf(x) if self.approximate else normal_cdf(x)
        return x * cdf, (x, cdf)

    def _backward(self, dy: Array, cache: tuple[Array, Array]) -> Array:
        x, cdf = cache
        pdf = self._tanh_pdf(x, cdf) if self.approximate else normal_pdf(x)
        return dy * (cdf + x * pdf)

    @staticmethod
    def _tanh_cdf(x: Array) -> Array:
        y: Array = 0.5 + 0.5 * np.tanh(sqrt(2 / pi) * x * (1 + 0.044715 * x * x))
        return y

    @staticmethod
    def _tanh_pdf(x: Array, cdf: Array) -> Array:
        """The derivative ½ (1 − tanh² u) u', where ½ (1 − tanh² u) = 2 cdf (1 − cdf)."""
        return 2 * cdf * (1 - cdf) * (sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'approximate=True' if self.approximate else ''})"


def elu(x: Array, alpha: float) -> Array:
    """The function x where x > 0, α (eˣ − 1) elsewhere; the exponential is taken of no positive number."""
    y: Array = np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0))
    return y


def elu_slope(x: Array, alpha: float) -> Array:
    """Its derivative: 1 where x > 0, α eˣ elsewhere."""
    positive = x > 0
    slope: Array = positive + alpha * np.exp(np.minimum(x, 0)) * ~positive
    return slope
