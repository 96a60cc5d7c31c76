"""The embedding: a table that has a vector for every index."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.validation import Array, float_dtype, positive_integer, require_parameters


class Embedding(Layer):
    """Rows of a table: y = W[x], the vector of each index.

    Shapes: x (...) integers from 0 to V − 1, usually (N, T); W (V, D); y (..., D).

    Backward: y is a dense layer of one-hot rows, y_n = Σ_v [x_n = v] W_v, so ∂L/∂W_v = Σ_n [x_n = v] dy_n:
    each row of dW is the sum of dy over the places where its index stood, 0 if nowhere. An index is no
    continuous quantity; dx is zeros, in the shape of x.

    Parameters
    ----------
    V, D : int
        The number of indices, and the length of a vector.
    rng : None, int or numpy.random.Generator
        Where W is drawn from, with standard deviation 1.
    dtype : dtype

    Examples
    --------
    >>> layer = Embedding(3, 2)
    >>> layer.W[...] = [[0, 1], [10, 11], [20, 21]]
    >>> layer.forward([2, 0, 2])
    array([[20., 21.],
           [ 0.,  1.],
           [20., 21.]])
    >>> dx = layer.backward([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> layer.grads["W"]
    array([[3., 4.],
           [0., 0.],
           [6., 8.]])

    References
    ----------
    Bengio, Ducharme, Vincent, Jauvin, "A neural probabilistic language model", JMLR 3 (2003); Saito, *Deep
    Learning from Scratch 2* (2018), section 4.1.
    """

    W = Parameter()

    def __init__(
        self, V: int, D: int, rng: int | np.random.Generator | None = None, dtype: DTypeLike = np.float64
    ) -> None:
        V, D = positive_integer("Embedding", "V", V), positive_integer("Embedding", "D", D)
        weights = np.random.default_rng(rng).standard_normal((V, D))
        super().__init__(W=weights.astype(float_dtype("Embedding", dtype)))

    def _forward(self, x: Array) -> tuple[Array, Any]:
        return self.W[x], x.astype(np.intp)  # the indices are small, and only they say where dy belongs

    def _backward(self, dy: Array, x: NDArray[np.integer[Any]]) -> Array:
        V, D = self.W.shape
        dW = np.zeros(V * D, dy.dtype)
        entries = x.reshape(-1, 1) * D + np.arange(D)  # of the table in one line, for which NumPy is faster
        np.add.at(dW, entries.reshape(-1), dy.reshape(-1))  # dW[entries] += dy would keep one of several equal ones
        self.grads["W"] = dW.reshape(V, D)
        return np.zeros(x.shape, dy.dtype)

    def _accept(self, x: Any) -> Any:
        require_parameters(self, self.params, self._shapes)
        x = np.asarray(x)
        if not np.issubdtype(x.dtype, np.integer):
            raise TypeError(f"{self!r}: x has dtype {x.dtype}, expected integers, as they are indices of rows of W")
        V = len(self.W)
        if x.size and (x.min() < 0 or x.max() >= V):
            wrong = x[(x < 0) | (x >= V)].flat[0]
            raise ValueError(f"{self!r}: x holds the index {wrong}, expected 0 to {V - 1}, as W has V = {V} rows")
        return x

    def __repr__(self) -> str:
        V, D = self._shapes["W"]
        return f"{type(self).__name__}({V}, {D})"
