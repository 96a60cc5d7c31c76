"""The loss: a number for each example or entry, and one for all of them.

A new loss is, like a layer, two methods: ``_forward(x, t) -> (values, cache)`` and ``_backward(dvalues, cache)
-> dx``. What becomes of the values (their mean, sum, or nothing) is looked after once, here. Targets are data:
they have no gradient.
"""

from math import prod
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.recorded import Recorded
from gradcheck.analytic.validation import Array, as_array, as_float_array, require_real, require_shape

Reduction: TypeAlias = Literal["mean", "sum", "none"]


class Loss(Recorded):
    """A scalar function L(x, t) of predictions and targets, forward beside backward.

    ``forward(x, t)`` returns the value; ``backward(dout)`` returns dx = dout · ∂L/∂x for the x and t of the
    last ``forward``. A loss changes none of its arguments, and keeps the dtype of x.

    Parameters
    ----------
    reduction : ``"mean"``, ``"sum"`` or ``"none"``
        What is made of the values of the M examples (or entries, see each loss): L = (1/M) Σ ℓ_m, L = Σ ℓ_m, or
        all ℓ_m as they are; dout is then an array of their shape, or one number for all.

        Backward: ∂L/∂ℓ_m = 1/M, 1 or itself. So ``_backward`` is given dvalues = dout/M, dout or the array dout.

    Examples
    --------
    >>> class Error(Loss):
    ...     def _forward(self, x, t):
    ...         return x - t, x
    ...
    ...     def _backward(self, dvalues, x):
    ...         return dvalues * np.ones_like(x)
    >>> loss = Error()
    >>> float(loss.forward([1.0, 2.0], [0.0, 0.0]))
    1.5
    >>> loss.backward(10.0)
    array([5., 5.])
    >>> Error(reduction="none").forward([1.0, 2.0], [0.0, 0.0])
    array([1., 2.])
    """

    def __init__(self, reduction: Reduction = "mean") -> None:
        if reduction not in get_args(Reduction):
            name, allowed = type(self).__name__, ", ".join(map(repr, get_args(Reduction)))
            raise ValueError(f"{name}: reduction = {reduction!r}, expected one of {allowed}")
        self.reduction = reduction
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}
        self._memory: tuple[np.dtype[Any], tuple[int, ...], Any] | None = None

    def forward(self, x: Any, t: Any) -> Any:
        """The loss of the predictions x for the targets t, a NumPy scalar of x's dtype; or one for each value."""
        x = self._accept(x)
        t = as_array(self, "t", t)
        require_real(self, "t", t)
        return self._reduce(x, *self._forward(x, self._checked_targets(x, t)))

    def backward(self, dout: Any = 1.0) -> Array:
        """The gradient dx = dout · ∂L/∂x, in x's shape; dout is ∂(what follows)/∂L, a number.

        Raises
        ------
        RuntimeError
            Before the first ``forward``.
        ValueError, TypeError
            If dout is not a single number, and L is one; or no real number.
        """
        if self._memory is None:
            raise RuntimeError(f"{self!r}: backward was called before forward; call forward(x, t) first")
        dtype, shape, cache = self._memory
        require_real(self, "dout", np.asarray(dout))
        return np.asarray(self._backward(self._of_values(dout, dtype, shape), cache))

    def __call__(self, x: Any, t: Any, *more: Any) -> Any:
        """The same as ``forward``."""
        return self.forward(x, t, *more)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._options()})"

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        raise NotImplementedError(f"{type(self).__name__} does not define _forward(x, t) -> (values, cache)")

    def _backward(self, dvalues: Any, cache: Any) -> Array:
        raise NotImplementedError(f"{type(self).__name__} does not define _backward(dvalues, cache) -> dx")

    def _accept(self, x: Any) -> Array:
        """The predictions as an array of at least one entry."""
        self._memory = None  # a forward that fails must not leave an older one to go back from
        array = as_float_array(self, "x", x)
        if array.size == 0:
            raise ValueError(f"{self!r}: x has shape {array.shape} and so no examples to take a mean of")
        return array

    def _reduce(self, x: Array, values: Any, cache: Any) -> Any:
        """What is made of the values, which are kept in mind with what the way back will need."""
        values = np.asarray(values)
        self._memory = (x.dtype, values.shape, cache)
        if self.reduction == "none":
            return values
        return x.dtype.type(values.mean() if self.reduction == "mean" else values.sum())

    def _checked_targets(self, x: Array, t: NDArray[Any]) -> Array:
        """The targets in the shape and dtype of x; a loss with other targets replaces this."""
        require_shape(self, "t", t, x.shape, "the shape of x")
        return t.astype(x.dtype, copy=False)

    def _of_values(self, dout: Any, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Any:
        """∂(what follows)/∂ℓ for the values ℓ, of this dtype: a float64 scalar would make float64 of float32."""
        if self.reduction == "none":
            if np.shape(dout) not in {(), shape}:
                raise ValueError(f"{self!r}: dout has shape {np.shape(dout)}, expected {shape}, that of the values")
            return np.broadcast_to(np.asarray(dout, dtype), shape)
        if np.shape(dout) != ():
            raise ValueError(f"{self!r}: dout has shape {np.shape(dout)}, expected one number, as the loss is one")
        count = prod(shape) if self.reduction == "mean" else 1
        return dtype.type(np.longdouble(dout) / count)

    def _options(self) -> str:
        """How it was made, where that is not the usual way, as in a call."""
        return "" if self.reduction == "mean" else f"reduction={self.reduction!r}"


def per_row(dvalues: Any) -> Any:
    """The cotangents of values (N,), to go with rows (N, C); or one number, which goes with anything."""
    return dvalues[..., None] if np.ndim(dvalues) else dvalues
