"""A failure comes with the smallest case that still fails in the same way, as Python to paste."""

import itertools

import numpy as np
import pytest

from gradcheck import check


def affine(x, W, b):
    return x @ W + b, (x, W)


def mean_for_sum(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.mean(axis=0)


def not_transposed(dout, cache):
    x, W = cache
    return dout @ W.T, (dout.T @ x).reshape(W.shape), dout.sum(axis=0)


def right(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout, dout.sum(axis=0)


def relu(x):
    return np.maximum(x, 0), x


def without_mask(dout, x):
    return dout + 0 * x


def cross_entropy(x, y):
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    rows = np.arange(len(x))
    dx = p.copy()
    dx[rows, y] -= 1
    return -np.log(p[rows, y]).mean(), dx


def normal(*shape):
    return np.random.default_rng(7).normal(size=shape)


CASES = {
    "pair": (affine, (normal(9, 5), normal(5, 7), normal(7)), {"backward": mean_for_sum}),
    "transposed": (affine, (normal(9, 5), normal(5, 7), normal(7)), {"backward": not_transposed}),
    "mask": (relu, (normal(20, 6),), {"backward": without_mask}),
    "labels": (cross_entropy, (normal(12, 5), np.arange(12) % 5), {"grad": True}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_pasted_fails_for_the_same_cause(case):
    f, inputs, keywords = CASES[case]
    report = check(f, *inputs, **keywords)
    namespace = {"affine": affine, "relu": relu, "cross_entropy": cross_entropy, "mean_for_sum": mean_for_sum}
    namespace |= {"not_transposed": not_transposed, "without_mask": without_mask}
    again = {}
    program = report.reproducer.replace("assert check(", "report = check(")
    exec(program, namespace, again)
    smaller = again["report"]
    assert {c.name for c in smaller.tensors if c.verdict == "disagree"} == {
        c.name for c in report.tensors if c.verdict == "disagree"
    }
    assert {d.cause for d in smaller.diagnoses} == {d.cause for d in report.diagnoses}
    sizes = [value.size for value in again.values() if isinstance(value, np.ndarray)]
    assert sum(sizes) <= min(40, sum(np.size(value) for value in inputs) // 2)


@pytest.mark.parametrize("case", CASES)
def test_its_numbers_can_be_computed_with_by_hand(case):
    f, inputs, keywords = CASES[case]
    again = {}
    program = check(f, *inputs, **keywords).reproducer
    exec("\n".join(line for line in program.splitlines() if not line.startswith("assert")), {}, again)
    for value in again.values():
        if isinstance(value, np.ndarray):
            assert np.array_equal(value * 4, np.round(value * 4))


def test_it_stands_in_the_report():
    report = check(relu, normal(4, 3), backward=without_mask)
    assert "import numpy as np" in report.reproducer
    assert all(line.strip() in str(report) for line in report.reproducer.splitlines())
    assert report.to_dict()["reproducer"] == report.reproducer


def test_a_right_gradient_has_none():
    report = check(affine, normal(5, 3), normal(3, 4), normal(4), backward=right)
    assert report.ok
    assert report.reproducer == ""


def test_a_layer_object_is_named_as_far_as_it_can_be():
    class Doubling:
        def forward(self, x):
            return 2 * x

        def backward(self, dout):
            return 3 * dout

    assert check(Doubling(), normal(4, 3)).reproducer.splitlines()[-1] == "assert check(Doubling(...), x)"


def test_the_inputs_and_the_random_state_are_left_alone():
    x = normal(6, 3)
    before, state = x.copy(), np.random.get_state()[1].copy()  # noqa: NPY002 - the state that must not change
    check(relu, x, backward=without_mask)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002 - the same


def test_it_takes_a_bounded_number_of_small_evaluations():
    calls = itertools.count()  # what a check cannot put back

    def watched(x):
        next(calls)
        return np.maximum(x, 0), x

    report = check(watched, normal(100, 30), backward=without_mask)
    assert report.reproducer
    assert next(calls) - report.evaluations < 400
