"""Normalisations, from the formula alone."""

import autograd.numpy as anp

from autograd_references.table import reference
from gradcheck.analytic import BatchNormalization, GroupNormalization, LayerNormalization, RMSNorm


@reference(BatchNormalization)
def batch_normalization(subject, p, x):
    axes, channels = tuple(i for i in range(x.ndim) if i != 1), (1, -1) + (1,) * (x.ndim - 2)
    if subject.training:
        mean, variance = anp.mean(x, axis=axes, keepdims=True), anp.var(x, axis=axes, keepdims=True)
    else:
        mean, variance = subject.running_mean.reshape(channels), subject.running_variance.reshape(channels)
    normal = (x - mean) / anp.sqrt(variance + subject.epsilon)
    return anp.reshape(p["gamma"], channels) * normal + anp.reshape(p["beta"], channels)


@reference(LayerNormalization)
def layer_normalization(subject, p, x):
    axes = tuple(range(x.ndim - p["gamma"].ndim, x.ndim))
    mean, variance = anp.mean(x, axis=axes, keepdims=True), anp.var(x, axis=axes, keepdims=True)
    return p["gamma"] * (x - mean) / anp.sqrt(variance + subject.epsilon) + p["beta"]


@reference(GroupNormalization)
def group_normalization(subject, p, x):
    groups, channels = anp.reshape(x, (len(x), subject.groups, -1)), (1, -1) + (1,) * (x.ndim - 2)
    mean, variance = anp.mean(groups, axis=2, keepdims=True), anp.var(groups, axis=2, keepdims=True)
    normal = anp.reshape((groups - mean) / anp.sqrt(variance + subject.epsilon), x.shape)
    return anp.reshape(p["gamma"], channels) * normal + anp.reshape(p["beta"], channels)


@reference(RMSNorm)
def rms_norm(subject, p, x):
    axes = tuple(range(x.ndim - p["gamma"].ndim, x.ndim))
    return p["gamma"] * x / anp.sqrt(anp.mean(x**2, axis=axes, keepdims=True) + subject.epsilon)
