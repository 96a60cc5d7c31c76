"""Several tensors at once: right ones cost no more than one tensor, and a wrong one is told from its neighbours."""

import numpy as np
import pytest

from gradcheck import check

SEEDS = range(4)
rng = np.random.default_rng(5)
x, W, b = rng.normal(size=(6, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)


def affine(x, W, b):
    return np.tanh(x @ W + b), (x, W, b)


def affine_backward(dout, cache):
    x, W, b = cache
    dz = dout * (1 - np.tanh(x @ W + b) ** 2)
    return dz @ W.T, x.T @ dz, dz.sum(axis=0)


def spoilt(**factors):
    """The gradients times these factors."""

    def backward(dout, cache):
        gradients = dict(zip("xWb", affine_backward(dout, cache), strict=True))
        return tuple(gradient * factors.get(name, 1) for name, gradient in gradients.items())

    return backward


def wrong_in(report):
    return [comparison.name for comparison in report.tensors if comparison.verdict == "disagree"]


def test_three_right_tensors_cost_no_more_than_one():
    for seed in SEEDS:
        report = check(affine, x, W, b, backward=affine_backward, seed=seed)
        assert report.verdict == "agree"
        assert report.evaluations <= 40
        assert all(comparison.resolution <= 1e-6 for comparison in report.tensors)


@pytest.mark.parametrize("names", ["x", "W", "b", "xW", "xb", "Wb", "xWb"])
@pytest.mark.parametrize("size", [2.0, 1 + 1e-5])
def test_those_that_are_wrong_and_no_others(names, size):
    for seed in SEEDS:
        report = check(affine, x, W, b, backward=spoilt(**dict.fromkeys(names, size)), seed=seed)
        assert wrong_in(report) == list(names)


def test_mistakes_that_cancel_each_other_in_the_sum_of_both():
    """``a + b`` moves by what both move together, so that half of it could be claimed twice, or none."""
    for seed in SEEDS:
        report = check(lambda a, b: a + b, x, x.copy(), backward=lambda d, a, b: (1.5 * d, 0.5 * d), seed=seed)
        assert wrong_in(report) == ["a", "b"]


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1e3, 1e8])
@pytest.mark.parametrize("wrong", ["", "x", "W", "b"])
def test_tensors_of_very_different_scales(scale, wrong):
    def forward(x, W, b):
        return affine(x / scale, W, b * scale)

    def backward(dout, cache):
        dx, dW, db = spoilt(**{wrong: 1.001})(dout, cache)
        return dx / scale, dW, db * scale

    for seed in SEEDS:
        report = check(forward, x * scale, W, b / scale, backward=backward, seed=seed)
        assert (report.verdict, wrong_in(report)) == ("disagree" if wrong else "agree", list(wrong))


@pytest.mark.parametrize("wrong", [False, True])
def test_a_gradient_that_is_tiny_beside_the_others_is_looked_at_by_itself(wrong):
    """Of two terms that never meet the small one is seen along its own lines only."""

    def backward(dout, a, b):
        return dout[0] * np.cos(a), 1e-4 * dout[1] * np.cos(b) * (1 + 1e-4 * wrong)

    def forward(a, b):
        return np.stack([np.sin(a), 1e-4 * np.sin(b)])

    for seed in SEEDS:
        report = check(forward, x, x.copy(), backward=backward, seed=seed)
        assert wrong_in(report) == ["b"] * wrong
        assert report["b"].resolution <= 5e-6


@pytest.mark.parametrize(("slope", "verdict"), [(0.0, "agree"), (0.5, "agree"), (1.0, "agree"), (1.5, "disagree")])
def test_a_kink_of_one_tensor_is_counted_there(slope, verdict):
    at_the_kink = np.array([0.7, 0.0, -0.4])

    def backward(dout, a, b):
        return dout * np.where(a == 0, slope, a > 0), dout * np.cos(b)

    for seed in SEEDS:
        report = check(lambda a, b: np.maximum(a, 0) + np.sin(b), at_the_kink, x[0], backward=backward, seed=seed)
        assert [c.verdict for c in report.tensors] == [verdict, "agree"]
        assert report["a"].kinks.tolist() == [False, True, False]
        assert not report["b"].kinks.any()


def test_every_tensor_comes_in_its_own_memory_order():
    """Sums are rounded by that order: another one would look like a jump at the point."""

    def forward(a, b):
        if not (a.flags.f_contiguous and b.flags.c_contiguous):
            raise TypeError("in another order")  # a TypeError is no edge of a domain, and ends the check
        return a * b

    assert check(forward, np.asfortranarray(x), x.copy(), backward=lambda dout, a, b: (dout * b, dout * a)).ok


@pytest.mark.parametrize("dtypes", [(np.float32, np.float64), (np.longdouble, np.float64), (np.float32, np.float32)])
def test_tensors_of_several_types(dtypes):
    a, c = (x.astype(dtype) for dtype in dtypes)
    right = check(lambda a, c: np.sin(a) * c, a, c, backward=lambda d, a, c: (d * c * np.cos(a), d * np.sin(a)))
    wrong = check(lambda a, c: np.sin(a) * c, a, c, backward=lambda d, a, c: (d * c * np.cos(a), 1.01 * d * np.sin(a)))
    assert (right.verdict, wrong_in(wrong)) == ("agree", ["c"])
