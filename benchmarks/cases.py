"""The layers that the benchmarks measure, each as a forward/backward pair in plain NumPy.

What is in :mod:`gradcheck.analytic` is not used here: the benchmarks count and time the checker, and a pair shows
all of what is checked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from gradcheck import Report, check

Array = NDArray[Any]

WRONG_AT = 71_234
"""Which of 100,000 entries is wrong where one is."""


def tanh(x: Array) -> tuple[Array, Any]:
    y = np.tanh(x)
    return y, y


def tanh_backward(dy: Array, y: Array) -> Array:
    return dy * (1 - y**2)


def softmax(x: Array) -> tuple[Array, Any]:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    return y, y


def softmax_backward(dy: Array, y: Array) -> Array:
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


def dense(x: Array, W: Array, b: Array) -> tuple[Array, Any]:
    return x @ W + b, (x, W)


def dense_backward(dy: Array, cache: tuple[Array, Array]) -> tuple[Array, Array, Array]:
    x, W = cache
    return dy @ W.T, x.T @ dy, dy.sum(axis=0)


def batch_norm(x: Array, gamma: Array, beta: Array) -> tuple[Array, Any]:
    return _normalize(x, gamma, beta, axis=0)


def batch_norm_backward(dy: Array, cache: Any) -> tuple[Array, Array, Array]:
    return _normalize_backward(dy, cache, axis=0)


def layer_norm(x: Array, gamma: Array, beta: Array) -> tuple[Array, Any]:
    return _normalize(x, gamma, beta, axis=1)


def layer_norm_backward(dy: Array, cache: Any) -> tuple[Array, Array, Array]:
    return _normalize_backward(dy, cache, axis=1)


def _normalize(x: Array, gamma: Array, beta: Array, axis: int) -> tuple[Array, Any]:
    s = np.sqrt(x.var(axis=axis, keepdims=True) + 1e-5)
    normal = (x - x.mean(axis=axis, keepdims=True)) / s
    return gamma * normal + beta, (normal, s, gamma)


def _normalize_backward(dy: Array, cache: Any, axis: int) -> tuple[Array, Array, Array]:
    normal, s, gamma = cache
    dnormal = dy * gamma
    through_mean = dnormal.mean(axis=axis, keepdims=True)
    through_deviation = normal * (dnormal * normal).mean(axis=axis, keepdims=True)
    dx = (dnormal - through_mean - through_deviation) / s
    return dx, (dy * normal).sum(axis=0), dy.sum(axis=0)


def max_pool(x: Array) -> tuple[Array, Any]:
    N, C, H, W = x.shape
    blocks = x.reshape(N, C, H // 2, 2, W // 2, 2)
    y = blocks.max(axis=(3, 5))
    return y, blocks == y[:, :, :, None, :, None]


def max_pool_backward(dy: Array, largest: Array) -> Array:
    N, C, OH, _, OW, _ = largest.shape
    return (largest * dy[:, :, :, None, :, None]).reshape(N, C, 2 * OH, 2 * OW)


def convolution(x: Array, W: Array) -> tuple[Array, Any]:
    windows = sliding_window_view(x, W.shape[2:], axis=(2, 3))  # (N, C, OH, OW, KH, KW)
    return np.einsum("ncpqij,fcij->nfpq", windows, W, optimize=True), (x.shape, windows, W)


def convolution_backward(dy: Array, cache: Any) -> tuple[Array, Array]:
    shape, windows, W = cache
    dW = np.einsum("nfpq,ncpqij->fcij", dy, windows, optimize=True)
    dx = np.zeros(shape)
    OH, OW = dy.shape[2:]
    for i, j in np.ndindex(W.shape[2:]):
        dx[:, :, i : i + OH, j : j + OW] += np.einsum("nfpq,fc->ncpq", dy, W[:, :, i, j])
    return dx, dW


def coupled(x: Array) -> Array:
    """No separable axis, and a scalar: every entry meets every other."""
    return np.asarray(np.sum(np.sin(x)) + np.sum(x**2) * np.mean(x))


def coupled_gradient(x: Array) -> Array:
    return np.cos(x) + 2 * x * np.mean(x) + np.sum(x**2) / x.size


def coupled_gradient_one_wrong(x: Array) -> Array:
    g = coupled_gradient(x)
    g[WRONG_AT] *= 1.5
    return g


class Network:
    """784-100-10 with a sigmoid and softmax cross-entropy, as ``loss(x, t)``, ``gradient(x, t)``, ``params``."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.params = {
            "W1": rng.normal(0, 1 / 28, (784, 100)), "b1": rng.normal(0, 0.1, 100),
            "W2": rng.normal(0, 0.1, (100, 10)), "b2": rng.normal(0, 0.1, 10),
        }  # fmt: skip

    def _forward(self, x: Array) -> tuple[Array, Array]:
        p = self.params
        z = 1 / (1 + np.exp(-(x @ p["W1"] + p["b1"])))
        return z, softmax(z @ p["W2"] + p["b2"])[0]

    def loss(self, x: Array, t: Array) -> Any:
        _, y = self._forward(x)
        return -np.log(y[np.arange(len(t)), t]).mean()

    def gradient(self, x: Array, t: Array) -> dict[str, Array]:
        z, y = self._forward(x)
        dy = (y - np.eye(10)[t]) / len(t)
        dz = dy @ self.params["W2"].T * z * (1 - z)
        return {"W1": x.T @ dz, "b1": dz.sum(axis=0), "W2": z.T @ dy, "b2": dy.sum(axis=0)}


@dataclass(frozen=True)
class Case:
    """One row of the table of evaluations.

    Attributes
    ----------
    name : str
    entries : int
        Of the tensor (or of all the tensors).
    run : callable
        ``run(exhaustive)`` checks it and returns the report.
    first_limit, exhaustive_limit : int or None
        The most evaluations allowed; None where it is not measured that way.
    wrong_at : int or None
        The flat index of the one entry that is wrong, and is to be located.
    """

    name: str
    entries: int
    run: Callable[[bool], Report]
    first_limit: int | None = 40
    exhaustive_limit: int | None = None
    wrong_at: int | None = None

    def told_right(self, report: Report) -> bool:
        """Whether the verdict is true, and a wrong entry was found where it is."""
        wrong = [int(i) for comparison in report.tensors for i in np.flatnonzero(comparison.wrong)]
        return report.ok == (self.wrong_at is None) and wrong == ([] if self.wrong_at is None else [self.wrong_at])


def evaluation_cases(seed: int = 0) -> list[Case]:
    """Every case whose forward evaluations are promised, with the promise."""
    rng = np.random.default_rng(seed)
    layers: list[tuple[str, Any, Any, dict[str, Array], dict[str, int]]] = [
        ("elementwise tanh", tanh, tanh_backward, {"x": rng.normal(size=(64, 128))}, {"x": 64}),
        ("softmax over rows", softmax, softmax_backward, {"x": rng.normal(size=(128, 10))}, {"x": 128}),
        (
            "dense 784→100, batch 32", dense, dense_backward,
            {"x": rng.normal(size=(32, 784)), "W": rng.normal(0, 1 / 28, (784, 100)), "b": rng.normal(size=100)},
            {"W": 3400, "b": 64},
        ),
        (
            "batch norm", batch_norm, batch_norm_backward,
            {"x": rng.normal(size=(64, 128)), "gamma": rng.uniform(0.5, 1.5, 128), "beta": rng.normal(size=128)},
            {"x": 560},
        ),
        ("max pooling 2×2", max_pool, max_pool_backward, {"x": distinct(rng, (4, 3, 8, 8))}, {"x": 400}),
        (
            "convolution", convolution, convolution_backward,
            {"x": rng.normal(size=(4, 3, 8, 8)), "W": rng.normal(size=(8, 3, 3, 3))},
            {"W": 200},
        ),
    ]  # fmt: skip
    cases = [
        _layer_case(name, forward, backward, inputs, tensor, limit)
        for name, forward, backward, inputs, limits in layers
        for tensor, limit in limits.items()
    ]
    x = rng.normal(size=100_000)
    network, images, labels = Network(rng), rng.uniform(size=(100, 784)), rng.integers(10, size=100)
    return [
        *cases,
        Case(
            "one wrong entry among 100,000, located", x.size,
            lambda _: check(coupled, x, grad=coupled_gradient_one_wrong), first_limit=200, wrong_at=WRONG_AT,
        ),
        Case(
            "network 784-100-10, batch 100", sum(p.size for p in network.params.values()),
            lambda _: check(network, images, labels), first_limit=200,
        ),
    ]  # fmt: skip


def distinct(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Values of which no two are closer than 0.01: maxima without ties."""
    return rng.permutation(np.linspace(-2, 2, int(np.prod(shape)))).reshape(shape)


def _layer_case(name: str, forward: Any, backward: Any, inputs: dict[str, Array], tensor: str, limit: int) -> Case:
    value = inputs[tensor]
    return Case(
        f"{name}, {tensor} {'×'.join(map(str, value.shape))}", value.size,
        lambda exhaustive: check(
            forward, *inputs.values(), backward=backward, wrt=tensor, exhaustive=exhaustive
        ),
        exhaustive_limit=limit,
    )  # fmt: skip
