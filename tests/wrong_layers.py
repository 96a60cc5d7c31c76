"""Backward passes as people get them wrong: three or more for each class, the mistake in its name.

Only ``_backward`` (of a network: ``gradient``) differs from the right class. `wrong_cases` puts them into
the cases of the catalogue, whose inputs must be able to tell them from the right ones.
"""

from contextlib import contextmanager

import numpy as np

from gradcheck.analytic import (
    ELU,
    GELU,
    SELU,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LayerNormalization,
    LeakyReLU,
    LogSoftmax,
    MaxPooling2D,
    MeanSquaredError,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    SoftmaxCrossEntropy,
    Softplus,
    Tanh,
    TwoLayerNet,
    cases,
    sigmoid,
)
from gradcheck.analytic.windows import Windows

# Dense: y = x W + b


class DenseReshapesInsteadOfTransposing(Dense):
    def _backward(self, dy, x):
        super()._backward(dy, x)
        D, H = self.W.shape
        return dy @ self.W.reshape(H, D)


class DenseWeightGradientNotTransposed(Dense):
    def _backward(self, dy, x):
        dx = super()._backward(dy, x)
        self.grads["W"] = self.grads["W"].T.copy()
        return dx


class DenseWeightGradientReshapedToFit(Dense):
    def _backward(self, dy, x):
        dx = super()._backward(dy, x)
        self.grads["W"] = self.grads["W"].T.reshape(self.W.shape)
        return dx


class DenseWeightGradientAveraged(Dense):
    def _backward(self, dy, x):
        dx = super()._backward(dy, x)
        self.grads["W"] = self.grads["W"] / len(x)
        return dx


class DenseBiasGradientAveraged(Dense):
    def _backward(self, dy, x):
        dx = super()._backward(dy, x)
        self.grads["b"] = self.grads["b"] / len(x)
        return dx


class DenseBiasSummedOverTheWrongAxis(Dense):
    def _backward(self, dy, x):
        dx = super()._backward(dy, x)
        self.grads["b"] = dy.sum(axis=-1)
        return dx


class DenseBiasTakenFromOneRow(Dense):
    def _backward(self, dy, x):
        dx = super()._backward(dy, x)
        self.grads["b"] = dy.reshape(-1, dy.shape[-1])[0].copy()
        return dx


class DenseAddsTheBiasToTheInputGradient(Dense):
    def _backward(self, dy, x):
        return super()._backward(dy, x) + self.b.sum() + 1


# Activations


class SigmoidOfTheOutput(Sigmoid):
    def _backward(self, dy, y):
        again = 1 / (1 + np.exp(-y))
        return dy * again * (1 - again)


class SigmoidWithoutTheSecondFactor(Sigmoid):
    def _backward(self, dy, y):
        return dy * y


class SigmoidWithTheDerivativeOfTanh(Sigmoid):
    def _backward(self, dy, y):
        return dy * (1 - y * y)


class SigmoidForgetsTheCotangent(Sigmoid):
    def _backward(self, dy, y):
        return y * (1 - y)


class ReLUMaskInverted(ReLU):
    def _backward(self, dy, positive):
        return dy * ~positive


class ReLUWithoutMask(ReLU):
    def _backward(self, dy, positive):
        return dy.copy()


class ReLUMaskOfTheCotangent(ReLU):
    def _backward(self, dy, positive):
        return dy * (dy > 0)


class ReLUGuided(ReLU):
    def _backward(self, dy, positive):
        return dy * positive * (dy > 0)


class ReLUForgetsTheCotangent(ReLU):
    def _backward(self, dy, positive):
        return positive.astype(dy.dtype)


class TanhWithTheDerivativeOfSigmoid(Tanh):
    def _backward(self, dy, y):
        return dy * y * (1 - y)


class TanhNotSquared(Tanh):
    def _backward(self, dy, y):
        return dy * (1 - y)


class TanhOfTheOutput(Tanh):
    def _backward(self, dy, y):
        return dy * (1 - np.tanh(y) ** 2)


class TanhSignWrong(Tanh):
    def _backward(self, dy, y):
        return dy * (1 + y * y)


class SoftmaxDiagonalOnly(Softmax):
    def _backward(self, dy, y):
        return dy * y * (1 - y)


class SoftmaxSummedOverTheWholeArray(Softmax):
    def _backward(self, dy, y):
        return y * (dy - (dy * y).sum())


class SoftmaxSummedOverTheBatch(Softmax):
    def _backward(self, dy, y):
        return y * (dy - (dy * y).sum(axis=0, keepdims=True))


class SoftmaxUnweightedSum(Softmax):
    def _backward(self, dy, y):
        return y * (dy - dy.sum(axis=-1, keepdims=True))


class SoftmaxPassesTheCotangent(Softmax):
    def _backward(self, dy, y):
        return dy - y


class LogSoftmaxDiagonalOnly(LogSoftmax):
    def _backward(self, dy, y):
        return dy * (1 - np.exp(y))


class LogSoftmaxUnsummedCotangent(LogSoftmax):
    def _backward(self, dy, y):
        return dy - np.exp(y) * dy


class LogSoftmaxSummedOverTheBatch(LogSoftmax):
    def _backward(self, dy, y):
        return dy - np.exp(y) * dy.sum(axis=0, keepdims=True)


class LogSoftmaxWithTheDerivativeOfSoftmax(LogSoftmax):
    def _backward(self, dy, y):
        p = np.exp(y)
        return p * (dy - (dy * p).sum(axis=-1, keepdims=True))


# Relatives of ReLU


class LeakyReLUWithoutTheLeak(LeakyReLU):
    def _backward(self, dy, positive):
        return dy * positive


class LeakyReLUMaskInverted(LeakyReLU):
    def _backward(self, dy, positive):
        return super()._backward(dy, ~positive)


class LeakyReLUMaskOfTheCotangent(LeakyReLU):
    def _backward(self, dy, positive):
        return super()._backward(dy, dy > 0)


class ELUWithoutAlpha(ELU):
    def _backward(self, dy, x):
        return dy * np.where(x > 0, 1, np.exp(np.minimum(x, 0)))


class ELUValueForSlope(ELU):
    def _backward(self, dy, x):
        return dy * np.where(x > 0, 1, self.alpha * np.expm1(np.minimum(x, 0)))


class ELUCutToReLU(ELU):
    def _backward(self, dy, x):
        return dy * (x > 0)


class SELUWithoutScale(SELU):
    def _backward(self, dy, x):
        return super()._backward(dy, x) / self.scale


class SELUWithoutScaleWherePositive(SELU):
    def _backward(self, dy, x):
        return super()._backward(dy, x) * np.where(x > 0, 1 / self.scale, 1)


class SELUWithoutAlpha(SELU):
    def _backward(self, dy, x):
        return super()._backward(dy, x) * np.where(x > 0, 1, 1 / self.alpha)


class SoftplusWithTheDerivativeOfSigmoid(Softplus):
    def _backward(self, dy, x):
        return dy * sigmoid(x) * (1 - sigmoid(x))


class SoftplusOfTheOutput(Softplus):
    def _backward(self, dy, x):
        return dy * sigmoid(np.log1p(np.exp(x)))


class SoftplusSignFlippedInside(Softplus):
    def _backward(self, dy, x):
        return dy * sigmoid(-x)


class SiLUFirstTermOnly(SiLU):
    def _backward(self, dy, cache):
        return dy * cache[1]


class SiLUSecondTermOnly(SiLU):
    def _backward(self, dy, cache):
        x, s = cache
        return dy * x * s * (1 - s)


class SiLUOutputForInput(SiLU):
    def _backward(self, dy, cache):
        x, s = cache
        return dy * s * (1 + x * s * (1 - s))


class GELUFirstTermOnly(GELU):
    def _backward(self, dy, cache):
        return dy * cache[1]


class GELUDensityOfAnotherVariance(GELU):
    def _backward(self, dy, cache):
        x, cdf = cache
        return dy * (cdf + x * np.exp(-x * x) / np.sqrt(np.pi))


class GELUDerivativeOfTheOtherForm(GELU):
    def _backward(self, dy, cache):
        other = GELU(not self.approximate)
        other.forward(cache[0])
        return other.backward(dy)


# Layers that move numbers, or drop them


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


# Normalisations


class BatchNormalizationMeanTakenForConstant(BatchNormalization):
    def _backward(self, dy, cache):
        _, s, axes, _ = cache
        through_mean = (dy * _channels(self.gamma, dy)).mean(axis=axes, keepdims=True) / s
        return super()._backward(dy, cache) + through_mean


class BatchNormalizationVarianceTakenForConstant(BatchNormalization):
    def _backward(self, dy, cache):
        normal, s, axes, _ = cache
        dnormal = dy * _channels(self.gamma, dy)
        return super()._backward(dy, cache) + normal * (dnormal * normal).mean(axis=axes, keepdims=True) / s


class BatchNormalizationInferenceFormula(BatchNormalization):
    def _backward(self, dy, cache):
        return super()._backward(dy, (*cache[:3], False))


class BatchNormalizationTrainingFormula(BatchNormalization):
    def _backward(self, dy, cache):
        return super()._backward(dy, (*cache[:3], True))


class BatchNormalizationWithoutGamma(BatchNormalization):
    def _backward(self, dy, cache):
        return super()._backward(dy, cache) / _channels(self.gamma, dy)


class BatchNormalizationGammaGradientOfTheInput(BatchNormalization):
    def _backward(self, dy, cache):
        normal, s, axes, _ = cache
        dx = super()._backward(dy, cache)
        self.grads["gamma"] = (dy * normal * s).sum(axis=axes)
        return dx


class BatchNormalizationBetaGradientAveraged(BatchNormalization):
    def _backward(self, dy, cache):
        dx = super()._backward(dy, cache)
        self.grads["beta"] = dy.mean(axis=cache[2])
        return dx


class LayerNormalizationMeanTakenForConstant(LayerNormalization):
    def _backward(self, dy, cache):
        _, s, axes = cache
        return super()._backward(dy, cache) + (dy * self.gamma).mean(axis=axes, keepdims=True) / s


class LayerNormalizationVarianceTakenForConstant(LayerNormalization):
    def _backward(self, dy, cache):
        normal, s, axes = cache
        return super()._backward(dy, cache) + normal * (dy * self.gamma * normal).mean(axis=axes, keepdims=True) / s


class LayerNormalizationGammaOutside(LayerNormalization):
    def _backward(self, dy, cache):
        return super()._backward(dy / self.gamma, cache) * self.gamma


class LayerNormalizationGradientsAveraged(LayerNormalization):
    def _backward(self, dy, cache):
        dx = super()._backward(dy, cache)
        self.grads["gamma"], self.grads["beta"] = self.grads["gamma"] / len(dy), self.grads["beta"] / len(dy)
        return dx


def _channels(v, x):
    return v.reshape(1, -1, *[1] * (x.ndim - 2))


# Images


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


class AveragePooling2DPaddingCounted(AveragePooling2D):
    def _backward(self, dy, cache):
        counts, shape = cache
        return super()._backward(dy, (0 * counts + np.prod(self.windows.size), shape))


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


class EmbeddingRepetitionsLost(Embedding):
    def _backward(self, dy, x):
        dx = super()._backward(dy, x)
        dW = np.zeros_like(self.W)
        dW[x] += dy
        self.grads["W"] = dW
        return dx


class EmbeddingAveraged(Embedding):
    def _backward(self, dy, x):
        dx = super()._backward(dy, x)
        counts = np.bincount(x.ravel(), minlength=len(self.W))
        self.grads["W"] = self.grads["W"] / np.maximum(counts, 1)[:, None]
        return dx


class EmbeddingOneRowOff(Embedding):
    def _backward(self, dy, x):
        return super()._backward(dy, (x + 1) % len(self.W))


# Losses


class UnaveragedMeanSquaredError(MeanSquaredError):
    def _backward(self, dout, error):
        return 2 * error * dout


class BatchAveragedMeanSquaredError(MeanSquaredError):
    def _backward(self, dout, error):
        return 2 * error * (dout / len(error))


class HalvedMeanSquaredError(MeanSquaredError):
    def _backward(self, dout, error):
        return error * (dout / error.size)


class NegatedMeanSquaredError(MeanSquaredError):
    def _backward(self, dout, error):
        return -super()._backward(dout, error)


class DoutlessMeanSquaredError(MeanSquaredError):
    def _backward(self, dout, error):
        return super()._backward(1, error)


class SoftmaxCrossEntropyWithoutMean(SoftmaxCrossEntropy):
    def _backward(self, dout, cache):
        log_y, t = cache
        return (np.exp(log_y) - t) * dout


class SoftmaxCrossEntropyMeanOverAllEntries(SoftmaxCrossEntropy):
    def _backward(self, dout, cache):
        return super()._backward(dout, cache) / cache[1].shape[-1]


class SoftmaxCrossEntropyTargetNotSubtracted(SoftmaxCrossEntropy):
    def _backward(self, dout, cache):
        log_y, t = cache
        return np.exp(log_y) * (dout / len(t))


class SoftmaxCrossEntropySignFlipped(SoftmaxCrossEntropy):
    def _backward(self, dout, cache):
        return -super()._backward(dout, cache)


class SoftmaxCrossEntropyOfLogProbabilities(SoftmaxCrossEntropy):
    def _backward(self, dout, cache):
        log_y, t = cache
        return (log_y - t) * (dout / len(t))


class SoftmaxCrossEntropyForgetsDout(SoftmaxCrossEntropy):
    def _backward(self, dout, cache):
        return super()._backward(1, cache)


# Networks


class SequentialSkipsActivations(Sequential):
    def _backward(self, dy, cache):
        for layer in reversed(self.layers):
            dy = layer.backward(dy) if layer.params else dy
        return dy


class SequentialActivationTwice(Sequential):
    def _backward(self, dy, cache):
        for layer in reversed(self.layers):
            dy = layer.backward(dy) if layer.params else layer.backward(layer.backward(dy))
        return dy


class SequentialStopsBeforeTheFirstLayer(Sequential):
    def _backward(self, dy, cache):
        for layer in reversed(self.layers[1:]):
            dy = layer.backward(dy)
        return np.zeros((*dy.shape[:-1], len(self.layers[0].W)))


class TwoLayerNetWithoutActivationDerivative(TwoLayerNet, SequentialSkipsActivations):
    pass


class TwoLayerNetWithoutMean(TwoLayerNet):
    def gradient(self, x, t):
        return {name: dW * len(x) for name, dW in super().gradient(x, t).items()}


class TwoLayerNetScoresForProbabilities(TwoLayerNet):
    def gradient(self, x, t):
        self.loss(x, t)
        self.backward((self.predict(x) - np.eye(len(self.params["b2"]))[t]) / len(x))
        return self.grads


class TwoLayerNetForgetsTheFirstBias(TwoLayerNet):
    def gradient(self, x, t):
        grads = super().gradient(x, t)
        return {**grads, "b1": np.zeros_like(grads["b1"])}


RIGHT = (
    Dense,
    Sigmoid,
    ReLU,
    Tanh,
    Softmax,
    LogSoftmax,
    LeakyReLU,
    ELU,
    SELU,
    Softplus,
    SiLU,
    GELU,
    Flatten,
    Reshape,
    Dropout,
    BatchNormalization,
    LayerNormalization,
    Conv2D,
    MaxPooling2D,
    AveragePooling2D,
    Embedding,
    MeanSquaredError,
    SoftmaxCrossEntropy,
    Sequential,
    TwoLayerNet,
)
# What is a mistake only where there is something to get wrong, by a word in the name of the case.
ONLY_IN = {
    BatchNormalizationTrainingFormula: ["inference"],
    MaxPooling2DOverlapsOverwritten: ["overlapping"],
    AveragePooling2DPaddingCounted: ["overlapping"],
    AveragePooling2DOverlapsOverwritten: ["overlapping"],
}
NOT_IN = {
    BatchNormalizationMeanTakenForConstant: ["inference"],
    BatchNormalizationVarianceTakenForConstant: ["inference"],
    BatchNormalizationInferenceFormula: ["inference"],
}
WRONG = {right: [] for right in RIGHT}
for _thing in list(globals().values()):
    if isinstance(_thing, type) and _thing.__module__ == __name__:
        WRONG[next(kind for kind in _thing.__mro__ if kind in WRONG)].append(_thing)


def wrong_cases():
    """The catalogue's cases with their subject made wrong, in all ways known: (name of the mistake, case)."""
    for right, mistakes in WRONG.items():
        for mistake in mistakes:
            for case in cases():
                if type(case.subject) is right and shows(mistake, case):
                    case.subject.__class__ = mistake
                    yield f"{mistake.__name__} ({case.name})", case


def shows(mistake, case):
    """Whether this mistake is one in this case."""
    needed, excluded = ONLY_IN.get(mistake, []), NOT_IN.get(mistake, [])
    return all(word in case.name for word in needed) and not any(word in case.name for word in excluded)
