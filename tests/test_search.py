"""Few evaluations settle a right tensor of any size, and few more find a wrong entry among a hundred thousand."""

import numpy as np
import pytest
from reading import said

from gradcheck import check

SIZES = [1, 2, 10, 100, 1000, 10_000, 100_000]
FIRST_PASS = 40


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def wrong(report):
    return [tuple(map(int, i)) for i in np.argwhere(report.tensors[0].wrong)]


# ---------------------------------------------------------------------------- searching without separable axes


class Mixing:
    """``½ Σ tanh(P x)²`` with P a cheap orthogonal mixing in which every entry meets every other.

    ``P x = s - 2 mean(s)`` with s the signed x, its own inverse but for the signs.
    """

    def __init__(self, size, seed=0):
        self.signs = np.random.default_rng(seed).choice([-1.0, 1.0], size)

    def mix(self, x):
        s = self.signs * x
        return s - 2 * s.mean()

    def __call__(self, x):
        return 0.5 * np.sum(np.tanh(self.mix(x)) ** 2)

    def gradient(self, x):
        y = np.tanh(self.mix(x))
        g = y * (1 - y**2)
        return self.signs * (g - 2 * g.mean())


def planted(gradient, error, at):
    def wrong_gradient(x):
        g = gradient(x)
        g[list(at)] = error(g[list(at)])
        return g

    return wrong_gradient


MANY = 100_000

ERRORS = {
    "zero": np.zeros_like,
    "sign": np.negative,
    "double": lambda g: 2 * g,
    "10 per cent": lambda g: 1.1 * g,
    "added": lambda g: g + 1.0,
    "huge": lambda g: g + 1e6,
}


LOCATED = [("zero", 0), ("sign", 31_415), ("double", MANY - 1), ("10 per cent", 65_536), ("added", 1), ("huge", 99_998)]


@pytest.mark.parametrize(("error", "at"), LOCATED, ids=[f"{error} at {at}" for error, at in LOCATED])
def test_one_wrong_entry_among_100000_is_located_in_200_evaluations(error, at):
    loss = Mixing(MANY)
    report = check(loss, normal(MANY), grad=planted(loss.gradient, ERRORS[error], [at]))
    assert wrong(report) == [(at,)], str(report)
    assert report["x"].worst == (at,)
    assert report.evaluations <= 200
    assert f"dx[{at}]" in said(report)
    assert "in 1 of 100,000 entries" in said(report)


@pytest.mark.parametrize("at", [(5, 50_000, 99_999), (700, 701, 702)])
def test_three_wrong_entries_among_100000_are_all_located(at):
    loss = Mixing(MANY)
    report = check(loss, normal(MANY), grad=planted(loss.gradient, lambda g: g + 1.0, at))
    assert wrong(report) == [(i,) for i in at], str(report)
    assert report.evaluations <= 600


def test_two_wrong_entries_that_cancel_in_the_sum_are_located():
    loss = Mixing(MANY)
    report = check(loss, normal(MANY), grad=planted(loss.gradient, lambda g: g + np.array([1.0, -1.0]), [123, 45_678]))
    assert wrong(report) == [(123,), (45_678,)], str(report)


def test_a_wrong_entry_is_located_in_a_weight_matrix_by_its_two_indices():
    x, t = normal(20, 300, seed=1), normal(20, 100, seed=2)

    def loss(W):
        return 0.5 * np.sum((np.tanh(x @ W) - t) ** 2)

    def gradient(W):
        y = np.tanh(x @ W)
        dW = x.T @ ((y - t) * (1 - y**2))
        dW[123, 45] *= -1
        return dW

    report = check(loss, 0.1 * normal(300, 100), grad=gradient)
    assert wrong(report) == [(123, 45)], str(report)
    assert report.evaluations <= 200


def test_the_right_gradient_of_the_same_functions_agrees():
    loss = Mixing(MANY)
    report = check(loss, normal(MANY), grad=loss.gradient)
    assert report.verdict == "agree", str(report)
    assert report.evaluations <= FIRST_PASS


def test_where_too_many_are_wrong_some_are_named_and_the_report_says_at_least():
    loss = Mixing(20_000)
    report = check(loss, normal(20_000), grad=lambda x: -loss.gradient(x))
    assert report.verdict == "disagree"
    assert report["x"].wrong.any()
    assert not report["x"].complete
    assert "at least" in said(report)
    assert report.evaluations <= 600 + 2000  # to find them, and to explain them


# --------------------------------------------------------------------- separable axes are proposed, then proved


def hidden_dependence(threshold):
    """Elementwise, but where an entry exceeds the threshold it reaches into its neighbour."""

    def forward(x):
        y = np.tanh(x)
        rare = x > threshold
        return y + np.where(rare, np.roll(x, 1) ** 2, 0)

    def backward(g, x):
        rare = x > threshold
        dx = g * (1 - np.tanh(x) ** 2)
        return dx + 2 * x * np.roll(g * rare, -1)

    return forward, backward


@pytest.mark.parametrize("exhaustive", [False, True], ids=["directions", "entries"])
def test_a_dependence_hidden_behind_a_rare_branch_agrees_where_backward_knows_of_it(exhaustive):
    x = normal(400)
    x[217] = 7.0
    forward, backward = hidden_dependence(6.0)
    report = check(forward, x, backward=backward, exhaustive=exhaustive)
    assert report.verdict == "agree", str(report)
    if exhaustive:  # the proof fails, and every entry is differenced by itself
        assert report.evaluations >= 2 * x.size
        assert np.all(np.abs(report["x"].numerical - report["x"].analytic) < 1e-6)


@pytest.mark.parametrize("exhaustive", [False, True], ids=["directions", "entries"])
def test_a_dependence_hidden_behind_a_rare_branch_is_missed_by_an_elementwise_backward(exhaustive):
    x = normal(400)
    x[217] = 7.0
    forward, _ = hidden_dependence(6.0)
    report = check(forward, x, backward=lambda g, x: g * (1 - np.tanh(x) ** 2), exhaustive=exhaustive)
    assert wrong(report) == [(216,)], str(report)
    assert report.evaluations >= 2 * x.size


def test_a_batch_whose_one_odd_row_looks_at_another_is_not_taken_for_separable():
    """Softmax of each row, but row 3 is shifted by row 0."""

    def forward(x):
        z = x.copy()
        z[3] += x[0] ** 2
        e = np.exp(z - z.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    def backward(g, x):
        y = forward(x)
        dx = y * (g - (g * y).sum(1, keepdims=True))
        dx[0] += 2 * x[0] * dx[3]
        return dx

    def forgetful(g, x):
        y = forward(x)
        return y * (g - (g * y).sum(1, keepdims=True))

    x = normal(32, 10)
    assert check(forward, x, backward=backward, exhaustive=True).verdict == "agree"
    for exhaustive in (False, True):
        report = check(forward, x, backward=forgetful, exhaustive=exhaustive)
        assert {i for i, _ in wrong(report)} == {0}, str(report)


def test_every_entry_of_an_elementwise_function_costs_no_more_than_one():
    x = normal(64, 128)
    report = check(np.tanh, x, backward=lambda g, x: g * (1 - np.tanh(x) ** 2), exhaustive=True)
    assert report["x"].numerical.shape == x.shape
    assert report.evaluations <= 64


# --------------------------------------------------------------------------- the first pass, whatever the size


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_backward(g, x):
    y = softmax(x)
    return y * (g - (g * y).sum(-1, keepdims=True))


def standardised(x):
    return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)


def standardised_backward(g, x):
    y = standardised(x)
    return (g - g.mean(0) - y * (g * y).mean(0)) / np.sqrt(x.var(0) + 1e-5)


ONE_TENSOR = {
    "tanh": (np.tanh, lambda g, x: g * (1 - np.tanh(x) ** 2)),
    "straight line": (lambda x: 3 * x, lambda g, x: 3 * g),
    "exp": (np.exp, lambda g, x: g * np.exp(x)),
    "softmax": (softmax, softmax_backward),
    "batch norm": (standardised, standardised_backward),
    "cumulative sum": (np.cumsum, lambda g, x: np.cumsum(g[::-1])[::-1].reshape(x.shape)),
    "mean": (lambda x: np.mean(x), lambda g, x: np.full(x.shape, g / x.size)),
    "norm": (lambda x: np.sqrt(np.sum(x**2)), lambda g, x: g * x / np.sqrt(np.sum(x**2))),
    "log of a sum of exponentials": (lambda x: np.log(np.sum(np.exp(x))), lambda g, x: g * softmax(x.ravel())),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("forward", "backward"), ONE_TENSOR.values(), ids=ONE_TENSOR.keys())
def test_the_first_pass_takes_40_evaluations_whatever_the_size(forward, backward, size):
    shape = (-1, min(10, size)) if forward in (softmax, standardised) else (size,)
    x = normal(size).reshape(shape)
    report = check(forward, x, backward=lambda g, x: np.reshape(backward(g, x), x.shape))
    assert report.verdict == "agree", str(report)
    assert report.evaluations <= FIRST_PASS, report.evaluations
    assert report.tensors[0].resolution <= 1e-4


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (50, 7), (100, 1000)])
def test_the_first_pass_of_a_matrix_product(shape):
    W = normal(shape[1], 5, seed=4)
    report = check(lambda x: x @ W, normal(*shape), backward=lambda g, x: g @ W.T)
    assert report.verdict == "agree", str(report)
    assert report.evaluations <= FIRST_PASS


def test_more_tensors_cost_in_proportion():
    x, W, b = normal(32, 50), normal(50, 20), normal(20)
    report = check(lambda x, W, b: x @ W + b, x, W, b, backward=lambda g, x, W, b: (g @ W.T, x.T @ g, g.sum(0)))
    assert report.verdict == "agree", str(report)
    assert report.evaluations <= 3 * FIRST_PASS
