"""Networks, from the formula alone."""

import autograd.numpy as anp

from autograd_references.losses import cross_entropy
from autograd_references.table import REFERENCES, reference
from gradcheck.analytic import Model, Sequential, TwoLayerNet


@reference(Sequential)
def sequential(subject, params, x, t=None):
    for i, layer in enumerate(subject.layers):
        own = {name: params[f"{i}.{name}"] for name in layer.params}
        x = REFERENCES[type(layer)](layer, own, x)
    return x if t is None else REFERENCES[type(subject.loss_function)](subject.loss_function, {}, x, t)


@reference(TwoLayerNet)
def two_layer_net(subject, params, x, t):
    hidden = 1 / (1 + anp.exp(-(anp.dot(x, params["W1"]) + params["b1"])))
    return cross_entropy(anp.dot(hidden, params["W2"]) + params["b2"], t)


@reference(Model)
def model(subject, params, x):
    """Node by node, each layer by its own reference."""
    values = {subject.inputs[0]: x}
    for node in subject._nodes:
        prefix = f"{subject.layers.index(node.layer)}."
        own = {name.removeprefix(prefix): W for name, W in params.items() if name.startswith(prefix)}
        values[node] = REFERENCES[type(node.layer)](node.layer, own, *[values[symbol] for symbol in node.inputs])
    return values[subject.outputs[0]]
