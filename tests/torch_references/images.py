"""Convolution, pooling and upsampling, as PyTorch has them; what it cannot pad itself is padded before."""

from math import inf

import torch
from torch.nn import functional

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
from torch_references.table import reference


def padded(windows, x, value=0.0):
    """The images with their margins, the last axis first as PyTorch wants it."""
    margins = windows.margins(tuple(x.shape[2:]))
    sides = [side for margin in reversed(margins) for side in margin]
    return functional.pad(x, sides, value=value) if any(sides) else x


def of_dims(name, windows):
    """The function of this name for as many axes as the windows have."""
    return getattr(functional, f"{name}{len(windows.size)}d")


def correlation(windows, x, W, b, groups):
    return of_dims("conv", windows)(padded(windows, x), W, b, windows.stride, 0, windows.dilation, groups)


@reference(Conv1D, Conv2D, Conv3D, DepthwiseConv2D)
def convolution(subject, p, x):
    return correlation(subject.windows, x, p["W"], p["b"], subject.groups)


@reference(SeparableConv2D)
def separable_convolution(subject, p, x):
    z = correlation(subject.windows, x, p["W"], None, subject.groups)
    return functional.conv2d(z, p["V"][:, :, None, None], p["b"])


@reference(Conv2DTranspose)
def transposed_convolution(subject, p, x):
    windows, groups = subject.windows, subject.groups
    if isinstance(windows.padding, tuple) and all(before == after for before, after in windows.padding):
        margins = [before for before, _ in windows.padding]
        return functional.conv_transpose2d(
            x, p["W"], p["b"], windows.stride, margins, subject.output_padding, groups, windows.dilation
        )
    y = functional.conv_transpose2d(x, p["W"], None, windows.stride, groups=groups, dilation=windows.dilation)
    H, W = (
        length * stride if windows.padding == "same" else whole + more - sum(margin)
        for length, stride, whole, more, margin in zip(
            x.shape[2:], windows.stride, y.shape[2:], subject.output_padding, windows.margins((1, 1)), strict=True
        )
    )
    (top, _), (left, _) = windows.margins((H, W))
    y = functional.pad(y, (0, max(0, left + W - y.shape[3]), 0, max(0, top + H - y.shape[2])))
    return y[:, :, top : top + H, left : left + W] + p["b"][:, None, None]


@reference(MaxPooling1D, MaxPooling2D, MaxPooling3D)
def max_pooling(subject, p, x):
    windows = subject.windows
    return of_dims("max_pool", windows)(padded(windows, x, -inf), windows.size, windows.stride)


@reference(AveragePooling1D, AveragePooling2D, AveragePooling3D)
def average_pooling(subject, p, x):
    windows = subject.windows

    def mean(x):
        return of_dims("avg_pool", windows)(padded(windows, x), windows.size, windows.stride)

    return mean(x) / mean(torch.ones_like(x)) if windows.padding != "valid" else mean(x)


@reference(GlobalMaxPooling2D)
def global_max_pooling(subject, p, x):
    return torch.amax(x, dim=(2, 3))


@reference(GlobalAveragePooling2D)
def global_average_pooling(subject, p, x):
    return torch.mean(x, dim=(2, 3))


@reference(UpSampling2D)
def up_sampling(subject, p, x):
    options = {"align_corners": False} if subject.interpolation == "bilinear" else {}
    return functional.interpolate(x, scale_factor=subject.size, mode=subject.interpolation, **options)
