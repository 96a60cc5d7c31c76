"""Long short-term memory: a state that is added to, so that its gradient is not multiplied away."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic.recurrent.recurrent import Mask, Recurrent, hold
from gradcheck.analytic.validation import Array


class LSTM(Recurrent):
    """A memory cell c, and three gates between 0 and 1 that say what it takes in, keeps and gives out.

    From a_t = x_t W + h_{t−1} U + b, in four parts of H columns: i, f, o = σ(a_i), σ(a_f), σ(a_o) (input,
    forget and output gate) and g = tanh(a_g);

    c_t = f c_{t−1} + i g,  h_t = o tanh(c_t).

    Shapes, parameters and lengths as in `Recurrent`, with four gates: W (D, 4H), U (H, 4H), b (4H,), the
    columns in the order i, f, g, o, which is that of Keras and PyTorch. b is 1 for the forget gate, so that
    at first nothing is forgotten, else 0.

    Backward, given dh_t and what step t + 1 says of the cell, dc:

    * h_t = o tanh c_t: the cell is also reached through the output, dc += dh o (1 − tanh² c);
    * da_o = dh tanh(c) o (1 − o), da_i = dc g i (1 − i), da_f = dc c_{t−1} f (1 − f), da_g = dc i (1 − g²);
    * on to the step before: dc_{t−1} = dc f, without any U in between, and dh_{t−1} = dy_{t−1} + da Uᵀ.

    All the factors of dc and dh are known before the first step back, so they are worked out for all steps
    together.

    Examples
    --------
    >>> layer = LSTM(3, 4, rng=0)
    >>> x = np.random.default_rng(1).normal(size=(2, 5, 3))
    >>> layer.forward(x).shape  # the last state of each sequence
    (2, 4)
    >>> dx = layer.backward(np.ones((2, 4)))
    >>> dx.shape, layer.grads["U"].shape
    ((2, 5, 3), (4, 16))

    References
    ----------
    Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9 (1997); the forget gate: Gers,
    Schmidhuber, Cummins (2000); its bias: Jozefowicz, Zaremba, Sutskever, ICML 2015; Saito, *Deep Learning from
    Scratch 2* (2018), chapter 6.
    """

    gates: ClassVar[int] = 4

    def __init__(
        self,
        D: int,
        H: int,
        *,
        return_sequences: bool = False,
        rng: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__(D, H, return_sequences=return_sequences, rng=rng, dtype=dtype)
        self.b[H : 2 * H] = 1

    def _run(self, a: Array, h: Array, ended: Mask | None) -> Any:
        c, tanh_c = np.zeros_like(h), np.empty_like(h[1:])
        # σ(x) = ½ tanh(x/2) + ½, so one tanh, stretched where it has to be, serves all four gates.
        stretch = np.repeat(np.array([0.5, 0.5, 1, 0.5], a.dtype), h.shape[-1])
        a *= stretch
        U, lift = self.U * stretch, 1 - stretch
        parts = a.reshape(*a.shape[:2], 4, h.shape[-1]).swapaxes(1, 2)  # a view (T, 4, N, H)
        for t in range(len(a)):
            gates = a[t]  # a view: they take the place of what they are made of
            gates += h[t] @ U
            np.tanh(gates, out=gates)
            gates *= stretch
            gates += lift
            i, f, g, o = parts[t]
            np.multiply(f, c[t], out=c[t + 1])
            c[t + 1] += i * g
            np.tanh(c[t + 1], out=tanh_c[t])
            np.multiply(o, tanh_c[t], out=h[t + 1])
            hold(c, t, ended)
            hold(h, t, ended)
        return a, c, tanh_c

    def _run_backward(self, dh: Array, h: Array, kept: Any, ended: Mask | None) -> tuple[Array, Array]:
        gates, c, tanh_c = kept
        of_dc, of_dh, passed = self._factors(gates, c, tanh_c, ended)
        T, N, H = dh.shape
        da = np.empty((T, N, 4, H), dh.dtype)
        through_h, dc = np.zeros_like(h[0]), np.zeros_like(h[0])
        for t in reversed(range(T)):
            total = dh[t] + through_h
            dc += total * of_dh[t, :, 1]
            np.multiply(dc[:, None], of_dc[t], out=da[t, :, :3])
            np.multiply(total, of_dh[t, :, 0], out=da[t, :, 3])
            through_h = da[t].reshape(N, 4 * H) @ self.U.T
            dc *= passed[t]
            if ended is not None:
                through_h += total * ended[t]
        return da, da

    def _factors(self, gates: Array, c: Array, tanh_c: Array, ended: Mask | None) -> tuple[Array, Array, Array]:
        """Of dc in da_i, da_f, da_g (T, N, 3, H); of dh in da_o and dc (T, N, 2, H); of dc_t in dc_{t−1}."""
        i, f, g, o = np.split(gates, 4, axis=-1)
        of_dc = np.stack([g * i * (1 - i), c[:-1] * f * (1 - f), i * (1 - g * g)], axis=2)
        of_dh = np.stack([tanh_c * o * (1 - o), o * (1 - tanh_c * tanh_c)], axis=2)
        if ended is None:
            return of_dc, of_dh, f
        np.copyto(of_dc, 0, where=ended[..., None])
        np.copyto(of_dh, 0, where=ended[..., None])
        return of_dc, of_dh, np.where(ended, 1, f)
