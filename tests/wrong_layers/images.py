"""Convolution, pooling and upsampling, with backward passes as people get them wrong.

What can go wrong in any number of axes is written once, and mixed into the classes below.
"""

import numpy as np

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
from gradcheck.analytic.windows import Windows
from wrong_layers.where import not_in, only_in


class FiltersFlipped:
    def _backward(self, dy, cache):
        kept = self.W
        self.W = np.flip(kept, range(2, kept.ndim))
        dx = super()._backward(dy, cache)
        self.W = kept
        return dx


class WeightGradientFlipped:
    def _backward(self, dy, cache):
        dx = super()._backward(dy, cache)
        self.grads["W"] = np.flip(self.grads["W"], range(2, dy.ndim)).copy()
        return dx


class WeightGradientAveraged:
    def _backward(self, dy, cache):
        dx = super()._backward(dy, cache)
        self.grads["W"] = self.grads["W"] / len(dy)
        return dx


class BiasOfOneImage:
    def _backward(self, dy, cache):
        dx = super()._backward(dy, cache)
        self.grads["b"] = dy[0].sum(axis=tuple(range(1, dy.ndim - 1)))
        return dx


class OverlapsOverwritten:
    def _backward(self, dy, cache):
        kept = self.windows
        self.windows = Overwriting(kept.size, kept.stride, kept.padding, kept.dilation)
        dx = super()._backward(dy, cache)
        self.windows = kept
        return dx


class Overwriting(Windows):
    """Windows that share a place instead of adding to it."""

    def scatter(self, columns, image):
        count = Windows.scatter(self, np.ones_like(columns), image)
        return Windows.scatter(self, columns, image) / np.maximum(count, 1)


class PaddingNotCutOff:
    def _backward(self, dy, cache):
        return np.roll(super()._backward(dy, cache), 1, axis=-1)


class Conv1DFiltersFlipped(FiltersFlipped, Conv1D):
    pass


class Conv1DWeightGradientFlipped(WeightGradientFlipped, Conv1D):
    pass


class Conv1DWeightGradientAveraged(WeightGradientAveraged, Conv1D):
    pass


class Conv1DOverlapsOverwritten(OverlapsOverwritten, Conv1D):
    pass


class Conv2DFiltersFlipped(FiltersFlipped, Conv2D):
    pass


class Conv2DWeightGradientFlipped(WeightGradientFlipped, Conv2D):
    pass


class Conv2DWeightGradientAveraged(WeightGradientAveraged, Conv2D):
    pass


class Conv2DBiasOfOneImage(BiasOfOneImage, Conv2D):
    pass


class Conv2DOverlapsOverwritten(OverlapsOverwritten, Conv2D):
    pass


class Conv2DPaddingNotCutOff(PaddingNotCutOff, Conv2D):
    pass


class Conv3DFiltersFlipped(FiltersFlipped, Conv3D):
    pass


class Conv3DBiasOfOneImage(BiasOfOneImage, Conv3D):
    pass


class Conv3DOverlapsOverwritten(OverlapsOverwritten, Conv3D):
    pass


class Conv3DPaddingNotCutOff(PaddingNotCutOff, Conv3D):
    pass


class DepthwiseConv2DFiltersFlipped(FiltersFlipped, DepthwiseConv2D):
    pass


class DepthwiseConv2DWeightGradientFlipped(WeightGradientFlipped, DepthwiseConv2D):
    pass


class DepthwiseConv2DOverlapsOverwritten(OverlapsOverwritten, DepthwiseConv2D):
    pass


class DepthwiseConv2DFiltersOfAnotherChannel(DepthwiseConv2D):
    def _backward(self, dy, cache):
        kept = self.W
        self.W = np.roll(kept, 1, axis=0)
        dx = super()._backward(dy, cache)
        self.W = kept
        return dx


class SeparableConv2DFiltersFlipped(FiltersFlipped, SeparableConv2D):
    pass


class SeparableConv2DOverlapsOverwritten(OverlapsOverwritten, SeparableConv2D):
    pass


class SeparableConv2DMixtureLeftOutOnTheWayBack(SeparableConv2D):
    def _backward(self, dy, cache):
        right, kept = super()._backward(dy, cache), self.V
        gradients = dict(self.grads)
        self.V = np.ones_like(kept)
        super()._backward(dy, cache)
        self.V = kept
        self.grads.update(gradients, W=self.grads["W"])
        return right


class SeparableConv2DMixtureGradientAveraged(SeparableConv2D):
    def _backward(self, dy, cache):
        dx = super()._backward(dy, cache)
        self.grads["V"] = self.grads["V"] / len(dy)
        return dx


class Conv2DTransposeFiltersFlipped(FiltersFlipped, Conv2DTranspose):
    pass


class Conv2DTransposeWeightGradientFlipped(WeightGradientFlipped, Conv2DTranspose):
    pass


class Conv2DTransposeBiasOfOneImage(BiasOfOneImage, Conv2DTranspose):
    pass


class Conv2DTransposePaddingNotCutOff(PaddingNotCutOff, Conv2DTranspose):
    pass


class ToAllEntries:
    def _backward(self, dy, cache):
        image = cache[-1]
        dpadded = self.windows.zeros(dy, image)
        for dentry in self.windows.entries(dpadded):
            np.add(dentry, dy, out=dentry)
        return self.windows.crop(dpadded, image)


class ToTheFirstEntry:
    def _backward(self, dy, cache):
        image = cache[-1]
        dpadded = self.windows.zeros(dy, image)
        next(self.windows.entries(dpadded))[...] += dy
        return self.windows.crop(dpadded, image)


class LastWindowWins:
    def _backward(self, dy, cache):
        padded, y, image = cache
        dpadded = self.windows.zeros(dy, image)
        for entry, dentry in zip(self.windows.entries(padded), self.windows.entries(dpadded), strict=True):
            np.copyto(dentry, dy, where=entry == y)
        return self.windows.crop(dpadded, image)


class LastShareStays:
    def _backward(self, dy, cache):
        counts, image = cache
        dpadded = self.windows.zeros(dy, image)
        for dentry in self.windows.entries(dpadded):
            dentry[...] = dy / counts
        return self.windows.crop(dpadded, image)


class PaddingCounted:
    def _backward(self, dy, cache):
        counts, image = cache
        return super()._backward(dy, (0 * counts + np.prod(self.windows.size), image))


class MaxPooling1DToAllEntries(ToAllEntries, MaxPooling1D):
    pass


class MaxPooling1DToTheFirstEntry(ToTheFirstEntry, MaxPooling1D):
    pass


@only_in("overlapping")
class MaxPooling1DLastWindowWins(LastWindowWins, MaxPooling1D):
    pass


class MaxPooling2DToAllEntries(ToAllEntries, MaxPooling2D):
    pass


class MaxPooling2DToTheFirstEntry(ToTheFirstEntry, MaxPooling2D):
    pass


class MaxPooling2DRowsAndColumnsSwapped(MaxPooling2D):
    def _backward(self, dy, cache):
        dx = super()._backward(dy, cache)
        side = min(dx.shape[2:])
        dx[:, :, :side, :side] = dx[:, :, :side, :side].swapaxes(2, 3).copy()
        return dx


@only_in("overlapping")
class MaxPooling2DLastWindowWins(LastWindowWins, MaxPooling2D):
    pass


class MaxPooling3DToAllEntries(ToAllEntries, MaxPooling3D):
    pass


class MaxPooling3DToTheFirstEntry(ToTheFirstEntry, MaxPooling3D):
    pass


@only_in("overlapping")
class MaxPooling3DLastWindowWins(LastWindowWins, MaxPooling3D):
    pass


class AveragePooling1DNotDivided(ToAllEntries, AveragePooling1D):
    pass


class AveragePooling1DToTheFirstEntry(ToTheFirstEntry, AveragePooling1D):
    pass


@only_in("overlapping")
class AveragePooling1DPaddingCounted(PaddingCounted, AveragePooling1D):
    pass


class AveragePooling2DNotDivided(ToAllEntries, AveragePooling2D):
    pass


class AveragePooling2DToTheFirstEntry(ToTheFirstEntry, AveragePooling2D):
    pass


@only_in("overlapping")
class AveragePooling2DPaddingCounted(PaddingCounted, AveragePooling2D):
    pass


@only_in("overlapping")
class AveragePooling2DLastShareStays(LastShareStays, AveragePooling2D):
    pass


class AveragePooling3DNotDivided(ToAllEntries, AveragePooling3D):
    pass


class AveragePooling3DToTheFirstEntry(ToTheFirstEntry, AveragePooling3D):
    pass


@only_in("overlapping")
class AveragePooling3DLastShareStays(LastShareStays, AveragePooling3D):
    pass


class GlobalMaxPooling2DToAllPlaces(GlobalMaxPooling2D):
    def _backward(self, dy, cache):
        return np.broadcast_to(dy[:, :, None, None], cache[1]).copy()


class GlobalMaxPooling2DToTheFirstPlace(GlobalMaxPooling2D):
    def _backward(self, dy, cache):
        winner, shape = cache
        return super()._backward(dy, (0 * winner, shape))


class GlobalMaxPooling2DOneWinnerForAllImages(GlobalMaxPooling2D):
    def _backward(self, dy, cache):
        winner, shape = cache
        return super()._backward(dy, (np.broadcast_to(winner[:1], winner.shape), shape))


class GlobalAveragePooling2DNotDivided(GlobalAveragePooling2D):
    def _backward(self, dy, shape):
        return np.broadcast_to(dy[:, :, None, None], shape).copy()


class GlobalAveragePooling2DDividedByRowsOnly(GlobalAveragePooling2D):
    def _backward(self, dy, shape):
        return np.broadcast_to(dy[:, :, None, None] / shape[2], shape).copy()


class GlobalAveragePooling2DToTheFirstPlace(GlobalAveragePooling2D):
    def _backward(self, dy, shape):
        dx = np.zeros(shape, dy.dtype)
        dx[:, :, 0, 0] = dy
        return dx


class UpSampling2DAveraged(UpSampling2D):
    def _backward(self, dy, image):
        return super()._backward(dy, image) / np.prod(self.size)


class UpSampling2DFirstPlaceOnly(UpSampling2D):
    def _backward(self, dy, image):
        return dy[:, :, :: self.size[0], :: self.size[1]].copy()


class UpSampling2DBlocksMisread(UpSampling2D):
    def _backward(self, dy, image):
        (N, C, *_), (H, W), (s, t) = dy.shape, image, self.size
        return dy.reshape(N, C, s, H, t, W).sum(axis=(2, 4))


@not_in("bilinear")
class UpSampling2DWeightsOfTheOtherKind(UpSampling2D):
    def _backward(self, dy, image):
        return UpSampling2D(self.size, "bilinear")._backward(dy, image)
