"""Layers that move numbers, or drop them, from the formula alone."""

import copy

import autograd.numpy as anp
import numpy as np

from autograd_references.table import reference
from gradcheck.analytic import Add, Concatenate, Dropout, Flatten, Reshape, SpatialDropout


@reference(Dropout)
def dropout(subject, p, x):
    mask = copy.deepcopy(subject.rng).random(x.shape, np.float32) >= subject.rate
    return x * mask / (1 - subject.rate)


@reference(Flatten)
def flatten(subject, p, x):
    return anp.reshape(x, (len(x), -1))


@reference(Reshape)
def reshape(subject, p, x):
    return anp.reshape(x, (len(x), *subject.shape))


@reference(SpatialDropout)
def spatial_dropout(subject, p, x):
    mask = copy.deepcopy(subject.rng).random(x.shape[:2], np.float32) >= subject.rate
    return x * mask.reshape(*mask.shape, *[1] * (x.ndim - 2)) / (1 - subject.rate)


@reference(Add)
def add(subject, p, *xs):
    return sum(xs)


@reference(Concatenate)
def concatenate(subject, p, *xs):
    return anp.concatenate(xs, axis=subject.axis)
