"""Stand-ins for what a layer wants to be given and a check does not need: an optimizer, an initializer."""

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


optimizer, small_numbers = StillOptimizer(), SmallNumbers()
