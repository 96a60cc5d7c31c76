"""Two mistakes at once: neither alone explains the numbers."""

import numpy as np

from bug_corpus import activations, attention, dense, losses, normalization, recurrent
from bug_corpus.dense import Dense, square_affine_inputs


@dense.affine.wrong("transposed+sign", inputs=square_affine_inputs)
def weight_gradient_transposed_and_negated(dout, cache):
    x, W = cache
    return dout @ W.T, -dout.T @ x, dout.sum(axis=0)


@dense.affine.wrong("transposed+extra-mean", inputs=square_affine_inputs)
def weight_gradient_transposed_and_averaged(dout, cache):
    x, W = cache
    return dout @ W.T, dout.T @ x / len(x), dout.sum(axis=0)


@dense.affine.wrong("extra-mean+sign")
def bias_gradient_averaged_and_negated(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, -dout.mean(axis=0)


@dense.dense.wrong("transposed+factor", inputs=square_affine_inputs)
class WeightGradientTransposedAndHalved(Dense):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = 0.5 * self.dW.T
        return dx


@activations.tanh.wrong("activation-derivative-at-wrong-point+sign")
def slope_at_the_output_and_negated(dout, cache):
    _, y = cache
    return -dout * (1 - np.tanh(y) ** 2)


@activations.sigmoid.wrong("missing-activation-derivative+sign")
def no_slope_and_negated(dout, y):
    return -dout


@activations.relu.wrong("inverted-mask+sign")
def negative_half_negated(dout, x):
    return -dout * (x < 0)


@activations.gated_linear_unit.wrong("swapped+factor")
def value_and_gate_exchanged_and_doubled(dout, cache):
    dx, dW, dV = activations.gated_linear_unit_backward(dout, cache)
    return dx, 2 * dV, 2 * dW


@attention.attention.wrong("missing-term+factor")
def softmax_taken_as_diagonal_and_not_scaled(dout, cache):
    Q, K, V, A = cache
    dS = (dout @ attention.t(V)) * A * (1 - A)
    return dS @ K, attention.t(dS) @ Q, attention.t(A) @ dout


@normalization.batch_norm.wrong("missing-term+sign")
def no_path_through_the_mean_and_negated(dout, cache):
    z, std, gamma = cache
    dz = dout * gamma
    dx = -(dz - z * (dz * z).mean(axis=0)) / std
    return dx, (dout * z).sum(axis=0), dout.sum(axis=0)


@losses.mean_squared_error.wrong("missing-mean+factor", "factor", "missing-mean", why="2 and the size are one constant")
def neither_two_nor_the_mean(y, t):
    dy = y - t
    return dy, -dy


@losses.huber.wrong("missing-mask+missing-mean")
def neither_clipped_nor_averaged(y, t):
    dy = y - t
    return dy, -dy


@recurrent.leaky_integrator.wrong("permuted+sign")
def time_reversed_and_negated(dout, cache):
    dx, da = recurrent.leaky_integrator_backward(dout, cache)
    return -dx[:, ::-1], da
