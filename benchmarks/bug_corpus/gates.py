"""Layers in which one part of the input lets another through."""

# ruff: noqa: RUF059 - caches are taken apart in full, as people write them

import numpy as np

from bug_corpus.case import pair, sizes


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# Highway


def square_layer(rng):
    N, D = sizes(rng, 2, low=3, high=6)
    return {"x": rng.normal(size=(N, D)), "W": rng.normal(size=(D, D)), "V": rng.normal(size=(D, D))}


@pair(square_layer)
def highway(x, W, V):
    h, t = np.tanh(x @ W), sigmoid(x @ V)
    return t * h + (1 - t) * x, (x, W, V, h, t)


@highway.right
def highway_backward(dout, cache):
    x, W, V, h, t = cache
    dh, dt = dout * t * (1 - h**2), dout * (h - x) * t * (1 - t)
    return dh @ W.T + dt @ V.T + dout * (1 - t), x.T @ dh, x.T @ dt


@highway.wrong("missing-term")
def carried_in_full(dout, cache):
    x, W, V, h, t = cache
    _, dW, dV = highway_backward(dout, cache)
    dh, dt = dout * t * (1 - h**2), dout * (h - x) * t * (1 - t)
    return dh @ W.T + dt @ V.T + dout, dW, dV


@highway.wrong("missing-term")
def gate_moves_only_what_is_transformed(dout, cache):
    x, W, V, h, t = cache
    dh, dt = dout * t * (1 - h**2), dout * h * t * (1 - t)
    return dh @ W.T + dt @ V.T + dout * (1 - t), x.T @ dh, x.T @ dt


# Squeeze and excitation


def images(rng):
    N, C, H, W = sizes(rng, 4, low=2, high=6)
    return {"x": rng.normal(size=(N, C, H, W)), "W": rng.normal(size=(C, C))}


@pair(images)
def squeeze_and_excitation(x, W):
    z = x.mean(axis=(2, 3))
    s = sigmoid(z @ W)
    return x * s[:, :, None, None], (x, W, z, s)


@squeeze_and_excitation.right
def squeeze_and_excitation_backward(dout, cache):
    x, W, z, s = cache
    ds = (dout * x).sum(axis=(2, 3)) * s * (1 - s)
    dz = (ds @ W.T)[:, :, None, None] / (x.shape[2] * x.shape[3])
    return dout * s[:, :, None, None] + dz, z.T @ ds


@squeeze_and_excitation.wrong("missing-term")
def scale_forgotten_where_it_multiplies(dout, cache):
    x, W, z, s = cache
    _, dW = squeeze_and_excitation_backward(dout, cache)
    ds = (dout * x).sum(axis=(2, 3)) * s * (1 - s)
    dz = (ds @ W.T)[:, :, None, None] / (x.shape[2] * x.shape[3])
    return dout + dz, dW


@squeeze_and_excitation.wrong("missing-term")
def scaled_input_forgotten(dout, cache):
    x, W, z, s = cache
    ds = dout.sum(axis=(2, 3)) * s * (1 - s)
    dz = (ds @ W.T)[:, :, None, None] / (x.shape[2] * x.shape[3])
    return dout * s[:, :, None, None] + dz, z.T @ ds


@squeeze_and_excitation.wrong("missing-mean", "factor", why="the path through the mean over the image is that of a sum")
def mean_taken_for_a_sum(dout, cache):
    x, W, z, s = cache
    _, dW = squeeze_and_excitation_backward(dout, cache)
    ds = (dout * x).sum(axis=(2, 3)) * s * (1 - s)
    return dout * s[:, :, None, None] + (ds @ W.T)[:, :, None, None], dW


# The step of a gated recurrent unit


def step(rng):
    N, D, H = sizes(rng, 3, low=3, high=6)
    shapes = {"x": (N, D), "h": (N, H), "W": (D, 3 * H), "U": (H, 3 * H)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


@pair(step)
def gated_recurrent_step(x, h, W, U):
    (Wz, Wr, Wc), (Uz, Ur, Uc) = np.split(W, 3, axis=1), np.split(U, 3, axis=1)
    z, r = sigmoid(x @ Wz + h @ Uz), sigmoid(x @ Wr + h @ Ur)
    c = np.tanh(x @ Wc + (r * h) @ Uc)
    return (1 - z) * h + z * c, (x, h, W, U, z, r, c)


@gated_recurrent_step.right
def gated_recurrent_step_backward(dout, cache):
    x, h, W, U, z, r, c = cache
    Uz, Ur, Uc = np.split(U, 3, axis=1)
    dc = dout * z * (1 - c**2)
    drh = dc @ Uc.T
    dz, dr = dout * (c - h) * z * (1 - z), drh * h * r * (1 - r)
    dh = dout * (1 - z) + dz @ Uz.T + dr @ Ur.T + drh * r
    da = np.hstack([dz, dr, dc])
    return da @ W.T, dh, x.T @ da, np.hstack([h.T @ dz, h.T @ dr, (r * h).T @ dc])


@gated_recurrent_step.wrong("missing-term")
def candidate_passes_the_reset_gate(dout, cache):
    x, h, W, U, z, r, c = cache
    dx, _, dW, dU = gated_recurrent_step_backward(dout, cache)
    Uz, Ur, Uc = np.split(U, 3, axis=1)
    dc = dout * z * (1 - c**2)
    drh = dc @ Uc.T
    dz, dr = dout * (c - h) * z * (1 - z), drh * h * r * (1 - r)
    dh = dout * (1 - z) + dz @ Uz.T + dr @ Ur.T + drh
    return dx, dh, dW, dU


@gated_recurrent_step.wrong(
    "inverted-mask", "permuted", "missing-term", why="the gate z where 1 − z belongs: what it lets through is exchanged"
)
def update_gate_the_wrong_way_round(dout, cache):
    x, h, W, U, z, r, c = cache
    dx, _, dW, dU = gated_recurrent_step_backward(dout, cache)
    Uz, Ur, Uc = np.split(U, 3, axis=1)
    dc = dout * z * (1 - c**2)
    drh = dc @ Uc.T
    dz, dr = dout * (c - h) * z * (1 - z), drh * h * r * (1 - r)
    dh = dout * z + dz @ Uz.T + dr @ Ur.T + drh * r
    return dx, dh, dW, dU


@gated_recurrent_step.wrong("missing-term")
def candidate_weights_without_the_reset_gate(dout, cache):
    x, h, W, U, z, r, c = cache
    dx, dh, dW, _ = gated_recurrent_step_backward(dout, cache)
    Uz, Ur, Uc = np.split(U, 3, axis=1)
    dc = dout * z * (1 - c**2)
    dz, dr = dout * (c - h) * z * (1 - z), (dc @ Uc.T) * h * r * (1 - r)
    return dx, dh, dW, np.hstack([h.T @ dz, h.T @ dr, h.T @ dc])
