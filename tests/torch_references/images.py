"""Convolution and pooling, as PyTorch has them; what it cannot pad itself is padded before."""

from math import inf

import torch
from torch.nn import functional

from gradcheck.analytic import AveragePooling2D, Conv2D, MaxPooling2D
from torch_references.table import reference


def padded(windows, x, value=0.0):
    """The images with their margins, the last axis first as PyTorch wants it."""
    margins = windows.margins(tuple(x.shape[2:]))
    return functional.pad(x, [side for margin in reversed(margins) for side in margin], value=value)


@reference(Conv2D)
def conv2d(subject, p, x):
    windows = subject.windows
    return functional.conv2d(padded(windows, x), p["W"], p["b"], windows.stride, 0, windows.dilation, subject.groups)


@reference(MaxPooling2D)
def max_pooling2d(subject, p, x):
    return functional.max_pool2d(padded(subject.windows, x, -inf), subject.windows.size, subject.windows.stride)


@reference(AveragePooling2D)
def average_pooling2d(subject, p, x):
    def mean(x):
        return functional.avg_pool2d(padded(subject.windows, x), subject.windows.size, subject.windows.stride)

    return mean(x) / mean(torch.ones_like(x))  # places in the padding do not count
