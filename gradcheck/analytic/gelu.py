"""The Gaussian error linear unit: x, as far as a normal number is likely to lie below it."""

from collections.abc import Callable
from math import pi, sqrt
from typing import Any

import numpy as np

from gradcheck.analytic.blocks import pair_in_blocks
from gradcheck.analytic.layer import Layer
from gradcheck.analytic.special import normal_cdf_and_pdf
from gradcheck.analytic.validation import Array


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
        if not isinstance(approximate, bool | np.bool_):
            raise TypeError(f"GELU: approximate = {approximate!r}, expected True (with tanh) or False")
        self.approximate = bool(approximate)

    def _forward(self, x: Array) -> tuple[Array, Any]:
        return gelu_and_slope(x, distribution=tanh_cdf_and_pdf if self.approximate else normal_cdf_and_pdf)

    def _backward(self, dy: Array, slope: Array) -> Array:
        return dy * slope

    def __repr__(self) -> str:
        return f"{type(self).__name__}({'approximate=True' if self.approximate else ''})"


@pair_in_blocks(scratch=10)
def gelu_and_slope(x: Array, y: Array, slope: Array, scratch: Array, distribution: Callable[..., None]) -> None:
    """X Φ and its derivative Φ + x φ; most of the work is the same for both."""
    cdf, pdf = y, slope
    distribution(x, cdf, pdf, scratch)
    slope *= x
    slope += cdf
    y *= x


def tanh_cdf_and_pdf(x: Array, cdf: Array, pdf: Array, scratch: Array) -> None:
    """Fills in Φ ≈ ½ (1 + tanh u) and Φ' ≈ ½ (1 − tanh² u) u' = 2 Φ (1 − Φ) u', u = √(2/π) (x + 0.044715 x³)."""
    x2 = np.multiply(x, x, out=scratch[0])
    np.multiply(x2, sqrt(2 / pi) * 0.044715, out=cdf)
    cdf += sqrt(2 / pi)
    cdf *= x  # u
    np.tanh(cdf, out=cdf)
    cdf += 1
    cdf *= 0.5
    np.subtract(1, cdf, out=pdf)
    pdf *= cdf
    x2 *= 6 * sqrt(2 / pi) * 0.044715
    x2 += 2 * sqrt(2 / pi)  # 2 u'
    pdf *= x2
