"""How the weights move, given their gradients."""

from collections.abc import Mapping
from math import inf
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


class Optimizer(Protocol):
    """Anything that moves parameters along their gradients, in place."""

    def update(self, params: Arrays, grads: Arrays) -> None:
        """Move every parameter one step."""


class SGD:
    """Stochastic gradient descent, with momentum if one likes.

    ``v ← momentum · v − lr · dW``, ``W ← W + v``; without momentum that is ``W ← W − lr · dW``.

    Parameters
    ----------
    lr
        The learning rate, greater than 0.
    momentum
        The share of the last step that is taken again, from 0 up to but not including 1.

    Raises
    ------
    ValueError
        If either is out of its range.

    Examples
    --------
    >>> params = {"W": np.array([1.0, 2.0])}
    >>> sgd = SGD(lr=0.1, momentum=0.5)
    >>> for _ in range(2):
    ...     sgd.update(params, {"W": np.array([1.0, -1.0])})
    >>> params["W"]
    array([0.75, 2.25])

    References
    ----------
    B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
    """

    def __init__(self, lr: float = 0.01, momentum: float = 0.0) -> None:
        if not 0 < lr < inf:
            raise ValueError(f"lr has to be a number greater than 0; it is {lr!r}")
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum has to be at least 0 and less than 1; it is {momentum!r}")
        self.lr = float(lr)
        self.momentum = float(momentum)
        self.velocity: dict[str, NDArray[Any]] = {}

    def update(self, params: Arrays, grads: Arrays) -> None:
        """Move every parameter one step, in place.

        Raises
        ------
        ValueError
            If a parameter has no gradient, or one of another shape; nothing has moved then.
        """
        _require_matching(params, grads)
        for name, value in params.items():
            step = -self.lr * grads[name]
            if self.momentum:
                if name in self.velocity:
                    step += self.momentum * self.velocity[name]
                self.velocity[name] = step
            np.add(value, step, out=value)


def _require_matching(params: Arrays, grads: Arrays) -> None:
    for name, value in params.items():
        if name not in grads:
            raise ValueError(f"parameter {name!r} has no gradient; there are gradients for {sorted(grads)}")
        if np.shape(grads[name]) != value.shape:
            raise ValueError(
                f"the gradient of {name!r} has shape {np.shape(grads[name])}, the parameter has {value.shape}"
            )
