"""Layers one after the other, differentiated from the last to the first."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.losses import Loss
from gradcheck.analytic.losses.regularizers import Regularizer
from gradcheck.analytic.network import Network
from gradcheck.analytic.validation import Array


class Sequential(Network):
    """Layers in a row, y = f_k(… f_2(f_1(x))), with a loss at the end if one is given.

    Itself a layer, so it can be checked, and stand in another network. With a loss it can be trained:
    ``loss(x, t)``, ``gradient(x, t)``, ``predict(x)``, ``accuracy(x, t)``.

    Backward: the Jacobian of a composition is the product of the Jacobians, J_k … J_2 J_1, and its
    transpose applied to dy is J_1ᵀ (J_2ᵀ … (J_kᵀ dy)): each layer in turn, the last one first.

    Parameters
    ----------
    *layers : Layer, or one iterable of them, or one mapping of names to them
    loss : Loss, optional
        What ``loss`` and ``gradient`` put after the last layer.
    regularizer : L1 or L2, optional
        What they add for each weight (each parameter of two axes or more).

    Notes
    -----
    ``params`` and ``grads`` gather those of the layers, as ``"0.W"`` (layer 0, parameter W) or, from a
    mapping, by the layer's name, as ``"hidden.W"``. ``params`` is live: arrays changed in place or replaced
    are what the layers use.

    Raises
    ------
    ValueError, TypeError
        If there is no layer, something is no layer, or one layer object stands in two places (it could
        remember only one x; a `Model` can share layers).

    Examples
    --------
    >>> from gradcheck.analytic import Dense, Sigmoid, SoftmaxCrossEntropy
    >>> net = Sequential(Dense(2, 3, rng=0), Sigmoid(), Dense(3, 2, rng=1), loss=SoftmaxCrossEntropy())
    >>> net
    Sequential(Dense(2, 3), Sigmoid(), Dense(3, 2), loss=SoftmaxCrossEntropy())
    >>> list(net.params)
    ['0.W', '0.b', '2.W', '2.b']
    >>> x, t = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([0, 1])
    >>> before = net.loss(x, t)
    >>> for name, gradient in net.gradient(x, t).items():
    ...     net.params[name] -= 0.1 * gradient
    >>> bool(net.loss(x, t) < before)
    True

    References
    ----------
    Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", Nature 323 (1986);
    Nielsen, *Neural Networks and Deep Learning* (2015), chapter 2.
    """

    def __init__(
        self,
        *layers: Layer | Iterable[Layer] | Mapping[str, Layer],
        loss: Loss | None = None,
        regularizer: Regularizer | None = None,
    ) -> None:
        named = _named_layers(layers)
        super().__init__(dict(named), loss, regularizer)
        if type(self).__init__ is Sequential.__init__:
            self.made_with = (dict(named),), {"loss": loss, "regularizer": regularizer}  # an iterable is used up

    def _forward(self, x: Array) -> tuple[Array, Any]:
        for layer in self.layers:
            x = layer.forward(x)
        return x, None

    def _backward(self, dy: Array, cache: None) -> Array:
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
        return dy

    def _accept(self, x: Any) -> Array:
        return np.asarray(x)  # the first layer knows what it can take

    def __repr__(self) -> str:
        parts = [repr(layer) for layer in self.layers]
        return f"{type(self).__name__}({', '.join([*parts, *self._endings()])})"


def _named_layers(layers: tuple[Any, ...]) -> list[tuple[str, Layer]]:
    """Names and layers from any of the three forms `Sequential` takes."""
    if len(layers) == 1 and isinstance(layers[0], Mapping):
        named = [(str(name), layer) for name, layer in layers[0].items()]
    else:
        one_iterable = len(layers) == 1 and isinstance(layers[0], Iterable)
        named = [(str(i), layer) for i, layer in enumerate(layers[0] if one_iterable else layers)]
    if not named:
        raise ValueError("Sequential: no layers were given, expected at least one")
    first: dict[int, str] = {}
    for name, layer in named:
        if not isinstance(layer, Layer):
            raise TypeError(f"Sequential: layer {name} is {layer!r}, expected a Layer such as Dense(2, 3)")
        if id(layer) in first:
            raise ValueError(
                f"Sequential: layers {first[id(layer)]} and {name} are one object, which can remember "
                "only one x; build two"
            )
        first[id(layer)] = name
    return named
