"""Convolutions, with loops over the kernel as in a first version."""

# ruff: noqa: RUF059 - what a mistake forgets stays in sight

import numpy as np

from bug_corpus.case import class_of, pair, sizes

# Two dimensions, with stride and padding


def image_and_kernels(rng):
    N, C, F = sizes(rng, 3, low=2, high=4)
    x = rng.normal(size=(N, C, 7, 6))
    return {"x": x, "W": rng.normal(size=(F, C, 3, 2)), "b": rng.normal(size=F)}


def padded(x, pad):
    return np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))


def window(xp, i, j, stride, OH, OW):
    """What kernel entry (i, j) sees in all places."""
    return xp[:, :, i : i + stride * OH : stride, j : j + stride * OW : stride]


@pair(image_and_kernels)
def convolution(x, W, b, stride=2, pad=1):
    xp = padded(x, pad)
    KH, KW = W.shape[2:]
    OH, OW = (xp.shape[2] - KH) // stride + 1, (xp.shape[3] - KW) // stride + 1
    out = np.zeros((len(x), len(W), OH, OW)) + b[:, None, None]
    for i, j in np.ndindex(KH, KW):
        out += np.einsum("nchw,fc->nfhw", window(xp, i, j, stride, OH, OW), W[:, :, i, j])
    return out, (xp, W, stride, pad)


def unpadded(dxp, pad):
    return dxp[:, :, pad:-pad, pad:-pad].copy()


@convolution.right
def convolution_backward(dout, cache):
    xp, W, stride, pad = cache
    dxp, dW = np.zeros_like(xp), np.zeros_like(W)
    for i, j in np.ndindex(W.shape[2:]):
        here = window(xp, i, j, stride, *dout.shape[2:])
        dW[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, here)
        window(dxp, i, j, stride, *dout.shape[2:])[...] += np.einsum("nfhw,fc->nchw", dout, W[:, :, i, j])
    return unpadded(dxp, pad), dW, dout.sum(axis=(0, 2, 3))


@convolution.wrong("overwritten")
def overlapping_windows_assigned(dout, cache):
    xp, W, stride, pad = cache
    dxp, dW = np.zeros_like(xp), np.zeros_like(W)
    for i, j in np.ndindex(W.shape[2:]):
        here = window(xp, i, j, stride, *dout.shape[2:])
        dW[:, :, i, j] = np.einsum("nfhw,nchw->fc", dout, here)
        window(dxp, i, j, stride, *dout.shape[2:])[...] = np.einsum("nfhw,fc->nchw", dout, W[:, :, i, j])
    return unpadded(dxp, pad), dW, dout.sum(axis=(0, 2, 3))


@convolution.wrong("shifted")
def padding_cut_off_at_the_far_end_only(dout, cache):
    xp, W, stride, pad = cache
    dxp = np.zeros_like(xp)
    for i, j in np.ndindex(W.shape[2:]):
        window(dxp, i, j, stride, *dout.shape[2:])[...] += np.einsum("nfhw,fc->nchw", dout, W[:, :, i, j])
    _, dW, db = convolution_backward(dout, cache)
    return dxp[:, :, : -2 * pad, : -2 * pad].copy(), dW, db


@convolution.wrong("shifted")
def windows_of_the_weight_gradient_start_one_to_the_left(dout, cache):
    xp, W, stride, pad = cache
    dx, dW, db = convolution_backward(dout, cache)
    return dx, convolution_backward(dout, (np.roll(xp, 1, axis=3), W, stride, pad))[1], db


@convolution.wrong("permuted")
def kernel_gradient_flipped(dout, cache):
    dx, dW, db = convolution_backward(dout, cache)
    return dx, dW[:, :, ::-1, ::-1].copy(), db


@convolution.wrong("permuted")
def input_gradient_with_the_kernel_flipped(dout, cache):
    xp, W, stride, pad = cache
    dx, dW, db = convolution_backward(dout, cache)
    return convolution_backward(dout, (xp, W[:, :, ::-1, ::-1], stride, pad))[0], dW, db


@convolution.wrong("missing-sum", "wrong-shape", why="db has the wrong shape because two sums are missing")
def bias_summed_over_the_batch_only(dout, cache):
    dx, dW, db = convolution_backward(dout, cache)
    return dx, dW, dout.sum(axis=0)


@convolution.wrong("extra-mean")
def bias_averaged_over_the_image(dout, cache):
    dx, dW, db = convolution_backward(dout, cache)
    return dx, dW, dout.mean(axis=(2, 3)).sum(axis=0)


@convolution.wrong("extra-mean")
def kernel_gradient_averaged_over_the_batch(dout, cache):
    dx, dW, db = convolution_backward(dout, cache)
    return dx, dW / len(dout), db


@convolution.wrong("one-sample")
def kernel_gradient_of_the_first_image(dout, cache):
    xp, W, stride, pad = cache
    dx, dW, db = convolution_backward(dout, cache)
    return dx, convolution_backward(dout[:1], (xp[:1], W, stride, pad))[1], db


@convolution.wrong("overwritten", "one-sample", why="what is left after the loop is the last image's share")
def kernel_gradient_of_the_last_image(dout, cache):
    xp, W, stride, pad = cache
    dx, dW, db = convolution_backward(dout, cache)
    for n in range(len(xp)):
        dW = convolution_backward(dout[n : n + 1], (xp[n : n + 1], W, stride, pad))[1]
    return dx, dW, db


@convolution.wrong("missing-cotangent")
def bias_counts_its_places(dout, cache):
    dx, dW, db = convolution_backward(dout, cache)
    return dx, dW, np.full(len(db), float(dout[:, 0].size))


@convolution.wrong("sign")
def kernel_gradient_negated(dout, cache):
    dx, dW, db = convolution_backward(dout, cache)
    return dx, -dW, db


@convolution.wrong("accumulated")
def input_gradient_kept_in_a_buffer(dout, cache, buffers={}):  # noqa: B006 - the mistake
    dx, dW, db = convolution_backward(dout, cache)
    buffers[dx.shape] = buffers.get(dx.shape, 0) + dx
    return buffers[dx.shape].copy(), dW, db


# One dimension, causal: out[t] sees x[t], x[t − 1], ...


def sequence_and_kernel(rng):
    N, T, C, H = sizes(rng, 4)
    return {"x": rng.normal(size=(N, T, C)), "W": rng.normal(size=(3, C, H))}


def delayed(x, k):
    """``x[t − k]``, zero before the beginning."""
    return np.pad(x, ((0, 0), (k, 0), (0, 0)))[:, : x.shape[1]]


def advanced(x, k):
    """``x[t + k]``, zero after the end."""
    return np.pad(x, ((0, 0), (0, k), (0, 0)))[:, k:]


@pair(sequence_and_kernel)
def causal_convolution(x, W):
    return sum(delayed(x, k) @ W[k] for k in range(len(W))), (x, W)


@causal_convolution.right
def causal_convolution_backward(dout, cache):
    x, W = cache
    dx = sum(advanced(dout, k) @ W[k].T for k in range(len(W)))
    return dx, np.stack([np.einsum("ntc,nth->ch", delayed(x, k), dout) for k in range(len(W))])


@causal_convolution.wrong(
    "shifted", "permuted", why="every tap moves the gradient forwards in time where it belongs back"
)
def cotangent_delayed_not_advanced(dout, cache):
    x, W = cache
    dx, dW = causal_convolution_backward(dout, cache)
    return sum(delayed(dout, k) @ W[k].T for k in range(len(W))), dW


@causal_convolution.wrong("permuted")
def taps_in_reverse(dout, cache):
    dx, dW = causal_convolution_backward(dout, cache)
    return dx, dW[::-1].copy()


@causal_convolution.wrong("shifted")
def one_step_too_late(dout, cache):
    dx, dW = causal_convolution_backward(dout, cache)
    return delayed(dx, 1), dW


@causal_convolution.wrong("missing-term", "truncated", why="what reaches two steps back is cut off")
def oldest_tap_forgotten(dout, cache):
    x, W = cache
    dx, dW = causal_convolution_backward(dout, cache)
    return sum(advanced(dout, k) @ W[k].T for k in range(len(W) - 1)), dW


@causal_convolution.wrong("truncated")
def last_steps_not_visited(dout, cache):
    x, W = cache
    dx, dW = causal_convolution_backward(dout, cache)
    dx[:, -2:] = 0
    return dx, dW


# Depthwise: each channel has its own kernel


def depthwise_inputs(rng):
    N, C = sizes(rng, 2, low=2, high=5)
    return {"x": rng.normal(size=(N, C, 6, 5)), "K": rng.normal(size=(C, 3, 2))}


@pair(depthwise_inputs)
def depthwise_convolution(x, K):
    OH, OW = x.shape[2] - 2, x.shape[3] - 1
    out = sum(x[:, :, i : i + OH, j : j + OW] * K[:, i, j, None, None] for i, j in np.ndindex(3, 2))
    return out, (x, K)


@depthwise_convolution.right
def depthwise_convolution_backward(dout, cache):
    x, K = cache
    OH, OW = dout.shape[2:]
    dx, dK = np.zeros_like(x), np.zeros_like(K)
    for i, j in np.ndindex(3, 2):
        dx[:, :, i : i + OH, j : j + OW] += dout * K[:, i, j, None, None]
        dK[:, i, j] = (dout * x[:, :, i : i + OH, j : j + OW]).sum(axis=(0, 2, 3))
    return dx, dK


@depthwise_convolution.wrong("extra-sum")
def kernel_gradient_summed_over_the_channels(dout, cache):
    dx, dK = depthwise_convolution_backward(dout, cache)
    return dx, np.broadcast_to(dK.sum(axis=0), dK.shape).copy()


@depthwise_convolution.wrong("permuted")
def kernel_upside_down(dout, cache):
    dx, dK = depthwise_convolution_backward(dout, cache)
    return dx, dK[:, ::-1].copy()


@depthwise_convolution.wrong("shifted")
def input_gradient_one_row_too_low(dout, cache):
    dx, dK = depthwise_convolution_backward(dout, cache)
    return np.roll(dx, 1, axis=2), dK


@depthwise_convolution.wrong("zero")
def kernel_never_written(dout, cache):
    dx, dK = depthwise_convolution_backward(dout, cache)
    return dx, np.zeros_like(dK)


@depthwise_convolution.wrong("overwritten")
def places_assigned(dout, cache):
    x, K = cache
    _, dK = depthwise_convolution_backward(dout, cache)
    OH, OW = dout.shape[2:]
    dx = np.zeros_like(x)
    for i, j in np.ndindex(3, 2):
        dx[:, :, i : i + OH, j : j + OW] = dout * K[:, i, j, None, None]
    return dx, dK


# Transposed, in one dimension with stride 2: out[2 t + k] += x[t] W[k]


def upsampling_inputs(rng):
    N, T, C, H = sizes(rng, 4)
    return {"x": rng.normal(size=(N, T, C)), "W": rng.normal(size=(3, C, H))}


@pair(upsampling_inputs)
def transposed_convolution(x, W):
    N, T, _ = x.shape
    out = np.zeros((N, 2 * T + 1, W.shape[2]))
    for k in range(3):
        out[:, k : k + 2 * T : 2] += x @ W[k]
    return out, (x, W)


@transposed_convolution.right
def transposed_convolution_backward(dout, cache):
    x, W = cache
    T = x.shape[1]
    dx = sum(dout[:, k : k + 2 * T : 2] @ W[k].T for k in range(3))
    return dx, np.stack([np.einsum("ntc,nth->ch", x, dout[:, k : k + 2 * T : 2]) for k in range(3)])


@transposed_convolution.wrong("shifted")
def stride_forgotten(dout, cache):
    x, W = cache
    T = x.shape[1]
    _, dW = transposed_convolution_backward(dout, cache)
    return sum(dout[:, k : k + T] @ W[k].T for k in range(3)), dW


@transposed_convolution.wrong("overwritten", "missing-term", why="the last tap's share is the only one left")
def taps_assigned_not_added(dout, cache):
    x, W = cache
    T = x.shape[1]
    _, dW = transposed_convolution_backward(dout, cache)
    for k in range(3):
        dx = dout[:, k : k + 2 * T : 2] @ W[k].T
    return dx, dW


@transposed_convolution.wrong("permuted", "shifted", why="an order that is rotated by one")
def taps_of_the_weights_rotated(dout, cache):
    dx, dW = transposed_convolution_backward(dout, cache)
    return dx, np.roll(dW, 1, axis=0)


# A convolution of one by one, as an object


class PointwiseConvolution:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return np.einsum("nchw,cf->nfhw", x, self.W) + self.b[:, None, None]

    def backward(self, dout):
        self.dW = np.einsum("nchw,nfhw->cf", self.x, dout)
        self.db = dout.sum(axis=(0, 2, 3))
        return np.einsum("nfhw,cf->nchw", dout, self.W)


def pointwise_inputs(rng):
    N, C, F, H, W = sizes(rng, 5)
    return {"W": rng.normal(size=(C, F)), "b": rng.normal(size=F), "x": rng.normal(size=(N, C, H, W))}


def square_pointwise_inputs(rng):
    N, C, H, W = sizes(rng, 4)
    return {"W": rng.normal(size=(C, C)), "b": rng.normal(size=C), "x": rng.normal(size=(N, C, H, W))}


pointwise_convolution = class_of(PointwiseConvolution, pointwise_inputs)


@pointwise_convolution.wrong("transposed", inputs=square_pointwise_inputs)
class WeightGradientTransposed(PointwiseConvolution):
    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = self.dW.T.copy()
        return dx


@pointwise_convolution.wrong("transposed", inputs=square_pointwise_inputs)
class WeightsNotTransposedOnTheWayBack(PointwiseConvolution):
    def backward(self, dout):
        super().backward(dout)
        return np.einsum("nfhw,fc->nchw", dout, self.W)


@pointwise_convolution.wrong("missing-sum", "one-sample", why="of the sum over places only the first is there")
class BiasOfTheFirstPlace(PointwiseConvolution):
    def backward(self, dout):
        dx = super().backward(dout)
        self.db = dout[:, :, 0, 0].sum(axis=0)
        return dx


@pointwise_convolution.wrong("precision")
class WorksInSinglePrecision(PointwiseConvolution):
    def backward(self, dout):
        dx = super().backward(dout.astype(np.float32))
        self.dW, self.db = self.dW.astype(float), self.db.astype(float)
        return dx


@pointwise_convolution.wrong("stale-cache")
class KeepsTheFirstImage(PointwiseConvolution):
    def forward(self, x):
        self.first = getattr(self, "first", x)
        return super().forward(x)

    def backward(self, dout):
        dx = super().backward(dout)
        self.dW = np.einsum("nchw,nfhw->cf", self.first, dout)
        return dx


@pointwise_convolution.wrong("nondeterministic")
class SamplesAPartOfTheBatch(PointwiseConvolution):
    rng = np.random.default_rng(2)

    def backward(self, dout):
        dx = super().backward(dout)
        n = self.rng.integers(len(dout), size=len(dout))
        self.dW = np.einsum("nchw,nfhw->cf", self.x[n], dout[n])
        return dx
