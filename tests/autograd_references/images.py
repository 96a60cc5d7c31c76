"""Convolution and pooling, from the formula alone."""

import math

import autograd.numpy as anp
import numpy as np

from autograd_references.table import reference
from gradcheck.analytic import AveragePooling2D, Conv2D, MaxPooling2D


def taps(windows, x, fill=0.0):
    """The array (N, C, OH, OW) of window entry (i, j), for each (i, j): geometry written out once more, with slices."""
    before, after, outputs = [], [], []
    for axis in range(2):
        length, size, step, gap = x.shape[2 + axis], windows.size[axis], windows.stride[axis], windows.dilation[axis]
        extent = gap * (size - 1) + 1
        if windows.padding == "same":
            total = max(0, (math.ceil(length / step) - 1) * step + extent - length)
        else:
            total = 0 if windows.padding == "valid" else 2 * windows.padding[axis]
        before.append(total // 2)
        after.append(total - total // 2)
        outputs.append((length + total - extent) // step + 1)
    margins = ((0, 0), (0, 0), (before[0], after[0]), (before[1], after[1]))
    padded = anp.pad(x, margins, "constant", constant_values=fill)
    for i in range(windows.size[0]):
        for j in range(windows.size[1]):
            rows = [i * windows.dilation[0] + p * windows.stride[0] for p in range(outputs[0])]
            columns = [j * windows.dilation[1] + q * windows.stride[1] for q in range(outputs[1])]
            yield (i, j), padded[:, :, rows][:, :, :, columns]


@reference(Conv2D)
def conv2d(subject, p, x):
    W, groups = p["W"], subject.groups
    per_group, filters = x.shape[1] // groups, W.shape[0] // groups
    maps = [0.0] * groups
    for (i, j), tap in taps(subject.windows, x):
        for g in range(groups):
            channels, own = slice(g * per_group, (g + 1) * per_group), slice(g * filters, (g + 1) * filters)
            maps[g] = maps[g] + anp.einsum("ncpq,fc->nfpq", tap[:, channels], W[own, :, i, j])
    return anp.concatenate(maps, axis=1) + anp.reshape(p["b"], (1, -1, 1, 1))


@reference(MaxPooling2D)
def max_pooling(subject, p, x):
    return anp.max(anp.stack([tap for _, tap in taps(subject.windows, x, fill=-1e9)]), axis=0)


@reference(AveragePooling2D)
def average_pooling(subject, p, x):
    counts = sum(tap for _, tap in taps(subject.windows, np.ones_like(x)))
    return sum(tap for _, tap in taps(subject.windows, x)) / counts
