"""Right gradients that other checkers were seen to fail: here they agree, and one per cent off in one entry is caught.

Every case names the checker and what it stumbled over. "Undecided" is the answer only where double precision
itself cannot tell, and then the report says that it is so, and what to do.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from reading import said

from gradcheck import check

SINGLE, DOUBLE = np.float32, np.float64


def normal(*shape, seed=0, dtype=float):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@dataclass(frozen=True)
class Row:
    """A function and its right gradient, given as ``grad=`` or as ``backward=``."""

    name: str
    forward: Callable[..., Any]
    inputs: tuple[Any, ...]
    gradient: Callable[..., Any]
    kind: str = "backward"

    def check(self, gradient=None):
        return check(self.forward, *self.inputs, **{self.kind: gradient or self.gradient})

    def slightly_wrong(self):
        """The right gradient with its largest entry one per cent off."""

        @functools.wraps(self.gradient)  # with its signature
        def gradient(*args):
            gradients = self.gradient(*args)
            first, *others = gradients if isinstance(gradients, tuple) else (gradients,)
            first = np.array(first)
            worst = np.unravel_index(np.argmax(np.abs(first)), first.shape)
            first[worst] *= first.dtype.type(1.01)
            return (first, *others) if others else first

        return gradient


def scalar(name, forward, x, gradient):
    return Row(name, forward, (x,), gradient, "grad")


def elementwise(name, f, slope, x):
    return Row(name, f, (np.asarray(x),), lambda g, x: g * slope(x).astype(x.dtype))


def sum_of_squares(name, scale, dtype=DOUBLE):
    x = scale * normal(6, dtype=dtype)
    return scalar(name, lambda x: np.sum(x**2), x.astype(dtype), lambda x: 2 * x)


def relu(x):
    return np.maximum(x, 0)


def relu_slope(x):
    return x > 0


def log(name, x):
    return elementwise(name, np.log, lambda x: 1 / x, x)


def fast_sine(name):
    return elementwise(name, lambda x: np.sin(1000 * x), lambda x: 1000 * np.cos(1000 * x), [0.3, 0.7, -0.11])


def on_a_pedestal(name, height=1e8):
    return elementwise(name, lambda x: height + np.sin(x), np.cos, [0.3, 0.7, -0.11])


def affine(x, W, b):
    return x @ W + b


def affine_backward(g, x, W, b):
    return g @ W.T, x.T @ g, g.sum(0)


def log_softmax(x):
    shifted = x - x.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def log_softmax_backward(g, x):
    return g - np.exp(log_softmax(x)) * g.sum(-1, keepdims=True)


def max_pool(x):
    """2 by 2, over an image of even height and width."""
    H, W = x.shape
    return x.reshape(H // 2, 2, W // 2, 2).max(axis=(1, 3))


def max_pool_backward(g, x):
    """The first maximum of each window takes it all."""
    dx = np.zeros_like(x)
    for i, j in np.ndindex(g.shape):
        window = x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        dx[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].flat[np.argmax(window)] = g[i, j]
    return dx


TIED = np.array([[1.0, 1.0, 0.0, 2.0], [0.5, 1.0, 3.0, 3.0]])


def pooled(name, x):
    return Row(name, max_pool, (x,), max_pool_backward)


def cumprod_gradient(x):
    """``F_i = Σ_j v_j ∂(x_0 ⋯ x_j)/∂x_i = S_i / x_i`` with ``S_i = Σ_{j≥i} v_j x_0 ⋯ x_j``."""
    return np.cumsum((_V * np.cumprod(x))[::-1])[::-1] / x


def cumprod_gradient_backward(g, x):
    S = cumprod_gradient(x) * x
    later = np.maximum.outer(np.arange(x.size), np.arange(x.size))
    H = S[later] / np.outer(x, x)
    np.fill_diagonal(H, 0)
    return H @ g


_V = normal(6, seed=5)


def convolve_full(x, w):
    """Three axes, "full" padding."""
    y = np.zeros(tuple(n + k - 1 for n, k in zip(x.shape, w.shape, strict=True)), x.dtype)
    for i in np.ndindex(w.shape):
        y[tuple(slice(a, a + n) for a, n in zip(i, x.shape, strict=True))] += w[i] * x
    return y


def convolve_full_backward(g, x, w):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in np.ndindex(w.shape):
        window = g[tuple(slice(a, a + n) for a, n in zip(i, x.shape, strict=True))]
        dx += w[i] * window
        dw[i] = np.sum(window * x)
    return dx, dw


normal_cdf = np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)), otypes=[float])


def normal_pdf(x):
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


def linear(name, weights, dtype=DOUBLE):
    weights = np.asarray(weights, dtype)
    return scalar(name, lambda x: weights @ x, normal(len(weights), dtype=dtype), lambda x: weights.copy())


def product(x, n):
    """One float input and one of integers."""
    return x**n


ROWS = [
    Row("torch slow-float32 Linear(2, 1)", affine, (normal(3, 2, dtype=SINGLE), normal(2, 1, dtype=SINGLE),
        normal(1, dtype=SINGLE)), affine_backward),
    *(elementwise(f"torch slow-relu at {x:g}", relu, relu_slope, [x, 1.0, -2.0]) for x in (0.0, 1e-7, 5e-7)),
    pooled("torch slow-max-pool tie", TIED),
    sum_of_squares("torch slow-squares at 1e9", 1e9),
    log("torch slow-log at 1e-6", [1e-6, 2e-6]),
    elementwise("torch slow-sqrt at 1e-6", np.sqrt, lambda x: 0.5 / np.sqrt(x), [1e-6, 2e-6]),
    on_a_pedestal("torch slow-sine on a pedestal of 1e8"),
    Row("torch fast-gradient of the gradient of cumprod", cumprod_gradient, (normal(6),), cumprod_gradient_backward),
    Row("jax-log-softmax at 50, 60, -30 in float32", log_softmax, (np.array([50, 60, -30], SINGLE),),
        log_softmax_backward),
    scalar("jax-cubes at 1e3 in float32", lambda x: np.sum(x**3), 1e3 * normal(6, dtype=SINGLE), lambda x: 3 * x**2),
    elementwise("jax-relu at exactly 0 in float32", relu, relu_slope, np.array([0, 1, -2], SINGLE)),
    elementwise("jax-relu at exactly 0 in float64", relu, relu_slope, np.array([0, 1, -2], DOUBLE)),
    log("jax-log at 1e-6", [1e-6]),
    log("jax-log at 1e-3", [1e-3]),
    fast_sine("jax-sin(1000 x)"),
    on_a_pedestal("jax-sine on a pedestal of 1e8"),
    sum_of_squares("jax-squares at 1e4 in float32", 1e4, SINGLE),
    elementwise("jax-squares in a half precision", np.square, lambda x: 2 * x, np.array([0.5, 1.5, -3], np.float16)),
    elementwise("autograd-anything in float32", np.tanh, lambda x: 1 - np.tanh(x) ** 2, normal(5, dtype=SINGLE)),
    sum_of_squares("autograd-squares in float32", 1.0, SINGLE),
    sum_of_squares("autograd-squares at 1e4", 1e4),
    sum_of_squares("autograd-squares at 100", 100.0),
    log("autograd-log at 1e-6", [1e-6, 1.5e-6, 3e-6]),
    Row("chainer-float32 without dtype=float64", affine, (normal(4, 3, dtype=SINGLE), normal(3, 5, dtype=SINGLE),
        normal(5, dtype=SINGLE)), affine_backward),
    elementwise("chainer-relu of 10000", relu, relu_slope, normal(10_000)),
    fast_sine("chainer-sin(1000 x) declared not differentiable"),
    pooled("chainer-almost tied", np.array([[1.0, 1.0 + 1e-5], [0.3, 0.9]])),
    sum_of_squares("tensorflow-float32 above 3.3e4", 1e5, SINGLE),
    pooled("tensorflow-max-pool ties", np.ones((4, 6)) * np.array([[1.0], [1.0], [2.0], [2.0]])),
    scalar("theano-curvature", lambda x: np.sum(np.exp(50 * x)), np.array([0.1, 0.2, -0.1]),
           lambda x: 50 * np.exp(50 * x)),
    Row("theano-full convolution over three axes in float32", convolve_full,
        (normal(3, 4, 3, dtype=SINGLE), normal(2, 2, 2, dtype=SINGLE)), convolve_full_backward),
    elementwise("mxnet-ties in an activation", lambda x: np.clip(x, 0, 6), lambda x: (x > 0) & (x < 6),
                [0.0, 6.0, 0.0, 3.0, -1.0, 7.0]),
    scalar("caffe-half the sum of squares", lambda x: 0.5 * np.sum(x**2), normal(5), lambda x: x.copy()),
    scalar("caffe-the sum of squares", lambda x: np.sum(x**2), normal(5), lambda x: 2 * x),
    pooled("caffe-max ties", np.zeros((2, 4))),
    Row("chainrules-float32", log_softmax, (normal(3, 4, dtype=SINGLE),), log_softmax_backward),
    log("chainrules-not defined 1e-2 away", [5e-3, 1e-4]),
    elementwise("chainrules-not defined 1e-2 away to either side", np.arcsin, lambda x: 1 / np.sqrt(1 - x**2),
                [0.9999, -0.9999]),
    sum_of_squares("scipy-squares at 1e6", 1e6),
    scalar("scipy-a column vector", lambda x: np.sum(x**2), normal(4, 1), lambda x: 2 * x),
    linear("taylor test-a linear function", [3.0, -1.0, 0.5]),
    elementwise("taylor test-relu at 0.005", relu, relu_slope, [0.005, 1.0]),
    scalar("taylor test-rounding above the remainder", lambda x: 1e6 + np.sum(x**2), normal(3), lambda x: 2 * x),
    elementwise("stan-tails of a distribution", normal_cdf, normal_pdf, [-5.0, -12.0, -30.0]),
    elementwise("stan-tails of its logarithm", lambda x: np.log(normal_cdf(x)), lambda x: normal_pdf(x) / normal_cdf(x),
                [-5.0, -12.0, -30.0]),
    linear("ceres-a small entry", [2.7e-8, 1e-8]),
    elementwise("cs231n-float32", np.exp, np.exp, normal(4, dtype=SINGLE)),
    Row("cs231n-integers beside floats", product, (np.array([1.5, -2.0]), np.array([2, 3])),
        lambda g, x, n: g * n * x ** (n - 1)),
    fast_sine("numdifftools and jacobi-sin(1000 x)"),
    elementwise("jacobi-clip at 0.999", lambda x: np.clip(x, -1, 1), lambda x: abs(x) < 1, [0.999, 0.2, 1.001]),
    elementwise("scipy.differentiate-relu at 1e-6", relu, relu_slope, [1e-6, -1e-6, 1.0]),
    log("numdifftools-log at 1e-6", [1e-6]),
    elementwise("numdifftools-sqrt at 1e-4", np.sqrt, lambda x: 0.5 / np.sqrt(x), [1e-4]),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_right_gradient_agrees(row):
    report = row.check()
    assert report.verdict == "agree", str(report)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_one_per_cent_in_one_entry_is_caught(row):
    report = row.check(row.slightly_wrong())
    assert report.verdict == "disagree", str(report)
    assert sum(int(comparison.wrong.sum()) for comparison in report.tensors) == 1


def test_a_small_entry_beside_a_large_one_is_compared_by_its_own_size():
    """Ceres: 7.1e-8 against 2.7e-8, in a row with numbers of size 1."""
    weights = np.array([1.0, 2.7e-8, -3.0])
    assert check(lambda x: weights @ x, np.ones(3), grad=lambda x: weights.copy()).ok
    report = check(lambda x: weights @ x, np.ones(3), grad=lambda x: np.array([1.0, 7.1e-8, -3.0]))
    assert np.flatnonzero(report["x"].wrong).tolist() == [1]


def test_a_factor_of_two_in_the_convention_of_a_loss_is_seen_as_exactly_two():
    """Caffe: failures by exactly 2 that nobody could explain."""
    report = check(lambda x: 0.5 * np.sum(x**2), normal(5), grad=lambda x: 2 * x)
    assert report.verdict == "disagree"
    assert "ratio 2 " in said(report)


def test_integers_alone_are_nothing_to_check_and_not_a_right_gradient():
    """CS231n: the numerical gradient at [1, 2, 3] came out as 49999, 150000, 249999, since x + h is x again."""
    with pytest.raises((TypeError, ValueError), match=r"int.*astype\(float\)"):
        check(lambda x: np.sum(x**2), np.array([1, 2, 3]), grad=lambda x: 2 * x)


def test_zero_against_zero_is_no_division_by_zero():
    """CS231n: 0/0 in the relative error of two gradients that are both zero."""
    report = check(lambda x: np.sum(x[:2] ** 2), normal(4), grad=lambda x: np.append(2 * x[:2], [0.0, 0.0]))
    assert report.verdict == "agree", str(report)
    report = check(lambda x: np.sum(0 * x), normal(4), grad=np.zeros_like)
    assert report.verdict == "agree", str(report)


def test_an_output_that_is_nan_leaves_the_verdict_open_and_is_named():
    """ChainRules: one NaN or infinite output spoils the step of all others."""
    report = check(lambda x: np.append(x**2, np.nan), np.ones(2), backward=lambda g, x: 2 * x * g[:2])
    assert report.verdict == "undecided"
    assert "the forward returns NaN or infinity at this point; choose inputs inside its domain" in said(report)


@pytest.mark.parametrize("height", [1e15, 1e18])
def test_undecided_where_double_precision_cannot_tell_and_the_report_says_why(height):
    """JAX, taylor test: at 1e15 doubles are 0.125 apart, so sin x is not there any more."""
    row = on_a_pedestal("", height)
    for gradient in (row.gradient, lambda g, x: row.gradient(g, x) * [1.01, 1, 1]):
        report = row.check(gradient)
        assert report.verdict == "undecided", str(report)
        assert "rounding in the forward hides errors below" in said(report)
        assert not report


def test_a_pair_may_keep_its_cache_where_it_likes():
    """No row, but a right gradient all the same: what a pair shares is its own affair."""
    cache = {}

    def forward(x):
        cache["x"] = x
        return x**2

    assert check(forward, normal(3), backward=lambda g: 2 * cache["x"] * g)
