"""Networks, layer by layer."""

import torch

from gradcheck.analytic import Model, Sequential, TwoLayerNet
from torch_references.losses import softmax_cross_entropy
from torch_references.table import REFERENCES, reference


@reference(Sequential)
def sequential(subject, params, x, t=None):
    for i, layer in enumerate(subject.layers):
        own = {name: params[f"{i}.{name}"] for name in layer.params}
        x = REFERENCES[type(layer)](layer, own, x)
    return x if t is None else REFERENCES[type(subject.loss_function)](subject.loss_function, {}, x, t)


@reference(TwoLayerNet)
def two_layer_net(subject, params, x, t):
    hidden = torch.sigmoid(x @ params["W1"] + params["b1"])
    return softmax_cross_entropy(subject.loss_function, {}, hidden @ params["W2"] + params["b2"], t)


@reference(Model)
def model(subject, params, x):
    """Node by node, each layer by its own reference."""
    values = {subject.inputs[0]: x}
    for node in subject._nodes:
        prefix = f"{subject.layers.index(node.layer)}."
        own = {name.removeprefix(prefix): W for name, W in params.items() if name.startswith(prefix)}
        values[node] = REFERENCES[type(node.layer)](node.layer, own, *[values[symbol] for symbol in node.inputs])
    return values[subject.outputs[0]]
