"""Losses, with targets of every kind, and regularisers."""

import numpy as np

from gradcheck.analytic.catalogue.case import Case, off_zero, rows
from gradcheck.analytic.losses import (
    CTC,
    L1,
    L2,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    CategoricalHinge,
    CosineDistance,
    FocalLoss,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredHinge,
)
from gradcheck.analytic.validation import Array


def losses(rng: np.random.Generator) -> list[Case]:
    """Their cases."""

    def x() -> Array:
        return off_zero(rng, 5, 3)

    def of(loss: Loss, x: Array, t: Array, options: str = "") -> Case:
        return Case(f"{type(loss).__name__}{options}", loss, (x, t), wrt=("x",))

    weights = [0.5, 1.0, 2.0]
    return [
        of(MeanSquaredError(), x(), x()),
        of(MeanSquaredError("none"), x(), x(), ", unreduced"),
        of(MeanAbsoluteError(), *_with_errors(rng)),
        of(Huber(0.75), *_with_errors(rng)),
        of(LogCosh("sum"), *_with_errors(rng)),
        Case("SoftmaxCrossEntropy, class indices", SoftmaxCrossEntropy(), (x(), rng.integers(3, size=5))),
        of(SoftmaxCrossEntropy(), x(), rows(rng, 5, 3), ", probabilities"),
        of(SoftmaxCrossEntropy(0.25, weights, "none"), x(), rows(rng, 5, 3), ", all options"),
        of(CategoricalCrossEntropy(), rows(rng, 5, 3), rows(rng, 5, 3)),
        of(SigmoidCrossEntropy(), x(), rng.uniform(size=(5, 3))),
        of(SigmoidCrossEntropy(2.0, 0.25), x(), rng.uniform(size=(5, 3)), ", all options"),
        of(BinaryCrossEntropy(2.0), rng.uniform(0.25, 0.75, (5, 3)), rng.uniform(size=(5, 3))),
        of(FocalLoss(), x(), rng.choice([0.0, 1.0], (5, 3))),
        of(Hinge(), *_with_margins(rng)),
        of(SquaredHinge(), *_with_margins(rng)),
        Case("CategoricalHinge", CategoricalHinge(), (_with_a_ranking(rng), rng.integers(3, size=5))),
        of(KLDivergence(), x(), rows(rng, 5, 3)),
        of(CosineDistance(), x(), x()),
        Case("CTC", CTC(), (off_zero(rng, 2, 5, 3), np.array([[1, 2, 2], [2, -1, -1]]))),
        Case("CTC, lengths", CTC(2, "none"), (off_zero(rng, 2, 5, 3), np.array([[1, 0], [1, 1]]), np.array([4, 3]))),
        Case("L1", L1(0.5), (x(),)),
        Case("L2", L2(0.5), (x(),)),
    ]


def _with_errors(rng: np.random.Generator) -> tuple[Array, Array]:
    """X and t with differences away from 0, and on both sides of 3/4."""
    x, error = off_zero(rng, 5, 3), rng.choice([-1.5, -1.0, -0.5, 0.5, 1.0, 1.5], (5, 3))
    return x, x - error


def _with_margins(rng: np.random.Generator) -> tuple[Array, Array]:
    """X and t = ±1 with t x away from 1, on both sides."""
    t = rng.choice([-1.0, 1.0], (5, 3))
    return t * rng.choice([-1.5, -0.5, 0.5, 1.5], (5, 3)), t


def _with_a_ranking(rng: np.random.Generator) -> Array:
    """Rows of scores in any order, no two of them or their margins close."""
    return rng.permuted(np.tile([-1.25, 0.5, 1.75], (5, 1)), axis=1)
