"""What autograd makes of every layer and loss, from the formula alone.

Each reference is the plain formula, in `autograd.numpy`, as a function of the subject (for its
hyper-parameters only), its parameters by name, and the inputs.
"""

import autograd.numpy as anp
import numpy as np
from autograd import make_vjp

from gradcheck.analytic import (
    Dense,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    SoftmaxCrossEntropy,
    Tanh,
    TwoLayerNet,
)


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
    Softmax: lambda subject, p, x: softmax(x),
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
    subject = case.subject
    return subject.loss(*case.inputs) if is_network_with_loss(subject) else subject.forward(*case.inputs)


def analytic(case, dy):
    """What our own backward gives: by name, x and all parameters (of a network with a loss, only those)."""
    subject = case.subject
    if is_network_with_loss(subject):
        return {name: dy * dW for name, dW in subject.gradient(*case.inputs).items()}
    subject.forward(*case.inputs)
    dx = subject.backward(dy)
    return {"x": dx, **subject.grads}


def by_autograd(case, dy):
    """The same by autograd, under the same names."""
    subject, (x, *rest) = case.subject, case.inputs
    tensors = dict(subject.params) if is_network_with_loss(subject) else {"x": x, **subject.params}

    def f(tensors):
        return reference_of(subject)(subject, tensors, tensors.get("x", x), *rest)

    vjp, _ = make_vjp(f)(tensors)
    return vjp(dy)


def disagreements(ours, theirs):
    """The names of the tensors that differ, in shape or in any entry."""
    assert ours.keys() == theirs.keys()
    return [name for name, mine in ours.items() if not same(mine, theirs[name])]


def same(mine, other):
    # The inputs of all cases are of size one, so what is left where a gradient cancels to 0 is below 1e-13.
    tolerance = 1e-13 + 1e-10 * np.max(np.abs(other), initial=0.0)
    return np.shape(mine) == np.shape(other) and np.allclose(mine, other, rtol=0, atol=tolerance)
