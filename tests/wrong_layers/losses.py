"""Losses, with backward passes as people get them wrong."""

import numpy as np

from gradcheck.analytic import MeanSquaredError, SoftmaxCrossEntropy


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
