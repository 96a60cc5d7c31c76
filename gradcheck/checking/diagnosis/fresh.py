"""Points like the one given but not the same: explanations that fit by coincidence do not fit there."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def fresh_tensor(x: Array, rng: np.random.Generator) -> Array:
    """Other values within the range of the given ones, in another order; what is constant becomes varied.

    Zeros and ones (masks, one-hot targets) stay, rows that add up to 1 still do, a symmetric matrix stays one.

    Examples
    --------
    >>> x = np.array([[0.1, 0.9], [0.5, 0.5]])
    >>> fresh_tensor(x, np.random.default_rng(0)).sum(axis=1).round(12).tolist()
    [1.0, 1.0]
    """
    if np.all((x == 0) | (x == 1)) and len(np.unique(x)) > 1:
        return x.copy()
    if np.ptp(x) == 0 if x.size else True:
        return _varied(x, rng)
    if x.ndim and x.shape[-1] > 1 and np.all(x >= 0) and np.allclose(x.sum(axis=-1), 1):
        weights = x * rng.uniform(0.5, 1.5, x.shape)
        return np.asarray(weights / weights.sum(axis=-1, keepdims=True), x.dtype)
    typical = float(np.median(np.abs(x[x != 0]))) if np.any(x) else 1.0
    apart = rng.permutation(np.linspace(0.005, 0.02, x.size)).reshape(x.shape)  # no two closer than a step
    jitter = apart * typical * (1 if np.min(x) >= 0 else rng.choice([-1, 1], x.shape))
    one, other = (rng.permutation(x.ravel()).reshape(x.shape) for _ in range(2))
    mixed = one + rng.uniform(0, 0.3, x.shape) * (other - one)
    other = np.asarray(np.where(mixed == one, mixed + jitter, mixed), x.dtype)
    return np.asarray((other + other.T) / 2, x.dtype) if _is_symmetric(x) else other


def _is_symmetric(x: Array) -> bool:
    return x.ndim == 2 and x.shape[0] == x.shape[1] > 1 and np.array_equal(x, x.T)


def _varied(x: Array, rng: np.random.Generator) -> Array:
    if not np.any(x):
        return np.asarray(0.5 * rng.standard_normal(x.shape), x.dtype)
    return np.asarray(x * rng.uniform(0.7, 1.3, x.shape), x.dtype)


def with_the_same_ties(x: Array, rng: np.random.Generator) -> Array:
    """Other values in the same order: what was equal is still equal, what was zero is still zero.

    Examples
    --------
    >>> y = with_the_same_ties(np.array([0.0, 2.0, 2.0, -1.0]), np.random.default_rng(0))
    >>> float(y[0]), bool(y[1] == y[2]), bool(y[1] > 0 > y[3])
    (0.0, True, True)
    """
    size = float(np.max(np.abs(x), initial=0.0)) or 1.0
    amount = rng.uniform(0.1, 0.4)
    return np.asarray(x * (1 + amount * np.abs(x) / size), x.dtype)


def fresh_cotangent(v: Array, rng: np.random.Generator) -> Array:
    """Random, signed, never constant."""
    return np.asarray(rng.choice([-1.0, 1.0], v.shape) * rng.uniform(0.5, 1.5, v.shape), v.dtype)
