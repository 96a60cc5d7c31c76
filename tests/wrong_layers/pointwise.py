"""Dense layers and activations, with backward passes as people get them wrong."""

import numpy as np

from gradcheck.analytic import (
    ELU,
    GELU,
    SELU,
    Dense,
    HardSigmoid,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Step,
    Tanh,
    sigmoid,
)


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


class StepStraightThrough(Step):
    def _backward(self, dy, cache):
        return dy.copy()


class StepWithTheSlopeOfASigmoid(Step):
    def _backward(self, dy, cache):
        return dy / 4


class StepOfThePositiveCotangent(Step):
    def _backward(self, dy, cache):
        return np.maximum(dy, 0)


class HardSigmoidOfAnotherSlope(HardSigmoid):
    def _backward(self, dy, x):
        return super()._backward(dy, x) * 6 / 5


class HardSigmoidNeverSaturated(HardSigmoid):
    def _backward(self, dy, x):
        return dy / 6


class HardSigmoidNotDivided(HardSigmoid):
    def _backward(self, dy, x):
        return 6 * super()._backward(dy, x)


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
        y, s = cache
        return dy * y * (1 - s)


class SiLUOutputForInput(SiLU):
    def _backward(self, dy, cache):
        y, s = cache
        return dy * (s + s * y * (1 - s))


class GELUFirstTermOnly(GELU):
    def _forward(self, x):
        y, _ = super()._forward(x)
        return y, y / x


class GELUDensityOfAnotherVariance(GELU):
    def _forward(self, x):
        y, _ = super()._forward(x)
        return y, y / x + x * np.exp(-x * x) / np.sqrt(np.pi)


class GELUDerivativeOfTheOtherForm(GELU):
    def _forward(self, x):
        y, _ = super()._forward(x)
        _, slope = GELU(not self.approximate)._forward(x)
        return y, slope
