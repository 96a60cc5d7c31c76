"""What backpropagation says the derivative is: layers, losses and networks, forward beside backward.

Here one can read how each backward pass comes about (every class has its formula, its shapes and the
derivation in a few lines), use them as they are, and build networks that train. Nothing here knows of
numerical differentiation.

In reading order: :mod:`~gradcheck.analytic.layer` (what a layer is), :mod:`~gradcheck.analytic.dense`,
:mod:`~gradcheck.analytic.activations`, :mod:`~gradcheck.analytic.losses`,
:mod:`~gradcheck.analytic.network` (the chain rule), :mod:`~gradcheck.analytic.catalogue` (one case of each,
ready to be checked).

>>> dense = Dense(3, 4, rng=0)
>>> y = dense.forward([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0]])
>>> dx = dense.backward(y)
>>> dx.shape, dense.grads["W"].shape, dense.grads["b"].shape
((2, 3), (3, 4), (4,))
"""

from gradcheck.analytic.activations import ReLU, Sigmoid, Softmax, Tanh, log_softmax, softmax
from gradcheck.analytic.catalogue import Case, cases
from gradcheck.analytic.dense import Dense
from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.losses import Loss, MeanSquaredError, SoftmaxCrossEntropy
from gradcheck.analytic.network import Sequential, TwoLayerNet

__all__ = [
    "Case",
    "Dense",
    "Layer",
    "Loss",
    "MeanSquaredError",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Tanh",
    "TwoLayerNet",
    "cases",
    "log_softmax",
    "softmax",
]
