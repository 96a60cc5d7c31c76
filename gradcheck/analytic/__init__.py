"""What backpropagation says the derivative is: layers, losses and networks, forward beside backward.

Here one can read how each backward pass comes about (every class has its formula, its shapes and the
derivation in a few lines), use them as they are, and build networks that train. Nothing here knows of
numerical differentiation.

In reading order:

* :mod:`~gradcheck.analytic.layer`: what a layer is;
* :mod:`~gradcheck.analytic.dense`, :mod:`~gradcheck.analytic.activations`,
  :mod:`~gradcheck.analytic.softmax` and :mod:`~gradcheck.analytic.losses`: all that a classifier needs;
* :mod:`~gradcheck.analytic.sequential`: the chain rule; :mod:`~gradcheck.analytic.graph`, where layers branch;
  :mod:`~gradcheck.analytic.two_layer_net`;
* :mod:`~gradcheck.analytic.rectifiers`, :mod:`~gradcheck.analytic.gelu`, :mod:`~gradcheck.analytic.reshape`,
  :mod:`~gradcheck.analytic.dropout`, :mod:`~gradcheck.analytic.merge`,
  :mod:`~gradcheck.analytic.embedding`;
* :mod:`~gradcheck.analytic.normalization`, then :mod:`~gradcheck.analytic.batch_normalization`,
  :mod:`~gradcheck.analytic.layer_normalization` and :mod:`~gradcheck.analytic.group_normalization`;
* :mod:`~gradcheck.analytic.recurrent`, :mod:`~gradcheck.analytic.attention`,
  :mod:`~gradcheck.analytic.multi_head_attention`: sequences;
* :mod:`~gradcheck.analytic.windows` and :mod:`~gradcheck.analytic.correlation`, then
  :mod:`~gradcheck.analytic.convolution`, :mod:`~gradcheck.analytic.separable`,
  :mod:`~gradcheck.analytic.transposed`, :mod:`~gradcheck.analytic.pooling`,
  :mod:`~gradcheck.analytic.global_pooling` and :mod:`~gradcheck.analytic.upsampling`;
* :mod:`~gradcheck.analytic.catalogue`: one case of each, ready to be checked; and what a new layer takes.

>>> dense = Dense(3, 4, rng=0)
>>> y = dense.forward([[1.0, 2.0, 3.0], [-1.0, 0.5, 0.0]])
>>> dx = dense.backward(y)
>>> dx.shape, dense.grads["W"].shape, dense.grads["b"].shape
((2, 3), (3, 4), (4,))
"""

from gradcheck.analytic.activations import HardSigmoid, ReLU, Sigmoid, Step, Tanh, sigmoid
from gradcheck.analytic.attention import ScaledDotProductAttention
from gradcheck.analytic.batch_normalization import BatchNormalization
from gradcheck.analytic.catalogue import Case, cases
from gradcheck.analytic.convolution import Conv1D, Conv2D, Conv3D
from gradcheck.analytic.dense import Dense
from gradcheck.analytic.dropout import Dropout, SpatialDropout
from gradcheck.analytic.embedding import Embedding
from gradcheck.analytic.gelu import GELU
from gradcheck.analytic.global_pooling import GlobalAveragePooling2D, GlobalMaxPooling2D
from gradcheck.analytic.graph import Input, Model
from gradcheck.analytic.group_normalization import GroupNormalization
from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.layer_normalization import LayerNormalization, RMSNorm
from gradcheck.analytic.losses import (
    CTC,
    L1,
    L2,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    CategoricalHinge,
    CosineDistance,
    FocalLoss,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SigmoidCrossEntropy,
    SoftmaxCrossEntropy,
    SquaredHinge,
)
from gradcheck.analytic.merge import Add, Concatenate
from gradcheck.analytic.multi_head_attention import MultiHeadAttention
from gradcheck.analytic.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from gradcheck.analytic.rectifiers import ELU, SELU, LeakyReLU, SiLU, Softplus
from gradcheck.analytic.recurrent import GRU, LSTM, Bidirectional, SimpleRNN
from gradcheck.analytic.reshape import Flatten, Reshape
from gradcheck.analytic.separable import DepthwiseConv2D, SeparableConv2D
from gradcheck.analytic.sequential import Sequential
from gradcheck.analytic.softmax import LogSoftmax, Softmax, log_softmax, softmax
from gradcheck.analytic.transposed import Conv2DTranspose
from gradcheck.analytic.two_layer_net import TwoLayerNet
from gradcheck.analytic.upsampling import UpSampling2D

__all__ = [
    "CTC",
    "ELU",
    "GELU",
    "GRU",
    "L1",
    "L2",
    "LSTM",
    "SELU",
    "Add",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "BatchNormalization",
    "Bidirectional",
    "BinaryCrossEntropy",
    "Case",
    "CategoricalCrossEntropy",
    "CategoricalHinge",
    "Concatenate",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "CosineDistance",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "Embedding",
    "Flatten",
    "FocalLoss",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "HardSigmoid",
    "Hinge",
    "Huber",
    "Input",
    "KLDivergence",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "LogCosh",
    "LogSoftmax",
    "Loss",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Model",
    "MultiHeadAttention",
    "Parameter",
    "RMSNorm",
    "ReLU",
    "Reshape",
    "ScaledDotProductAttention",
    "SeparableConv2D",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SigmoidCrossEntropy",
    "SimpleRNN",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Softplus",
    "SpatialDropout",
    "SquaredHinge",
    "Step",
    "Tanh",
    "TwoLayerNet",
    "UpSampling2D",
    "cases",
    "log_softmax",
    "sigmoid",
    "softmax",
]
