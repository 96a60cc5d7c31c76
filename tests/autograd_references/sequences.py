"""Layers of sequences, from the formula alone."""

import autograd.numpy as anp
import numpy as np

from autograd_references.table import reference, reference_of
from gradcheck.analytic import (
    GRU,
    LSTM,
    Bidirectional,
    Embedding,
    MultiHeadAttention,
    ScaledDotProductAttention,
    SimpleRNN,
)


@reference(Embedding)
def embedding(subject, p, x):
    return anp.dot(np.eye(len(p["W"]))[x], p["W"])


def sigmoid(x):
    return 1 / (1 + anp.exp(-x))


def simple_rnn_cell(p, x, h):
    return anp.tanh(x @ p["W"] + h @ p["U"] + p["b"]), None


def lstm_cell(p, x, h, c):
    i, f, g, o = anp.split(x @ p["W"] + h @ p["U"] + p["b"], 4)
    c = sigmoid(f) * c + sigmoid(i) * anp.tanh(g)
    return sigmoid(o) * anp.tanh(c), c


def gru_cell(p, x, h):
    a, u = anp.split(x @ p["W"] + p["b"], 3), anp.split(h @ p["U"], 3)
    z, r = sigmoid(a[0] + u[0]), sigmoid(a[1] + u[1])
    return z * h + (1 - z) * anp.tanh(a[2] + r * (u[2] + p["c"])), None


CELLS = {SimpleRNN: simple_rnn_cell, LSTM: lstm_cell, GRU: gru_cell}


@reference(SimpleRNN, LSTM, GRU)
def recurrent(subject, p, x, lengths=None):
    """One sequence after the other, one step after the other."""
    (cell,) = [cell for kind, cell in CELLS.items() if isinstance(subject, kind)]
    (N, T, _), H = x.shape, p["U"].shape[0]
    sequences = []
    for n in range(N):
        h, c, states = np.zeros(H), np.zeros(H), []
        for t in range(T if lengths is None else lengths[n]):
            h, c = cell(p, x[n, t], h, c) if isinstance(subject, LSTM) else cell(p, x[n, t], h)
            states.append(h)
        states += [np.zeros(H)] * (T - len(states))
        sequences.append(anp.stack(states) if subject.return_sequences else h)
    return anp.stack(sequences)


@reference(Bidirectional)
def bidirectional(subject, p, x, lengths=None):
    ends = [x.shape[1]] * len(x) if lengths is None else lengths

    def reversed_sequences(x):
        return anp.stack([anp.concatenate([row[:end][::-1], row[end:]]) for row, end in zip(x, ends, strict=True)])

    def own(name):
        return {key.removeprefix(f"{name}."): W for key, W in p.items() if key.startswith(name)}

    onward = reference_of(subject.onward)(subject.onward, own("onward"), x, lengths)
    back = reference_of(subject.back)(subject.back, own("back"), reversed_sequences(x), lengths)
    return anp.concatenate([onward, reversed_sequences(back) if subject.back.return_sequences else back], axis=-1)


@reference(ScaledDotProductAttention)
def attention(subject, p, q, k, v, mask=None):
    weights = anp.exp(anp.einsum("...td,...sd->...ts", q, k) / anp.sqrt(q.shape[-1]))
    allowed = np.ones(weights.shape) if mask is None else np.broadcast_to(mask, weights.shape)
    if subject.causal:
        allowed = allowed * np.tri(*weights.shape[-2:])
    weights = weights * allowed
    total = anp.sum(weights, axis=-1, keepdims=True)
    return anp.einsum("...ts,...sh->...th", weights / anp.where(total > 0, total, 1.0), v)


@reference(MultiHeadAttention)
def multi_head_attention(subject, p, q, k=None, v=None, mask=None):
    k = q if k is None else k
    v = k if v is None else v
    q, k, v = (x @ p[f"W_{name}"] + p.get(f"b_{name}", 0.0) for x, name in ((q, "q"), (k, "k"), (v, "v")))
    width = q.shape[-1] // subject.heads
    parts = [slice(i * width, (i + 1) * width) for i in range(subject.heads)]
    heads = [attention(subject, {}, q[..., part], k[..., part], v[..., part], mask) for part in parts]
    return anp.concatenate(heads, axis=-1) @ p["W_o"] + p["b_o"]
