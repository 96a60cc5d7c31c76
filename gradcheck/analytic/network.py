"""Networks: what all share that are made of layers and can be trained.

The chain rule is all there is to differentiating them: the dx of one layer is the dy of the layer before it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.losses import Loss
from gradcheck.analytic.losses.regularizers import Regularizer
from gradcheck.analytic.picture import Picture, picture_of_row
from gradcheck.analytic.summary import summary
from gradcheck.analytic.validation import Array


class Network(Layer):
    """A layer made of named layers, with a loss at the end if one is given.

    Parameters
    ----------
    layers : mapping of str to Layer
    loss : Loss, optional
        What ``loss`` and ``gradient`` put after the last layer.
    regularizer : L1 or L2, optional
        What they add for each weight (each parameter of two axes or more).
    """

    def __init__(
        self, layers: Mapping[str, Layer], loss: Loss | None = None, regularizer: Regularizer | None = None
    ) -> None:
        super().__init__()
        self._names, self.layers = list(layers), list(layers.values())
        self.loss_function, self.regularizer = loss, regularizer

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

    def predict(self, *x: Any) -> Array:
        """The output of the last layer, in inference: with `SoftmaxCrossEntropy` the scores, no probabilities yet."""
        modes = [(layer, layer.training) for layer in self._leaves()]
        try:
            self.training = False
            return self.forward(*x)
        finally:
            for layer, mode in modes:
                layer.training = mode

    def loss(self, x: Any, t: Any) -> Any:
        """The loss of ``forward(x)``, given the targets t, and the penalty on the weights."""
        value = self._required_loss().forward(self.forward(x), t)
        return value if self.regularizer is None else value + value.dtype.type(self.penalty())

    def penalty(self) -> float:
        """What the regulariser says of the weights, 0 without one."""
        if self.regularizer is None:
            return 0.0
        return float(sum(self.regularizer.forward(W) for W in self.params.values() if W.ndim >= 2))

    def gradient(self, x: Any, t: Any) -> dict[str, Array]:
        """∂loss/∂W for every parameter W, by backpropagation."""
        self.loss(x, t)
        self.backward(self._required_loss().backward())
        return {name: self._penalized(self.params[name], dW) for name, dW in self.grads.items()}

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

    def summary(self, *inputs: Any) -> str:
        """A table of the layers and how many parameters they have; given inputs, also of the shapes of their outputs.

        >>> from gradcheck.analytic import Dense, ReLU, Sequential
        >>> print(Sequential(Dense(784, 100), ReLU(), Dense(100, 10)).summary(np.zeros((5, 784))))
        layer             output   parameters
        0 Dense(784, 100) (5, 100)     78,500
        1 ReLU()          (5, 100)          0
        2 Dense(100, 10)  (5, 10)       1,010
        total                          79,510
        """
        return summary(self, inputs)

    def picture(self, *inputs: Any) -> Picture:
        """The network as a picture, an SVG document: a box for each layer, an arrow for each array between them.

        Given inputs, with the shapes of all outputs; N is the number of examples. A notebook shows it as it is,
        ``picture.save("network.svg")`` writes it for a browser. It suits light and dark pages.

        >>> from gradcheck.analytic import Dense, ReLU, Sequential
        >>> picture = Sequential(Dense(784, 100), ReLU(), Dense(100, 10)).picture(np.zeros((5, 784)))
        >>> "(N, 100) · 78,500 parameters" in picture
        True
        """
        return picture_of_row(self, inputs)

    def parts(self) -> tuple[Layer, ...]:
        """The layers this one is made of."""
        return tuple(self.layers)

    def _endings(self) -> list[str]:
        """What a ``repr`` says beside the layers."""
        endings = {"loss": self.loss_function, "regularizer": self.regularizer}
        return [f"{name}={value!r}" for name, value in endings.items() if value is not None]

    def _penalized(self, W: Array, dW: Array) -> Array:
        if self.regularizer is None or W.ndim < 2:
            return dW
        one = self.regularizer.forward(W).dtype.type(1)
        return dW + self.regularizer.backward(one)

    def _parameters(self) -> Iterator[tuple[str, Layer, str]]:
        """The name in this network, the layer and the name in the layer, of every parameter."""
        for name, layer in zip(self._names, self.layers, strict=True):
            for key in layer.params:
                yield f"{name}.{key}", layer, key

    def _leaves(self) -> Iterator[Layer]:
        """The layers that are not made of others, also those of networks within this one."""
        return (leaf for layer in self.layers for leaf in leaves(layer))

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


def leaves(layer: Layer) -> Iterator[Layer]:
    """The layer itself, or those it is made of, down to the ones that are not made of others."""
    if not layer.parts():
        yield layer
    for part in layer.parts():
        yield from leaves(part)
