"""Networks: layers one after the other, differentiated from the last to the first.

The chain rule is all there is to it: the dx of one layer is the dy of the layer before it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.losses import Loss
from gradcheck.analytic.validation import Array


class Sequential(Layer):
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

    Notes
    -----
    ``params`` and ``grads`` gather those of the layers, as ``"0.W"`` (layer 0, parameter W) or, from a
    mapping, by the layer's name, as ``"hidden.W"``. ``params`` is live: arrays changed in place or replaced
    are what the layers use.

    Raises
    ------
    ValueError, TypeError
        If there is no layer, something is no layer, or one layer object stands in two places (it could
        remember only one x).

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

    def __init__(self, *layers: Layer | Iterable[Layer] | Mapping[str, Layer], loss: Loss | None = None) -> None:
        super().__init__()
        named = _named_layers(layers)
        self._names = [name for name, _ in named]
        self.layers = [layer for _, layer in named]
        self.loss_function = loss

    @property
    def params(self) -> dict[str, Array]:
        """The parameters of all layers, live."""
        return LiveParameters({name: (layer, key) for name, layer, key in self._parameters()})

    @property
    def grads(self) -> dict[str, Array]:
        """The gradients of all layers from the last ``backward``, under the names of ``params``."""
        return {name: layer.grads[key] for name, layer, key in self._parameters()}

    @property
    def training(self) -> bool:
        """Whether a layer is in training, as all are at first; setting it sets it for all layers."""
        return any(layer.training for layer in self._leaves())

    @training.setter
    def training(self, value: bool) -> None:
        for layer in self._leaves():
            layer.training = value

    def predict(self, x: Any) -> Array:
        """The output of the last layer, in inference: with `SoftmaxCrossEntropy` the scores, no probabilities yet."""
        modes = [(layer, layer.training) for layer in self._leaves()]
        try:
            self.training = False
            return self.forward(x)
        finally:
            for layer, mode in modes:
                layer.training = mode

    def loss(self, x: Any, t: Any) -> Any:
        """The loss of ``forward(x)``, given the targets t."""
        return self._required_loss().forward(self.forward(x), t)

    def gradient(self, x: Any, t: Any) -> dict[str, Array]:
        """∂loss/∂W for every parameter W, by backpropagation."""
        self.loss(x, t)
        self.backward(self._required_loss().backward())
        return self.grads

    def numerical_gradient(self, x: Any, t: Any, h: float = 1e-4) -> dict[str, Array]:
        """∂loss/∂W for every parameter W by central differences, (L(W + h) − L(W − h)) / 2h.

        Entry by entry, with two forward passes each: for small networks, to see that ``gradient`` is right.
        The loss must not draw random numbers: take dropout out of training before.
        """
        return {name: self._differences(W, lambda: self.loss(x, t), h) for name, W in self.params.items()}

    def accuracy(self, x: Any, t: Any) -> float:
        """The share of examples whose highest score is at the class t (indices, or one-hot rows)."""
        predicted = self.predict(x).argmax(axis=-1)
        t = np.asarray(t)
        classes = t if t.ndim == predicted.ndim else t.argmax(axis=-1)
        if classes.shape != predicted.shape:
            raise ValueError(
                f"{self!r}: t has shape {t.shape}, expected {predicted.shape} for class indices, "
                "or one-hot rows of that many examples"
            )
        return float(np.mean(predicted == classes))

    def __repr__(self) -> str:
        parts = [repr(layer) for layer in self.layers]
        if self.loss_function is not None:
            parts.append(f"loss={self.loss_function!r}")
        return f"{type(self).__name__}({', '.join(parts)})"

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

    def _parameters(self) -> Iterator[tuple[str, Layer, str]]:
        """The name in this network, the layer and the name in the layer, of every parameter."""
        for name, layer in zip(self._names, self.layers, strict=True):
            for key in layer.params:
                yield f"{name}.{key}", layer, key

    def _leaves(self) -> Iterator[Layer]:
        """The layers that are no networks themselves, also those of networks within this one."""
        for layer in self.layers:
            if isinstance(layer, Sequential):
                yield from layer._leaves()
            else:
                yield layer

    def _required_loss(self) -> Loss:
        if self.loss_function is None:
            raise ValueError(f"{self!r}: has no loss; build it with loss=SoftmaxCrossEntropy() or another")
        return self.loss_function

    @staticmethod
    def _differences(W: Array, loss: Callable[[], Any], h: float) -> Array:
        # Written out here although gradcheck.numerical has it: what backpropagation says must not come from
        # the same code as what the derivative is, or their agreement would prove less.
        dW = np.zeros_like(W)
        for entry in np.ndindex(W.shape):
            old = W[entry]
            try:
                W[entry] = old + h
                above = loss()
                W[entry] = old - h
                below = loss()
            finally:
                W[entry] = old
            dW[entry] = (above - below) / (2 * h)
        return dW


class LiveParameters(dict[str, Array]):
    """The parameters of several layers in one dict; what is put in also reaches the layer it belongs to."""

    def __init__(self, owners: Mapping[str, tuple[Layer, str]]) -> None:
        super().__init__({name: layer.params[key] for name, (layer, key) in owners.items()})
        self._owners = owners

    def __setitem__(self, name: str, value: Array) -> None:
        if name not in self._owners:
            raise KeyError(f"{name!r} is no parameter of this network; it has {', '.join(self)}")
        layer, key = self._owners[name]
        layer.params[key] = value
        super().__setitem__(name, value)

    def update(self, *others: Any, **more: Array) -> None:
        """Like `dict.update`, which would not ask ``__setitem__``."""
        for name, value in dict(*others, **more).items():
            self[name] = value

    def __ior__(self, other: Any) -> "LiveParameters":  # type: ignore[override,misc]  # dict's is overloaded
        self.update(other)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)  # a copy belongs to no network


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
