"""Layers of sequences, as PyTorch has them."""

import torch
from torch.nn import functional

from gradcheck.analytic import (
    GRU,
    LSTM,
    Bidirectional,
    Embedding,
    MultiHeadAttention,
    ScaledDotProductAttention,
    SimpleRNN,
)
from torch_references.table import no_reference, reference


@reference(Embedding)
def embedding(subject, p, x):
    return functional.embedding(x, p["W"])


@reference(SimpleRNN)
def simple_rnn(subject, p, x, lengths=None):
    module = torch.nn.RNN(len(p["W"]), len(p["U"]), batch_first=True, dtype=x.dtype)
    return run(subject, module, p["W"], p["U"], p["b"], torch.zeros_like(p["b"]), x, lengths)


@reference(LSTM)
def lstm(subject, p, x, lengths=None):
    module = torch.nn.LSTM(len(p["W"]), len(p["U"]), batch_first=True, dtype=x.dtype)
    return run(subject, module, p["W"], p["U"], p["b"], torch.zeros_like(p["b"]), x, lengths)


@reference(GRU)
def gru(subject, p, x, lengths=None):
    H = len(p["U"])
    module = torch.nn.GRU(len(p["W"]), H, batch_first=True, dtype=x.dtype)

    def reset_first(array):  # PyTorch has the gates in the order r, z, n
        z, r, n = array.split(H, dim=-1)
        return torch.cat([r, z, n], dim=-1)

    recurrent_bias = torch.cat([torch.zeros(2 * H, dtype=x.dtype), p["c"]])
    return run(subject, module, *map(reset_first, (p["W"], p["U"], p["b"])), recurrent_bias, x, lengths)


def run(subject, module, W, U, b, c, x, lengths):
    """The module with these weights; PyTorch knows no empty sequences, and reads only what is packed."""
    weights = {"weight_ih_l0": W.T, "weight_hh_l0": U.T, "bias_ih_l0": b, "bias_hh_l0": c}
    N, T, H = len(x), x.shape[1], len(U)
    ends = torch.full((N,), T) if lengths is None else lengths
    some = torch.nonzero(ends).ravel()
    y = torch.zeros(N, T, H, dtype=x.dtype)
    if len(some):
        packed = torch.nn.utils.rnn.pack_padded_sequence(x[some], ends[some], batch_first=True, enforce_sorted=False)
        states, _ = torch.func.functional_call(module, weights, (packed,))
        padded, _ = torch.nn.utils.rnn.pad_packed_sequence(states, batch_first=True, total_length=T)
        y = y.index_copy(0, some, padded)
    if subject.return_sequences:
        return y
    last = y[torch.arange(N), (ends - 1).clamp(min=0)]
    return last * (ends > 0)[:, None]


@reference(ScaledDotProductAttention)
def attention(subject, p, q, k, v, mask=None):
    if subject.causal:
        past = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
        mask = past if mask is None else past & mask
    return sighted(q, k, v, mask)


def sighted(q, k, v, mask):
    """PyTorch's attention; a query that may look nowhere, of which it makes NaN, gets 0."""
    if mask is None:
        return functional.scaled_dot_product_attention(q, k, v)
    sees = mask.any(dim=-1, keepdim=True)
    y = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask | ~sees)
    return y * sees


@reference(MultiHeadAttention)
def multi_head_attention(subject, p, q, k=None, v=None, mask=None):
    k = q if k is None else k
    v = k if v is None else v
    mask = torch.ones(len(q), q.shape[1], k.shape[1], dtype=torch.bool) if mask is None else mask
    if subject.causal:
        mask = mask & torch.ones(q.shape[1], k.shape[1], dtype=torch.bool).tril()

    def heads(x, name):
        projected = functional.linear(x, p[f"W_{name}"].T, p.get(f"b_{name}"))
        return projected.unflatten(-1, (subject.heads, -1)).transpose(1, 2)

    y = sighted(heads(q, "q"), heads(k, "k"), heads(v, "v"), mask[:, None])
    return functional.linear(y.transpose(1, 2).flatten(2), p["W_o"].T, p["b_o"])


no_reference("PyTorch's has two layers of one kind and size; its halves are compared by themselves", Bidirectional)
