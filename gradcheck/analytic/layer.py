"""The layer: a function with parameters that remembers its last input, and how its derivative acts.

A new layer is two methods, written one below the other:

* ``_forward(x) -> (y, cache)`` computes, and hands over what the way back will need;
* ``_backward(dy, cache) -> dx`` applies the transposed Jacobian, and puts ∂L/∂W for each parameter W into
  ``grads``.

Everything else (shapes, dtypes, the cache, the order of calls) is looked after once, here.
"""

from typing import Any

import numpy as np

from gradcheck.analytic.recorded import Recorded
from gradcheck.analytic.symbol import Symbol
from gradcheck.analytic.validation import Array, as_float_array, require_parameters, require_shape


class Layer(Recorded):
    """A differentiable function y = f(x; parameters), forward beside backward.

    ``backward`` is the vector-Jacobian product: for a loss L that depends on y, it takes the cotangent
    dy = ∂L/∂y to dx = ∂L/∂x, and leaves ∂L/∂W in ``grads["W"]`` for each parameter W.

    Parameters
    ----------
    **params : ndarray
        The trainable arrays by name. They are live: change them in place, or put others of the same shape
        into ``params``, and the next ``forward`` uses them.

    Notes
    -----
    What holds for every layer of this package: ``backward`` is linear in dy, may be called as often as one
    likes, changes neither dy nor x nor a parameter, and returns new arrays; ``grads`` is overwritten, not
    added to; float32 stays float32 and float64 stays float64. Between ``forward`` and ``backward`` the
    layer keeps references and no copies: leave x and y alone until ``backward`` has been called.

    Examples
    --------
    >>> class Square(Layer):
    ...     def _forward(self, x):
    ...         return x * x, x
    ...
    ...     def _backward(self, dy, x):
    ...         return 2 * x * dy
    >>> square = Square()
    >>> square(np.array([1.0, -3.0]))
    array([1., 9.])
    >>> square.backward(np.array([1.0, 10.0]))
    array([  2., -60.])
    """

    training: bool = True
    """Whether ``forward`` is part of training: dropout and batch normalisation then do something else than after it."""

    def __init__(self, **params: Array) -> None:
        self._params = dict(params)
        self._grads = {name: np.zeros_like(array) for name, array in params.items()}
        self._shapes = {name: array.shape for name, array in params.items()}
        self._memory: tuple[tuple[int, ...], np.dtype[Any], Any] | None = None

    @property
    def params(self) -> dict[str, Array]:
        """The trainable arrays by name, live."""
        return self._params

    @property
    def grads(self) -> dict[str, Array]:
        """∂L/∂W of the last ``backward`` for each parameter W, in its shape; zeros before the first."""
        return self._grads

    def forward(self, x: Any) -> Array:
        """The value y = f(x)."""
        self._memory = None  # a forward that fails must not leave an older one to go back from
        x = self._accept(x)
        self._check_shape(x)
        return self._remember(*self._forward(x))

    def backward(self, dy: Any) -> Array:
        """The gradient dx = ∂L/∂x, given dy = ∂L/∂y, for the x of the last ``forward``; fills ``grads``.

        Raises
        ------
        RuntimeError
            Before the first ``forward``.
        ValueError, TypeError
            If dy has not the shape or the dtype of y.
        """
        return np.asarray(self._backward(*self._recall(dy)))

    def __call__(self, *inputs: Any) -> Any:
        """The same as ``forward``; called on symbols, a symbol: that is how the graph of a `Model` is drawn."""
        if any(isinstance(x, Symbol) for x in inputs):
            return Symbol(self, inputs)
        return self.forward(*inputs)

    def parts(self) -> "tuple[Layer, ...]":
        """The layers this one is made of; most are of one piece."""
        return ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def _forward(self, x: Array) -> tuple[Array, Any]:
        raise NotImplementedError(f"{type(self).__name__} does not define _forward(x) -> (y, cache)")

    def _backward(self, dy: Array, cache: Any) -> Array:
        raise NotImplementedError(f"{type(self).__name__} does not define _backward(dy, cache) -> dx")

    def _remember(self, y: Any, cache: Any) -> Array:
        """The output y as an array; what the way back will need is kept."""
        array: Array = np.asarray(y)
        self._memory = (array.shape, array.dtype, cache)
        return array

    def _recall(self, dy: Any) -> tuple[Array, Any]:
        """The cotangent dy, which must fit the last y, and the cache that belongs to it."""
        if self._memory is None:
            raise RuntimeError(f"{self!r}: backward was called before forward; call forward(x) first")
        shape, dtype, cache = self._memory
        dy = as_float_array(self, "dy", dy, dtype)
        require_shape(self, "dy", dy, shape, "the shape of y")
        return dy, cache

    def _check_shape(self, x: Array) -> None:
        """Raise unless the shape of x suits this layer; any does, if a layer does not say otherwise."""

    def _accept(self, x: Any) -> Array:
        """The array x, in the dtype of the parameters; a layer of other inputs replaces this."""
        require_parameters(self, self.params, self._shapes)
        dtypes = {np.asarray(self.params[name]).dtype for name in self._shapes}
        if len(dtypes) > 1:
            found = ", ".join(f"{name} {self.params[name].dtype}" for name in self._shapes)
            raise TypeError(f"{self!r}: the parameters are of different dtypes ({found}); cast them to one")
        return as_float_array(self, "x", x, *dtypes)


class Parameter:
    """Makes ``layer.W`` another name of ``layer.params["W"]``, so that the two never diverge."""

    def __set_name__(self, owner: type[Layer], name: str) -> None:
        self.name = name

    def __get__(self, layer: Layer, owner: type[Layer] | None = None) -> Array:
        return layer.params[self.name]

    def __set__(self, layer: Layer, value: Array) -> None:
        layer.params[self.name] = value
