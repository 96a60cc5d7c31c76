"""What backpropagation says the derivative is: layers, losses and networks, forward beside backward.

Here one can read how each backward pass comes about (every class has its formula, its shapes and the
derivation in a few lines), use them as they are, and build networks that train. Nothing here knows of
numerical differentiation.

In reading order:

* :mod:`~gradcheck.analytic.layer`: what a layer is;
* :mod:`~gradcheck.analytic.dense`, :mod:`~gradcheck.analytic.activations`,
  :mod:`~gradcheck.analytic.softmax` and :mod:`~gradcheck.analytic.losses`: all that a classifier needs;
* :mod:`~gradcheck.analytic.network`: the chain rule; :mod:`~gradcheck.analytic.two_layer_net`;
* :mod:`~gradcheck.analytic.rectifiers`, :mod:`~gradcheck.analytic.reshape`,
  :mod:`~gradcheck.analytic.dropout`, :mod:`~gradcheck.analytic.normalization`,
  :mod:`~gradcheck.analytic.embedding`;
* :mod:`~gradcheck.analytic.recurrent`, :mod:`~gradcheck.analytic.attention`,
  :mod:`~gradcheck.analytic.multi_head_attention`: sequences;
* :mod:`~gradcheck.analytic.windows`, then :mod:`~gradcheck.analytic.convolution` and
  :mod:`~gradcheck.analytic.pooling`;
* :mod:`~gradcheck.analytic.catalogue`: one case of each, ready to be checked; and what a new layer takes.

>>> dense = Dense(3, 4, rng=0)
>>> y = dense.forward([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0]])
>>> dx = dense.backward(y)
>>> dx.shape, dense.grads["W"].shape, dense.grads["b"].shape
((2, 3), (3, 4), (4,))
"""

from gradcheck.analytic.activations import ReLU, Sigmoid, Tanh, sigmoid
from gradcheck.analytic.attention import ScaledDotProductAttention
from gradcheck.analytic.catalogue import Case, cases
from gradcheck.analytic.convolution import Conv2D
from gradcheck.analytic.dense import Dense
from gradcheck.analytic.dropout import Dropout
from gradcheck.analytic.embedding import Embedding
from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.losses import Loss, MeanSquaredError, SoftmaxCrossEntropy
from gradcheck.analytic.multi_head_attention import MultiHeadAttention
from gradcheck.analytic.network import Sequential
from gradcheck.analytic.normalization import BatchNormalization, LayerNormalization
from gradcheck.analytic.pooling import AveragePooling2D, MaxPooling2D
from gradcheck.analytic.rectifiers import ELU, GELU, SELU, LeakyReLU, SiLU, Softplus
from gradcheck.analytic.recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from gradcheck.analytic.reshape import Flatten, Reshape
from gradcheck.analytic.softmax import LogSoftmax, Softmax, log_softmax, softmax
from gradcheck.analytic.two_layer_net import TwoLayerNet

__all__ = [
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "SELU",
    "AveragePooling2D",
    "BatchNormalization",
    "Bidirectional",
    "Case",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "LogSoftmax",
    "Loss",
    "MaxPooling2D",
    "MeanSquaredError",
    "MultiHeadAttention",
    "Parameter",
    "ReLU",
    "Reshape",
    "ScaledDotProductAttention",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SimpleRNN",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Softplus",
    "Tanh",
    "TwoLayerNet",
    "cases",
    "log_softmax",
    "sigmoid",
    "softmax",
]
