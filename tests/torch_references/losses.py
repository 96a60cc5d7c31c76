"""Losses, as PyTorch has them."""

import torch
from torch.nn import functional

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
from torch_references.table import no_reference, reference


def elementwise(loss_type, function):
    """A loss that PyTorch reduces in the same ways."""

    @reference(loss_type)
    def call(subject, p, x, t):
        return function(subject, x, t, reduction=subject.reduction)


elementwise(MeanSquaredError, lambda subject, *args, **options: functional.mse_loss(*args, **options))
elementwise(MeanAbsoluteError, lambda subject, *args, **options: functional.l1_loss(*args, **options))
elementwise(Huber, lambda subject, *args, **options: functional.huber_loss(*args, delta=subject.delta, **options))


def reduced(subject, values):
    return {"mean": values.mean, "sum": values.sum, "none": values.clone}[subject.reduction]()


@reference(SoftmaxCrossEntropy)
def softmax_cross_entropy(subject, p, x, t):
    C = x.shape[-1]
    weight = None if subject.class_weights is None else torch.tensor(subject.class_weights, dtype=x.dtype)
    values = functional.cross_entropy(
        x.reshape(-1, C),
        t.reshape(-1, C) if t.shape == x.shape else t.reshape(-1),
        weight=weight,
        label_smoothing=subject.label_smoothing,
        reduction="none",
    )
    return reduced(subject, values.reshape(x.shape[:-1]))


@reference(SigmoidCrossEntropy)
def sigmoid_cross_entropy(subject, p, x, t):
    t = t * (1 - subject.label_smoothing) + subject.label_smoothing / 2
    weight = torch.tensor(subject.positive_weight, dtype=x.dtype)
    return functional.binary_cross_entropy_with_logits(x, t, pos_weight=weight, reduction=subject.reduction)


@reference(BinaryCrossEntropy)
def binary_cross_entropy(subject, p, x, t):
    t = t * (1 - subject.label_smoothing) + subject.label_smoothing / 2
    one, zero = torch.ones_like(t), torch.zeros_like(t)
    of_one = functional.binary_cross_entropy(x, one, reduction="none")
    of_zero = functional.binary_cross_entropy(x, zero, reduction="none")
    return reduced(subject, subject.positive_weight * t * of_one + (1 - t) * of_zero)


@reference(FocalLoss)
def focal_loss(subject, p, x, t):
    y = torch.sigmoid(x)
    right = y * t + (1 - y) * (1 - t)
    weight = subject.alpha * t + (1 - subject.alpha) * (1 - t)
    cross_entropy = functional.binary_cross_entropy_with_logits(x, t, reduction="none")
    return reduced(subject, weight * (1 - right) ** subject.gamma * cross_entropy)


@reference(CategoricalHinge)
def categorical_hinge(subject, p, x, t):
    wrong = x.masked_fill(functional.one_hot(t, x.shape[-1]).bool(), -torch.inf).amax(dim=-1)
    return reduced(subject, functional.relu(1 + wrong - x.gather(-1, t[..., None])[..., 0]))


@reference(KLDivergence)
def kl_divergence(subject, p, x, t):
    return reduced(subject, functional.kl_div(x, t, reduction="none").sum(dim=-1))


@reference(CosineDistance)
def cosine_distance(subject, p, x, t):
    return reduced(subject, 1 - functional.cosine_similarity(x, t, dim=-1))


@reference(CTC)
def ctc(subject, p, x, t, lengths=None):
    lengths = torch.full((len(x),), x.shape[1]) if lengths is None else lengths
    log_y, labels = functional.log_softmax(x, dim=-1).transpose(0, 1), t.clamp(min=0)
    values = functional.ctc_loss(log_y, labels, lengths, (t >= 0).sum(dim=1), subject.blank, reduction="none")
    return reduced(subject, values)


@reference(L1)
def l1(subject, p, x):
    return subject.rate * torch.linalg.vector_norm(x, 1)


@reference(L2)
def l2(subject, p, x):
    return subject.rate * x.square().sum()


no_reference(
    "PyTorch has it for other targets or not at all; what it would be there is the plain formula again",
    CategoricalCrossEntropy,
    Hinge,
    SquaredHinge,
    LogCosh,
)
