"""Convolution, pooling and upsampling, by windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gradcheck.derivation.forms.plain import plain


def _windows(layer: Any, x: Any, fill: float = 0.0) -> Any:
    """All windows: (N, C, *places, *entries of a window)."""
    windows, axes = layer.windows, tuple(range(2, x.ndim))
    margins = windows.margins(x.shape[2:])
    padded = np.pad(x, ((0, 0), (0, 0), *margins), constant_values=fill) if np.any(margins) else x
    extents = tuple((k - 1) * gap + 1 for k, gap in zip(windows.size, windows.dilation, strict=True))
    every = sliding_window_view(padded, extents, axis=axes)
    steps = [slice(None, None, step if step > 1 else None) for step in (*windows.stride, *windows.dilation)]
    return every[(slice(None), slice(None), *steps)] if any(step.step for step in steps) else every


def _correlated(windows: Any, W: Any, groups: int) -> Any:
    """Each window (N, C, *places, *entries) times each filter (F, C / groups, *entries), added up."""
    axes = W.ndim - 2
    places, entries = "pqr"[:axes], "ijk"[:axes]
    if groups == 1:
        return np.einsum(f"nc{places}{entries},fc{entries}->nf{places}", windows, W)
    grouped = np.reshape(windows, (windows.shape[0], groups, -1, *windows.shape[2:]))
    filters = np.reshape(W, (groups, -1, *W.shape[1:]))
    of_groups = np.einsum(f"ngc{places}{entries},gfc{entries}->ngf{places}", grouped, filters)
    return np.reshape(of_groups, (windows.shape[0], W.shape[0], *windows.shape[2 : axes + 2]))


def _convolution(layer: Any, x: Any) -> Any:
    W, b = layer.params["W"], layer.params["b"]
    patches = _windows(layer, x)
    maps = _correlated(patches, W, layer.groups)
    return maps + np.reshape(b, (-1, *[1] * (x.ndim - 2)))


def _separable_convolution(layer: Any, x: Any) -> Any:
    W, V, b = (layer.params[name] for name in "WVb")
    patches = _windows(layer, x)
    z = _correlated(patches, W, layer.groups)
    return np.einsum("nkpq,fk->nfpq", z, V) + np.reshape(b, (-1, 1, 1))


def _transposed_convolution(layer: Any, x: Any) -> Any:
    """Each entry of x times each filter, added up in y where the windows of a convolution would look."""
    W, b = layer.params["W"], layer.params["b"]
    if layer.groups == 1:
        patterns = np.einsum("ncpq,cfij->nfpqij", x, W)
    else:
        grouped = np.reshape(x, (len(x), layer.groups, -1, *x.shape[2:]))
        filters = np.reshape(W, (layer.groups, -1, *W.shape[1:]))
        of_groups = np.einsum("ngcpq,gcfij->ngfpqij", grouped, filters)
        patterns = np.reshape(of_groups, (len(x), -1, *of_groups.shape[3:]))
    shape = (len(x), len(b), *layer._output(x.shape[2:]))
    patches = _windows(layer, np.arange(np.prod(shape)).reshape(shape), -1)
    added = patterns.gather(patches, shape, "windows")
    return added + np.reshape(b, (-1, 1, 1))


def _max_pooling(layer: Any, x: Any) -> Any:
    patches = _windows(layer, x, -1 - float(np.max(np.abs(plain(x)))))  # what fills the margins never wins
    return np.max(patches, axis=tuple(range(x.ndim, 2 * x.ndim - 2)))


def _average_pooling(layer: Any, x: Any) -> Any:
    patches = _windows(layer, x)
    entries = tuple(range(x.ndim, 2 * x.ndim - 2))
    counts = np.sum(_windows(layer, np.ones((1, 1, *x.shape[2:]))), axis=entries)
    if np.all(counts == counts.flat[0]):
        return np.mean(patches, axis=entries)
    return np.sum(patches, axis=entries) / counts


def _global_max_pooling(layer: Any, x: Any) -> Any:
    return np.max(x, axis=(2, 3))


def _global_average_pooling(layer: Any, x: Any) -> Any:
    return np.mean(x, axis=(2, 3))


def _up_sampling(layer: Any, x: Any) -> Any:
    s, t = layer.size
    if layer.interpolation == "nearest":
        return np.repeat(np.repeat(x, s, axis=2), t, axis=3)
    rows, columns = _interpolation(x.shape[2], s), _interpolation(x.shape[3], t).T
    return rows @ x @ columns


def _interpolation(length: int, factor: int) -> Any:
    """The weights with which the places of a line `factor` times as long are made of the old ones, (s·L, L)."""
    centres = np.clip((np.arange(length * factor) + 0.5) / factor - 0.5, 0, length - 1)
    return np.maximum(0, 1 - np.abs(centres[:, None] - np.arange(length)))


IMAGES: dict[str, Callable[..., Any]] = {
    "Convolution": _convolution,
    "SeparableConv2D": _separable_convolution,
    "Conv2DTranspose": _transposed_convolution,
    "MaxPooling": _max_pooling,
    "AveragePooling": _average_pooling,
    "GlobalMaxPooling2D": _global_max_pooling,
    "GlobalAveragePooling2D": _global_average_pooling,
    "UpSampling2D": _up_sampling,
}
