"""The gated recurrent unit: the idea of the LSTM with two gates and no second state."""

from typing import Any, ClassVar

import numpy as np

from gradcheck.analytic.layer import Parameter
from gradcheck.analytic.recurrent.recurrent import Mask, Recurrent, hold
from gradcheck.analytic.validation import Array


class GRU(Recurrent):
    """A state that is replaced, entry by entry, as far as a gate z lets it.

    From a_t = x_t W + b and u_t = h_{t−1} U, in three parts of H columns: z = σ(a_z + u_z) and
    r = σ(a_r + u_r) (update and reset gate), n = tanh(a_n + r (u_n + c));

    h_t = z h_{t−1} + (1 − z) n.

    Shapes, parameters and lengths as in `Recurrent`, with three gates: W (D, 3H), U (H, 3H), b (3H,) in the order
    z, r, n, which is Keras' (PyTorch: r, z, n); and c (H,). The reset gate stands after the product with U,
    as in PyTorch, cuDNN and Keras' ``reset_after``, so that one product does for all three; in the paper
    it stands before.

    Backward, given dh_t: every factor is a number that the forward has left,

    * du_z = dh (h_{t−1} − n) z (1 − z), da_n = dh (1 − z) (1 − n²);
    * n has r and u_n only in the product r (u_n + c): du_n = da_n r, du_r = da_n (u_n + c) r (1 − r);
    * da is du but for its last part; dc = Σ du_n;
    * on to the step before: dh_{t−1} = dy_{t−1} + dh z + du Uᵀ.

    Examples
    --------
    >>> layer = GRU(3, 4, return_sequences=True, rng=0)
    >>> x = np.random.default_rng(1).normal(size=(2, 5, 3))
    >>> layer.forward(x, lengths=[5, 2]).shape
    (2, 5, 4)
    >>> dx = layer.backward(np.ones((2, 5, 4)))
    >>> dx[1].any(axis=-1)  # what stands after the end of the second sequence has no part
    array([ True,  True, False, False, False])

    References
    ----------
    Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
    translation", EMNLP 2014; Saito, *Deep Learning from Scratch 2* (2018), appendix C.
    """

    gates: ClassVar[int] = 3
    c = Parameter()

    def _more_params(self, H: int, dtype: np.dtype[Any]) -> dict[str, Array]:
        return {"c": np.zeros(H, dtype)}

    def _run(self, a: Array, h: Array, ended: Mask | None) -> Any:
        H = h.shape[-1]
        inner = np.empty_like(h[1:])  # u_n + c
        for t in range(len(a)):
            u = h[t] @ self.U
            zr, n = a[t, :, : 2 * H], a[t, :, 2 * H :]  # views: they take the place of what they are made of
            zr += u[:, : 2 * H]
            _sigmoid_in_place(zr)
            np.add(u[:, 2 * H :], self.c, out=inner[t])
            n += zr[:, H:] * inner[t]
            np.tanh(n, out=n)
            np.subtract(h[t], n, out=h[t + 1])
            h[t + 1] *= zr[:, :H]
            h[t + 1] += n  # n + z (h − n)
            hold(h, t, ended)
        return a, inner

    def _run_backward(self, dh: Array, h: Array, kept: Any, ended: Mask | None) -> tuple[Array, Array]:
        gates, inner = kept
        factors, of_n, z = self._factors(gates, inner, h, ended)
        T, N, H = dh.shape
        du, dn, through = np.empty_like(factors), np.empty_like(of_n), np.zeros_like(h[0])
        for t in reversed(range(T)):
            total = dh[t] + through
            np.multiply(total[:, None], factors[t], out=du[t])
            np.multiply(total, of_n[t], out=dn[t])
            through = du[t].reshape(N, 3 * H) @ self.U.T
            total *= z[t]
            through += total
        self.grads["c"] = du[:, :, 2].sum(axis=(0, 1))
        da = du.copy()
        da[:, :, 2] = dn
        return da, du

    def _factors(self, gates: Array, inner: Array, h: Array, ended: Mask | None) -> tuple[Array, Array, Array]:
        """Of dh in du_z, du_r, du_n (T, N, 3, H), in da_n, and in dh of the step before."""
        z, r, n = np.split(gates, 3, axis=-1)
        of_n = (1 - z) * (1 - n * n)
        factors = np.stack([(h[:-1] - n) * z * (1 - z), of_n * inner * r * (1 - r), of_n * r], axis=2)
        if ended is None:
            return factors, of_n, z
        np.copyto(factors, 0, where=ended[..., None])
        np.copyto(of_n, 0, where=ended)
        return factors, of_n, np.where(ended, 1, z)


def _sigmoid_in_place(a: Array) -> None:
    """σ(a) = ½ tanh(a/2) + ½: a single function to evaluate, and nothing that overflows."""
    a *= 0.5
    np.tanh(a, out=a)
    a *= 0.5
    a += 0.5
