"""Losses: how wrong are the predictions x, given the targets t, as one number; and its gradient.

In reading order: :mod:`~gradcheck.analytic.losses.loss` (what a loss is, and reductions),
:mod:`~gradcheck.analytic.losses.regression`, :mod:`~gradcheck.analytic.losses.targets` (classes as indices or
rows), :mod:`~gradcheck.analytic.losses.cross_entropy`, :mod:`~gradcheck.analytic.losses.binary`,
:mod:`~gradcheck.analytic.losses.hinge`, :mod:`~gradcheck.analytic.losses.similarity` (Kullback-Leibler, cosine),
:mod:`~gradcheck.analytic.losses.ctc`, :mod:`~gradcheck.analytic.losses.regularizers`.
"""

from gradcheck.analytic.losses.binary import BinaryCrossEntropy as BinaryCrossEntropy
from gradcheck.analytic.losses.binary import FocalLoss as FocalLoss
from gradcheck.analytic.losses.binary import SigmoidCrossEntropy as SigmoidCrossEntropy
from gradcheck.analytic.losses.cross_entropy import CategoricalCrossEntropy as CategoricalCrossEntropy
from gradcheck.analytic.losses.cross_entropy import SoftmaxCrossEntropy as SoftmaxCrossEntropy
from gradcheck.analytic.losses.ctc import CTC as CTC
from gradcheck.analytic.losses.hinge import CategoricalHinge as CategoricalHinge
from gradcheck.analytic.losses.hinge import Hinge as Hinge
from gradcheck.analytic.losses.hinge import SquaredHinge as SquaredHinge
from gradcheck.analytic.losses.loss import Loss as Loss
from gradcheck.analytic.losses.regression import Huber as Huber
from gradcheck.analytic.losses.regression import LogCosh as LogCosh
from gradcheck.analytic.losses.regression import MeanAbsoluteError as MeanAbsoluteError
from gradcheck.analytic.losses.regression import MeanSquaredError as MeanSquaredError
from gradcheck.analytic.losses.regularizers import L1 as L1
from gradcheck.analytic.losses.regularizers import L2 as L2
from gradcheck.analytic.losses.similarity import CosineDistance as CosineDistance
from gradcheck.analytic.losses.similarity import KLDivergence as KLDivergence

__all__ = [
    "CTC",
    "L1",
    "L2",
    "BinaryCrossEntropy",
    "CategoricalCrossEntropy",
    "CategoricalHinge",
    "CosineDistance",
    "FocalLoss",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SigmoidCrossEntropy",
    "SoftmaxCrossEntropy",
    "SquaredHinge",
]
