"""Dense layers and activations, from the formula alone."""

import math

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive

from autograd_references.table import reference
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
)

# autograd has no erf without SciPy; the standard library has one, entry by entry.
erf = primitive(np.vectorize(math.erf, otypes=[float]))
defvjp(erf, lambda ans, x: lambda dy: dy * 2 / math.sqrt(math.pi) * anp.exp(-(x**2)))


@reference(GELU)
def gelu(subject, p, x):
    if subject.approximate:
        return x / 2 * (1 + anp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x / 2 * (1 + erf(x / math.sqrt(2)))


def elu(x, alpha):
    return anp.where(x > 0, x, alpha * (anp.exp(x) - 1))


def softmax(x):
    return anp.exp(x) / anp.sum(anp.exp(x), axis=-1, keepdims=True)


@reference(Dense)
def dense(subject, p, x):
    return anp.dot(x, p["W"]) + p["b"]


@reference(Sigmoid)
def sigmoid(subject, p, x):
    return 1 / (1 + anp.exp(-x))


@reference(ReLU)
def relu(subject, p, x):
    return anp.where(x > 0, x, 0.0)


@reference(Tanh)
def tanh(subject, p, x):
    return anp.tanh(x)


@reference(LeakyReLU)
def leaky_relu(subject, p, x):
    return anp.where(x > 0, x, subject.negative_slope * x)


@reference(ELU)
def elu_layer(subject, p, x):
    return elu(x, subject.alpha)


@reference(SELU)
def selu(subject, p, x):
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


@reference(Softplus)
def softplus(subject, p, x):
    return anp.log(1 + anp.exp(x))


@reference(SiLU)
def silu(subject, p, x):
    return x / (1 + anp.exp(-x))


@reference(Softmax)
def softmax_layer(subject, p, x):
    return softmax(x)


@reference(LogSoftmax)
def log_softmax(subject, p, x):
    return anp.log(softmax(x))


@reference(Step)
def step(subject, p, x):
    return anp.where(x > 0, 1.0, 0.0) + 0 * x


@reference(HardSigmoid)
def hard_sigmoid(subject, p, x):
    return anp.clip(x / 6 + 0.5, 0, 1)
