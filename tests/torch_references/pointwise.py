"""Dense layers and activations, as PyTorch has them."""

import torch
from torch.nn import functional

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
from torch_references.table import no_reference, reference


@reference(Dense)
def dense(subject, p, x):
    return functional.linear(x, p["W"].T, p["b"])


@reference(Sigmoid)
def sigmoid(subject, p, x):
    return torch.sigmoid(x)


@reference(Tanh)
def tanh(subject, p, x):
    return torch.tanh(x)


@reference(ReLU)
def relu(subject, p, x):
    return functional.relu(x)


@reference(LeakyReLU)
def leaky_relu(subject, p, x):
    return functional.leaky_relu(x, subject.negative_slope)


@reference(ELU)
def elu(subject, p, x):
    return functional.elu(x, subject.alpha)


@reference(SELU)
def selu(subject, p, x):
    return functional.selu(x)


@reference(Softplus)
def softplus(subject, p, x):
    return functional.softplus(x, threshold=50)


@reference(SiLU)
def silu(subject, p, x):
    return functional.silu(x)


@reference(GELU)
def gelu(subject, p, x):
    return functional.gelu(x, approximate="tanh" if subject.approximate else "none")


@reference(Softmax)
def softmax(subject, p, x):
    return functional.softmax(x, dim=-1)


@reference(LogSoftmax)
def log_softmax(subject, p, x):
    return functional.log_softmax(x, dim=-1)


no_reference("its step function has no gradient", Step)


@reference(HardSigmoid)
def hard_sigmoid(subject, p, x):
    if x.dtype is torch.float32:
        return functional.hardsigmoid(x)
    return functional.hardtanh(x, -3, 3) / 6 + 0.5  # the gradient of hardsigmoid has float32's 1/6 in float64 too
