"""The units in which inputs and outputs are measured change no verdict, on right gradients nor on wrong ones."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradcheck import check

SCALES = st.floats(-8, 8).map(lambda exponent: 10.0**exponent)
RNG = np.random.default_rng(0)
X, A = RNG.choice([-1.0, 1.0], (4, 3)) * RNG.uniform(0.25, 1.75, (4, 3)), RNG.normal(size=(3, 5))


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dout, x):
    p = softmax(x)
    return p * (dout - np.sum(dout * p, axis=1, keepdims=True))


def standardised(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def standardised_backward(dout, x):
    y = standardised(x)
    return (dout - dout.mean(axis=0) - y * np.mean(dout * y, axis=0)) / x.std(axis=0)


def neighbours(x):
    return np.sum(np.sin(x[1:] * x[:-1]))


def neighbours_gradient(dout, x):
    slope, dx = np.cos(x[1:] * x[:-1]), np.zeros_like(x)
    dx[1:] += slope * x[:-1]
    dx[:-1] += slope * x[1:]
    return dout * dx


FUNCTIONS = {
    "tanh": (np.tanh, lambda dout, x: dout / np.cosh(x) ** 2),
    "cube": (lambda x: x**3, lambda dout, x: 3 * dout * x**2),
    "rectified": (lambda x: np.maximum(x, 0), lambda dout, x: dout * (x > 0)),
    "norm": (lambda x: np.sqrt(np.sum(x**2)), lambda dout, x: dout * x / np.sqrt(np.sum(x**2))),
    "product": (lambda x: x @ A, lambda dout, x: dout @ A.T),
    "softmax": (softmax, softmax_backward),
    "standardised": (standardised, standardised_backward),
    "neighbours": (neighbours, neighbours_gradient),
    "logarithm": (lambda x: np.log(np.abs(x)), lambda dout, x: dout / x),
}
by_function = pytest.mark.parametrize("name", FUNCTIONS)


def verdict(name, c=1.0, s=1.0, error=0.0, x=X):
    """What is said of ``c · f(x / s)`` at ``s · x``, with an error in the largest entry of the gradient."""
    f, right = FUNCTIONS[name]

    def backward(dout, x):
        gradient = np.array(c / s * right(dout, x / s))
        gradient[at] *= 1 + error
        return gradient

    at = np.unravel_index(np.argmax(np.abs(right(np.ones_like(f(x)), x))), x.shape)
    report = check(lambda x: c * f(x / s), s * x, backward=backward)
    return report.verdict, [comparison.wrong.tolist() for comparison in report.tensors]


@by_function
@settings(max_examples=12)
@given(c=SCALES, s=SCALES)
@example(c=1e-8, s=1e8)
@example(c=1e8, s=1e-8)
def test_a_right_gradient_agrees_at_every_scale(name, c, s):
    assert verdict(name, c, s) == verdict(name)
    assert verdict(name)[0] == "agree"


@by_function
@settings(max_examples=12)
@given(c=SCALES, s=SCALES)
@example(c=1e-8, s=1e8)
@example(c=1e8, s=1e-8)
def test_one_per_cent_in_one_entry_disagrees_at_every_scale(name, c, s):
    assert verdict(name, c, s, error=0.01) == verdict(name, error=0.01)
    assert verdict(name, error=0.01)[0] == "disagree"


@by_function
@settings(max_examples=6)
@given(c=SCALES, s=SCALES, seed=st.integers(0, 1000))
def test_other_points_are_no_different(name, c, s, seed):
    rng = np.random.default_rng(seed)
    x = rng.choice([-1.0, 1.0], (4, 3)) * rng.uniform(0.25, 1.75, (4, 3))
    assert verdict(name, c, s, x=x)[0] == "agree"
    assert verdict(name, c, s, error=-0.01, x=x)[0] == "disagree"


@pytest.mark.parametrize(("c", "s"), [(1e-8, 1.0), (1.0, 1e8), (1e-8, 1e8), (1e-150, 1e100), (1e150, 1e-100)])
def test_a_fixed_tolerance_would_not_do(c, s):
    # The gradient is small here: an absolute tolerance of 1e-8 would let anything pass.
    assert verdict("tanh", c, s)[0] == "agree"
    assert verdict("tanh", c, s, error=1.0)[0] == "disagree"
