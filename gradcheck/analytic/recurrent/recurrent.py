"""What recurrent layers share: the projection of all inputs at once, sequences of different lengths, the shapes.

Inside, time is the first axis, so that what belongs to one step lies in one piece; and what does not depend
on the state (the products with W, forth and back) is done for all steps together.
"""

from math import sqrt
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.validation import Array, float_dtype, positive_integer

Mask: TypeAlias = NDArray[np.bool_]


class Recurrent(Layer):
    """A layer that reads a sequence step by step: h_t = cell(x_t W + b, h_{t−1}), from h = 0 on.

    Shapes: x (N, T, D); y (N, H), the last state, or (N, T, H), all states; W (D, gates · H), U (H, gates · H),
    b (gates · H,). ``forward(x, lengths)`` takes the lengths (N,) of sequences that end before T: their state
    then stays what it is, the last state is that at their own end, and all states after it are given as 0.

    Parameters
    ----------
    D, H : int
        The number of input features, and of the state.
    return_sequences : bool
        Whether y is all states or the last one.
    rng : None, int or numpy.random.Generator
        Where W and U are drawn from, with standard deviations 1/√D and 1/√H.
    dtype : dtype

    Raises
    ------
    ValueError, TypeError
        If x is no (N, T, D), or a length is none from 0 to T.
    """

    W = Parameter()
    U = Parameter()
    b = Parameter()
    gates: ClassVar[int] = 1

    def __init__(
        self,
        D: int,
        H: int,
        *,
        return_sequences: bool = False,
        rng: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        owner = type(self).__name__
        D, H, dtype = positive_integer(owner, "D", D), positive_integer(owner, "H", H), float_dtype(owner, dtype)
        rng, columns = np.random.default_rng(rng), self.gates * H
        W = (rng.standard_normal((D, columns)) / sqrt(D)).astype(dtype)
        U = (rng.standard_normal((H, columns)) / sqrt(H)).astype(dtype)
        super().__init__(W=W, U=U, b=np.zeros(columns, dtype), **self._more_params(H, dtype))
        self.return_sequences = bool(return_sequences)

    def forward(self, x: Any, lengths: Any = None) -> Array:
        """The last state for each sequence, or all states."""
        self._memory = None
        x = self._accept(x)
        self._check_shape(x)
        return self._remember(*self._read(x, self._ended(lengths, x.shape)))

    def _read(self, x: Array, ended: Mask | None) -> tuple[Array, Any]:
        N, T, D = x.shape
        xs = x.transpose(1, 0, 2).copy()  # (T, N, D)
        if ended is not None:
            np.copyto(xs, 0, where=ended)  # whatever stands there must have no part in anything
        a = (xs.reshape(T * N, D) @ self.W).reshape(T, N, len(self.b))
        a += self.b
        h = np.zeros((T + 1, N, len(self.U)), x.dtype)  # h[t + 1] is the state after step t
        kept = self._run(a, h, ended)
        return self._output(h, ended), (xs, h, kept, ended)

    def _backward(self, dy: Array, cache: Any) -> Array:
        xs, h, kept, ended = cache
        T, N, D = xs.shape
        dh = self._output_backward(dy, h, ended)
        da, du = self._run_backward(dh, h, kept, ended)
        by_step, states = da.reshape(T * N, len(self.b)), h[:-1].reshape(T * N, len(self.U))
        self.grads["W"] = xs.reshape(T * N, D).T @ by_step  # every step used the same W, hence the sum over T too
        self.grads["U"] = states.T @ du.reshape(T * N, len(self.b))
        self.grads["b"] = by_step.sum(axis=0)
        dx: Array = (by_step @ self.W.T).reshape(T, N, D)
        return dx.transpose(1, 0, 2).copy()

    def _output(self, h: Array, ended: Mask | None) -> Array:
        y: Array = h[1:].transpose(1, 0, 2).copy() if self.return_sequences else h[-1].copy()
        if self.return_sequences and ended is not None:
            np.copyto(y, 0, where=ended.transpose(1, 0, 2))
        return y

    def _output_backward(self, dy: Array, h: Array, ended: Mask | None) -> Array:
        """What the output alone says of ∂L/∂h_t, (T, N, H)."""
        dh = np.zeros_like(h[1:])
        if self.return_sequences:
            dh[...] = dy.transpose(1, 0, 2)
            if ended is not None:
                np.copyto(dh, 0, where=ended)
        elif len(dh):
            dh[-1] = dy
        return dh

    def _run(self, a: Array, h: Array, ended: Mask | None) -> Any:
        """Fill the states h (T + 1, N, H) in, given a = x W + b (T, N, gates · H); what backward will need."""
        raise NotImplementedError(f"{type(self).__name__} does not define _run(a, h, ended) -> kept")

    def _run_backward(self, dh: Array, h: Array, kept: Any, ended: Mask | None) -> tuple[Array, Array]:
        """∂L/∂a and ∂L/∂(h U), both (T, N, gates · H), given what the output says of ∂L/∂h."""
        raise NotImplementedError(f"{type(self).__name__} does not define _run_backward(dh, h, kept, ended)")

    def _more_params(self, H: int, dtype: np.dtype[Any]) -> dict[str, Array]:
        """Parameters beside W, U and b."""
        return {}

    def _ended(self, lengths: Any, shape: tuple[int, ...]) -> Mask | None:
        """Where a sequence is over, (T, N, 1); None if none is."""
        if lengths is None:
            return None
        lengths, (N, T, _) = np.asarray(lengths), shape
        if lengths.shape != (N,):
            raise ValueError(f"{self!r}: lengths has shape {lengths.shape}, expected ({N},), one for each sequence")
        if not np.issubdtype(lengths.dtype, np.integer):
            raise TypeError(f"{self!r}: lengths has dtype {lengths.dtype}, expected integers")
        if N and (lengths.min() < 0 or lengths.max() > T):
            wrong = lengths[(lengths < 0) | (lengths > T)][0]
            raise ValueError(f"{self!r}: lengths holds {wrong}, expected 0 to {T}, as x has T = {T} steps")
        return np.asarray(np.arange(T)[:, None, None] >= lengths[:, None])

    def _check_shape(self, x: Array) -> None:
        D = len(self.W)
        if x.ndim != 3:
            raise ValueError(f"{self!r}: x has shape {x.shape}, expected (N, T, D) with D = {D}")
        if x.shape[-1] != D:
            raise ValueError(f"{self!r}: x has {x.shape[-1]} features on its last axis, expected D = {D}")

    def __repr__(self) -> str:
        all_states = ", return_sequences=True" if self.return_sequences else ""
        return f"{type(self).__name__}({len(self._grads['W'])}, {len(self._grads['U'])}{all_states})"


def hold(state: Array, t: int, ended: Mask | None) -> None:
    """Where a sequence is over, the state after step t is that before it."""
    if ended is not None:
        np.copyto(state[t + 1], state[t], where=ended[t])
