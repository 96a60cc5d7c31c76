"""Twenty mistakes that people make in backward passes, planted in the layers that are raced.

Each is a layer's own backward (or forward) with one thing wrong, as it is found in the wild.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cases as right
import numpy as np
from cases import Array


@dataclass(frozen=True)
class Raced:
    """A layer at a size: its right pair and its inputs."""

    name: str
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    inputs: tuple[Array, ...]

    @property
    def entries(self) -> int:
        """Of all inputs."""
        return sum(x.size for x in self.inputs)


def raced_layers(small: bool, seed: int = 0) -> dict[str, Raced]:
    """The layers by name, at the size raced or so small that every entry may be differenced twenty times."""
    rng = np.random.default_rng(seed)
    N, D, H = (5, 7, 4) if small else (20, 50, 40)
    layers = [
        Raced("tanh", right.tanh, right.tanh_backward, (rng.normal(size=(6, 8) if small else (64, 128)),)),
        Raced("softmax", right.softmax, right.softmax_backward, (rng.normal(size=(6, 5) if small else (128, 10)),)),
        Raced(
            "dense", right.dense, right.dense_backward,
            (rng.normal(size=(N, D)), rng.normal(size=(D, H)), rng.normal(size=H)),
        ),
        Raced(
            "convolution", right.convolution, right.convolution_backward,
            (rng.normal(size=(2, 2, 6, 5) if small else (4, 3, 16, 16)),
             rng.normal(size=(3, 2, 3, 3) if small else (8, 3, 3, 3))),
        ),
        Raced(
            "layer norm", right.layer_norm, right.layer_norm_backward,
            (rng.normal(size=(N, D)), rng.uniform(0.5, 1.5, D), rng.normal(size=D)),
        ),
    ]  # fmt: skip
    return {layer.name: layer for layer in layers}


def tanh_without_square(dy: Array, y: Array) -> Array:
    return dy * (1 - y)


def tanh_of_tanh(dy: Array, y: Array) -> Array:
    return dy * (1 - np.tanh(y) ** 2)


def tanh_of_absolute_upstream(dy: Array, y: Array) -> Array:
    return np.abs(dy) * (1 - y**2)


def tanh_in_place(dy: Array, y: Array) -> Array:
    dx = dy * (1 - y**2)
    dy *= 0  # "free" the upstream gradient
    return dx


def tanh_one_entry(dy: Array, y: Array) -> Array:
    dx = dy * (1 - y**2)
    dx.flat[17] *= 1.01
    return dx


def tanh_by_half_a_permille(dy: Array, y: Array) -> Array:
    return 1.0005 * dy * (1 - y**2)


def tanh_in_single(dy: Array, y: Array) -> Array:
    return (dy * (1 - y**2)).astype(np.float32)


def tiny_tanh(x: Array) -> tuple[Array, Any]:
    y = np.tanh(x)
    return 1e-8 * y, y


def tiny_tanh_of_wrong_sign(dy: Array, y: Array) -> Array:
    return -1e-8 * dy * (1 - y**2)


def softmax_diagonal_only(dy: Array, y: Array) -> Array:
    return dy * y * (1 - y)


def softmax_over_the_batch(dy: Array, y: Array) -> Array:
    return y * (dy - (dy * y).sum(axis=0, keepdims=True))


def dense_mean_of_bias(dy: Array, cache: Any) -> tuple[Array, ...]:
    dx, dW, db = right.dense_backward(dy, cache)
    return dx, dW, db / len(dy)


def dense_mean_of_weights(dy: Array, cache: Any) -> tuple[Array, ...]:
    dx, dW, db = right.dense_backward(dy, cache)
    return dx, dW / len(dy), db


def dense_without_upstream(dy: Array, cache: Any) -> tuple[Array, ...]:
    _, dW, db = right.dense_backward(dy, cache)
    return np.ones_like(dy) @ cache[1].T, dW, db


def dense_two_swapped(dy: Array, cache: Any) -> tuple[Array, ...]:
    dx, dW, db = right.dense_backward(dy, cache)
    dW.flat[[3, 11]] = dW.flat[[11, 3]]
    return dx, dW, db


class SharedCache:
    """A dense layer whose cache lives on the class: the backward of two instances sees the last forward of either."""

    cache: Any = None

    @staticmethod
    def forward(x: Array, W: Array, b: Array) -> tuple[Array, Any]:
        out, SharedCache.cache = right.dense(x, W, b)
        return out, None

    @staticmethod
    def backward(dy: Array, cache: Any) -> tuple[Array, ...]:
        return right.dense_backward(dy, SharedCache.cache)


def convolution_flipped(dy: Array, cache: Any) -> tuple[Array, ...]:
    dx, dW = right.convolution_backward(dy, cache)
    return dx, dW[:, :, ::-1, ::-1].copy()


def convolution_shifted(dy: Array, cache: Any) -> tuple[Array, ...]:
    dx, dW = right.convolution_backward(dy, cache)
    return np.roll(dx, 1, axis=3), dW


def layer_norm_without_mean(dy: Array, cache: Any) -> tuple[Array, ...]:
    normal, s, gamma = cache
    dnormal = dy * gamma
    dx = (dnormal - normal * (dnormal * normal).mean(axis=1, keepdims=True)) / s
    return dx, (dy * normal).sum(axis=0), dy.sum(axis=0)


def layer_norm_without_deviation(dy: Array, cache: Any) -> tuple[Array, ...]:
    normal, s, gamma = cache
    dnormal = dy * gamma
    dx = (dnormal - dnormal.mean(axis=1, keepdims=True)) / s
    return dx, (dy * normal).sum(axis=0), dy.sum(axis=0)


def layer_norm_without_epsilon(dy: Array, cache: Any) -> tuple[Array, ...]:
    normal, s, gamma = cache
    return right.layer_norm_backward(dy, (normal, np.sqrt(s**2 - 1e-5), gamma))


PLANTED: list[tuple[str, str, Callable[..., Any] | None, Callable[..., Any]]] = [
    ("tanh", "1 − y for 1 − y²", None, tanh_without_square),
    ("tanh", "derivative taken at the output", None, tanh_of_tanh),
    ("tanh", "absolute value of the upstream gradient", None, tanh_of_absolute_upstream),
    ("tanh", "upstream gradient overwritten", None, tanh_in_place),
    ("tanh", "one entry wrong by 1 %", None, tanh_one_entry),
    ("tanh", "every entry wrong by 0.05 %", None, tanh_by_half_a_permille),
    ("tanh", "gradient in single precision", None, tanh_in_single),
    ("tanh", "wrong sign at a scale of 1e-8", tiny_tanh, tiny_tanh_of_wrong_sign),
    ("softmax", "diagonal of the Jacobian only", None, softmax_diagonal_only),
    ("softmax", "summed over the batch axis", None, softmax_over_the_batch),
    ("dense", "db a mean, not a sum", None, dense_mean_of_bias),
    ("dense", "dW a mean, not a sum", None, dense_mean_of_weights),
    ("dense", "dx without the upstream gradient", None, dense_without_upstream),
    ("dense", "two entries of dW swapped", None, dense_two_swapped),
    ("dense", "cache shared by all instances", SharedCache.forward, SharedCache.backward),
    ("convolution", "dW with the kernel flipped", None, convolution_flipped),
    ("convolution", "dx shifted by one column", None, convolution_shifted),
    ("layer norm", "no path through the mean", None, layer_norm_without_mean),
    ("layer norm", "no path through the deviation", None, layer_norm_without_deviation),
    ("layer norm", "ε forgotten on the way back", None, layer_norm_without_epsilon),
]
"""Layer, mistake, the forward where it is not the layer's own, and the backward."""


def planted(small: bool) -> list[tuple[str, Raced]]:
    """Every mistake as a layer with that mistake, by name."""
    layers = raced_layers(small)
    return [
        (f"{name}: {mistake}", Raced(name, forward or layers[name].forward, backward, layers[name].inputs))
        for name, mistake, forward, backward in PLANTED
    ]
