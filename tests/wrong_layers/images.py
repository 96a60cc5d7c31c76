"""Convolution and pooling, with backward passes as people get them wrong."""

from contextlib import contextmanager

import numpy as np

from gradcheck.analytic import AveragePooling2D, Conv2D, MaxPooling2D
from gradcheck.analytic.windows import Windows
from wrong_layers.where import only_in


class Conv2DFiltersFlipped(Conv2D):
    def _backward(self, dy, cache):
        kept = self.W
        self.W = kept[:, :, ::-1, ::-1]
        dx = super()._backward(dy, cache)
        self.W = kept
        return dx


class Conv2DWeightGradientFlipped(Conv2D):
    def _backward(self, dy, cache):
        dx = super()._backward(dy, cache)
        self.grads["W"] = self.grads["W"][:, :, ::-1, ::-1].copy()
        return dx


class Conv2DWeightGradientAveraged(Conv2D):
    def _backward(self, dy, cache):
        dx = super()._backward(dy, cache)
        self.grads["W"] = self.grads["W"] / len(dy)
        return dx


class Conv2DBiasOfOneImage(Conv2D):
    def _backward(self, dy, cache):
        dx = super()._backward(dy, cache)
        self.grads["b"] = dy[0].sum(axis=(1, 2))
        return dx


class Conv2DOverlapsOverwritten(Conv2D):
    def _backward(self, dy, cache):
        with _overwriting(self):
            return super()._backward(dy, cache)


class Conv2DPaddingNotCutOff(Conv2D):
    def _backward(self, dy, cache):
        return np.roll(super()._backward(dy, cache), (1, 1), axis=(2, 3))


class MaxPooling2DToAllEntries(MaxPooling2D):
    def _backward(self, dy, cache):
        winner, shape = cache
        entries = np.prod(self.windows.size)
        return sum(super(MaxPooling2DToAllEntries, self)._backward(dy, (0 * winner + k, shape)) for k in range(entries))


class MaxPooling2DToTheFirstEntry(MaxPooling2D):
    def _backward(self, dy, cache):
        return super()._backward(dy, (0 * cache[0], cache[1]))


class MaxPooling2DRowsAndColumnsSwapped(MaxPooling2D):
    def _backward(self, dy, cache):
        KH, KW = self.windows.size
        i, j = np.divmod(cache[0], KW)
        return super()._backward(dy, (j % KW * KH + i, cache[1]))


@only_in("overlapping")
class MaxPooling2DOverlapsOverwritten(MaxPooling2D):
    def _backward(self, dy, cache):
        with _overwriting(self):
            return super()._backward(dy, cache)


class AveragePooling2DNotDivided(AveragePooling2D):
    def _backward(self, dy, cache):
        return super()._backward(dy * np.prod(self.windows.size), cache)


class AveragePooling2DToTheFirstEntry(AveragePooling2D):
    def _backward(self, dy, cache):
        _, shape = cache
        return MaxPooling2D._backward(self, dy, (np.zeros((*dy.shape[:2], 1, *dy.shape[2:]), int), shape))


@only_in("overlapping")
class AveragePooling2DPaddingCounted(AveragePooling2D):
    def _backward(self, dy, cache):
        counts, shape = cache
        return super()._backward(dy, (0 * counts + np.prod(self.windows.size), shape))


@only_in("overlapping")
class AveragePooling2DOverlapsOverwritten(AveragePooling2D):
    def _backward(self, dy, cache):
        with _overwriting(self):
            return super()._backward(dy, cache)


@contextmanager
def _overwriting(layer):
    """Windows that overwrite instead of adding where they overlap."""

    class Overwriting(Windows):
        def scatter(self, windows, image):
            count = Windows.scatter(self, np.ones_like(windows), image)
            return Windows.scatter(self, windows, image) / np.maximum(count, 1)

    kept = layer.windows
    layer.windows = Overwriting(kept.size, kept.stride, kept.padding, kept.dilation)
    yield
    layer.windows = kept
