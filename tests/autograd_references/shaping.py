"""Layers that move numbers, or drop them, from the formula alone."""

import copy

import autograd.numpy as anp
import numpy as np

from autograd_references.table import reference
from gradcheck.analytic import Dropout, Flatten, Reshape


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
