"""Layers that move numbers, or drop them, with backward passes as people get them wrong."""

from gradcheck.analytic import Dropout, Flatten, Reshape


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
