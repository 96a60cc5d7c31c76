"""Convolution, pooling and upsampling, from the formula alone."""

import math

import autograd.numpy as anp
import numpy as np

from autograd_references.table import reference
from gradcheck.analytic import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    DepthwiseConv2D,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    SeparableConv2D,
    UpSampling2D,
)


def margins(windows, axis, length):
    """How much is added before and after an axis: the geometry, written out once more."""
    if windows.padding == "valid":
        return 0, 0
    if windows.padding == "same":
        extent = windows.dilation[axis] * (windows.size[axis] - 1) + 1
        total = max(0, (math.ceil(length / windows.stride[axis]) - 1) * windows.stride[axis] + extent - length)
        return total // 2, total - total // 2
    return windows.padding[axis]


def taps(windows, x, fill=0.0):
    """The array (N, C, *places) of each entry of the windows, in reading order."""
    dims = x.ndim - 2
    around = [margins(windows, axis, x.shape[2 + axis]) for axis in range(dims)]
    padded = anp.pad(x, [(0, 0), (0, 0), *around], "constant", constant_values=fill)
    for entry in np.ndindex(*windows.size):
        tap = padded
        for axis in range(dims):
            extent = windows.dilation[axis] * (windows.size[axis] - 1) + 1
            outputs = (padded.shape[2 + axis] - extent) // windows.stride[axis] + 1
            places = [entry[axis] * windows.dilation[axis] + p * windows.stride[axis] for p in range(outputs)]
            tap = tap[(slice(None),) * (2 + axis) + (places,)]
        yield entry, tap


def correlation(windows, W, x, groups):
    per_group, filters = x.shape[1] // groups, W.shape[0] // groups
    maps = [0.0] * groups
    for entry, tap in taps(windows, x):
        for g in range(groups):
            channels, own = slice(g * per_group, (g + 1) * per_group), slice(g * filters, (g + 1) * filters)
            maps[g] = maps[g] + anp.tensordot(tap[:, channels], W[(own, slice(None), *entry)], axes=(1, 1))
    return anp.moveaxis(anp.concatenate(maps, axis=-1), -1, 1)


def bias(b, x):
    return anp.reshape(b, (1, -1) + (1,) * (x.ndim - 2))


@reference(Conv1D, Conv2D, Conv3D, DepthwiseConv2D)
def convolution(subject, p, x):
    return correlation(subject.windows, p["W"], x, subject.groups) + bias(p["b"], x)


@reference(SeparableConv2D)
def separable_convolution(subject, p, x):
    z = correlation(subject.windows, p["W"], x, x.shape[1])
    return anp.einsum("fk,nkpq->nfpq", p["V"], z) + bias(p["b"], x)


@reference(Conv2DTranspose)
def transposed_convolution(subject, p, x):
    windows, groups, maps = subject.windows, subject.groups, []
    image = [transposed_length(subject, axis, x.shape[2 + axis]) for axis in range(2)]
    per_group = x.shape[1] // groups
    for g in range(groups):
        own, y = slice(g * per_group, (g + 1) * per_group), 0.0
        for i, j in np.ndindex(*windows.size):
            rows, columns = placed(windows, 0, i, x.shape[2], image[0]), placed(windows, 1, j, x.shape[3], image[1])
            y = y + anp.einsum("ncpq,cf,yp,xq->nfyx", x[:, own], p["W"][own, :, i, j], rows, columns)
        maps.append(y)
    return anp.concatenate(maps, axis=1) + bias(p["b"], x)


def transposed_length(subject, axis, length):
    windows = subject.windows
    if windows.padding == "same":
        return length * windows.stride[axis]
    extent = windows.dilation[axis] * (windows.size[axis] - 1) + 1
    whole = (length - 1) * windows.stride[axis] + extent + subject.output_padding[axis]
    return whole - sum(margins(windows, axis, length))


def placed(windows, axis, entry, length, output):
    """The matrix (output, length) of zeros and ones: where along an axis the entry of each pattern comes to lie."""
    before, _ = margins(windows, axis, output)
    where = np.arange(length) * windows.stride[axis] + entry * windows.dilation[axis] - before
    return (np.arange(output)[:, None] == where).astype(float)


@reference(MaxPooling1D, MaxPooling2D, MaxPooling3D)
def max_pooling(subject, p, x):
    return anp.max(anp.stack([tap for _, tap in taps(subject.windows, x, fill=-1e9)]), axis=0)


@reference(AveragePooling1D, AveragePooling2D, AveragePooling3D)
def average_pooling(subject, p, x):
    counts = sum(tap for _, tap in taps(subject.windows, np.ones_like(x)))
    return sum(tap for _, tap in taps(subject.windows, x)) / counts


@reference(GlobalMaxPooling2D)
def global_max_pooling(subject, p, x):
    return anp.max(x, axis=(2, 3))


@reference(GlobalAveragePooling2D)
def global_average_pooling(subject, p, x):
    return anp.mean(x, axis=(2, 3))


@reference(UpSampling2D)
def up_sampling(subject, p, x):
    for axis, factor in enumerate(subject.size, start=2):
        length = x.shape[axis]
        places = np.arange(factor * length)
        centres = np.clip((places + 0.5) / factor - 0.5, 0, length - 1)
        below = places // factor if subject.interpolation == "nearest" else np.floor(centres).astype(int)
        share = np.zeros(len(places)) if subject.interpolation == "nearest" else centres - below
        share = np.reshape(share, [-1 if i == axis else 1 for i in range(4)])
        above = np.minimum(below + 1, length - 1)
        here = (slice(None),) * axis
        x = (1 - share) * x[(*here, below)] + share * x[(*here, above)]
    return x
