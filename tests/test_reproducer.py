"""A failure comes with the smallest case that still fails in the same way, as Python to paste."""

import itertools

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

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
        def __init__(self, size):
            self.size = size

        def forward(self, x):
            return 2 * x

        def backward(self, dout):
            return 3 * dout

    assert check(Doubling(3), normal(4, 3)).reproducer.splitlines()[-1] == "assert check(Doubling(...), x)"


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


class Tripled:
    """A layer that can be made anew without anything to be given."""

    def forward(self, x):
        return 2 * x

    def backward(self, dout):
        return 3 * dout


def scaled(a, b):
    return a * b, (a, b)


def second_negated(dout, cache):
    a, b = cache
    return dout * b, -dout * a


RUNNING = {
    "a layer": (Tripled(), (normal(4, 3),), {}),
    "its method": (Tripled().forward, (normal(4, 3),), {"backward": Tripled().backward}),
    "single precision": (relu, (normal(4, 3).astype(np.float32),), {"backward": without_mask}),
    "no axes": (scaled, (np.array(1.7), np.array(-2.3)), {"backward": second_negated}),
    "only one tensor": (scaled, (normal(4), normal(4)), {"backward": second_negated, "wrt": "b"}),
    "an accepted error": (scaled, (normal(4), normal(4)), {"backward": second_negated, "rtol": 0.5}),
    "another seed": (scaled, (normal(4), normal(4)), {"backward": second_negated, "seed": 7}),
    "a mask": (scaled, (normal(4), normal(4) > 0), {"backward": second_negated, "name": "masked"}),
}


@pytest.mark.parametrize("case", RUNNING)
def test_what_is_pasted_runs_as_it_stands(case):
    f, inputs, keywords = RUNNING[case]
    report = check(f, *inputs, **keywords)
    if case == "a mask":
        assert report.ok
        assert report.reproducer == ""
        return
    with pytest.raises(AssertionError):
        exec(report.reproducer, {"Tripled": Tripled, "relu": relu, "without_mask": without_mask, "scaled": scaled,
                                 "second_negated": second_negated})  # fmt: skip


def test_values_are_written_so_that_python_reads_them():
    from gradcheck.checking.reproducer import _literal

    for value in (np.array([np.nan, -np.inf, 1.5]), np.empty((0, 3)), np.ones((2, 1), np.float32), np.array([True]),
                  np.array(3), np.arange(4, dtype=np.int8), 2.5, "same", None):  # fmt: skip
        read = eval(_literal(value), {"np": np})
        assert type(read) is type(value)
        assert np.array_equal(read, value, equal_nan=isinstance(value, np.ndarray))
        assert getattr(read, "dtype", None) == getattr(value, "dtype", None)


@settings(max_examples=3, database=None, phases=[Phase.generate])
@given(n=st.integers(2, 5))
def test_within_given_the_smallest_case_is_left_to_hypothesis(n):
    report = check(lambda x: np.sum(x**2), np.arange(1.0, n + 1), grad=lambda x: 3 * x)
    assert not report
    assert report.reproducer == ""
