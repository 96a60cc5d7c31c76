"""Losses, with targets of every kind."""

import numpy as np

from gradcheck.analytic.catalogue.case import Case, off_zero, rows
from gradcheck.analytic.losses import MeanSquaredError, SoftmaxCrossEntropy
from gradcheck.analytic.validation import Array


def losses(rng: np.random.Generator) -> list[Case]:
    """Their cases."""

    def x() -> Array:
        return off_zero(rng, 5, 3)

    return [
        Case("MeanSquaredError", MeanSquaredError(), (x(), x()), wrt=("x",)),
        Case("SoftmaxCrossEntropy, class indices", SoftmaxCrossEntropy(), (x(), rng.integers(3, size=5))),
        Case("SoftmaxCrossEntropy, probabilities", SoftmaxCrossEntropy(), (x(), rows(rng, 5, 3)), wrt=("x",)),
    ]
