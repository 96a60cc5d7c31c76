"""Losses of an error e = x − t, entry by entry: they differ in what a large one costs."""

from math import log
from typing import Any

import numpy as np

from gradcheck.analytic.losses.loss import Loss, Reduction
from gradcheck.analytic.validation import Array, real_number


class MeanSquaredError(Loss):
    """The mean of the squared differences, L = (1/M) Σ (x_i − t_i)², over all M entries.

    Shapes: x and t the same, usually (N, C). They are not broadcast: (N, 1) against (N,) would be a table
    of N² errors. With ``reduction="none"`` the values have that shape too.

    Backward: ∂L/∂x_i = 2 (x_i − t_i) / M.

    Examples
    --------
    >>> loss = MeanSquaredError()
    >>> float(loss.forward([[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [3.0, 8.0]]))
    5.0
    >>> loss.backward()
    array([[ 0.,  1.],
           [ 0., -2.]])

    References
    ----------
    Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 5.1.4.
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        error = x - t
        return error * error, error

    def _backward(self, dvalues: Any, error: Array) -> Array:
        dx: Array = error * (2 * dvalues)
        return dx


class MeanAbsoluteError(Loss):
    """The mean of the absolute differences, L = (1/M) Σ |x_i − t_i|, over all M entries.

    Shapes: x, t and the values the same.

    Backward: ∂L/∂x_i = sign(x_i − t_i) / M. At the kink x_i = t_i any number in [−1, 1] / M is a subgradient; 0
    is taken: what is right is left alone.

    Examples
    --------
    >>> loss = MeanAbsoluteError()
    >>> float(loss.forward([1.0, 2.0], [3.0, 2.0]))
    1.0
    >>> loss.backward()
    array([-0.5,  0. ])

    References
    ----------
    Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.2.1.2: it predicts the median.
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        error = x - t
        return np.abs(error), error

    def _backward(self, dvalues: Any, error: Array) -> Array:
        dx: Array = np.sign(error) * dvalues
        return dx


class Huber(Loss):
    """A squared error that goes on as a straight line: ½ e² up to |e| = δ, and δ (|e| − δ/2) from there.

    Shapes: x, t and the values the same.

    Backward: e up to δ and ±δ from there, that is e clipped to [−δ, δ]; the two pieces meet in value and slope.

    Parameters
    ----------
    delta : float
        From where on an error counts as an outlier, greater than 0.
    reduction : ``"mean"``, ``"sum"`` or ``"none"``

    Examples
    --------
    >>> loss = Huber(reduction="none")
    >>> loss.forward([0.5, 3.0, -3.0], [0.0, 0.0, 0.0])
    array([0.125, 2.5  , 2.5  ])
    >>> loss.backward()
    array([ 0.5,  1. , -1. ])

    References
    ----------
    Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35 (1964).
    """

    def __init__(self, delta: float = 1.0, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.delta = real_number("Huber", "delta", delta)
        if self.delta <= 0:
            raise ValueError(f"Huber: delta = {delta}, expected a number greater than 0")

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        error = x - t
        inner = np.clip(error, -self.delta, self.delta)
        return inner * (error - inner / 2), inner

    def _backward(self, dvalues: Any, inner: Array) -> Array:
        dx: Array = inner * dvalues
        return dx

    def _options(self) -> str:
        return ", ".join(filter(None, [str(self.delta), super()._options()]))


class LogCosh(Loss):
    """The logarithm of the hyperbolic cosine, log cosh e: about ½ e² where e is small, |e| − log 2 where it is not.

    Shapes: x, t and the values the same.

    Backward: the derivative of log cosh e is sinh e / cosh e = tanh e. Neither cosh nor anything else overflows:
    log cosh e = |e| + log(1 + e^{−2|e|}) − log 2; and where that would cancel, log(1 + 2 sinh²(e/2)).

    Examples
    --------
    >>> loss = LogCosh(reduction="none")
    >>> loss.forward([1e-10, 1.0, 1e4], [0.0, 0.0, 0.0])
    array([5.00000000e-21, 4.33780830e-01, 9.99930685e+03])
    >>> loss.backward()
    array([1.00000000e-10, 7.61594156e-01, 1.00000000e+00])

    References
    ----------
    Green, "Bayesian reconstructions from emission tomography data using a modified EM algorithm", IEEE Trans.
    Medical Imaging 9 (1990).
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        error = x - t
        size = np.abs(error)
        half = np.sinh(np.minimum(size, 1) / 2)
        value = np.where(size < 1, np.log1p(2 * half * half), size + np.log1p(np.exp(-2 * size)) - log(2))
        return value, error

    def _backward(self, dvalues: Any, error: Array) -> Array:
        dx: Array = np.tanh(error) * dvalues
        return dx
