"""Normalisations: numbers brought to mean 0 and variance 1 over some axes, then scaled and shifted.

All rest on one pair of functions. With n numbers x, x̂ = (x − μ) / s and s = √(σ² + ε), each x_j moves all
of x̂: by itself, through the mean μ, and through the deviation s. As ∂μ/∂x_j = 1/n and ∂s/∂x_j = x̂_j / n,

    ∂x̂_i/∂x_j = (δ_ij − 1/n − x̂_i x̂_j / n) / s,
    dx_j = Σ_i dx̂_i ∂x̂_i/∂x_j = (dx̂_j − mean(dx̂) − x̂_j mean(dx̂ x̂)) / s.

The two means are what is forgotten when μ and s are taken for constants.
"""

from math import prod

import numpy as np

from gradcheck.analytic.validation import Array

Axes = tuple[int, ...]


def normalize(x: Array, axes: Axes, epsilon: float) -> tuple[Array, Array, Array, Array]:
    """x̂ = (x − μ) / s over these axes, with s = √(σ² + ε), μ and σ², which keep the axes at length 1."""
    mean = x.mean(axis=axes, keepdims=True)
    normal = x - mean
    variance = mean_product(normal, normal, axes)
    s = np.sqrt(variance + epsilon)
    normal /= s
    return normal, s, mean, variance


def normalize_backward(dnormal: Array, normal: Array, s: Array, axes: Axes) -> Array:
    """From dx̂ to dx, through x itself, the mean and the deviation."""
    mean = dnormal.mean(axis=axes, keepdims=True)
    return through_statistics(dnormal, normal, 1 / s, mean, mean_product(dnormal, normal, axes))


def through_statistics(dnormal: Array, normal: Array, scale: Array, mean: Array, product: Array) -> Array:
    """The formula above, scale · (dx̂ − mean − x̂ · product), given its two means."""
    dx = dnormal - mean
    dx -= normal * product
    dx *= scale
    return dx


def sum_product(a: Array, b: Array, axes: Axes) -> Array:
    """Σ a b over these axes, without an array for the products."""
    letters = "abcdefghijklmnopqrstuvwxyz"[: a.ndim]
    kept = "".join(letter for axis, letter in enumerate(letters) if axis not in axes)
    total: Array = np.einsum(f"{letters},{letters}->{kept}", a, b)
    return total


def mean_product(a: Array, b: Array, axes: Axes) -> Array:
    """The mean of a b over these axes, which stay, at length 1."""
    kept = tuple(1 if axis in axes else side for axis, side in enumerate(a.shape))
    count = prod(a.shape[axis] for axis in axes)
    return sum_product(a, b, axes).reshape(kept) / a.dtype.type(count)


def along_channels(v: Array, x: Array) -> Array:
    """A vector (C,) as (1, C, 1, ...), to be broadcast along axis 1 of x."""
    return v.reshape(1, -1, *[1] * (x.ndim - 2))


def all_but_channels(x: Array) -> Axes:
    """The axes of x but axis 1."""
    return tuple(axis for axis in range(x.ndim) if axis != 1)
