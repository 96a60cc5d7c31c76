"""Layers that move numbers, or drop them."""

import numpy as np

from gradcheck.analytic.catalogue.case import Case, off_zero
from gradcheck.analytic.dropout import Dropout
from gradcheck.analytic.reshape import Flatten, Reshape


def shaping(rng: np.random.Generator) -> list[Case]:
    """Their cases."""
    return [
        Case("Flatten", Flatten(), (off_zero(rng, 4, 2, 3),)),
        Case("Reshape", Reshape((3, -1)), (off_zero(rng, 4, 2, 6),)),
        Case("Dropout", Dropout(0.4, rng), (off_zero(rng, 5, 3),)),
    ]
