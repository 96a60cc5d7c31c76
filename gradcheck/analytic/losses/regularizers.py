"""Regularisers: what weights cost by being large. They are layers from an array to one number."""

from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.validation import Array, real_number


class Regularizer(Layer):
    """A penalty y = f(x) on an array, usually a weight, of any shape; y is a single number, ().

    Parameters
    ----------
    rate : float
        What it counts, at least 0.
    """

    def __init__(self, rate: float = 0.01) -> None:
        super().__init__()
        self.rate = real_number(type(self).__name__, "rate", rate, 0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.rate})"


class L1(Regularizer):
    """The sum of sizes, y = rate · Σ |x|: it makes weights zero.

    Backward: dx = dy · rate · sign x. At the kink x = 0 any number between −rate and rate is a subgradient; 0 is
    taken.

    Examples
    --------
    >>> penalty = L1(0.5)
    >>> float(penalty.forward([1.0, -3.0, 0.0]))
    2.0
    >>> penalty.backward(1.0)
    array([ 0.5, -0.5,  0. ])

    References
    ----------
    Tibshirani, "Regression shrinkage and selection via the lasso", J. R. Statist. Soc. B 58 (1996).
    """

    def _forward(self, x: Array) -> tuple[Any, Any]:
        return (self.rate * np.abs(x).sum()).astype(x.dtype), x

    def _backward(self, dy: Array, x: Array) -> Array:
        dx: Array = np.sign(x) * (self.rate * dy)
        return dx


class L2(Regularizer):
    """The sum of squares, y = rate · Σ x²: it makes weights small.

    As in Keras; with ½ rate, as in many books, the gradient would be rate · x.

    Backward: dx = dy · 2 rate · x: a share of the weight itself, hence "weight decay".

    Examples
    --------
    >>> penalty = L2(0.5)
    >>> float(penalty.forward([1.0, -3.0]))
    5.0
    >>> penalty.backward(1.0)
    array([ 1., -3.])

    References
    ----------
    Krogh, Hertz, "A simple weight decay can improve generalization", NeurIPS 1991; Saito, *Deep Learning from
    Scratch* (2017), section 6.4.2.
    """

    def _forward(self, x: Array) -> tuple[Any, Any]:
        return (self.rate * np.sum(x * x)).astype(x.dtype), x

    def _backward(self, dy: Array, x: Array) -> Array:
        dx: Array = x * (2 * self.rate * dy)
        return dx
