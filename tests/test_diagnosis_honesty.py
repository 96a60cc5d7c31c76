"""No diagnosis where nothing is wrong, none by coincidence, and a pattern where the cause is not known."""

import json

import numpy as np
import pytest

from gradcheck import check
from gradcheck.analytic import cases
from gradcheck.checking.diagnosis.explanation import Explanation, share_explained
from gradcheck.checking.diagnosis.fresh import fresh_cotangent, fresh_tensor, with_the_same_ties
from gradcheck.checking.diagnosis.numbers import named_numbers
from gradcheck.checking.diagnosis.places import places, said_of_places

rng = np.random.default_rng(3)
X = rng.normal(size=(5, 4))


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_a_right_gradient_has_no_diagnosis(case):
    report = check(case.subject, *case.inputs, wrt=case.wrt, name=case.name)
    assert report.diagnoses == []
    assert report.patterns == []


def square(x):
    return x**2, x


def test_a_factor_that_is_no_constant_is_not_explained_by_one():
    report = check(square, X, backward=lambda dout, x: dout * 2 * x * (1 + 0.3 * np.sin(40 * x)))
    assert [d for d in report.diagnoses if d.explains >= 0.99] == []
    assert "not known for dx" in str(report)


def test_five_is_the_batch_only_if_it_follows_the_batch():
    by_the_batch = check(square, X, backward=lambda dout, x: dout * 2 * x / len(x)).diagnoses[0]
    by_a_constant = check(square, X, backward=lambda dout, x: dout * 2 * x / 5).diagnoses[0]
    assert (by_the_batch.cause, by_a_constant.cause) == ("extra-mean", "factor")
    assert "5 is the number of rows of x, the batch, here" in by_a_constant.message
    assert "a constant that does not follow it" in by_a_constant.message


PATTERNS = {
    "where x < 0, and no right one does": lambda dout, x: dout * 2 * x * np.where(x < 0, 1 + x**2, 1),
    "in column 2, and no right one does": lambda dout, x: dout * 2 * x * (1 + np.cos(x) * (np.arange(4) == 2)),
    "in row 4 (the last of 5), and no right one does": (
        lambda dout, x: dout * 2 * x * (1 + np.cos(x) * (np.arange(5) == 4)[:, None])
    ),
}


@pytest.mark.parametrize("said", PATTERNS)
def test_a_pattern_says_what_the_wrong_entries_have_in_common(said):
    report = check(square, X, backward=PATTERNS[said])
    assert any(said in pattern for pattern in report.patterns)
    assert said in " ".join(str(report).split())


def test_the_report_holds_and_prints_what_was_found():
    report = check(square, X, backward=lambda dout, x: -dout * 2 * x)
    assert "cause    dx has the wrong sign everywhere" in str(report)
    top = report._repr_html_().partition("<table")[0]
    assert "<dt><strong>cause</strong></dt><dd>dx has the wrong sign everywhere" in top
    assert "<dt><strong>remedy</strong></dt><dd>Negate dx" in top
    assert json.loads(json.dumps(report.to_dict()))["diagnoses"][0]["cause"] == "sign"


def test_the_same_seed_gives_the_same_diagnoses():
    def wrong(dout, x):
        return dout * x

    first, second = (check(square, X, backward=wrong, seed=11) for _ in range(2))
    assert first.diagnoses == second.diagnoses
    assert first.evaluations == second.evaluations


def test_a_diagnosis_changes_nothing_of_the_callers():
    kept, state = X.copy(), np.random.get_state()[1].copy()  # noqa: NPY002 - the caller's global state
    check(square, X, backward=lambda dout, x: dout * x)
    np.testing.assert_array_equal(X, kept)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002 - the caller's global state


def test_evaluations_are_bounded_however_large_the_tensor():
    x = rng.normal(size=(60, 50))
    report = check(lambda x: (np.cumsum(x, axis=1) ** 2, x), x, backward=lambda dout, x: np.cos(x) * dout)
    right = check(lambda x: (np.cumsum(x, axis=1) ** 2, x), x, backward=_cumulated, exhaustive=True)
    assert right.ok
    assert report.evaluations < right.evaluations + 3000


def _cumulated(dout, x):
    g = 2 * np.cumsum(x, axis=1) * dout
    return np.cumsum(g[:, ::-1], axis=1)[:, ::-1]


class _Trial:
    """A claim and the right gradient of it."""

    def __init__(self, claimed, right):
        self._claimed, self._right = np.array(claimed), np.array(right)

    def claimed(self, _):
        return self._claimed

    def right(self, _):
        return self._right


def test_the_share_explained_is_that_of_the_worst_fresh_point():
    half = Explanation("factor", lambda trial: trial.right("x") / 2, "", "")
    good, bad = _Trial([1.0, 2.0], [2.0, 4.0]), _Trial([1.0, 3.0], [2.0, 4.0])
    assert share_explained("x", half.predict, [good]) == pytest.approx(1)
    assert share_explained("x", half.predict, [good, bad]) == pytest.approx(0.5)


def test_nothing_is_explained_where_nothing_was_wrong():
    same = _Trial([1.0, 2.0], [1.0, 2.0])
    assert share_explained("x", lambda trial: trial.right("x"), [same]) == 0
    assert share_explained("x", lambda trial: 2 * trial.right("x"), [same]) == 0


def test_fresh_values_are_others_of_the_same_kind():
    one_hot = np.eye(3)
    np.testing.assert_array_equal(fresh_tensor(one_hot, rng), one_hot)
    positive = rng.uniform(0.1, 0.9, size=(4, 3))
    other = fresh_tensor(positive, rng)
    assert np.all(other > 0)
    assert np.all(other != positive)
    assert np.ptp(fresh_tensor(np.ones(5), rng)) > 0
    assert np.ptp(np.abs(fresh_cotangent(np.ones(5), rng))) > 0
    tied = with_the_same_ties(np.array([0.0, 2.0, 2.0]), rng)
    assert tied[0] == 0
    assert tied[1] == tied[2] != 2


def test_places_are_named_by_the_smallest_region():
    assert said_of_places(np.arange(12).reshape(3, 4) % 4 == 1) == ": all of them, and nothing else, in column 1"
    assert {phrase for phrase, _ in places((3, 3))} >= {"on the diagonal", "off the diagonal", "above the diagonal"}


def test_numbers_are_found_in_attributes_defaults_and_closures():
    rate = 0.25

    def f(x, scale=3.0):
        return rate * scale * x

    assert {("rate", 0.25), ("scale", 3.0)} <= set(named_numbers(f))


def test_a_cotangent_changed_in_place_comes_after_what_makes_the_numbers_wrong():
    def backward(dout, x):
        dout[x > 0] = 0
        return dout

    report = check(lambda x: (np.maximum(x, 0), x), np.random.default_rng(3).normal(size=(4, 5)), backward=backward)
    assert [d.cause for d in report.diagnoses] == ["inverted-mask", "mutates-cotangent"]
