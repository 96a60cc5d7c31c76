"""Two recurrent layers, one of which reads from the end."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.network import LiveParameters
from gradcheck.analytic.recurrent.recurrent import Recurrent
from gradcheck.analytic.validation import Array


class Bidirectional(Layer):
    """One layer reads the sequence as it is, another reversed; y is what both say, side by side.

    Shapes: x (N, T, D); y (N, T, H₁ + H₂), where y_t has seen all up to t and all from t on; or (N, H₁ + H₂), the
    last state of each, that of the second being the one at t = 0. Sequences with ``lengths`` are reversed
    within their length.

    Backward: both read the same x, so dx is the sum of what comes back from the two, the second reversed
    again.

    Parameters
    ----------
    onward, back : Recurrent
        Two layers of the same D; both return sequences, or neither.

    Examples
    --------
    >>> from gradcheck.analytic import LSTM
    >>> layer = Bidirectional(LSTM(3, 4, rng=0), LSTM(3, 2, rng=1))
    >>> layer.forward(np.ones((2, 5, 3))).shape
    (2, 6)
    >>> layer.backward(np.ones((2, 6))).shape
    (2, 5, 3)
    >>> list(layer.params)
    ['onward.W', 'onward.U', 'onward.b', 'back.W', 'back.U', 'back.b']

    References
    ----------
    Schuster, Paliwal, "Bidirectional recurrent neural networks", IEEE Trans. Signal Processing 45 (1997).
    """

    def __init__(self, onward: Recurrent, back: Recurrent) -> None:
        super().__init__()
        for name, layer in (("onward", onward), ("back", back)):
            if not isinstance(layer, Recurrent):
                raise TypeError(f"Bidirectional: {name} is {layer!r}, expected a recurrent layer such as LSTM(3, 4)")
        if onward is back:
            raise ValueError("Bidirectional: onward and back are one object, which can remember only one x; build two")
        if onward.return_sequences != back.return_sequences or len(onward.W) != len(back.W):
            raise ValueError(f"Bidirectional: {onward!r} and {back!r} differ in D or in return_sequences")
        self.onward, self.back = onward, back

    @property
    def params(self) -> dict[str, Array]:
        """The parameters of both layers, live."""
        return LiveParameters({f"{name}.{key}": (layer, key) for name, layer in self._both() for key in layer.params})

    @property
    def grads(self) -> dict[str, Array]:
        """The gradients of both layers from the last ``backward``."""
        return {f"{name}.{key}": layer.grads[key] for name, layer in self._both() for key in layer.params}

    def forward(self, x: Any, lengths: Any = None) -> Array:
        """What both layers say of x, side by side."""
        self._memory = None
        onward = self.onward.forward(x, lengths)
        order = _reversal(np.asarray(x).shape, lengths)
        back = self.back.forward(_reordered(np.asarray(x), order), lengths)
        if self.back.return_sequences:
            back = _reordered(back, order)
        return self._remember(np.concatenate([onward, back], axis=-1), order)

    def _backward(self, dy: Array, order: NDArray[np.intp]) -> Array:
        H = len(self.onward.U)
        d_onward, d_back = dy[..., :H], dy[..., H:]
        if self.back.return_sequences:
            d_back = _reordered(d_back, order)
        dx = self.onward.backward(d_onward)
        dx += _reordered(self.back.backward(d_back), order)
        return dx

    def parts(self) -> tuple[Layer, ...]:
        """The two layers."""
        return self.onward, self.back

    def _both(self) -> tuple[tuple[str, Recurrent], ...]:
        return ("onward", self.onward), ("back", self.back)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.onward!r}, {self.back!r})"


def _reversal(shape: tuple[int, ...], lengths: Any) -> NDArray[np.intp]:
    """For each sequence its steps from the last to the first, and then those after its end as they are, (N, T)."""
    N, T = shape[:2]
    steps, ends = np.arange(T), np.full(N, T) if lengths is None else np.asarray(lengths)
    mirrored = ends[:, None] - 1 - steps
    return np.where(mirrored >= 0, mirrored, steps)


def _reordered(x: Array, order: NDArray[np.intp]) -> Array:
    return np.take_along_axis(x, order[..., None], axis=1)
