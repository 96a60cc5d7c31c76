"""Layers of sequences."""

import numpy as np

from gradcheck.analytic.catalogue.case import Case
from gradcheck.analytic.embedding import Embedding


def sequences(rng: np.random.Generator) -> list[Case]:
    """Their cases."""
    return [
        Case("Embedding", Embedding(5, 3, rng), (rng.integers(4, size=(2, 6)),)),
    ]
