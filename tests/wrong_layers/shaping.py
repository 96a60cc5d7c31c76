"""Layers that move numbers, or drop them, with backward passes as people get them wrong."""

import numpy as np

from gradcheck.analytic import Add, Concatenate, Dropout, Flatten, Reshape, SpatialDropout


class FlattenInFortranOrder(Flatten):
    def _backward(self, dy, shape):
        return dy.reshape(shape, order="F")


class FlattenAxesSwapped(Flatten):
    def _backward(self, dy, shape):
        N, A, B = shape
        return dy.reshape(N, B, A).swapaxes(1, 2).copy()


class FlattenNotUndone(Flatten):
    def _backward(self, dy, shape):
        return dy.copy()


class ReshapeInFortranOrder(Reshape):
    def _backward(self, dy, shape):
        return dy.reshape(shape, order="F")


class ReshapeAxesSwapped(Reshape):
    def _backward(self, dy, shape):
        N, A, B = shape
        return dy.reshape(N, B, A).swapaxes(1, 2).copy()


class ReshapeNotUndone(Reshape):
    def _backward(self, dy, shape):
        return dy.copy()


class DropoutNotScaled(Dropout):
    def _backward(self, dy, scaled_mask):
        return dy * (scaled_mask > 0)


class DropoutNewMask(Dropout):
    def _backward(self, dy, scaled_mask):
        return dy * (self.rng.random(dy.shape) >= self.rate) / (1 - self.rate)


class DropoutWithoutMask(Dropout):
    def _backward(self, dy, scaled_mask):
        return dy.copy()


class DropoutMaskInverted(Dropout):
    def _backward(self, dy, scaled_mask):
        return dy * (scaled_mask == 0) / (1 - self.rate)


class SpatialDropoutNotScaled(SpatialDropout):
    def _backward(self, dy, scaled_mask):
        return dy * (scaled_mask > 0)


class SpatialDropoutNewMaskForEachEntry(SpatialDropout):
    def _backward(self, dy, scaled_mask):
        return dy * (self.rng.random(dy.shape) >= self.rate) / (1 - self.rate)


class SpatialDropoutWithoutMask(SpatialDropout):
    def _backward(self, dy, scaled_mask):
        return dy.copy()


class AddFirstOnly(Add):
    def _backward(self, dy, count):
        return (dy.copy(), *(np.zeros_like(dy) for _ in range(count - 1)))


class AddAveraged(Add):
    def _backward(self, dy, count):
        return tuple(dy / count for _ in range(count))


class AddCountsTheOthers(Add):
    def _backward(self, dy, count):
        return tuple(dy * count for _ in range(count))


class ConcatenateCutOneOff(Concatenate):
    def _backward(self, dy, joints):
        return super()._backward(np.roll(dy, 1, self.axis), joints)


class ConcatenatePartsReversed(Concatenate):
    def _backward(self, dy, joints):
        return tuple(np.flip(part, self.axis).copy() for part in super()._backward(dy, joints))


class ConcatenateCutFromTheEnd(Concatenate):
    def _backward(self, dy, joints):
        lengths = np.diff([0, *joints, dy.shape[self.axis]])
        ends = np.cumsum(lengths[::-1])[:-1]
        return tuple(part.copy() for part in np.split(dy, ends, self.axis)[::-1])
