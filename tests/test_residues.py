"""A gradient that is zero but for rounding agrees, at every scale and precision; a real one is not taken for it."""

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import make_vjp

from gradcheck import check


def softmax(z):
    e = anp.exp(z - anp.max(z, -1, keepdims=True))
    return e / anp.sum(e, -1, keepdims=True)


def normalised(z):
    c = z - anp.mean(z, 0, keepdims=True)
    return c / anp.sqrt(anp.mean(c * c, 0, keepdims=True))


def unit(z):
    return z / anp.sqrt(anp.sum(z * z, -1, keepdims=True))


INVARIANT = {
    "bias before batch norm": (lambda b, x, W: normalised(x @ W + b), [(3,), (6, 4), (4, 3)]),
    "bias of keys": (lambda b, q, k, v: softmax(q @ (k + b).T / 2) @ v, [(4,), (3, 4), (5, 4), (5, 2)]),
    "shift before softmax": (lambda c, z: softmax(z + c), [(), (3, 5)]),
    "gain before batch norm": (lambda g, x: normalised(g * x), [(3,), (8, 3)]),
    "gain before normalisation": (lambda g, x: unit(g * x), [(4, 1), (4, 3)]),
    "sum of softmax": (lambda z: anp.sum(softmax(z), -1), [(4, 5)]),
    "sum of batch norm": (lambda x: anp.sum(normalised(x), 0), [(7, 3)]),
    "length of a unit vector": (lambda x: anp.sum(unit(x) ** 2, -1), [(4, 3)]),
    "cosine of numbers": (lambda a, b: anp.sum(unit(a) * unit(b), -1), [(5, 1), (5, 1)]),
    "softmax of one class": (lambda W, x: softmax(x @ W), [(4, 1), (3, 4)]),
    "difference": (lambda x: 3 * x - x - x - x, [(5,)]),
    "quotient": (lambda x: x / x, [(5,)]),
}
"""Functions that do not depend on their first input, and its shape and those of the others."""


def verdict(f, inputs, spoil=lambda gradient: gradient):
    """What is said of autograd's gradients, the first of them spoiled."""

    def backward(dout, inputs):
        first, *others = (np.asarray(make_vjp(f, i)(*inputs)[0](dout)) for i in range(len(inputs)))
        return tuple(g.astype(x.dtype) for g, x in zip((spoil(first), *others), inputs, strict=True))

    return check(lambda *inputs: (np.asarray(f(*inputs)), inputs), *inputs, backward=backward)


@pytest.mark.parametrize("scale", [1, 1e-3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", INVARIANT)
def test_what_rounding_leaves_of_zero_agrees_with_zero(name, dtype, scale):
    f, shapes = INVARIANT[name]
    rng = np.random.default_rng(len(name))
    inputs = [np.asarray(scale * rng.normal(size=shape), dtype) for shape in shapes]
    assert verdict(f, inputs).verdict == "agree"


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", INVARIANT)
def test_more_than_that_does_not(name, dtype):
    f, shapes = INVARIANT[name]
    rng = np.random.default_rng(len(name))
    inputs = [np.asarray(rng.normal(size=shape), dtype) for shape in shapes]
    assert verdict(f, inputs, lambda gradient: gradient + 1e-4).verdict == "disagree"


@pytest.mark.parametrize("factor", [1.0, -1.0, 1.5])
def test_a_small_gradient_under_a_pedestal_is_not_taken_for_rounding(factor):
    """Nothing of ``1e8 + 1e-8 sin(x)`` but its last digits moves; a wrong gradient must not pass as zero."""
    x = np.random.default_rng(0).normal(size=5)
    report = check(lambda x: 1e8 + 1e-8 * np.sin(x), x, backward=lambda g, x: g * factor * 1e-8 * np.cos(x))
    assert report.verdict == "undecided"


def test_identical_keys_at_a_large_scale():
    """Then the scores are equal, and what is left of the gradient of q is the rounding of terms 1e16 times as large."""
    rng = np.random.default_rng(0)
    q, k, v = rng.normal(size=(3, 4)), np.repeat(rng.normal(size=(1, 4)), 3, axis=0), rng.normal(size=(3, 4))

    def f(q, k, v):
        return softmax(q @ k.T / 2) @ v

    for scale in (1.0, 1e2, 1e4):
        assert verdict(f, [scale * q, scale * k, scale * v]).verdict == "agree"
    assert verdict(f, [q, k, v], lambda gradient: gradient + 1e-6).verdict == "disagree"


def test_entries_that_are_rounding_beside_others_that_are_not():
    """Half of a bias goes through a batch norm, which takes it away; the other half is judged as sharply as ever."""
    rng = np.random.default_rng(1)
    b, x = rng.normal(size=6), rng.normal(size=(7, 6))

    def f(b, x):
        return anp.concatenate([normalised(x[:, :4] + b[:4]), anp.tanh(x[:, 4:] + b[4:])], axis=1)

    for dtype in (np.float64, np.float32):
        report = verdict(f, [b.astype(dtype), x.astype(dtype)])
        assert report.verdict == "agree", str(report)
        assert report.tensors[0].resolution < 1e-5
    assert verdict(f, [b, x], lambda gradient: gradient * (1 + 1e-5 * np.eye(6)[5])).verdict == "disagree"


@pytest.mark.parametrize("height", [1e8, 1e15, 1e18, 1e20])
@pytest.mark.parametrize("factor", [1.0, -1.0, 1.5])
def test_what_a_pedestal_hides_altogether_is_not_agreed_with(height, factor):
    """Doubles so far up are so far apart that nothing moves any more, which says nothing of the gradient."""
    x = np.array([0.7, -1.2, 0.4])
    report = check(lambda x: height + 1e-7 * x**2, x, backward=lambda g, x: g * factor * 2e-7 * x)
    assert report.verdict == "undecided"


@pytest.mark.parametrize("height", [1e4, 1e8, 1e11, 1e13])
def test_a_gradient_left_out_beside_a_constant_is_not_agreed_with(height):
    """Zero is no small share of ``1e13``, but all of what ``sin`` has to say."""
    x = np.array([0.7, -1.2, 0.4])
    assert check(lambda x: height + np.sin(x), x, backward=lambda g, x: 0 * g).verdict != "agree"
