"""What autograd makes of every layer and loss, from the formula alone.

Each reference is the plain formula, in `autograd.numpy`, as a function of the subject (for its
hyper-parameters only), its parameters by name, and the inputs.
"""

import copy
import math

import autograd.numpy as anp
import numpy as np
from autograd import make_vjp
from autograd.extend import defvjp, primitive

from gradcheck.analytic import (
    ELU,
    GELU,
    SELU,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LayerNormalization,
    LeakyReLU,
    LogSoftmax,
    MaxPooling2D,
    MeanSquaredError,
    ReLU,
    Reshape,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    SoftmaxCrossEntropy,
    Softplus,
    Tanh,
    TwoLayerNet,
)

# autograd has no erf without SciPy; the standard library has one, entry by entry.
erf = primitive(np.vectorize(math.erf, otypes=[float]))
defvjp(erf, lambda ans, x: lambda dy: dy * 2 / math.sqrt(math.pi) * anp.exp(-(x**2)))


def gelu(subject, p, x):
    if subject.approximate:
        return x / 2 * (1 + anp.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x / 2 * (1 + erf(x / math.sqrt(2)))


def elu(x, alpha):
    return anp.where(x > 0, x, alpha * (anp.exp(x) - 1))


def dropout(subject, p, x):
    mask = copy.deepcopy(subject.rng).random(x.shape, np.float32) >= subject.rate
    return x * mask / (1 - subject.rate)


def batch_normalization(subject, p, x):
    axes, channels = tuple(i for i in range(x.ndim) if i != 1), (1, -1) + (1,) * (x.ndim - 2)
    if subject.training:
        mean, variance = anp.mean(x, axis=axes, keepdims=True), anp.var(x, axis=axes, keepdims=True)
    else:
        mean, variance = subject.running_mean.reshape(channels), subject.running_variance.reshape(channels)
    normal = (x - mean) / anp.sqrt(variance + subject.epsilon)
    return anp.reshape(p["gamma"], channels) * normal + anp.reshape(p["beta"], channels)


def layer_normalization(subject, p, x):
    axes = tuple(range(x.ndim - p["gamma"].ndim, x.ndim))
    mean, variance = anp.mean(x, axis=axes, keepdims=True), anp.var(x, axis=axes, keepdims=True)
    return p["gamma"] * (x - mean) / anp.sqrt(variance + subject.epsilon) + p["beta"]


def taps(windows, x, fill=0.0):
    """The array (N, C, OH, OW) of window entry (i, j), for each (i, j): geometry written out once more, with slices."""
    before, after, outputs = [], [], []
    for axis in range(2):
        length, size, step, gap = x.shape[2 + axis], windows.size[axis], windows.stride[axis], windows.dilation[axis]
        extent = gap * (size - 1) + 1
        if windows.padding == "same":
            total = max(0, (math.ceil(length / step) - 1) * step + extent - length)
        else:
            total = 0 if windows.padding == "valid" else 2 * windows.padding[axis]
        before.append(total // 2)
        after.append(total - total // 2)
        outputs.append((length + total - extent) // step + 1)
    margins = ((0, 0), (0, 0), (before[0], after[0]), (before[1], after[1]))
    padded = anp.pad(x, margins, "constant", constant_values=fill)
    for i in range(windows.size[0]):
        for j in range(windows.size[1]):
            rows = [i * windows.dilation[0] + p * windows.stride[0] for p in range(outputs[0])]
            columns = [j * windows.dilation[1] + q * windows.stride[1] for q in range(outputs[1])]
            yield (i, j), padded[:, :, rows][:, :, :, columns]


def conv2d(subject, p, x):
    W, groups = p["W"], subject.groups
    per_group, filters = x.shape[1] // groups, W.shape[0] // groups
    maps = [0.0] * groups
    for (i, j), tap in taps(subject.windows, x):
        for g in range(groups):
            channels, own = slice(g * per_group, (g + 1) * per_group), slice(g * filters, (g + 1) * filters)
            maps[g] = maps[g] + anp.einsum("ncpq,fc->nfpq", tap[:, channels], W[own, :, i, j])
    return anp.concatenate(maps, axis=1) + anp.reshape(p["b"], (1, -1, 1, 1))


def max_pooling(subject, p, x):
    return anp.max(anp.stack([tap for _, tap in taps(subject.windows, x, fill=-1e9)]), axis=0)


def average_pooling(subject, p, x):
    counts = sum(tap for _, tap in taps(subject.windows, np.ones_like(x)))
    return sum(tap for _, tap in taps(subject.windows, x)) / counts


def softmax(x):
    return anp.exp(x) / anp.sum(anp.exp(x), axis=-1, keepdims=True)


def cross_entropy(x, t):
    t = t if t.shape == x.shape else np.eye(x.shape[-1])[t]
    return -anp.sum(t * anp.log(softmax(x))) / (x.size // x.shape[-1])


def sequential(subject, params, x, t=None):
    for i, layer in enumerate(subject.layers):
        own = {name: params[f"{i}.{name}"] for name in layer.params}
        x = REFERENCES[type(layer)](layer, own, x)
    return x if t is None else REFERENCES[type(subject.loss_function)](subject.loss_function, {}, x, t)


def two_layer_net(subject, params, x, t):
    hidden = 1 / (1 + anp.exp(-(anp.dot(x, params["W1"]) + params["b1"])))
    return cross_entropy(anp.dot(hidden, params["W2"]) + params["b2"], t)


REFERENCES = {
    Dense: lambda subject, p, x: anp.dot(x, p["W"]) + p["b"],
    Sigmoid: lambda subject, p, x: 1 / (1 + anp.exp(-x)),
    ReLU: lambda subject, p, x: anp.where(x > 0, x, 0.0),
    Tanh: lambda subject, p, x: anp.tanh(x),
    LeakyReLU: lambda subject, p, x: anp.where(x > 0, x, subject.negative_slope * x),
    ELU: lambda subject, p, x: elu(x, subject.alpha),
    SELU: lambda subject, p, x: 1.0507009873554805 * elu(x, 1.6732632423543772),
    Softplus: lambda subject, p, x: anp.log(1 + anp.exp(x)),
    SiLU: lambda subject, p, x: x / (1 + anp.exp(-x)),
    GELU: gelu,
    Softmax: lambda subject, p, x: softmax(x),
    LogSoftmax: lambda subject, p, x: anp.log(softmax(x)),
    Flatten: lambda subject, p, x: anp.reshape(x, (len(x), -1)),
    Reshape: lambda subject, p, x: anp.reshape(x, (len(x), *subject.shape)),
    Dropout: dropout,
    BatchNormalization: batch_normalization,
    LayerNormalization: layer_normalization,
    Conv2D: conv2d,
    MaxPooling2D: max_pooling,
    AveragePooling2D: average_pooling,
    Embedding: lambda subject, p, x: anp.dot(np.eye(len(p["W"]))[x], p["W"]),
    MeanSquaredError: lambda subject, p, x, t: anp.mean((x - t) ** 2),
    SoftmaxCrossEntropy: lambda subject, p, x, t: cross_entropy(x, t),
    Sequential: sequential,
    TwoLayerNet: two_layer_net,
}


def reference_of(subject):
    """The reference of the subject's class, or of the class it was derived from to be wrong."""
    return next(REFERENCES[kind] for kind in type(subject).__mro__ if kind in REFERENCES)


def is_network_with_loss(subject):
    return getattr(subject, "loss_function", None) is not None


def value(case):
    """What our own forward gives, for a network with a loss the loss."""
    subject = copy.deepcopy(case.subject)  # its random state and running statistics stay as they are
    return subject.loss(*case.inputs) if is_network_with_loss(subject) else subject.forward(*case.inputs)


def analytic(case, dy):
    """What our own backward gives: by name, x and all parameters (of a network with a loss, only those)."""
    subject = copy.deepcopy(case.subject)
    if is_network_with_loss(subject):
        return {name: dy * dW for name, dW in subject.gradient(*case.inputs).items()}
    subject.forward(*case.inputs)
    dx = subject.backward(dy)
    return {"x": dx, **subject.grads}


def by_autograd(case, dy):
    """The same by autograd, under the same names."""
    subject, (x, *rest) = case.subject, case.inputs
    tensors = dict(subject.params)
    if not is_network_with_loss(subject) and np.issubdtype(x.dtype, np.floating):
        tensors["x"] = x

    def f(tensors):
        return reference_of(subject)(subject, tensors, tensors.get("x", x), *rest)

    vjp, _ = make_vjp(f)(tensors)
    return {"x": np.zeros(x.shape), **vjp(dy)} if not is_network_with_loss(subject) else vjp(dy)


def disagreements(ours, theirs):
    """The names of the tensors that differ, in shape or in any entry."""
    assert ours.keys() == theirs.keys()
    return [name for name, mine in ours.items() if not same(mine, theirs[name])]


def same(mine, other):
    # The inputs of all cases are of size one, so what is left where a gradient cancels to 0 is below 1e-13.
    tolerance = 1e-13 + 1e-10 * np.max(np.abs(other), initial=0.0)
    return np.shape(mine) == np.shape(other) and np.allclose(mine, other, rtol=0, atol=tolerance)
