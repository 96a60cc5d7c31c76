"""Layers of sequences."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.attention import ScaledDotProductAttention
from gradcheck.analytic.catalogue.case import Case, off_zero, with_random_parameters
from gradcheck.analytic.embedding import Embedding
from gradcheck.analytic.layer import Layer
from gradcheck.analytic.multi_head_attention import MultiHeadAttention
from gradcheck.analytic.recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from gradcheck.analytic.validation import Array


def sequences(rng: np.random.Generator) -> list[Case]:
    """Their cases: some sequences are shorter than others, some keys are hidden."""

    def x() -> Array:
        return off_zero(rng, 3, 4, 2)

    def random(layer: Layer) -> Layer:
        return with_random_parameters(layer, rng)

    lengths = np.array([4, 2, 3])
    everything: dict[str, Any] = {"return_sequences": True}
    return [
        Case("Embedding", Embedding(5, 3, rng), (rng.integers(4, size=(2, 6)),)),
        Case("SimpleRNN", random(SimpleRNN(2, 5)), (x(),)),
        Case("SimpleRNN, all states of some lengths", random(SimpleRNN(2, 5, **everything)), (x(), lengths)),
        Case("LSTM", random(LSTM(2, 5)), (x(),)),
        Case("LSTM, all states of some lengths", random(LSTM(2, 5, **everything)), (x(), lengths)),
        Case("GRU", random(GRU(2, 5)), (x(),)),
        Case("GRU, all states of some lengths", random(GRU(2, 5, **everything)), (x(), lengths)),
        Case("Bidirectional", Bidirectional(LSTM(2, 5, rng=rng), GRU(2, 3, rng=rng)), (x(),)),
        Case(
            "Bidirectional, all states of some lengths",
            Bidirectional(GRU(2, 3, **everything, rng=rng), SimpleRNN(2, 5, **everything, rng=rng)),
            (x(), lengths),
        ),
        Case(
            "ScaledDotProductAttention",
            ScaledDotProductAttention(),
            (off_zero(rng, 2, 4, 3), off_zero(rng, 2, 5, 3), off_zero(rng, 2, 5, 6)),
        ),
        Case(
            "ScaledDotProductAttention, masked",
            ScaledDotProductAttention(causal=True),
            (off_zero(rng, 2, 4, 3), off_zero(rng, 2, 5, 3), off_zero(rng, 2, 5, 6), _mask(rng, 4, 5)),
        ),
        Case("MultiHeadAttention", random(MultiHeadAttention(4, 2)), (off_zero(rng, 3, 5, 4),)),
        Case(
            "MultiHeadAttention, masked",
            MultiHeadAttention(4, 2, rng=rng),  # of larger weights the softmax is all but saturated
            (off_zero(rng, 2, 5, 4), off_zero(rng, 2, 3, 4), off_zero(rng, 2, 3, 4), _mask(rng, 5, 3)),
        ),
    ]


def _mask(rng: np.random.Generator, T: int, S: int) -> NDArray[np.bool_]:
    """Every query may look at the first key, and at half of the others."""
    mask = rng.random((2, T, S)) < 0.5
    mask[..., 0] = True
    return mask
