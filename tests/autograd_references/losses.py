"""Losses, from the formula alone."""

from itertools import groupby, product

import autograd.numpy as anp
import numpy as np

from autograd_references.pointwise import softmax
from autograd_references.table import reference
from gradcheck.analytic import (
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
    MeanAbsoluteError,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredHinge,
)


def loss(*loss_types):
    """The formula below gives all values, of which the mean or the sum is taken, or nothing."""

    def register(values):
        @reference(*loss_types)
        def reduced(subject, p, x, t):
            return {"mean": anp.mean, "sum": anp.sum, "none": lambda values: values}[subject.reduction](
                values(subject, x, t)
            )

        return values

    return register


def rows(x, t):
    return t if t.shape == x.shape else np.eye(x.shape[-1])[t]


def cross_entropy(x, t):
    return anp.mean(-anp.sum(rows(x, t) * anp.log(softmax(x)), axis=-1))


@loss(MeanSquaredError)
def mean_squared_error(subject, x, t):
    return (x - t) ** 2


@loss(MeanAbsoluteError)
def mean_absolute_error(subject, x, t):
    return anp.abs(x - t)


@loss(Huber)
def huber(subject, x, t):
    size = anp.abs(x - t)
    return anp.where(size < subject.delta, size**2 / 2, subject.delta * (size - subject.delta / 2))


@loss(LogCosh)
def log_cosh(subject, x, t):
    return anp.log(anp.cosh(x - t))


@loss(SoftmaxCrossEntropy, CategoricalCrossEntropy)
def categorical(subject, x, t):
    t, C = rows(x, t), x.shape[-1]
    weights = 1.0 if subject.class_weights is None else subject.class_weights
    t = weights * (t * (1 - subject.label_smoothing) + subject.label_smoothing / C)
    return -anp.sum(t * anp.log(softmax(x) if isinstance(subject, SoftmaxCrossEntropy) else x), axis=-1)


@loss(SigmoidCrossEntropy, BinaryCrossEntropy)
def binary(subject, x, t):
    t = t * (1 - subject.label_smoothing) + subject.label_smoothing / 2
    y = 1 / (1 + anp.exp(-x)) if isinstance(subject, SigmoidCrossEntropy) else x
    return -subject.positive_weight * t * anp.log(y) - (1 - t) * anp.log(1 - y)


@loss(FocalLoss)
def focal(subject, x, t):
    y = 1 / (1 + anp.exp(-x))
    positive = subject.alpha * (1 - y) ** subject.gamma * anp.log(y)
    negative = (1 - subject.alpha) * y**subject.gamma * anp.log(1 - y)
    return -anp.where(t == 1, positive, negative)


@loss(Hinge)
def hinge(subject, x, t):
    return anp.maximum(0.0, 1 - t * x)


@loss(SquaredHinge)
def squared_hinge(subject, x, t):
    return anp.maximum(0.0, 1 - t * x) ** 2


@loss(CategoricalHinge)
def categorical_hinge(subject, x, t):
    t = rows(x, t)
    return anp.maximum(0.0, 1 + anp.max(x - 1e9 * t, axis=-1) - anp.sum(x * t, axis=-1))


@loss(KLDivergence)
def kl_divergence(subject, x, t):
    return anp.sum(t * (np.log(np.where(t > 0, t, 1)) - x), axis=-1)


@loss(CosineDistance)
def cosine_distance(subject, x, t):
    lengths = anp.sqrt(anp.sum(x**2, axis=-1) * anp.sum(t**2, axis=-1))
    return 1 - anp.sum(x * t, axis=-1) / lengths


@reference(CTC)
def ctc(subject, p, x, t, lengths=None):
    """One path after the other, all that there are."""
    N, T, C = x.shape
    log_y, values = anp.log(softmax(x)), []
    for n, length in enumerate([T] * N if lengths is None else lengths):
        labels = [k for k in t[n] if k >= 0]
        spelling = [
            path
            for path in product(range(C), repeat=length)
            if [k for k, _ in groupby(path) if k != subject.blank] == labels
        ]
        steps = range(length)
        total = sum(anp.exp(sum(log_y[n, step, path[step]] for step in steps)) for path in spelling)
        values.append(-anp.log(total))
    values = anp.array(values)
    return {"mean": anp.mean, "sum": anp.sum, "none": lambda values: values}[subject.reduction](values)


@reference(L1)
def l1(subject, p, x):
    return subject.rate * anp.sum(anp.abs(x))


@reference(L2)
def l2(subject, p, x):
    return subject.rate * anp.sum(x**2)
