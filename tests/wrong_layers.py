"""Backward passes as people get them wrong: three or more for each class, the mistake in its name.

Only ``_backward`` (of a network: ``gradient``) differs from the right class. `wrong_cases` puts them into
the cases of the catalogue, whose inputs must be able to tell them from the right ones.
"""

import numpy as np

from gradcheck.analytic import (
    Dense,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    SoftmaxCrossEntropy,
    Tanh,
    TwoLayerNet,
    cases,
)

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
    MeanSquaredError,
    SoftmaxCrossEntropy,
    Sequential,
    TwoLayerNet,
)
WRONG = {right: [] for right in RIGHT}
for _thing in list(globals().values()):
    if isinstance(_thing, type) and _thing.__module__ == __name__:
        WRONG[next(kind for kind in _thing.__mro__ if kind in WRONG)].append(_thing)


def wrong_cases():
    """The catalogue's cases with their subject made wrong, in all ways known: (name of the mistake, case)."""
    for right, mistakes in WRONG.items():
        for mistake in mistakes:
            for case in cases():
                if type(case.subject) is right:
                    case.subject.__class__ = mistake
                    yield f"{mistake.__name__} ({case.name})", case
