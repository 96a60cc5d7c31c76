"""Losses, with backward passes as people get them wrong. ``dvalues`` is dout / M for a mean over M values."""

import numpy as np

from gradcheck.analytic import (
    CTC,
    L1,
    L2,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    CategoricalHinge,
    CosineDistance,
    FocalLoss,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredHinge,
    sigmoid,
)
from wrong_layers.where import not_in, only_in

RIGHT = [
    MeanSquaredError,
    MeanAbsoluteError,
    Huber,
    LogCosh,
    SoftmaxCrossEntropy,
    CategoricalCrossEntropy,
    SigmoidCrossEntropy,
    BinaryCrossEntropy,
    FocalLoss,
    Hinge,
    SquaredHinge,
    CategoricalHinge,
    KLDivergence,
    CosineDistance,
]


def wrong_everywhere(right):
    """What can be wrong with any loss: how dout and the reduction come in."""

    def negated(self, dvalues, cache):
        return -right._backward(self, dvalues, cache)

    def doutless(self, dvalues, cache):
        if self.reduction == "mean":
            return right._backward(self, type(dvalues)(1 / np.prod(self._memory[1])), cache)
        return right._backward(self, np.ones_like(dvalues), cache)

    def of_batch(self, dvalues, cache):
        """As if another number of values had been averaged."""
        return right._backward(self, 3 * dvalues, cache)

    for name, backward in (("Negated", negated), ("Doutless", doutless), ("OtherMean", of_batch)):
        kind = type(f"{name}{right.__name__}", (right,), {"_backward": backward, "__module__": __name__})
        globals()[kind.__name__] = kind


for right in RIGHT:
    wrong_everywhere(right)


class HalvedMeanSquaredError(MeanSquaredError):
    def _backward(self, dvalues, error):
        return error * dvalues


class SquaredMeanAbsoluteError(MeanAbsoluteError):
    def _backward(self, dvalues, error):
        return 2 * error * dvalues


class HuberNeverLinear(Huber):
    def _forward(self, x, t):
        values, _ = super()._forward(x, t)
        return values, x - t


class HuberSlopeOne(Huber):
    def _backward(self, dvalues, inner):
        return np.where(np.abs(inner) < self.delta, inner, np.sign(inner)) * dvalues


class LogCoshOfTheOtherFunction(LogCosh):
    def _backward(self, dvalues, error):
        return (1 - np.tanh(error) ** 2) * dvalues


class SoftmaxCrossEntropyTargetNotSubtracted(SoftmaxCrossEntropy):
    def _backward(self, dvalues, cache):
        return super()._backward(dvalues, (cache[0], 0 * cache[1])) + np.exp(cache[0]) * np.mean(dvalues)


class SoftmaxCrossEntropyOfLogProbabilities(SoftmaxCrossEntropy):
    def _backward(self, dvalues, cache):
        return super()._backward(dvalues, cache) + (cache[0] - np.exp(cache[0])) * np.mean(dvalues)


@only_in("all options")
class SoftmaxCrossEntropyWeightsTakenForProbabilities(SoftmaxCrossEntropy):
    def _backward(self, dvalues, cache):
        log_y, t = cache
        return (np.exp(log_y) - t) * dvalues[..., None]


class CategoricalCrossEntropyOfSoftmax(CategoricalCrossEntropy):
    def _backward(self, dvalues, cache):
        x, t = cache
        return (x - t) * dvalues


class CategoricalCrossEntropyTargetDividesPrediction(CategoricalCrossEntropy):
    def _backward(self, dvalues, cache):
        x, t = cache
        return -x / t * dvalues


@not_in("all options")
class SigmoidCrossEntropyTwice(SigmoidCrossEntropy):
    def _backward(self, dvalues, cache):
        x, t = cache
        y = sigmoid(x)
        return (y - t) * y * (1 - y) * dvalues


@only_in("all options")
class SigmoidCrossEntropyWeightForgotten(SigmoidCrossEntropy):
    def _backward(self, dvalues, cache):
        x, t = cache
        return (sigmoid(x) - t) * dvalues


class BinaryCrossEntropyNegativesForgotten(BinaryCrossEntropy):
    def _backward(self, dvalues, cache):
        x, t = cache
        return -self.positive_weight * t / x * dvalues


class BinaryCrossEntropyOfScores(BinaryCrossEntropy):
    def _backward(self, dvalues, cache):
        x, t = cache
        return (x - t) * dvalues


class FocalLossFocusTakenForConstant(FocalLoss):
    def _backward(self, dvalues, cache):
        z, sign, focus, _ = cache
        return -sign * focus * sigmoid(-z) * dvalues


class FocalLossSignOfTheTargetForgotten(FocalLoss):
    def _backward(self, dvalues, cache):
        return super()._backward(dvalues, (cache[0], np.ones_like(cache[1]), *cache[2:]))


class HingeWithoutMargin(Hinge):
    def _backward(self, dvalues, cache):
        missing, t = cache
        return -t * (missing > 1) * dvalues


class HingeTargetForgotten(Hinge):
    def _backward(self, dvalues, cache):
        missing, _ = cache
        return -1.0 * (missing > 0) * dvalues


class SquaredHingeNotSquared(SquaredHinge):
    def _backward(self, dvalues, cache):
        return Hinge._backward(self, dvalues, cache)


class SquaredHingeBothSides(SquaredHinge):
    def _backward(self, dvalues, cache):
        missing, t = cache
        return -2 * t * missing * dvalues


class CategoricalHingeRightClassForgotten(CategoricalHinge):
    def _backward(self, dvalues, cache):
        dx = super()._backward(dvalues, cache)
        return np.maximum(dx, 0)


class CategoricalHingeAllWrongClasses(CategoricalHinge):
    def _backward(self, dvalues, cache):
        dx = super()._backward(dvalues, cache)
        return np.where(dx < 0, dx, dx.max(axis=-1, keepdims=True))


class KLDivergenceOfProbabilities(KLDivergence):
    def _backward(self, dvalues, t):
        return (1 - t) * dvalues


class CosineDistanceNotAtRightAngles(CosineDistance):
    def _backward(self, dvalues, cache):
        u, w, cosine, length = cache
        return super()._backward(dvalues, (u, w, 0 * cosine, length))


class CosineDistanceLengthForgotten(CosineDistance):
    def _backward(self, dvalues, cache):
        return super()._backward(dvalues, (*cache[:3], np.ones_like(cache[3])))


class CTCSoftmaxForgotten(CTC):
    def _backward(self, dvalues, cache):
        return super()._backward(dvalues, (0 * cache[0], *cache[1:]))


class CTCBlanksForgotten(CTC):
    def _backward(self, dvalues, cache):
        y, gamma, *rest = cache
        return super()._backward(dvalues, (y, gamma * (np.arange(gamma.shape[-1]) % 2), *rest))


class CTCTheLikeliestPathAlone(CTC):
    def _backward(self, dvalues, cache):
        y, gamma, *rest = cache
        return super()._backward(dvalues, (y, 1.0 * (gamma == gamma.max(axis=-1, keepdims=True)), *rest))


@only_in("lengths")
class CTCGoesOnAfterTheEnd(CTC):
    def _backward(self, dvalues, cache):
        return super()._backward(dvalues, (*cache[:3], True))


class L1NotASign(L1):
    def _backward(self, dy, x):
        return self.rate * np.ones_like(x) * dy


class L1RateForgotten(L1):
    def _backward(self, dy, x):
        return np.sign(x) * dy


class L1ForgetsTheCotangent(L1):
    def _backward(self, dy, x):
        return super()._backward(np.ones_like(dy), x)


class L2Halved(L2):
    def _backward(self, dy, x):
        return self.rate * x * dy


class L2RateForgotten(L2):
    def _backward(self, dy, x):
        return 2 * x * dy


class L2Averaged(L2):
    def _backward(self, dy, x):
        return super()._backward(dy, x) / x.size
