"""Stand-ins for what a layer wants to be given and a check does not need: an optimizer, an initializer, a function."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


class StillOptimizer:
    """Gradient descent with rate 1, under the names that optimizers go by: what a step takes off is the gradient."""

    learning_rate = lr = 1.0

    def update(self, w: Any, grad: Any, *others: Any, **named: Any) -> Any:
        """The parameter after the step."""
        return w - grad

    step = __call__ = update


class SmallNumbers:
    """An initializer: small numbers of both signs for any shape."""

    def __call__(self, shape: Any, *others: Any, **named: Any) -> NDArray[Any]:
        """An array of that shape; shapes may also come one length at a time."""
        lengths = (
            tuple(shape) if isinstance(shape, tuple | list) else (shape, *(n for n in others if isinstance(n, int)))
        )
        return np.random.default_rng(0).uniform(-1, 1, lengths)

    initialize = init = __call__


def tanh(x: Any) -> Any:
    """A smooth function for a layer that applies one."""
    return np.tanh(x)


def tanh_prime(x: Any) -> Any:
    """Its derivative."""
    return 1 - np.tanh(x) ** 2


class Scaling:
    """A layer for a network that is made of layers, ``forward`` and ``backward``: ``y = tanh(W x)``, entry by entry."""

    def __init__(self, W: float = 0.5) -> None:
        self.W, self.dW = np.full(1, W), np.zeros(1)

    @property
    def params(self) -> dict[str, NDArray[Any]]:
        """The factor."""
        return {"W": self.W}

    @property
    def grads(self) -> dict[str, NDArray[Any]]:
        """Its gradient."""
        return {"W": self.dW}

    def forward(self, x: NDArray[Any]) -> NDArray[Any]:
        """The output, in the shape of the input."""
        self.x, self.y = x, np.tanh(self.W * x)
        return np.asarray(self.y)

    def backward(self, dout: NDArray[Any]) -> NDArray[Any]:
        """The gradient of the input; that of the factor is kept."""
        dz = dout * (1 - self.y**2)
        self.dW[...] = np.sum(dz * self.x)
        return np.asarray(dz * self.W)


optimizer, small_numbers = StillOptimizer(), SmallNumbers()
