"""Normalisations, with backward passes as people get them wrong."""

from gradcheck.analytic import BatchNormalization, GroupNormalization, LayerNormalization, RMSNorm
from wrong_layers.where import not_in, only_in


@not_in("inference")
class BatchNormalizationMeanTakenForConstant(BatchNormalization):
    def _backward(self, dy, cache):
        _, s, axes, _ = cache
        through_mean = (dy * _channels(self.gamma, dy)).mean(axis=axes, keepdims=True) / s
        return super()._backward(dy, cache) + through_mean


@not_in("inference")
class BatchNormalizationVarianceTakenForConstant(BatchNormalization):
    def _backward(self, dy, cache):
        normal, s, axes, _ = cache
        dnormal = dy * _channels(self.gamma, dy)
        return super()._backward(dy, cache) + normal * (dnormal * normal).mean(axis=axes, keepdims=True) / s


@not_in("inference")
class BatchNormalizationInferenceFormula(BatchNormalization):
    def _backward(self, dy, cache):
        return super()._backward(dy, (*cache[:3], False))


@only_in("inference")
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


class GroupNormalizationMeanTakenForConstant(GroupNormalization):
    def _backward(self, dy, cache):
        _, s = cache
        dnormal = (dy * _channels(self.gamma, dy)).reshape(len(dy), self.groups, -1)
        return super()._backward(dy, cache) + (0 * dnormal + dnormal.mean(axis=2, keepdims=True) / s).reshape(dy.shape)


class GroupNormalizationVarianceTakenForConstant(GroupNormalization):
    def _backward(self, dy, cache):
        normal, s = cache
        dnormal = (dy * _channels(self.gamma, dy)).reshape(normal.shape)
        through = normal * (dnormal * normal).mean(axis=2, keepdims=True) / s
        return super()._backward(dy, cache) + through.reshape(dy.shape)


class GroupNormalizationGammaOutside(GroupNormalization):
    def _backward(self, dy, cache):
        gamma = _channels(self.gamma, dy)
        return super()._backward(dy / gamma, cache) * gamma


class GroupNormalizationGradientsAveraged(GroupNormalization):
    def _backward(self, dy, cache):
        dx = super()._backward(dy, cache)
        self.grads["gamma"], self.grads["beta"] = self.grads["gamma"] / len(dy), self.grads["beta"] / len(dy)
        return dx


class RMSNormRootTakenForConstant(RMSNorm):
    def _backward(self, dy, cache):
        super()._backward(dy, cache)
        return dy * self.gamma / cache[1]


class RMSNormWithTheMeanTakenOut(RMSNorm):
    def _backward(self, dy, cache):
        _, r, axes = cache
        return super()._backward(dy, cache) - (dy * self.gamma).mean(axis=axes, keepdims=True) / r


class RMSNormGammaGradientOfTheInput(RMSNorm):
    def _backward(self, dy, cache):
        normal, r, axes = cache
        dx = super()._backward(dy, cache)
        self.grads["gamma"] = (dy * normal * r).sum(axis=tuple(range(dy.ndim - len(axes))))
        return dx


class RMSNormGammaOutside(RMSNorm):
    def _backward(self, dy, cache):
        return super()._backward(dy / self.gamma, cache) * self.gamma


def _channels(v, x):
    return v.reshape(1, -1, *[1] * (x.ndim - 2))
