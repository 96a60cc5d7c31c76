"""Networks, with backward passes as people get them wrong."""

import numpy as np

from gradcheck.analytic import Sequential, TwoLayerNet


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
