"""The network of the textbooks: one hidden layer, and enough to read digits."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic.activations import Sigmoid
from gradcheck.analytic.dense import Dense
from gradcheck.analytic.layer import Layer
from gradcheck.analytic.losses import SoftmaxCrossEntropy
from gradcheck.analytic.sequential import Sequential


class TwoLayerNet(Sequential):
    """A classifier with one hidden layer: x → Dense → activation → Dense → softmax with cross-entropy.

    Shapes: x (N, D), W1 (D, H), b1 (H,), W2 (H, C), b2 (C,), scores (N, C), with D = input_size, H =
    hidden_size and C = output_size; t as in `SoftmaxCrossEntropy`.

    ``params`` has the keys W1, b1, W2, b2; ``predict(x)`` gives the scores, ``gradient(x, t)``
    backpropagation and ``numerical_gradient(x, t)`` central differences.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
    rng : None, int or numpy.random.Generator
        Where W1 and W2 are drawn from.
    weight_scale : float
        Their standard deviation. The biases start at zero.
    activation : callable
        Makes the layer between the two dense ones.
    dtype : dtype

    Examples
    --------
    >>> net = TwoLayerNet(3, 4, 2, rng=0)
    >>> net
    TwoLayerNet(Dense(3, 4), Sigmoid(), Dense(4, 2), loss=SoftmaxCrossEntropy())
    >>> x, t = np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 1.0]]), np.array([0, 1])
    >>> by_backpropagation, by_differences = net.gradient(x, t), net.numerical_gradient(x, t)
    >>> {name: bool(np.allclose(by_backpropagation[name], by_differences[name])) for name in net.params}
    {'W1': True, 'b1': True, 'W2': True, 'b2': True}

    References
    ----------
    Saito, *Deep Learning from Scratch* (2017), sections 4.5 and 5.7.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        *,
        rng: int | np.random.Generator | None = None,
        weight_scale: float = 0.01,
        activation: Callable[[], Layer] = Sigmoid,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = np.random.default_rng(rng)
        super().__init__(
            Dense(input_size, hidden_size, rng, dtype, weight_scale),
            activation(),
            Dense(hidden_size, output_size, rng, dtype, weight_scale),
            loss=SoftmaxCrossEntropy(),
        )

    def _parameters(self) -> Iterator[tuple[str, Layer, str]]:
        hidden, _, output = self.layers
        for number, layer in (("1", hidden), ("2", output)):
            for key in layer.params:
                yield key + number, layer, key
