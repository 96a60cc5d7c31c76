"""Layers of sequences: any hyper-parameters, shapes, lengths, masks and values."""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from gradcheck.analytic import (
    GRU,
    LSTM,
    Bidirectional,
    Case,
    Embedding,
    MultiHeadAttention,
    ScaledDotProductAttention,
    SimpleRNN,
)
from gradcheck.analytic.recurrent import Recurrent
from gradcheck.testing.arrays import shapes
from gradcheck.testing.layers.drawing import classes, draws, values, with_parameters

RECURRENT: tuple[type[Recurrent], ...] = (SimpleRNN, LSTM, GRU)


@draws(Embedding)
@st.composite
def _embedding(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    *shape, V, D = draw(shapes((3, 4)))
    return Case("Embedding", draw(with_parameters(Embedding(V, D, 0, dtype))), (draw(classes((*shape, V))),))


def _recurrent(layer_type: type[Recurrent]) -> None:
    @draws(layer_type)
    @st.composite
    def cases(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
        D, H = draw(shapes(2, min_side=1, max_side=4))
        layer = layer_type(D, H, return_sequences=draw(st.booleans()), rng=draw(st.integers(0, 99)), dtype=dtype)
        return Case(layer_type.__name__, layer, draw(_sequences(D, dtype)))


for _layer_type in RECURRENT:
    _recurrent(_layer_type)


@draws(Bidirectional)
@st.composite
def _bidirectional(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    D, *states = draw(shapes(3, min_side=1, max_side=4))
    options: Any = {"return_sequences": draw(st.booleans()), "dtype": dtype}
    kinds = [draw(st.sampled_from(RECURRENT)) for _ in states]
    layers = [kind(D, H, rng=H, **options) for kind, H in zip(kinds, states, strict=True)]
    return Case("Bidirectional", Bidirectional(*layers), draw(_sequences(D, dtype)))


@st.composite
def _sequences(draw: st.DrawFn, D: int, dtype: np.dtype[Any]) -> tuple[NDArray[Any], ...]:
    """X (N, T, D), with or without lengths."""
    N, T = draw(shapes(2, min_side=1, max_side=4))
    x = draw(values((N, T, D), dtype))
    if draw(st.booleans()):
        return (x,)
    lengths = draw(st.lists(st.integers(0, T), min_size=N, max_size=N))
    lengths[0] = max(lengths[0], 1)  # where all are empty nothing depends on anything
    return x, np.array(lengths, np.intp)


@draws(ScaledDotProductAttention)
@st.composite
def _attention(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    *batch, T, S, D, H = draw(shapes((5, 6), min_side=1))
    q, k, v = (draw(values((*batch, *sides), dtype)) for sides in ((T, D), (S, D), (S, H)))
    mask = draw(st.none() | _masks((*batch, T, S)))
    layer = ScaledDotProductAttention(causal=draw(st.booleans()))
    return Case("ScaledDotProductAttention", layer, (q, k, v) if mask is None else (q, k, v, mask))


@draws(MultiHeadAttention)
@st.composite
def _multi_head_attention(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    heads, features = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    N, T, S = draw(shapes(3, min_side=1, max_side=4))
    D = heads * features
    layer = MultiHeadAttention(D, heads, causal=draw(st.booleans()), rng=draw(st.integers(0, 99)), dtype=dtype)
    given = draw(st.integers(1, 3))
    arrays = [draw(values((N, T if i == 0 else S, D), dtype)) for i in range(given)]
    if given == 3 and draw(st.booleans()):
        arrays.append(draw(_masks((N, T, S))))
    return Case("MultiHeadAttention", layer, tuple(arrays))


def _masks(shape: tuple[int, ...]) -> st.SearchStrategy[NDArray[Any]]:
    """Where a query may look: somewhere, everywhere or nowhere."""
    size = int(np.prod(shape))
    return st.lists(st.booleans(), min_size=size, max_size=size).map(lambda mask: np.reshape(mask, shape).astype(bool))
