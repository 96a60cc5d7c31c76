"""Normalisations, as PyTorch has them."""

import torch
from torch.nn import functional

from gradcheck.analytic import BatchNormalization, GroupNormalization, LayerNormalization, RMSNorm
from torch_references.table import reference


@reference(BatchNormalization)
def batch_normalization(subject, p, x):
    mean, variance = (torch.tensor(v.copy()) for v in (subject.running_mean, subject.running_variance))
    return functional.batch_norm(
        x, mean, variance, p["gamma"], p["beta"], subject.training, 1 - subject.momentum, subject.epsilon
    )


@reference(LayerNormalization)
def layer_normalization(subject, p, x):
    return functional.layer_norm(x, p["gamma"].shape, p["gamma"], p["beta"], subject.epsilon)


@reference(GroupNormalization)
def group_normalization(subject, p, x):
    return functional.group_norm(x, subject.groups, p["gamma"], p["beta"], subject.epsilon)


@reference(RMSNorm)
def rms_norm(subject, p, x):
    return functional.rms_norm(x, p["gamma"].shape, p["gamma"], subject.epsilon)
