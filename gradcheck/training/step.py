"""The loss and the gradients of one batch: what the network's own ``gradient`` gives, and no more work than that.

``gradient`` computes two things that training has no use for: ∂loss/∂x, which nobody before the first layer asks
for and which is a third of a dense layer's work; and it forgets the loss on the way. A network of layers that is
differentiated in the usual way is therefore taken through its layers here. All else is asked for its ``gradient``.
"""

from collections.abc import Callable
from typing import Any, TypeGuard

from numpy.typing import NDArray

from gradcheck.analytic import Conv1D, Conv2D, Conv3D, Dense, Model, Sequential
from gradcheck.analytic.convolution import channel_sums
from gradcheck.analytic.correlation import weights_of
from gradcheck.analytic.layer import Layer
from gradcheck.analytic.network import Network

Array = NDArray[Any]
Step = Callable[[Array, Array], tuple[float | None, dict[str, Array]]]

PLAIN = Layer.backward, Sequential._backward


def step_of(network: Any) -> Step:
    """The function from a batch to its loss and the gradient of every parameter.

    The loss is None where the network does not say it: where ``gradient`` is its own.
    """
    kind = type(network)
    if isinstance(network, Network) and kind.gradient in {Network.gradient, Model.gradient}:
        return _LayerByLayer(network, fill_gradients if _is_a_plain_row(network) else _backward)
    return lambda x, t: (None, network.gradient(x, t))


class _LayerByLayer:
    def __init__(self, network: Network, backward: Callable[[Any, Any], None]) -> None:
        self.network, self.backward = network, backward

    def __call__(self, x: Array, t: Array) -> tuple[float, dict[str, Array]]:
        network = self.network
        loss = float(network.loss(x, t))
        self.backward(network, network._required_loss().backward())
        if network.regularizer is None:
            return loss, network.grads
        return loss, {name: network._penalized(network.params[name], dW) for name, dW in network.grads.items()}


def _backward(network: Any, dy: Any) -> None:
    network.backward(*dy if isinstance(dy, tuple) else (dy,))


def _is_a_plain_row(layer: Layer) -> TypeGuard[Sequential]:
    """Whether backward goes through the layers one by one; a subclass may do something else."""
    return isinstance(layer, Sequential) and (type(layer).backward, type(layer)._backward) == PLAIN


def fill_gradients(layer: Layer, dy: Array) -> None:
    """Fill ``layer.grads`` as ``backward`` does, to the last bit, without computing dx where that can be left out."""
    if _is_a_plain_row(layer):
        first = next((i for i, part in enumerate(layer.layers) if part.params), len(layer.layers))
        for part in reversed(layer.layers[first + 1 :]):
            dy = part.backward(dy)
        for part in layer.layers[first : first + 1]:
            fill_gradients(part, dy)
    elif type(layer) in WITHOUT_DX:
        WITHOUT_DX[type(layer)](layer, dy)
    else:
        layer.backward(dy)


def _dense(layer: Any, dy: Array) -> None:
    dy, x = layer._recall(dy)
    D, H = layer.W.shape
    rows, dy_rows = x.reshape(-1, D), dy.reshape(-1, H)
    layer.grads["W"] = rows.T @ dy_rows
    layer.grads["b"] = dy_rows.sum(axis=0)


def _convolution(layer: Any, dy: Array) -> None:
    dy, (columns, _) = layer._recall(dy)
    layer.grads["W"] = weights_of(dy, columns, layer.W, layer.groups)
    layer.grads["b"] = channel_sums(dy)


WITHOUT_DX: dict[type[Layer], Callable[[Any, Array], None]] = {
    Dense: _dense,
    Conv1D: _convolution,
    Conv2D: _convolution,
    Conv3D: _convolution,
}
"""Layers whose weights' gradients are to be had by themselves, and how; a subclass may do things differently."""
