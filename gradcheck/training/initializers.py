"""Initialisers: the weights to begin with, neither so small that signals die out nor so large that they explode.

Each is called with a shape: ``HeNormal()((784, 100), rng=0)``. `initialize` fills a whole network.
"""

from collections.abc import Mapping
from math import inf, prod, sqrt
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gradcheck.analytic.validation import float_dtype, real_number

Array: TypeAlias = NDArray[Any]
Shape: TypeAlias = tuple[int, ...]
Rng: TypeAlias = int | np.random.Generator | None


class Initializer:
    """Draws weights of a given shape.

    Examples
    --------
    >>> class Ones(Initializer):
    ...     def _draw(self, shape, rng):
    ...         return np.ones(shape)
    >>> Ones()((2, 3), dtype=np.float32)
    array([[1., 1., 1.],
           [1., 1., 1.]], dtype=float32)
    """

    def __call__(self, shape: Shape, rng: Rng = None, dtype: DTypeLike = np.float64) -> Array:
        """Weights of this shape, drawn from `rng` (a Generator, a seed, or None for any)."""
        dtype = float_dtype(type(self).__name__, dtype)
        return self._draw(tuple(shape), np.random.default_rng(rng)).astype(dtype)

    def _draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        raise NotImplementedError(f"{type(self).__name__} does not define _draw(shape, rng)")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value:g}' for name, value in vars(self).items())})"


class Zeros(Initializer):
    """Zeros, for biases: weights that are all alike would stay alike.

    >>> Zeros()((2,))
    array([0., 0.])
    """

    def _draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        return np.zeros(shape)


class Normal(Initializer):
    """The normal distribution with this mean and standard deviation.

    >>> W = Normal(std=0.01)((300, 200), rng=0)
    >>> print(f"{W.mean():.3f} {W.std():.3f}")
    0.000 0.010
    """

    def __init__(self, mean: float = 0.0, std: float = 0.05) -> None:
        if not 0 <= std < inf:
            raise ValueError(f"std has to be a number of at least 0; it is {std!r}")
        self.mean, self.std = real_number("Normal", "mean", mean), float(std)

    def _draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        return rng.normal(self.mean, self.std, shape)


class Uniform(Initializer):
    """The uniform distribution from `low` to `high`.

    >>> W = Uniform(0, 0.1)((300, 200), rng=0)
    >>> print(f"{W.min():.3f} {W.max():.3f}")
    0.000 0.100
    """

    def __init__(self, low: float = -0.05, high: float = 0.05) -> None:
        if not -inf < low <= high < inf:
            raise ValueError(f"low has to be at most high; they are {low!r} and {high!r}")
        self.low, self.high = float(low), float(high)

    def _draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        return rng.uniform(self.low, self.high, shape)


class VarianceScaling(Initializer):
    """Mean 0 and variance scale / fan, so that a layer makes signals neither larger nor smaller.

    The variance of a sum of `fan_in` terms is fan_in times that of one; what flows back is a sum of
    `fan_out` terms. `Glorot`, `He` and `LeCun` differ in which of the two they keep, and in what the
    activation takes away.

    Parameters
    ----------
    distribution : ``"normal"`` or ``"uniform"``
        The uniform one reaches from −√(3 · variance) to √(3 · variance), which has that variance.
    """

    scale: ClassVar[float] = 1.0
    fan: ClassVar[Literal["in", "mean"]] = "in"

    def __init__(self, distribution: Literal["normal", "uniform"] = "normal") -> None:
        if distribution not in {"normal", "uniform"}:
            raise ValueError(f"distribution has to be 'normal' or 'uniform'; it is {distribution!r}")
        self.distribution = distribution

    def variance(self, shape: Shape) -> float:
        """The variance of weights of this shape."""
        fan_in, fan_out = fans(shape)
        return self.scale / max(1, fan_in if self.fan == "in" else (fan_in + fan_out) / 2)

    def _draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        std = sqrt(self.variance(shape))
        if self.distribution == "normal":
            return rng.normal(0, std, shape)
        return rng.uniform(-sqrt(3) * std, sqrt(3) * std, shape)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.distribution!r})"


class Glorot(VarianceScaling):
    """Variance 2 / (fan_in + fan_out): a compromise of the way forth and the way back. For tanh and sigmoid.

    (Also called Xavier.) The normal distribution is not truncated, as in PyTorch; Keras truncates it.

    >>> W = Glorot("uniform")((300, 500), rng=0)
    >>> print(f"{W.var() * (300 + 500) / 2:.1f}")
    1.0

    References
    ----------
    X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010.
    """

    fan: ClassVar[Literal["in", "mean"]] = "mean"


class He(VarianceScaling):
    """Variance 2 / fan_in: ReLU takes half of the signal away, hence the 2.

    >>> W = He()((300, 500), rng=0)
    >>> print(f"{W.var() * 300:.1f}")
    2.0

    References
    ----------
    K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", ICCV 2015.
    """

    scale: ClassVar[float] = 2.0


class LeCun(VarianceScaling):
    """Variance 1 / fan_in: what comes in with variance 1 goes out with variance 1. For SELU and linear layers.

    >>> W = LeCun()((300, 500), rng=0)
    >>> print(f"{W.var() * 300:.1f}")
    1.0

    References
    ----------
    Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, "Efficient BackProp", 1998, section 4.6.
    """


class Orthogonal(Initializer):
    """A matrix that changes no lengths: its columns (or rows, if it is wide) are orthogonal, of length `gain`.

    Products of many such matrices neither explode nor vanish, which recurrent layers live on. More axes are
    taken as one with the first left alone: (F, C, kh, kw) as F rows.

    >>> W = Orthogonal()((3, 2), rng=0)
    >>> np.allclose(W.T @ W, np.eye(2))
    True

    References
    ----------
    A. Saxe, J. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear
    neural networks", ICLR 2014. The signs that make every orthogonal matrix equally likely: F. Mezzadri,
    "How to generate random matrices from the classical compact groups", Notices of the AMS 54 (2007).
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = real_number("Orthogonal", "gain", gain)

    def _draw(self, shape: Shape, rng: np.random.Generator) -> Array:
        if len(shape) < 2:
            raise ValueError(f"an orthogonal matrix needs two axes or more; the shape is {shape}")
        rows, columns = shape[0], prod(shape[1:])
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        q *= np.sign(np.diagonal(r))
        return np.asarray(self.gain * (q if rows >= columns else q.T)).reshape(shape)


def fans(shape: Shape) -> tuple[int, int]:
    """How many terms a sum has on the way forth, and on the way back, for weights of this shape.

    A dense layer's are (in, out); those of a convolution (filters, channels, kernel …), so that each output
    is a sum over channels and kernel, and each input goes to filters times kernel.

    >>> fans((784, 100)), fans((8, 3, 5, 5))
    ((784, 100), (75, 200))
    """
    if len(shape) < 2:
        return prod(shape), prod(shape)
    if len(shape) == 2:
        return shape
    kernel = prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def initialize(params: Mapping[str, Array], initializer: Initializer, rng: Rng = None) -> None:
    """Draw all weights (the parameters of two axes or more) anew, in place; biases and scales stay as they are.

    Parameters
    ----------
    params : mapping of names to arrays
        Of a network or layer: ``network.params``.
    initializer : Initializer
    rng : None, int or numpy.random.Generator

    Examples
    --------
    >>> from gradcheck.analytic import TwoLayerNet
    >>> network = TwoLayerNet(784, 100, 10, rng=0)
    >>> initialize(network.params, He(), rng=0)
    >>> print(f"{network.params['W1'].var() * 784:.1f}")
    2.0
    """
    rng = np.random.default_rng(rng)
    for W in params.values():
        if W.ndim >= 2:
            W[...] = initializer(W.shape, rng, W.dtype)
