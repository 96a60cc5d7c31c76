"""Losses: how wrong are the predictions x, given the targets t, as one number; and its gradient.

A new loss is, like a layer, two methods: ``_forward(x, t) -> (value, cache)`` and ``_backward(dout, cache)
-> dx``. Targets are data: they have no gradient.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.softmax import log_softmax
from gradcheck.analytic.validation import Array, as_float_array, require_shape


class Loss:
    """A scalar function L(x, t) of predictions and targets, forward beside backward.

    ``forward(x, t)`` returns the value; ``backward(dout)`` returns dx = dout · ∂L/∂x for the x and t of the
    last ``forward``. A loss changes none of its arguments, and keeps the dtype of x.

    Examples
    --------
    >>> class SumOfErrors(Loss):
    ...     def _forward(self, x, t):
    ...         return np.sum(x - t), x
    ...
    ...     def _backward(self, dout, x):
    ...         return dout * np.ones_like(x)
    >>> loss = SumOfErrors()
    >>> float(loss.forward([1.0, 2.0], [0.0, 0.0]))
    3.0
    >>> loss.backward(10.0)
    array([10., 10.])
    """

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}
        self._memory: tuple[np.dtype[Any], Any] | None = None

    def forward(self, x: Any, t: Any) -> Any:
        """The loss of the predictions x for the targets t, a NumPy scalar of x's dtype."""
        self._memory = None  # a forward that fails must not leave an older one to go back from
        x = as_float_array(self, "x", x)
        if x.size == 0:
            raise ValueError(f"{self!r}: x has shape {x.shape} and so no examples to take a mean of")
        value, cache = self._forward(x, self._checked_targets(x, np.asarray(t)))
        self._memory = (x.dtype, cache)
        return x.dtype.type(value)

    def backward(self, dout: Any = 1.0) -> Array:
        """The gradient dx = dout · ∂L/∂x, in x's shape; dout is ∂(what follows)/∂L, a number.

        Raises
        ------
        RuntimeError
            Before the first ``forward``.
        ValueError
            If dout is not a single number.
        """
        if self._memory is None:
            raise RuntimeError(f"{self!r}: backward was called before forward; call forward(x, t) first")
        dtype, cache = self._memory
        if np.shape(dout) != ():
            raise ValueError(f"{self!r}: dout has shape {np.shape(dout)}, expected one number, as the loss is one")
        # In x's own dtype, since a float64 scalar would turn a float32 gradient into float64.
        return np.asarray(self._backward(dtype.type(dout), cache))

    def __call__(self, x: Any, t: Any) -> Any:
        """The same as ``forward``."""
        return self.forward(x, t)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        raise NotImplementedError(f"{type(self).__name__} does not define _forward(x, t) -> (value, cache)")

    def _backward(self, dout: Any, cache: Any) -> Array:
        raise NotImplementedError(f"{type(self).__name__} does not define _backward(dout, cache) -> dx")

    def _checked_targets(self, x: Array, t: NDArray[Any]) -> Array:
        """The targets in the shape and dtype of x; a loss with other targets replaces this."""
        require_shape(self, "t", t, x.shape, "the shape of x")
        return t.astype(x.dtype, copy=False)


class MeanSquaredError(Loss):
    """The mean of the squared differences, L = (1/M) Σ (x_i − t_i)², over all M entries.

    Shapes: x and t the same, usually (N, C). They are not broadcast: (N, 1) against (N,) would be a table
    of N² errors.

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
        return np.mean(error * error), error

    def _backward(self, dout: Any, error: Array) -> Array:
        dx: Array = error * (2 * dout / error.size)
        return dx


class SoftmaxCrossEntropy(Loss):
    """Softmax and cross-entropy in one: L = −(1/N) Σ_n Σ_c t_nc log y_nc, where y = softmax(x).

    Shapes: x (N, C), the scores (logits) of C classes; t either (N,) class indices, or (N, C) one-hot rows or
    probabilities. More axes in front of C are taken as more examples.

    Backward: log y_c = x_c − log Σ_k e^{x_k}, whose derivative in x_j is δ_cj − y_j. Hence, for each
    example, ∂L/∂x_j = −Σ_c t_c (δ_cj − y_j) = y_j Σ_c t_c − t_j, which is y_j − t_j where the targets sum
    to 1, divided by N for the mean. Taken together the two never divide by a probability; apart they would.

    Raises
    ------
    ValueError, TypeError
        If the shape of t fits neither form, or an index is no class.

    Examples
    --------
    >>> loss = SoftmaxCrossEntropy()
    >>> value = loss.forward([[0.0, 0.0], [0.0, 1e4]], [0, 0])
    >>> print(f"{value:.6f} = (log 2 + 10000) / 2")
    5000.346574 = (log 2 + 10000) / 2
    >>> loss.backward()
    array([[-0.25,  0.25],
           [-0.5 ,  0.5 ]])

    References
    ----------
    Saito, *Deep Learning from Scratch* (2017), section 5.6.3 and appendix A; Goodfellow, Bengio, Courville,
    *Deep Learning* (2016), section 6.2.2.3; Stanford CS231n, "Linear classification: softmax".
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        log_y = log_softmax(x)
        examples = x.size // x.shape[-1]
        return -np.sum(t * log_y) / examples, (log_y, t)

    def _backward(self, dout: Any, cache: tuple[Array, Array]) -> Array:
        log_y, t = cache
        examples = t.size // t.shape[-1]
        dx: Array = (np.exp(log_y) * t.sum(axis=-1, keepdims=True) - t) * (dout / examples)
        return dx

    def _checked_targets(self, x: Array, t: NDArray[Any]) -> Array:
        if x.ndim == 0:
            raise ValueError(f"{self!r}: x is a single number, expected scores (N, C)")
        if t.shape == x.shape:
            return t.astype(x.dtype, copy=False)
        if t.shape != x.shape[:-1]:
            raise ValueError(
                f"{self!r}: t has shape {t.shape}, expected {x.shape[:-1]} for class indices "
                f"or {x.shape} for one-hot rows or probabilities"
            )
        return self._one_hot(t, x)

    def _one_hot(self, t: NDArray[Any], x: Array) -> Array:
        """Class indices (N,) as rows (N, C) that are 1 at the class and 0 elsewhere."""
        C = x.shape[-1]
        if not np.issubdtype(t.dtype, np.integer):
            raise TypeError(
                f"{self!r}: t has dtype {t.dtype}, expected integers, as its shape is that of class indices"
            )
        if t.min() < 0 or t.max() >= C:
            wrong = t[(t < 0) | (t >= C)].flat[0]
            raise ValueError(f"{self!r}: t holds the class {wrong}, expected 0 to {C - 1}, as x has C = {C} scores")
        rows = np.zeros_like(x)
        np.put_along_axis(rows, t[..., None], 1, axis=-1)
        return rows
