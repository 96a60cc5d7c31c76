"""Attention: queries, keys and values."""

# ruff: noqa: RUF059 - what a mistake forgets stays in sight

import numpy as np

from bug_corpus.case import pair, sizes


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(dout, y):
    return y * (dout - (dout * y).sum(axis=-1, keepdims=True))


# softmax(Q Kᵀ / √D) V


def queries_keys_values(rng):
    N, T, S, D, E = sizes(rng, 5, low=2, high=7)
    return {"Q": rng.normal(size=(N, T, D)), "K": rng.normal(size=(N, S, D)), "V": rng.normal(size=(N, S, E))}


def three_alike(rng):
    N, T, D = sizes(rng, 3)
    return {name: rng.normal(size=(N, T, D)) for name in "QKV"}


def t(x):
    return np.swapaxes(x, -1, -2)


@pair(queries_keys_values)
def attention(Q, K, V):
    A = softmax(Q @ t(K) / Q.shape[-1] ** 0.5)
    return A @ V, (Q, K, V, A)


@attention.right
def attention_backward(dout, cache):
    Q, K, V, A = cache
    dS = softmax_backward(dout @ t(V), A) / Q.shape[-1] ** 0.5
    return dS @ K, t(dS) @ Q, t(A) @ dout


@attention.wrong("factor")
def scale_forgotten(dout, cache):
    Q, K, V, A = cache
    dS = softmax_backward(dout @ t(V), A)
    return dS @ K, t(dS) @ Q, t(A) @ dout


@attention.wrong("factor")
def scaled_by_the_size_not_its_root(dout, cache):
    Q, K, V, A = cache
    dS = softmax_backward(dout @ t(V), A) / Q.shape[-1]
    return dS @ K, t(dS) @ Q, t(A) @ dout


@attention.wrong("swapped", inputs=three_alike)
def query_and_key_gradients_exchanged(dout, cache):
    dQ, dK, dV = attention_backward(dout, cache)
    return dK, dQ, dV


@attention.wrong("swapped", inputs=three_alike)
def key_and_value_gradients_exchanged(dout, cache):
    dQ, dK, dV = attention_backward(dout, cache)
    return dQ, dV, dK


@attention.wrong("missing-term")
def softmax_taken_as_diagonal(dout, cache):
    Q, K, V, A = cache
    dS = (dout @ t(V)) * A * (1 - A) / Q.shape[-1] ** 0.5
    return dS @ K, t(dS) @ Q, t(A) @ dout


@attention.wrong("missing-activation-derivative")
def softmax_passed_through(dout, cache):
    Q, K, V, A = cache
    dS = dout @ t(V) / Q.shape[-1] ** 0.5
    return dS @ K, t(dS) @ Q, t(A) @ dout


@attention.wrong("transposed", inputs=three_alike)
def weights_not_transposed_for_the_values(dout, cache):
    Q, K, V, A = cache
    dQ, dK, _ = attention_backward(dout, cache)
    return dQ, dK, A @ dout


@attention.wrong("transposed", inputs=three_alike)
def scores_not_transposed_for_the_keys(dout, cache):
    Q, K, V, A = cache
    dS = softmax_backward(dout @ t(V), A) / Q.shape[-1] ** 0.5
    return dS @ K, dS @ Q, t(A) @ dout


@attention.wrong("zero")
def keys_held_constant(dout, cache):
    dQ, dK, dV = attention_backward(dout, cache)
    return dQ, np.zeros_like(dK), dV


# Self-attention of one array with itself: softmax(x xᵀ) x


def tokens(rng):
    N, T, D = sizes(rng, 3)
    return {"x": 0.5 * rng.normal(size=(N, T, D))}


@pair(tokens)
def self_attention(x):
    A = softmax(x @ t(x))
    return A @ x, (x, A)


@self_attention.right
def self_attention_backward(dout, cache):
    x, A = cache
    dS = softmax_backward(dout @ t(x), A)
    return dS @ x + t(dS) @ x + t(A) @ dout


@self_attention.wrong("overwritten", "missing-term", why="of three uses of x the last assignment is left")
def three_uses_assigned_in_turn(dout, cache):
    x, A = cache
    dS = softmax_backward(dout @ t(x), A)
    dx = dS @ x
    dx = t(dS) @ x
    dx = t(A) @ dout
    return dx  # noqa: RET504 - the mistake


@self_attention.wrong("missing-term")
def use_as_key_forgotten(dout, cache):
    x, A = cache
    dS = softmax_backward(dout @ t(x), A)
    return dS @ x + t(A) @ dout


@self_attention.wrong("missing-term")
def use_as_value_forgotten(dout, cache):
    x, A = cache
    dS = softmax_backward(dout @ t(x), A)
    return dS @ x + t(dS) @ x


# Causal: nobody sees the future


def causal_tokens(rng):
    N, T, D, E = sizes(rng, 4)
    return {"Q": rng.normal(size=(N, T, D)), "K": rng.normal(size=(N, T, D)), "V": rng.normal(size=(N, T, E))}


def future(T):
    return np.triu(np.ones((T, T), bool), 1)


@pair(causal_tokens)
def causal_scores(Q, K, V):
    S = np.where(future(Q.shape[1]), 0, Q @ t(K))
    return S @ V, (Q, K, V, S)


@causal_scores.right
def causal_scores_backward(dout, cache):
    Q, K, V, S = cache
    dS = np.where(future(Q.shape[1]), 0, dout @ t(V))
    return dS @ K, t(dS) @ Q, t(S) @ dout


@causal_scores.wrong("missing-mask")
def future_not_masked(dout, cache):
    Q, K, V, S = cache
    dS = dout @ t(V)
    return dS @ K, t(dS) @ Q, t(S) @ dout


@causal_scores.wrong("inverted-mask")
def past_masked_in_place_of_the_future(dout, cache):
    Q, K, V, S = cache
    dS = np.where(~future(Q.shape[1]), 0, dout @ t(V))
    return dS @ K, t(dS) @ Q, t(S) @ dout


@causal_scores.wrong("wrong-mask")
def mask_transposed(dout, cache):
    Q, K, V, S = cache
    dS = np.where(future(Q.shape[1]).T, 0, dout @ t(V))
    return dS @ K, t(dS) @ Q, t(S) @ dout


@causal_scores.wrong("wrong-mask", "shifted", why="the mask's diagonal is off by one")
def mask_takes_the_diagonal_too(dout, cache):
    Q, K, V, S = cache
    dS = np.where(np.triu(np.ones(S.shape[1:], bool)), 0, dout @ t(V))
    return dS @ K, t(dS) @ Q, t(S) @ dout


# Several heads: split, mixed by fixed weights, joined again


def head_inputs(rng):
    N, T, D = sizes(rng, 3)
    return {"x": rng.normal(size=(N, T, 2 * D)), "W": rng.normal(size=(2, D, D))}


def split_heads(x):
    N, T, D = x.shape
    return x.reshape(N, T, 2, D // 2).transpose(0, 2, 1, 3)


def join_heads(h):
    N, _, T, D = h.shape
    return h.transpose(0, 2, 1, 3).reshape(N, T, 2 * D)


@pair(head_inputs)
def linear_heads(x, W):
    return join_heads(split_heads(x) @ W), (x, W)


@linear_heads.right
def linear_heads_backward(dout, cache):
    x, W = cache
    d = split_heads(dout)
    return join_heads(d @ t(W)), np.einsum("nktd,nkte->kde", split_heads(x), d)


@linear_heads.wrong("permuted")
def heads_joined_by_reshape_alone(dout, cache):
    x, W = cache
    _, dW = linear_heads_backward(dout, cache)
    return (split_heads(dout) @ t(W)).reshape(x.shape), dW


@linear_heads.wrong("permuted")
def heads_exchanged(dout, cache):
    dx, dW = linear_heads_backward(dout, cache)
    return dx, dW[::-1].copy()


@linear_heads.wrong("transposed", "permuted", why="two of three axes are exchanged")
def weights_of_each_head_transposed(dout, cache):
    dx, dW = linear_heads_backward(dout, cache)
    return dx, t(dW).copy()


@linear_heads.wrong("one-sample")
def weights_of_the_first_sequence_only(dout, cache):
    x, W = cache
    dx, dW = linear_heads_backward(dout, cache)
    return dx, np.einsum("ktd,kte->kde", split_heads(x)[0], split_heads(dout)[0])


@linear_heads.wrong("extra-sum")
def weights_of_both_heads_summed(dout, cache):
    dx, dW = linear_heads_backward(dout, cache)
    return dx, np.stack([dW.sum(axis=0)] * 2)
