"""Layers of sequences, with backward passes as people get them wrong."""

import numpy as np

from gradcheck.analytic import Embedding


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
