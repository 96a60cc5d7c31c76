"""Wrong gradients that other checkers were seen to pass, each beside the right one: here the first is caught.

Every case names the checker, and what it overlooked. Where the numbers are to blame, the right gradient must agree and
the wrong entries must be named exactly; where the backward misbehaves, the check of its conduct must say so; where the
inputs cannot tell right from wrong, the report must warn, and other inputs must tell.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from reading import said

from gradcheck import check
from gradcheck.numerical import numerical_vjp

ABC = np.array([1.0, 2.0, 3.0])
EVERYWHERE, SOMEWHERE = "everywhere", "somewhere"


def normal(*shape, seed=0, dtype=float):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


@dataclass(frozen=True)
class Row:
    """A function, its right gradient, the wrong one that was passed, and where that is wrong."""

    name: str
    forward: Callable[..., Any]
    inputs: tuple[Any, ...]
    right: Any
    wrong: Any
    at: Any = EVERYWHERE
    kind: str = "grad"

    def check(self, gradient):
        return check(self.forward, *self.inputs, **{self.kind: gradient})


def parametrised(rows):
    return pytest.mark.parametrize("row", rows, ids=[row.name for row in rows])


# ------------------------------------------------------------------------------ a scalar function and its gradient


def square(scale, size, dtype=float):
    """``scale · Σ x²`` with the sign of its gradient flipped: a tolerance that knows no scale takes 0 for -0."""
    scale = dtype(scale)
    return {
        "forward": lambda x: scale * np.sum(x**2),
        "inputs": (normal(size, dtype=dtype) if size > 3 else ABC.astype(dtype),),
        "right": lambda x: 2 * scale * x,
        "wrong": lambda x: -2 * scale * x,
    }


def mean_square(size):
    """``mean(x²)`` with no gradient at all: a tolerance that grows with the size takes 0 for 2x/n."""
    return {
        "forward": lambda x: np.dot(x, x) / x.size,
        "inputs": (normal(size),),
        "right": lambda x: 2 * x / x.size,
        "wrong": np.zeros_like,
        "at": EVERYWHERE if size <= 4096 else SOMEWHERE,
    }


def cubes(factor):
    return {
        "forward": lambda x: np.sum(x**3),
        "inputs": (ABC,),
        "right": lambda x: 3 * x**2,
        "wrong": lambda x: factor * 3 * x**2,
    }


def linear(weights, wrong, at=EVERYWHERE, dtype=float):
    weights, wrong = np.asarray(weights, dtype), np.asarray(wrong, dtype)
    return {
        "forward": lambda x: weights @ x,
        "inputs": (normal(len(weights), dtype=dtype),),
        "right": lambda x: weights.copy(),
        "wrong": lambda x: wrong.copy(),
        "at": at,
    }


def quadratic_but(entries, error, size):
    """``½ Σ a x²``, whose gradient is wrong in a few entries."""
    slopes = 1 + np.random.default_rng(1).random(size)
    wrong = np.ones(size)
    wrong[entries] += error
    return {
        "forward": lambda x: 0.5 * np.sum(slopes * x**2),
        "inputs": (normal(size),),
        "right": lambda x: slopes * x,
        "wrong": lambda x: slopes * x * wrong,
        "at": [(i,) for i in entries],
    }


SCALAR = [
    Row("torch slow-sign flipped at scale 1e-7", **square(1e-7, 3)),
    Row("torch slow-0.09 per cent too large", **cubes(1.0009)),
    *(Row(f"torch fast-no gradient of a mean over {n}", **mean_square(n)) for n in (3000, 10_000, 100_000)),
    Row("jax-sign flipped at scale 1e-6 in float32", **square(1e-6, 3, np.float32)),
    Row("jax-sign flipped at scale 1e-8 in float64", **square(1e-8, 3)),
    Row("autograd-sign flipped at scale 1e-8", **square(1e-8, 20)),
    Row("autograd-sign flipped at scale 1e-7", **square(1e-7, 20)),
    Row("chainer-sign flipped at scale 1e-6", **square(1e-6, 10)),
    Row("chainer-one of 10000 entries 10 per cent wrong", **quadratic_but([4321], 0.1, 10_000)),
    Row("tensorflow-an error below the absolute bound", **linear([3e-6, 2e-6], [3e-6, 1e-6], at=[(1,)])),
    Row("theano-minus 4e-5 for 4e-5 in float64", **linear([4e-5, 4e-5], [-4e-5, 4e-5], at=[(0,)])),
    Row("theano-minus 4e-3 for 4e-3 in float32", **linear([4e-3, 4e-3], [-4e-3, 4e-3], [(0,)], np.float32)),
    Row("theano-errors that cancel along positive projections", **linear([1, 2, 3], [1.5, 1.5, 3], at=[(0,), (1,)])),
    Row("caffe-zero for 0.009", **linear([0.009, 1.0], [0.0, 1.0], at=[(0,)])),
    Row("chainrules-minus 1 for 1 beside 1e9", **linear([1e9, 1.0], [1e9, -1.0], at=[(1,)])),
    Row("mooncake-off by 1e-3 at unit scale", **linear([1.0, -1.0, 0.7], [1.0, -0.999, 0.7], at=[(1,)])),
    Row("mooncake-sign of a gradient of size 9e-4", **linear([9e-4, 8e-4], [-9e-4, 8e-4], at=[(0,)])),
    Row("scipy-sign flipped at scale 1e-8", **square(1e-8, 5)),
    Row("taylor test-0.1 per cent off a cube", **cubes(1.001)),
    Row("taylor test-0.01 per cent off a cube", **cubes(1.0001)),
    Row("stan-sign of entries below 1e-8", **linear([5e-9, 1.0, 3e-9], [-5e-9, 1.0, 0.0], at=[(0,), (2,)])),
    Row(
        "cs231n-a closure that ignores its argument",
        forward=lambda x: np.sum(ABC**2),
        inputs=(ABC,),
        right=np.zeros_like,
        wrong=lambda x: 2 * x,
    ),
    Row(
        "cs231n-one wrong row among a hundred",
        forward=lambda W: 0.5 * np.sum((W @ normal(50, seed=2)) ** 2),
        inputs=(normal(100, 50),),
        right=lambda W: np.outer(W @ normal(50, seed=2), normal(50, seed=2)),
        wrong=lambda W: np.outer((W @ normal(50, seed=2)) * (np.arange(100) != 37), normal(50, seed=2)),
        at=SOMEWHERE,
    ),
]


# --------------------------------------------------------------------------------- a forward and its backward


def without(entries, gradient):
    gradient = gradient.copy()
    gradient[entries] = 0
    return gradient


def swapped(gradient, i=3, j=7):
    gradient = gradient.copy()
    gradient[[i, j]] = gradient[[j, i]]
    return gradient


def sorting(size):
    def right(g, x):
        dx = np.empty_like(x)
        dx[np.argsort(x)] = g
        return dx

    return {
        "forward": np.sort,
        "inputs": (normal(size),),
        "right": right,
        "wrong": lambda g, x: swapped(right(g, x)),
        "at": [(3,), (7,)],
    }


def sine_without_gradient(size, dtype):
    return {
        "forward": np.sin,
        "inputs": (normal(size, dtype=dtype),),
        "right": lambda g, x: g * np.cos(x),
        "wrong": lambda g, x: np.zeros_like(x),
    }


def layer_norm(x, eps=1e-5):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps)


def layer_norm_backward(g, x, eps=1e-5):
    y, std = layer_norm(x, eps), np.sqrt(x.var(-1, keepdims=True) + eps)
    return (g - g.mean(-1, keepdims=True) - y * (g * y).mean(-1, keepdims=True)) / std


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_backward(g, x):
    y = softmax(x)
    return y * (g - (g * y).sum(-1, keepdims=True))


def batch_norm_backward(g, x):
    return layer_norm_backward(g.T, x.T).T


def relu(x):
    return np.maximum(x, 0)


def relu_backward(g, x):
    return g * (x > 0)


def moments(x):
    return np.sum(x, 0), np.sum(x**2, 0)


PAIRS = [
    Row(
        "torch slow-layer norm without its eps",
        layer_norm,
        (normal(4, 6),),
        layer_norm_backward,
        lambda g, x: layer_norm_backward(g, x, eps=0.0),
    ),
    *(Row(f"torch fast-two of {n} sorted entries swapped", **sorting(n)) for n in (200, 5000)),
    *(
        Row(
            f"torch fast-first of {n} entries zero",
            np.square,
            (normal(n),),
            lambda g, x: 2 * x * g,
            lambda g, x: without(0, 2 * x * g),
            [(0,)],
        )
        for n in (1000, 100_000)
    ),
    Row(
        "torch fast-sign of an output beside one of 1e8",
        lambda x: np.array([1e8, 1.0]) * x,
        (np.array([0.3, 0.7]),),
        lambda g, x: g * np.array([1e8, 1.0]),
        lambda g, x: g * np.array([1e8, -1.0]),
        [(1,)],
    ),
    Row("jax-zeros for sin of 1000 in float32", **sine_without_gradient(1000, np.float32)),
    Row("jax-zeros for sin of 200000 in float64", **sine_without_gradient(200_000, float)),
    Row(
        "mxnet-the second output is forgotten",
        moments,
        (normal(5, 3),),
        lambda g, h, x: g + 2 * x * h,
        lambda g, h, x: g + 0 * x,
    ),
    Row(
        "caffe-anything within the band around a kink",
        relu,
        (np.array([0.005, -0.005, 0.009, -1.0, 2.0]),),
        relu_backward,
        lambda g, x: g * (x > 0.01),
        [(0,), (2,)],
    ),
    Row(
        "caffe-the output as cotangent hides where it is zero",
        relu,
        (np.array([[1.0, -2.0], [-0.5, 3.0]]),),
        relu_backward,
        lambda g, x: g.copy(),
        [(0, 1), (1, 0)],
    ),
    Row(
        "stan-sign of a Hessian entry of 5e-4",
        lambda x: np.array([x[0] + 5e-4 * x[1], 5e-4 * x[0] + 3 * x[1]]),
        (np.array([0.4, -0.8]),),
        lambda v, x: np.array([v[0] + 5e-4 * v[1], 5e-4 * v[0] + 3 * v[1]]),
        lambda v, x: np.array([v[0] - 5e-4 * v[1], -5e-4 * v[0] + 3 * v[1]]),
    ),
    Row(
        "shared by all-constant cotangent through layer norm",
        layer_norm,
        (normal(4, 6),),
        layer_norm_backward,
        lambda g, x: g - g.mean(-1, keepdims=True),
    ),
    Row(
        "shared by all-constant cotangent through softmax",
        softmax,
        (normal(4, 6),),
        softmax_backward,
        lambda g, x: softmax(x) * (g - g.mean(-1, keepdims=True)),
    ),
    Row(
        "shared by all-constant cotangent through batch norm",
        lambda x: layer_norm(x.T).T,
        (normal(8, 5),),
        batch_norm_backward,
        lambda g, x: g - g.mean(0),
    ),
]
PAIRS = [Row(**{**vars(row), "kind": "backward"}) for row in PAIRS]


@parametrised(SCALAR + PAIRS)
def test_the_right_gradient_agrees(row):
    report = row.check(row.right)
    assert report.verdict == "agree", str(report)


@parametrised(SCALAR + PAIRS)
def test_the_wrong_gradient_is_caught_where_it_is_wrong(row):
    report = row.check(row.wrong)
    (comparison,) = report.tensors
    assert comparison.verdict == "disagree", str(report)
    assert comparison.wrong[comparison.worst]
    if row.at == EVERYWHERE:
        assert comparison.wrong.all()
    elif row.at == SOMEWHERE:  # too many to find them all, but whatever is named must be wrong indeed
        claimed, true = row.wrong(*row.inputs), row.right(*row.inputs)
        assert np.all(claimed[comparison.wrong] != true[comparison.wrong])
    else:
        assert [tuple(map(int, i)) for i in np.argwhere(comparison.wrong)] == row.at


# ------------------------------------------------------------------------------- what needs no differences


class Square:
    """``y = x²``."""

    def forward(self, x):
        self.x = x
        return x**2

    def backward(self, g):
        return 2 * self.x * g


class CacheOnTheClass(Square):
    def forward(self, x):
        CacheOnTheClass.cache = x
        return x**2

    def backward(self, g):
        return 2 * CacheOnTheClass.cache * g


class ZeroesTheCotangent(Square):
    def backward(self, g):
        dx = 2 * self.x * g
        g[...] = 0
        return dx


cache = {}


class CacheOnTheModule(Square):
    def forward(self, x):
        cache["x"] = x
        return x**2

    def backward(self, g):
        return 2 * cache["x"] * g


def pair(forward, backward, *inputs):
    return lambda: check(forward, *inputs, backward=backward)


CONDUCT = [
    ("torch slow-cotangent cubed", pair(np.square, lambda g, x: 2 * x * g**3, ABC), "nonlinear"),
    ("torch slow-cotangent without its sign", pair(np.square, lambda g, x: 2 * x * abs(g), ABC), "nonlinear"),
    ("torch fast-cotangent without its sign", pair(np.square, lambda g, x: 2 * x * abs(g), normal(2000)), "nonlinear"),
    ("jax-cotangent cubed", pair(np.square, lambda g, x: 2 * x * g**3, normal(4, 5)), "nonlinear"),
    ("torch slow-backward zeroes the cotangent", lambda: check(ZeroesTheCotangent(), ABC), "mutates-cotangent"),
    ("torch slow-cache on the class", lambda: check(CacheOnTheClass(), ABC), "stale-cache"),
    ("torch slow-cache on the module", lambda: check(CacheOnTheModule(), ABC), "stale-cache"),
    (
        "torch slow-float32 gradient of a float64 input",
        pair(np.square, lambda g, x: (2 * x * g).astype(np.float32), ABC),
        "wrong-dtype",
    ),
    (
        "chainer-no gradient where the true one is tiny",
        lambda: check(lambda x, y: np.sum(x) + 1e-12 * np.sum(y), ABC, ABC, grad=lambda x, y: (np.ones(3), None)),
        "missing",
    ),
    (
        "tensorflow-right size and wrong shape",
        lambda: check(lambda x: np.sum(x**2), normal(2, 3), grad=lambda x: (2 * x).ravel()),
        "wrong-shape",
    ),
    (
        "scipy-one number for the gradient of a sum",
        lambda: check(lambda x: np.sum(x), normal(5), grad=lambda x: 1.0),
        "wrong-shape",
    ),
    (
        "cs231n-a column for a vector",
        lambda: check(lambda x: np.sum(x**2), ABC, grad=lambda x: 2 * x[:, None]),
        "wrong-shape",
    ),
]


@pytest.mark.parametrize(("run", "cause"), [row[1:] for row in CONDUCT], ids=[row[0] for row in CONDUCT])
def test_misconduct_is_caught_by_name(run, cause):
    report = run()
    assert report.verdict == "disagree"
    assert cause in {finding.cause for finding in report.conduct if not finding.ok}, str(report)


@pytest.mark.parametrize("layer", [Square(), ZeroesTheCotangent()], ids=lambda layer: type(layer).__name__)
def test_numbers_that_agree_do_not_excuse_misconduct(layer):
    report = check(layer, ABC)
    assert report["x"].verdict == "agree"
    assert report.ok == (type(layer) is Square)


def test_nobody_is_told_that_a_gradient_matches_before_it_was_compared():
    """Torch says of every backward that varies "although analytical gradient matches numerical gradient"."""
    import random

    dice = random.SystemRandom()  # no state that could be put back
    report = check(np.square, ABC, backward=lambda g, x: x * g * (1 + 0.01 * dice.random()))
    assert report.verdict == "disagree"
    assert report["x"].wrong.all()
    assert "repeatable" in {finding.check for finding in report.conduct if not finding.ok}
    assert "match" not in said(report)
    assert "agrees" not in said(report)


# --------------------------------------------------------------- what the inputs cannot tell, and others can


def affine(x, W, b):
    return x @ W + b


def affine_backward(g, x, W, b):
    return g @ W.T, x.T @ g, g.sum(0)


def mean_over_the_batch(g, x, W, b):
    return g @ W.T, x.T @ g, g.mean(0)


def forgotten_transpose(g, x, W, b):
    return g @ W, x.T @ g, g.sum(0)


def transposed_weights(g, x, W, b):
    return g @ W.T, (x.T @ g).T, g.sum(0)


def dense_relu(x, W, b):
    return relu(x @ W + b)


def relu_forgotten(g, x, W, b):
    return affine_backward(g, x, W, b)


def leaky(x):
    return np.where(x > 0, x, 0.1 * x)


def identity_backward(g, x):
    return g.copy()


def product(x, y):
    return x * y


def never_written(g, x, y):
    return np.zeros_like(x), g * x


SYMMETRIC = np.array([[1.0, 0.5], [0.5, -2.0]])
POSITIVE = 0.1 + np.random.default_rng(3).random((4, 3))

INADEQUATE = [
    (
        "torch slow-mean instead of sum over a batch of one",
        (affine, mean_over_the_batch, normal(1, 3), normal(3, 2), normal(2)),
        "a mean and a sum over a batch of one are the same",
        (normal(4, 3), normal(3, 2), normal(2)),
    ),
    (
        "torch slow-transpose forgotten with the identity",
        (affine, forgotten_transpose, normal(4, 3), np.eye(3), normal(3)),
        "W is symmetric",
        (normal(4, 3), normal(3, 3), normal(3)),
    ),
    (
        "torch slow-relu passed straight through",
        (relu, identity_backward, POSITIVE),
        "a branch of the function that was never visited",
        (POSITIVE - 0.5,),
    ),
    (
        "ceres-a gradient never written where it is zero",
        (product, never_written, normal(4), np.zeros(4)),
        "the gradient of x is zero in every entry",
        (normal(4), normal(4, seed=1)),
    ),
    (
        "shared by all-leaky slope on a branch never visited",
        (leaky, identity_backward, POSITIVE),
        "a branch of the function that was never visited",
        (POSITIVE - 0.5,),
    ),
    (
        "shared by all-magnitude of positive numbers",
        (np.abs, identity_backward, POSITIVE),
        "a branch of the function that was never visited",
        (POSITIVE - 0.5,),
    ),
    (
        "shared by all-relu inside a dense layer, all pre-activations positive",
        (dense_relu, relu_forgotten, POSITIVE, POSITIVE[:3, :2], np.ones(2)),
        "never visited",
        (normal(4, 3), normal(3, 2), normal(2)),
    ),
    (
        "shared by all-symmetric weights",
        (affine, forgotten_transpose, normal(4, 2), SYMMETRIC, normal(2)),
        "W is symmetric",
        (normal(4, 2), np.array([[1.0, 0.5], [-0.7, -2.0]]), normal(2)),
    ),
    (
        "shared by all-batch of one",
        (affine, mean_over_the_batch, normal(1, 2), normal(2, 5), normal(5)),
        "the first axis of x has length 1",
        (normal(2, 2), normal(2, 5), normal(5)),
    ),
]


@pytest.mark.parametrize(
    ("blind", "warning", "telling"), [row[1:] for row in INADEQUATE], ids=[row[0] for row in INADEQUATE]
)
def test_inputs_that_cannot_tell_get_a_warning_and_others_tell(blind, warning, telling):
    forward, wrong, *inputs = blind
    report = check(forward, *inputs, backward=wrong)
    assert report.verdict == "agree", str(report)  # at this point the two gradients are one and the same
    assert any(warning in line for line in report.warnings), report.warnings
    assert warning in said(report)
    assert check(forward, *telling, backward=wrong).verdict == "disagree"


def test_equal_dimensions_are_warned_of_and_a_transpose_is_caught_all_the_same():
    """Shared by all: a transposed gradient of a square weight has the right shape."""
    report = check(affine, normal(4, 3), normal(3, 3), normal(3), backward=transposed_weights)
    assert report["W"].verdict == "disagree"
    assert any("W is square (3×3)" in line for line in report.warnings)


def test_a_sum_of_softmax_has_no_gradient_and_the_report_warns():
    """Shared by all: with ones as upstream gradient every softmax gradient looks right, being zero."""
    report = check(lambda x: np.sum(softmax(x)), normal(3, 4), grad=np.zeros_like)
    assert report.verdict == "agree", str(report)
    assert any("zero in every entry" in line for line in report.warnings)


def test_a_forward_that_is_wrong_itself_is_beyond_any_check_of_gradients():
    """Shared by all: a mean that divides by n - 1 has a gradient too, and this is it."""
    report = check(lambda x: np.sum(x) / (x.size - 1), ABC, grad=lambda x: np.full(3, 0.5))
    assert report.verdict == "agree"


def test_the_error_bar_at_a_kink_is_not_zero():
    """Numdifftools, jacobi and scipy give 0.5 ± 0 for relu at 0, where every number from 0 to 1 will do."""
    estimate = numerical_vjp(relu, np.zeros(1), np.ones(1))
    assert estimate.kinks.all()
    assert estimate.error[0] >= 0.5
    assert abs(estimate.value[0] - 0.5) <= estimate.error[0]
