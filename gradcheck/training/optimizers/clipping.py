"""Gradient clipping: one step over a cliff must not throw the weights out of the valley.

The gradients themselves are left as they are; what the optimiser uses is clipped.
"""

from collections.abc import Callable, Mapping
from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.recorded import Recorded

Array = NDArray[Any]
Arrays = Mapping[str, Array]
Clipper = Callable[[Array, Array], Array]  # a block of a gradient, and where to put what is left of it


class Clipping(Recorded):
    """What becomes of gradients that are too long.

    Parameters
    ----------
    most : float
        The most that is let through, greater than 0.
    """

    def __init__(self, most: float) -> None:
        if not 0 < most < float("inf"):
            raise ValueError(f"most has to be a number greater than 0; it is {most!r}")
        self.most = float(most)

    def prepare(self, grads: Arrays) -> dict[str, Clipper]:
        """For each gradient, how to clip a block of it."""
        raise NotImplementedError(f"{type(self).__name__} does not define prepare(grads)")

    def __call__(self, grads: Arrays) -> dict[str, Array]:
        """New gradients, clipped."""
        clippers = self.prepare(grads)
        return {name: clippers[name](np.asarray(dW), np.empty_like(dW)) for name, dW in grads.items()}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.most:g})"


class ClipByValue(Clipping):
    """Every entry into [−most, most]. The direction changes.

    >>> ClipByValue(1.0)({"W": np.array([3.0, -0.5, -4.0])})
    {'W': array([ 1. , -0.5, -1. ])}
    """

    def prepare(self, grads: Arrays) -> dict[str, Clipper]:
        """For each gradient, how to clip a block of it."""
        return dict.fromkeys(grads, self._clip)

    def _clip(self, dW: Array, out: Array) -> Array:
        return np.clip(dW, -self.most, self.most, out=out)


class ClipByNorm(Clipping):
    """The gradient of each parameter by itself to a length of at most `most`: dW · min(1, most / ‖dW‖).

    >>> ClipByNorm(1.0)({"W": np.array([3.0, -4.0]), "b": np.array([0.5])})
    {'W': array([ 0.6, -0.8]), 'b': array([0.5])}

    References
    ----------
    R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
    """

    def prepare(self, grads: Arrays) -> dict[str, Clipper]:
        """For each gradient, how to clip a block of it."""
        return {name: _times(self._factor(norm({name: dW}))) for name, dW in grads.items()}

    def _factor(self, length: float) -> float:
        return self.most / length if length > self.most else 1.0


class ClipByGlobalNorm(ClipByNorm):
    """All gradients together to a length of at most `most`: each dW · min(1, most / √Σ‖dW‖²).

    The direction of the step stays what it is. The same as ``torch.nn.utils.clip_grad_norm_``, but for the
    1e-6 that is added to the length there.

    >>> ClipByGlobalNorm(2.5)({"W": np.array([3.0]), "b": np.array([-4.0])})
    {'W': array([1.5]), 'b': array([-2.])}
    """

    def prepare(self, grads: Arrays) -> dict[str, Clipper]:
        """For each gradient, how to clip a block of it."""
        return dict.fromkeys(grads, _times(self._factor(norm(grads))))


def norm(grads: Arrays) -> float:
    """The length √Σ dW² of all gradients taken as one vector.

    Raises
    ------
    FloatingPointError
        If an entry is infinite or not a number: scaled, it would spoil all the others.

    >>> norm({"W": np.array([[3.0]]), "b": np.array([-4.0])})
    5.0
    """
    lengths = [_length(name, np.ravel(dW)) for name, dW in grads.items()]
    greatest = max(lengths, default=0.0)
    return greatest * sqrt(sum((length / greatest) ** 2 for length in lengths)) if greatest else 0.0


def _length(name: str, dW: Array) -> float:
    with np.errstate(over="ignore", under="ignore"):
        squares = float(np.dot(dW, dW))
    if isfinite(squares) and squares > np.finfo(dW.dtype).tiny:
        return sqrt(squares)
    greatest = float(np.abs(dW).max(initial=0.0))  # the squares overflowed, or vanished, or are not numbers
    if not isfinite(greatest):
        raise FloatingPointError(f"the gradient of {name!r} holds {greatest}, so it has no length to clip")
    return greatest * float(np.linalg.norm(dW / greatest)) if greatest else 0.0


def _times(factor: float) -> Clipper:
    def scale(dW: Array, out: Array) -> Array:
        return dW if factor == 1 else np.multiply(dW, factor, out=out)

    return scale
