"""Metrics are those of scikit-learn, for any answers; and say what is wrong with a call."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gradcheck.training import metrics

sklearn = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")

K = 4
pairs = st.integers(1, 30).flatmap(lambda n: st.tuples(*[hnp.arrays(np.intp, n, elements=st.integers(0, K - 1))] * 2))
averages = st.sampled_from(["macro", "micro", "weighted", "none"])


@given(pairs)
def test_the_confusion_matrix(answers):
    predicted, t = answers
    np.testing.assert_array_equal(
        metrics.confusion_matrix(predicted, t, classes=K), sklearn.confusion_matrix(t, predicted, labels=range(K))
    )
    np.testing.assert_array_equal(
        metrics.confusion_matrix(np.eye(K)[predicted], np.eye(K)[t]),
        metrics.confusion_matrix(predicted, t, classes=K),
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (metrics.precision, sklearn.precision_score),
        (metrics.recall, sklearn.recall_score),
        (metrics.f1, sklearn.f1_score),
    ],
    ids=["precision", "recall", "f1"],
)
@given(answers=pairs, average=averages)
def test_precision_recall_and_f1(ours, theirs, answers, average):
    predicted, t = answers
    expected = theirs(t, predicted, average=None if average == "none" else average, zero_division=0)
    found = ours(predicted, t, average)
    if average == "none":  # ours has a number for every class up to the highest, theirs for those that occur
        found = found[np.union1d(predicted, t)]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@given(pairs)
def test_accuracy(answers):
    predicted, t = answers
    assert metrics.accuracy(np.eye(K)[predicted], t) == pytest.approx(sklearn.accuracy_score(t, predicted))
    assert metrics.recall(predicted, t, "micro") == pytest.approx(sklearn.accuracy_score(t, predicted))


@given(st.data(), st.integers(1, K))
def test_top_k_accuracy(data, k):
    n = data.draw(st.integers(1, 10))
    scores = data.draw(hnp.arrays(np.float64, (n, K), elements=st.integers(0, 3).map(float)))
    t = data.draw(hnp.arrays(np.intp, n, elements=st.integers(0, K - 1)))
    if k < K:  # scikit-learn warns that all is right otherwise
        expected = sklearn.top_k_accuracy_score(t, scores, k=k, labels=range(K))
        assert metrics.top_k_accuracy(scores, t, k) == pytest.approx(expected)
    assert metrics.top_k_accuracy(scores, np.eye(K)[t], K) == 1
    assert metrics.top_k_accuracy(scores, t, k) >= metrics.top_k_accuracy(scores, t, 1)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30))
def test_the_area_under_the_curve_also_with_ties(examples):
    scores, t = np.array(examples).T
    if len(set(t)) == 2:
        assert metrics.auc(scores / 7, t) == pytest.approx(sklearn.roc_auc_score(t, scores), abs=1e-12)
    else:
        with pytest.raises(ValueError, match="it needs both"):
            metrics.auc(scores / 7, t)


@given(st.data())
def test_errors_of_numbers(data):
    shape = data.draw(st.sampled_from([(5,), (5, 2), (7, 1)]))
    predicted, noise = (data.draw(hnp.arrays(np.float64, shape, elements=st.integers(-9, 9).map(float))) for _ in "ab")
    t = noise + np.arange(5.0 * 2 * 7).reshape(-1)[: np.prod(shape)].reshape(shape) ** 2
    assert metrics.mean_squared_error(predicted, t) == pytest.approx(sklearn.mean_squared_error(t, predicted))
    assert metrics.mean_absolute_error(predicted, t) == pytest.approx(sklearn.mean_absolute_error(t, predicted))
    assert metrics.r2(predicted, t) == pytest.approx(sklearn.r2_score(t, predicted))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: metrics.confusion_matrix([0, 1], [0]), ValueError, r"equally many, at least one: \(2,\) and \(1,\)"),
        (lambda: metrics.confusion_matrix([0.0], [0]), TypeError, "predicted has to hold class indices; it has dtype"),
        (
            lambda: metrics.confusion_matrix([0], [3], 2),
            ValueError,
            "t holds the class 3; there are the classes",
        ),
        (lambda: metrics.confusion_matrix(0, 0), ValueError, r"predicted has to be of shape \(N,\) or \(N, K\); it"),
        (lambda: metrics.f1([0], [0], "all"), ValueError, "average has to be one of macro, micro, weighted, none; it"),
        (lambda: metrics.top_k_accuracy(np.ones((2, 3)), [0, 1], 4), ValueError, "k has to be from 1 to 3, the number"),
        (lambda: metrics.top_k_accuracy(np.ones(3), [0], 1), ValueError, r"scores has to be of shape \(N, K\) with N"),
        (lambda: metrics.top_k_accuracy(np.ones((2, 3)), [0], 1), ValueError, r"t has to be of shape \(2,\) \(indices"),
        (lambda: metrics.accuracy([[1.0, 2.0]], [2]), ValueError, "t holds the class 2; there are the classes 0 to 1"),
        (lambda: metrics.accuracy([[1.0, 2.0]], [1.0]), TypeError, "t has to hold class indices; it has dtype float64"),
        (lambda: metrics.top_k_accuracy([[1.0, 2.0]], [-1], 1), ValueError, "t holds the class -1; there are the cl"),
        (lambda: metrics.auc([1.0, 2.0], [0, 2]), ValueError, "t has to hold 0 and 1; it holds"),
        (lambda: metrics.auc([1.0, 2.0], [0]), ValueError, r"of the same shape \(N,\); they have \(2,\) and \(1,\)"),
        (lambda: metrics.auc([1.0, np.nan], [0, 1]), ValueError, "scores holds NaN, which has no place in an order"),
        (lambda: metrics.r2([1.0, 2.0], [3.0, 3.0]), ValueError, "t is constant, so there is no variance to explain"),
        (
            lambda: metrics.mean_squared_error([1.0], [[1.0]]),
            ValueError,
            "of one shape, and not empty; they have",
        ),
    ],
)
def test_a_wrong_call_is_told_what_is_wrong(call, error, says):
    with pytest.raises(error, match=says):
        call()
