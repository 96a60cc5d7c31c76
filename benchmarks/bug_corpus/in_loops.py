"""Layers and losses written entry by entry, as in a first course: windows, margins, pairs, steps of time."""

# ruff: noqa: RUF059 - caches are taken apart in full, as people write them

import numpy as np

from bug_corpus.case import loss, pair, sizes

# Convolution, one output after the other


def strided_image(rng):
    N, F = sizes(rng, 2, low=2, high=3)
    return {"x": rng.normal(size=(N, 2, 6, 5)), "W": rng.normal(size=(F, 2, 3, 2)), "b": rng.normal(size=F)}


@pair(strided_image)
def convolution_in_loops(x, W, b):
    (N, _, H, L), (F, _, K, M), stride, pad = x.shape, W.shape, 2, 1
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    out = np.zeros((N, F, (H + 2 * pad - K) // stride + 1, (L + 2 * pad - M) // stride + 1))
    for i in range(out.shape[2]):
        for j in range(out.shape[3]):
            window = padded[:, :, i * stride : i * stride + K, j * stride : j * stride + M]
            out[:, :, i, j] = np.tensordot(window, W, axes=([1, 2, 3], [1, 2, 3])) + b
    return out, (x, padded, W, stride, pad)


@convolution_in_loops.right
def convolution_in_loops_backward(dout, cache):
    x, padded, W, stride, pad = cache
    K, M = W.shape[2:]
    dpadded, dW = np.zeros_like(padded), np.zeros_like(W)
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            window = padded[:, :, i * stride : i * stride + K, j * stride : j * stride + M]
            dpadded[:, :, i * stride : i * stride + K, j * stride : j * stride + M] += np.tensordot(
                dout[:, :, i, j], W, 1
            )
            dW += np.tensordot(dout[:, :, i, j], window, axes=(0, 0))
    return dpadded[:, :, pad:-pad, pad:-pad], dW, dout.sum(axis=(0, 2, 3))


@convolution_in_loops.wrong("shifted")
def stride_forgotten_where_it_is_written(dout, cache):
    x, padded, W, stride, pad = cache
    _, dW, db = convolution_in_loops_backward(dout, cache)
    dpadded, (K, M) = np.zeros_like(padded), W.shape[2:]
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dpadded[:, :, i : i + K, j : j + M] += np.tensordot(dout[:, :, i, j], W, 1)
    return dpadded[:, :, pad:-pad, pad:-pad], dW, db


@convolution_in_loops.wrong("shifted")
def stride_forgotten_where_it_is_read(dout, cache):
    x, padded, W, stride, pad = cache
    dx, _, db = convolution_in_loops_backward(dout, cache)
    dW, (K, M) = np.zeros_like(W), W.shape[2:]
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            dW += np.tensordot(dout[:, :, i, j], padded[:, :, i : i + K, j : j + M], axes=(0, 0))
    return dx, dW, db


@convolution_in_loops.wrong("overwritten")
def kernel_gradient_of_the_last_window(dout, cache):
    x, padded, W, stride, pad = cache
    dx, _, db = convolution_in_loops_backward(dout, cache)
    dW, (K, M) = np.zeros_like(W), W.shape[2:]
    for i in range(dout.shape[2]):
        for j in range(dout.shape[3]):
            window = padded[:, :, i * stride : i * stride + K, j * stride : j * stride + M]
            dW = np.tensordot(dout[:, :, i, j], window, axes=(0, 0))
    return dx, dW, db


# A channel at a time, by einsum


def channels(rng):
    N, C = sizes(rng, 2, low=2, high=4)
    return {"x": rng.normal(size=(N, C, 4, 5)), "W": rng.normal(size=(C, 3, 3))}


@pair(channels)
def channelwise_convolution(x, W):
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))
    return np.einsum("nchwij,cij->nchw", windows, W), (x, windows, W)


@channelwise_convolution.right
def channelwise_convolution_backward(dout, cache):
    x, windows, W = cache
    dx, (_, _, H, L) = np.zeros_like(x), dout.shape
    for i in range(3):
        for j in range(3):
            dx[:, :, i : i + H, j : j + L] += dout * W[:, i, j, None, None]
    return dx, np.einsum("nchw,nchwij->cij", dout, windows)


@channelwise_convolution.wrong("transposed", "permuted", why="each channel's kernel is transposed: two of three axes")
def kernel_transposed(dout, cache):
    x, windows, W = cache
    _, dW = channelwise_convolution_backward(dout, cache)
    dx, (_, _, H, L) = np.zeros_like(x), dout.shape
    for i in range(3):
        for j in range(3):
            dx[:, :, i : i + H, j : j + L] += dout * W[:, j, i, None, None]
    return dx, dW


@channelwise_convolution.wrong("extra-sum", "permuted", why="a wrong letter, by which the channels are summed")
def channels_summed_by_a_wrong_letter(dout, cache):
    dx, _ = channelwise_convolution_backward(dout, cache)
    return dx, np.einsum("nchw,nkhwij->cij", dout, cache[1])


# Pairs that should be near, and others that should not


def pairs(rng):
    N, D = sizes(rng, 2, low=5, high=8)
    return {
        "u": 0.6 * rng.normal(size=(N, D)),
        "v": 0.6 * rng.normal(size=(N, D)),
        "same": rng.permutation(np.arange(N) % 2),
    }


@loss(pairs)
def contrastive_loss(u, v, same):
    value, du, margin = 0.0, np.zeros_like(u), 4.0
    for i in range(len(u)):
        difference = u[i] - v[i]
        distance = np.sqrt(np.sum(difference**2))
        if same[i]:
            value += 0.5 * distance**2
            du[i] = difference
        elif distance < margin:
            value += 0.5 * (margin - distance) ** 2
            du[i] = -(margin - distance) * difference / distance
    return value, du, -du


@contrastive_loss.wrong("missing-term", "factor", why="a divisor is missing, which is another for each pair")
def not_divided_by_the_distance(u, v, same):
    value, du, margin = 0.0, np.zeros_like(u), 4.0
    for i in range(len(u)):
        difference = u[i] - v[i]
        distance = np.sqrt(np.sum(difference**2))
        if same[i]:
            value += 0.5 * distance**2
            du[i] = difference
        elif distance < margin:
            value += 0.5 * (margin - distance) ** 2
            du[i] = -(margin - distance) * difference
    return value, du, -du


@contrastive_loss.wrong("sign")
def second_of_a_pair_pushed_the_same_way(u, v, same):
    value, du, _ = contrastive_loss(u, v, same)
    return value, du, du.copy()


# Steps of time


def steps(rng):
    N, T, D, H = sizes(rng, 4, low=2, high=6)
    T = max(T, 3)
    return {"x": rng.normal(size=(N, T, D)), "Wx": rng.normal(size=(D, H)), "Wh": 0.7 * rng.normal(size=(H, H))}


@pair(steps)
def recurrent_in_a_loop(x, Wx, Wh):
    hs = [np.zeros((len(x), len(Wh)))]
    for t in range(x.shape[1]):
        hs.append(np.tanh(x[:, t] @ Wx + hs[-1] @ Wh))
    return np.stack(hs[1:], axis=1), (x, Wx, Wh, hs)


@recurrent_in_a_loop.right
def recurrent_in_a_loop_backward(dout, cache):
    x, Wx, Wh, hs = cache
    dx, dWx, dWh, dh = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(hs[0])
    for t in range(x.shape[1] - 1, -1, -1):
        da = (dout[:, t] + dh) * (1 - hs[t + 1] ** 2)
        dx[:, t] = da @ Wx.T
        dWx += x[:, t].T @ da
        dWh += hs[t].T @ da
        dh = da @ Wh.T
    return dx, dWx, dWh


@recurrent_in_a_loop.wrong(
    "missing-term", "missing-activation-derivative", why="parentheses: the slope is missing from one of two terms"
)
def parentheses_forgotten(dout, cache):
    x, Wx, Wh, hs = cache
    dx, dWx, dWh, dh = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(hs[0])
    for t in range(x.shape[1] - 1, -1, -1):
        da = dout[:, t] * (1 - hs[t + 1] ** 2) + dh
        dx[:, t] = da @ Wx.T
        dWx += x[:, t].T @ da
        dWh += hs[t].T @ da
        dh = da @ Wh.T
    return dx, dWx, dWh


@recurrent_in_a_loop.wrong("overwritten")
def input_weights_of_the_first_step_alone(dout, cache):
    x, Wx, Wh, hs = cache
    dx, _, dWh = recurrent_in_a_loop_backward(dout, cache)
    dWx, dh = np.zeros_like(Wx), np.zeros_like(hs[0])
    for t in range(x.shape[1] - 1, -1, -1):
        da = (dout[:, t] + dh) * (1 - hs[t + 1] ** 2)
        dWx = x[:, t].T @ da
        dh = da @ Wh.T
    return dx, dWx, dWh
