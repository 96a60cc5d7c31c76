"""Products with weights and what is added to them."""

# ruff: noqa: RUF059 - what a mistake forgets or overwrites stays in sight

import numpy as np

from bug_corpus.case import class_of, pair, sizes

# Affine: out = x W + b


def affine_inputs(rng):
    N, D, H = sizes(rng, 3)
    return {"x": rng.normal(size=(N, D)), "W": rng.normal(size=(D, H)), "b": rng.normal(size=H)}


def square_affine_inputs(rng):
    N, D = sizes(rng, 2)
    return {"x": rng.normal(size=(N, D)), "W": rng.normal(size=(D, D)), "b": rng.normal(size=D)}


@pair(affine_inputs)
def affine(x, W, b):
    return x @ W + b, (x, W)


@affine.right
def affine_backward(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.sum(axis=0)


@affine.wrong("extra-mean")
def bias_gradient_averaged(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.mean(axis=0)


@affine.wrong("extra-mean")
def weight_gradient_averaged(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout / len(x), dout.sum(axis=0)


@affine.wrong("missing-sum", "wrong-shape", why="db = dout has the wrong shape because the sum is missing")
def bias_gradient_not_summed(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout


@affine.wrong("one-sample")
def bias_gradient_of_the_first_row(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout[0].copy()


@affine.wrong("one-sample")
def weight_gradient_of_the_last_row(dout, cache):
    x, W = cache
    return dout @ W.T, np.outer(x[-1], dout[-1]), dout.sum(axis=0)


@affine.wrong("extra-sum")
def bias_gradient_summed_over_everything(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, np.full(dout.shape[1], dout.sum())


@affine.wrong("missing-cotangent")
def input_gradient_without_dout(dout, cache):
    x, W = cache
    return np.ones_like(dout) @ W.T, x.T @ dout, dout.sum(axis=0)


@affine.wrong("missing-cotangent")
def bias_gradient_is_the_batch_size(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, np.full(dout.shape[1], float(len(dout)))


@affine.wrong("cotangent-twice")
def weight_gradient_with_dout_squared(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ (dout * dout), dout.sum(axis=0)


@affine.wrong("sign")
def weight_gradient_negated(dout, cache):
    x, W = cache
    return dout @ W.T, -(x.T @ dout), dout.sum(axis=0)


@affine.wrong("zero")
def bias_gradient_left_at_zero(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, np.zeros(dout.shape[1])


@affine.wrong("transposed", inputs=square_affine_inputs)
def input_gradient_with_weight_not_transposed(dout, cache):
    x, W = cache
    return dout @ W, x.T @ dout, dout.sum(axis=0)


@affine.wrong("transposed", inputs=square_affine_inputs)
def weight_gradient_transposed(dout, cache):
    x, W = cache
    return dout @ W.T, dout.T @ x, dout.sum(axis=0)


@affine.wrong("transposed", "wrong-shape", why="the transpose of a matrix that is not square has another shape")
def weight_gradient_transposed_and_not_square(dout, cache):
    x, W = cache
    return dout @ W.T, dout.T @ x, dout.sum(axis=0)


@affine.wrong("permuted", "transposed", why="a reshape where a transpose belongs puts every entry elsewhere")
def input_gradient_with_weight_reshaped(dout, cache):
    x, W = cache
    return dout @ W.reshape(W.shape[::-1]), x.T @ dout, dout.sum(axis=0)


@affine.wrong("swapped", inputs=lambda rng: {k: rng.normal(size=(4, 4)) for k in "xW"} | {"b": rng.normal(size=4)})
def input_and_weight_gradients_returned_in_the_wrong_order(dout, cache):
    x, W = cache
    return x.T @ dout, dout @ W.T, dout.sum(axis=0)


@affine.wrong("precision")
def product_in_single_precision(dout, cache):
    x, W = cache
    dW = x.T.astype(np.float32) @ dout.astype(np.float32)
    return dout @ W.T, dW.astype(float), dout.sum(axis=0)


@affine.wrong("permuted")
def rows_of_the_input_gradient_reversed(dout, cache):
    x, W = cache
    return (dout @ W.T)[::-1].copy(), x.T @ dout, dout.sum(axis=0)


# Dense over time: out[n, t] = x[n, t] W + b


def dense_over_time_inputs(rng):
    N, T, D, H = sizes(rng, 4)
    return {"x": rng.normal(size=(N, T, D)), "W": rng.normal(size=(D, H)), "b": rng.normal(size=H)}


@pair(dense_over_time_inputs)
def dense_over_time(x, W, b):
    return x @ W + b, (x, W)


@dense_over_time.right
def dense_over_time_backward(dout, cache):
    x, W = cache
    return dout @ W.T, np.einsum("ntd,nth->dh", x, dout), dout.sum(axis=(0, 1))


@dense_over_time.wrong("overwritten")
def weight_gradient_of_the_last_step_only(dout, cache):
    x, W = cache
    for t in range(x.shape[1]):
        dW = x[:, t].T @ dout[:, t]
    return dout @ W.T, dW, dout.sum(axis=(0, 1))


@dense_over_time.wrong("truncated")
def first_step_left_out_of_the_loop(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    for t in range(1, x.shape[1]):
        dW += x[:, t].T @ dout[:, t]
    return dout @ W.T, dW, dout.sum(axis=(0, 1))


@dense_over_time.wrong("extra-mean")
def bias_averaged_over_the_steps(dout, cache):
    x, W = cache
    return dout @ W.T, np.einsum("ntd,nth->dh", x, dout), dout.mean(axis=1).sum(axis=0)


@dense_over_time.wrong("permuted")
def steps_of_the_input_gradient_in_reverse(dout, cache):
    x, W = cache
    return dout[:, ::-1] @ W.T, np.einsum("ntd,nth->dh", x, dout), dout.sum(axis=(0, 1))


@dense_over_time.wrong("one-sample")
def weight_gradient_of_the_first_sequence(dout, cache):
    x, W = cache
    return dout @ W.T, x[0].T @ dout[0], dout.sum(axis=(0, 1))


# A dense layer as an object


class Dense:
    def __init__(self, W, b):
        self.W, self.b = W, b
        self.dW, self.db = np.zeros_like(W), np.zeros_like(b)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


dense = class_of(Dense, affine_inputs)


@dense.wrong("extra-mean")
class DividesByTheBatchAgain(Dense):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW /= len(dout)
        self.db /= len(dout)
        return dx


@dense.wrong("factor")
class ScalesByTheLearningRate(Dense):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = 0.01 * self.dW
        return dx


@dense.wrong("accumulated")
class AddsToItsInputGradient(Dense):
    def forward(self, x):
        self.dx = np.zeros_like(x) if not hasattr(self, "dx") else self.dx
        return super().forward(x)

    def backward(self, dout):
        self.dx = self.dx + super().backward(dout)
        return self.dx.copy()


@dense.wrong("nonlinear")
class ClipsItsWeightGradientByNorm(Dense):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW *= 0.1 / np.linalg.norm(self.dW)
        return dx


@dense.wrong("stale-cache")
class RemembersTheFirstBatch(Dense):
    first = None

    def forward(self, x):
        if self.first is None:
            self.first = x.copy()
        return super().forward(x)

    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = self.first.T @ dout
        return dx


@dense.wrong("stale-cache")
class SharesItsCacheWithAllInstances(Dense):
    def forward(self, x):
        type(self).last = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = type(self).last.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


@dense.wrong("overwritten", "one-sample", why="what is left after the loop is the last sample's share")
class AssignsInTheLoopOverSamples(Dense):
    def backward(self, dout):
        dx = super().backward(dout)
        for n in range(len(dout)):
            self.dW = np.outer(self.x[n], dout[n])
        return dx


@dense.wrong("zero")
class ForgetsToStoreTheBiasGradient(Dense):
    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ self.W.T


# A bias and a scale that are broadcast


def scale_and_shift_inputs(rng):
    N, C, H, W = sizes(rng, 4)
    return {"x": rng.normal(size=(N, C, H, W)), "gamma": rng.normal(size=(C, 1, 1)), "beta": rng.normal(size=(C, 1, 1))}


@pair(scale_and_shift_inputs)
def scale_and_shift(x, gamma, beta):
    return gamma * x + beta, (x, gamma)


@scale_and_shift.right
def scale_and_shift_backward(dout, cache):
    x, gamma = cache
    dgamma = (dout * x).sum(axis=(0, 2, 3)).reshape(gamma.shape)
    return dout * gamma, dgamma, dout.sum(axis=(0, 2, 3)).reshape(gamma.shape)


@scale_and_shift.wrong("missing-sum")
def scale_summed_over_the_batch_but_not_the_image(dout, cache):
    x, gamma = cache
    dgamma = (dout * x).sum(axis=0)[:, :1, :1]
    return dout * gamma, dgamma, dout.sum(axis=(0, 2, 3)).reshape(gamma.shape)


@scale_and_shift.wrong("extra-mean")
def shift_averaged_over_the_image(dout, cache):
    x, gamma = cache
    dgamma = (dout * x).sum(axis=(0, 2, 3)).reshape(gamma.shape)
    return dout * gamma, dgamma, dout.mean(axis=(2, 3)).sum(axis=0).reshape(gamma.shape)


@scale_and_shift.wrong("swapped")
def scale_and_shift_gradients_exchanged(dout, cache):
    dx, dgamma, dbeta = scale_and_shift_backward(dout, cache)
    return dx, dbeta, dgamma


@scale_and_shift.wrong("extra-sum")
def scale_summed_over_the_channels_too(dout, cache):
    x, gamma = cache
    dx, _, dbeta = scale_and_shift_backward(dout, cache)
    return dx, np.full(gamma.shape, (dout * x).sum()), dbeta


@scale_and_shift.wrong("permuted")
def channels_of_the_scale_reversed(dout, cache):
    dx, dgamma, dbeta = scale_and_shift_backward(dout, cache)
    return dx, dgamma[::-1].copy(), dbeta


# Tied weights: an autoencoder that decodes with the transpose of what it encodes with


def tied_autoencoder_inputs(rng):
    N, D, H = sizes(rng, 3)
    return {"x": rng.normal(size=(N, D)), "W": 0.5 * rng.normal(size=(D, H))}


@pair(tied_autoencoder_inputs)
def tied_autoencoder(x, W):
    h = np.tanh(x @ W)
    return h @ W.T, (x, W, h)


@tied_autoencoder.right
def tied_autoencoder_backward(dout, cache):
    x, W, h = cache
    dz = (dout @ W) * (1 - h**2)
    return dz @ W.T, x.T @ dz + dout.T @ h


@tied_autoencoder.wrong("overwritten", "missing-term", why="of two uses of W the second assignment replaced the first")
def shared_weight_overwritten(dout, cache):
    x, W, h = cache
    dz = (dout @ W) * (1 - h**2)
    dW = dout.T @ h
    dW = x.T @ dz
    return dz @ W.T, dW


@tied_autoencoder.wrong("missing-term", "overwritten", why="of two uses of W one is forgotten")
def encoder_forgotten(dout, cache):
    x, W, h = cache
    dz = (dout @ W) * (1 - h**2)
    return dz @ W.T, dout.T @ h


@tied_autoencoder.wrong("missing-activation-derivative")
def slope_of_tanh_forgotten(dout, cache):
    x, W, h = cache
    dz = dout @ W
    return dz @ W.T, x.T @ dz + dout.T @ h


# A residual block: out = x + relu(x W1) W2


def residual_block_inputs(rng):
    N, D, H = sizes(rng, 3)
    return {"x": rng.normal(size=(N, D)), "W1": rng.normal(size=(D, H)), "W2": rng.normal(size=(H, D))}


@pair(residual_block_inputs)
def residual_block(x, W1, W2):
    h = np.maximum(x @ W1, 0)
    return x + h @ W2, (x, W1, W2, h)


@residual_block.right
def residual_block_backward(dout, cache):
    x, W1, W2, h = cache
    dz = (dout @ W2.T) * (h > 0)
    return dout + dz @ W1.T, x.T @ dz, h.T @ dout


@residual_block.wrong("missing-term")
def identity_branch_forgotten(dout, cache):
    x, W1, W2, h = cache
    dz = (dout @ W2.T) * (h > 0)
    return dz @ W1.T, x.T @ dz, h.T @ dout


@residual_block.wrong("missing-term")
def weighted_branch_forgotten(dout, cache):
    x, W1, W2, h = cache
    dz = (dout @ W2.T) * (h > 0)
    return dout.copy(), x.T @ dz, h.T @ dout


@residual_block.wrong("missing-mask", "missing-activation-derivative", why="the mask is the slope of relu")
def relu_left_out_on_the_way_back(dout, cache):
    x, W1, W2, h = cache
    dz = dout @ W2.T
    return dout + dz @ W1.T, x.T @ dz, h.T @ dout


@residual_block.wrong("wrong-mask")
def relu_masked_by_the_gradient(dout, cache):
    x, W1, W2, h = cache
    dh = dout @ W2.T
    dz = dh * (dh > 0)
    return dout + dz @ W1.T, x.T @ dz, h.T @ dout


@residual_block.wrong("swapped", inputs=lambda rng: {k: rng.normal(size=(5, 5)) for k in ("x", "W1", "W2")})
def gradients_of_the_two_weights_exchanged(dout, cache):
    dx, dW1, dW2 = residual_block_backward(dout, cache)
    return dx, dW2, dW1


# A bilinear form: out[n] = x[n]ᵀ A y[n]


def bilinear_inputs(rng):
    N, D, E = sizes(rng, 3)
    return {"x": rng.normal(size=(N, D)), "A": rng.normal(size=(D, E)), "y": rng.normal(size=(N, E))}


@pair(bilinear_inputs)
def bilinear(x, A, y):
    return ((x @ A) * y).sum(axis=1), (x, A, y)


@bilinear.right
def bilinear_backward(dout, cache):
    x, A, y = cache
    d = dout[:, None]
    return d * (y @ A.T), x.T @ (d * y), d * (x @ A)


@bilinear.wrong("swapped", inputs=lambda rng: {k: rng.normal(size=(5, 5)) for k in "xAy"})
def gradients_of_both_sides_exchanged(dout, cache):
    dx, dA, dy = bilinear_backward(dout, cache)
    return dy, dA, dx


@bilinear.wrong("missing-cotangent")
def weight_gradient_without_dout(dout, cache):
    x, A, y = cache
    d = dout[:, None]
    return d * (y @ A.T), x.T @ y, d * (x @ A)


@bilinear.wrong("cotangent-twice")
def left_gradient_with_dout_squared(dout, cache):
    x, A, y = cache
    d = dout[:, None]
    return d * (d * y @ A.T), x.T @ (d * y), d * (x @ A)


@bilinear.wrong("transposed", inputs=lambda rng: {k: rng.normal(size=(5, 5)) for k in "xAy"})
def matrix_not_transposed(dout, cache):
    x, A, y = cache
    d = dout[:, None]
    return d * (y @ A), x.T @ (d * y), d * (x @ A)
