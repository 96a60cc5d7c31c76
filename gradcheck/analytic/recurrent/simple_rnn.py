"""The simple recurrent layer: a dense layer that also sees its own last output."""

from typing import Any

import numpy as np

from gradcheck.analytic.recurrent.recurrent import Mask, Recurrent, hold
from gradcheck.analytic.validation import Array


class SimpleRNN(Recurrent):
    """h_t = tanh(x_t W + h_{t−1} U + b).

    Shapes, parameters and lengths as in `Recurrent`, with one gate: W (D, H), U (H, H), b (H,).

    Backward: a_t = x_t W + h_{t−1} U + b reaches the loss through h_t only, so da_t = dh_t (1 − h_t²). But h_t
    reaches it in two ways, through the output and through the next step: dh_t = dy_t + da_{t+1} Uᵀ. Hence
    from the last step to the first; then dW = Σ_t x_tᵀ da_t, dU = Σ_t h_{t−1}ᵀ da_t, db = Σ_t da_t.

    Examples
    --------
    >>> layer = SimpleRNN(1, 1, return_sequences=True)
    >>> layer.W[...], layer.U[...] = 1, 0.5
    >>> y = layer.forward([[[0.0], [2.0], [0.0]]])  # (N, T, D) = (1, 3, 1)
    >>> y.ravel().round(3)  # the 2 echoes
    array([0.   , 0.964, 0.448])
    >>> layer.backward([[[0.0], [0.0], [1.0]]]).ravel().round(3)  # the last step feels all before it
    array([0.014, 0.028, 0.799])

    References
    ----------
    Elman, "Finding structure in time", Cognitive Science 14 (1990); Werbos, "Backpropagation through time:
    what it does and how to do it", Proc. IEEE 78 (1990); Saito, *Deep Learning from Scratch 2* (2018), chapter 5.
    """

    def _run(self, a: Array, h: Array, ended: Mask | None) -> Any:
        for t in range(len(a)):
            np.tanh(a[t] + h[t] @ self.U, out=h[t + 1])
            hold(h, t, ended)

    def _run_backward(self, dh: Array, h: Array, kept: None, ended: Mask | None) -> tuple[Array, Array]:
        slope = 1 - h[1:] * h[1:]
        if ended is not None:
            np.copyto(slope, 0, where=ended)
        da, following = np.empty_like(slope), np.zeros_like(h[0])  # ∂L/∂h_t through what follows
        for t in reversed(range(len(da))):
            total = dh[t] + following
            np.multiply(total, slope[t], out=da[t])
            following = da[t] @ self.U.T
            if ended is not None:
                following += total * ended[t]
        return da, da
