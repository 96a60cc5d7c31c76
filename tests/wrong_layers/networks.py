"""Networks, with backward passes as people get them wrong."""

import numpy as np

from gradcheck.analytic import Model, Sequential, TwoLayerNet


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


class ModelFollowsOnePathOnly(Model):
    def _node_backward(self, node, use, gradients):
        before = dict(gradients)
        super()._node_backward(node, use, gradients)
        gradients.update({symbol: dx for symbol, dx in before.items() if symbol in gradients})


class ModelSharedLayerRemembersItsLastUse(Model):
    def _node_backward(self, node, use, gradients):
        last = {leaf: memory for uses in self._uses for leaf, memory in uses}
        super()._node_backward(node, [(leaf, last[leaf]) for leaf, _ in use], gradients)


class ModelSharedGradientsOverwritten(Model):
    def backward(self, dy):
        dx = super().backward(dy)
        first = next(i for i, node in enumerate(self._nodes) if node.layer.params)
        gradients = {}
        for node, use in zip(reversed(self._nodes[first:]), reversed(self._uses[first:]), strict=True):
            gradients.setdefault(node, dy)
            self._node_backward(node, use, gradients)
        return dx
