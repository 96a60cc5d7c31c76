"""Layers of sequences, with backward passes as people get them wrong."""

import numpy as np

from gradcheck.analytic import (
    GRU,
    LSTM,
    Bidirectional,
    Embedding,
    MultiHeadAttention,
    ScaledDotProductAttention,
    SimpleRNN,
    softmax,
)
from wrong_layers.where import only_in


class EmbeddingRepetitionsLost(Embedding):
    def _backward(self, dy, x):
        dx = super()._backward(dy, x)
        dW = np.zeros_like(self.W)
        dW[x] += dy
        self.grads["W"] = dW
        return dx


class EmbeddingAveraged(Embedding):
    def _backward(self, dy, x):
        dx = super()._backward(dy, x)
        counts = np.bincount(x.ravel(), minlength=len(self.W))
        self.grads["W"] = self.grads["W"] / np.maximum(counts, 1)[:, None]
        return dx


class EmbeddingOneRowOff(Embedding):
    def _backward(self, dy, x):
        return super()._backward(dy, (x + 1) % len(self.W))


# Recurrent layers: dW = Σ_t x_tᵀ da_t, dU = Σ_t h_{t−1}ᵀ da_t


class SimpleRNNTruncatedAfterOneStep(SimpleRNN):
    def _run_backward(self, dh, h, kept, ended):
        da = dh * (1 - h[1:] ** 2)
        return da, da


class SimpleRNNWithoutActivationDerivative(SimpleRNN):
    def _run_backward(self, dh, h, kept, ended):
        return super()._run_backward(dh, 0 * h, kept, ended)


class SimpleRNNStateAfterTheStep(SimpleRNN):
    def _backward(self, dy, cache):
        dx = super()._backward(dy, cache)
        _, h, kept, ended = cache
        _, du = self._run_backward(self._output_backward(dy, h, ended), h, kept, ended)
        self.grads["U"] = np.einsum("tnh,tnk->hk", h[1:], du)
        return dx


class SimpleRNNOfTheLastStepOnly(SimpleRNN):
    def _run_backward(self, dh, h, kept, ended):
        da, du = super()._run_backward(dh, h, kept, ended)
        return da, np.concatenate([0 * du[:-1], du[-1:]])


class SimpleRNNRecurrentWeightsNotTransposed(SimpleRNN):
    def _run_backward(self, dh, h, kept, ended):
        kept_U, self.U = self.U, self.U.T
        result = super()._run_backward(dh, h, kept, ended)
        self.U = kept_U
        return result


@only_in("lengths")
class SimpleRNNReadsOnAfterTheEnd(SimpleRNN):
    def _run_backward(self, dh, h, kept, ended):
        return super()._run_backward(dh, h, kept, None)

    def _output_backward(self, dy, h, ended):
        return super()._output_backward(dy, h, None)


class LSTMCellGradientNotCarried(LSTM):
    def _factors(self, gates, c, tanh_c, ended):
        of_dc, of_dh, passed = super()._factors(gates, c, tanh_c, ended)
        return of_dc, of_dh, 0 * passed


class LSTMCellNotReachedThroughTheOutput(LSTM):
    def _factors(self, gates, c, tanh_c, ended):
        of_dc, of_dh, passed = super()._factors(gates, c, tanh_c, ended)
        of_dh[:, :, 1] = 0
        return of_dc, of_dh, passed


class LSTMTanhOfTheCellForgotten(LSTM):
    def _factors(self, gates, c, tanh_c, ended):
        of_dc, of_dh, passed = super()._factors(gates, c, tanh_c, ended)
        of_dh[:, :, 1] /= 1 - tanh_c**2
        return of_dc, of_dh, passed


class LSTMForgetGateOfTheNewCell(LSTM):
    def _factors(self, gates, c, tanh_c, ended):
        return super()._factors(gates, np.concatenate([c[1:], c[:1]]), tanh_c, ended)


class LSTMCandidateAsASigmoid(LSTM):
    def _factors(self, gates, c, tanh_c, ended):
        of_dc, of_dh, passed = super()._factors(gates, c, tanh_c, ended)
        i, _, g, _ = np.split(gates, 4, axis=-1)
        of_dc[:, :, 2] = i * g * (1 - g)
        return of_dc, of_dh, passed


class LSTMGatesInAnotherOrder(LSTM):
    def _run_backward(self, dh, h, kept, ended):
        da, du = super()._run_backward(dh, h, kept, ended)
        return da[:, :, [1, 0, 2, 3]], du


class GRUStateNotCarried(GRU):
    def _factors(self, gates, inner, h, ended):
        factors, of_n, z = super()._factors(gates, inner, h, ended)
        return factors, of_n, 0 * z


class GRUUpdateGateTheOtherWay(GRU):
    def _factors(self, gates, inner, h, ended):
        factors, of_n, z = super()._factors(gates, inner, h, ended)
        factors[:, :, 0] *= -1
        return factors, of_n, z


class GRUResetGateForgotten(GRU):
    def _factors(self, gates, inner, h, ended):
        factors, of_n, z = super()._factors(gates, inner, h, ended)
        factors[:, :, 2] = of_n
        return factors, of_n, z


class GRUInnerBiasLikeTheOuter(GRU):
    def _run_backward(self, dh, h, kept, ended):
        da, du = super()._run_backward(dh, h, kept, ended)
        self.grads["c"] = da[:, :, 2].sum(axis=(0, 1))
        return da, du


class BidirectionalNotTurnedBack(Bidirectional):
    def _backward(self, dy, order):
        super()._backward(dy, order)
        H = len(self.onward.U)
        back = dy[..., H:]
        if self.back.return_sequences:
            back = np.take_along_axis(back, order[..., None], axis=1)
        return self.onward.backward(dy[..., :H]) + self.back.backward(back)


class BidirectionalOfOneDirection(Bidirectional):
    def _backward(self, dy, order):
        super()._backward(dy, order)
        return self.onward.backward(dy[..., : len(self.onward.U)])


class BidirectionalAveraged(Bidirectional):
    def _backward(self, dy, order):
        return super()._backward(dy, order) / 2


# Attention: y = softmax(q kᵀ / √D) v


def attend_backward(change):
    """The pullback with the gradient of the scores, given as (dP, P, D), made otherwise."""

    def backward(self, dy):
        dy, _ = self._recall(dy)
        q, k, v = self._seen
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
        if self._mask is not None:
            scores = np.where(self._mask, scores, -np.inf)
        P = softmax(scores)
        dS = change(dy @ v.swapaxes(-1, -2), P, q.shape[-1])
        return dS @ k, dS.swapaxes(-1, -2) @ q, P.swapaxes(-1, -2) @ dy

    return backward


def remembering(self, q, k, v, mask=None):
    past = np.tri(q.shape[-2], k.shape[-2], dtype=bool) if self.causal else None
    self._seen, self._mask = (q, k, v), past if mask is None else (mask if past is None else mask & past)
    return ScaledDotProductAttention.forward(self, q, k, v, mask)


class AttentionScaleForgotten(ScaledDotProductAttention):
    forward = remembering
    backward = attend_backward(lambda dP, P, D: P * (dP - (dP * P).sum(-1, keepdims=True)))


class AttentionSoftmaxTakenForDiagonal(ScaledDotProductAttention):
    forward = remembering
    backward = attend_backward(lambda dP, P, D: P * (1 - P) * dP / np.sqrt(D))


class AttentionSharedDenominatorForgotten(ScaledDotProductAttention):
    forward = remembering
    backward = attend_backward(lambda dP, P, D: P * dP / np.sqrt(D))


class AttentionSumOverTheQueries(ScaledDotProductAttention):
    forward = remembering
    backward = attend_backward(lambda dP, P, D: P * (dP - (dP * P).sum(-2, keepdims=True)) / np.sqrt(D))


class AttentionDividedByDInsteadOfItsRoot(ScaledDotProductAttention):
    forward = remembering
    backward = attend_backward(lambda dP, P, D: P * (dP - (dP * P).sum(-1, keepdims=True)) / D)


class MultiHeadAttentionHeadsSideBySide(MultiHeadAttention):
    def _split(self, x):
        N, T, D = x.shape
        return x.reshape(N, self.heads, T, D // self.heads) if self._memory else super()._split(x)


class MultiHeadAttentionOutputWeightsNotTransposed(MultiHeadAttention):
    def _dense_backward(self, x, dy, name):
        dx = super()._dense_backward(x, dy, name)
        return dy @ self.W_o if name == "o" else dx


class MultiHeadAttentionKeysTakenForConstant(MultiHeadAttention):
    def _dense_backward(self, x, dy, name):
        return super()._dense_backward(x, dy, name) * (name != "k")


class MultiHeadAttentionBiasAveraged(MultiHeadAttention):
    def backward(self, dy):
        result = super().backward(dy)
        self.grads["b_o"] = self.grads["b_o"] / len(dy)
        return result
