"""Losses small enough to follow with a pencil, at the far ends, and for every form of targets."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.analytic import KLDivergence, MeanSquaredError, Softmax, SoftmaxCrossEntropy


def test_mean_squared_error_in_whole_numbers():
    loss = MeanSquaredError()
    assert loss.forward([[1.0, 2.0], [3.0, 4.0]], [[0.0, 2.0], [3.0, 9.0]]) == 26 / 4
    assert loss.backward().tolist() == [[0.5, 0], [0, -2.5]]
    assert loss.backward(4.0).tolist() == [[2, 0], [0, -10]]


def test_cross_entropy_where_its_values_are_plain():
    loss = SoftmaxCrossEntropy()
    x = np.array([[0.0, math.log(3)], [0.0, 0.0]])  # probabilities (1/4, 3/4) and (1/2, 1/2)
    assert loss.forward(x, [0, 1]) == pytest.approx((math.log(4) + math.log(2)) / 2)
    np.testing.assert_allclose(loss.backward(), [[-3 / 8, 3 / 8], [1 / 4, -1 / 4]])
    np.testing.assert_allclose(loss.backward(-8.0), [[3, -3], [-2, 2]])


def test_indices_one_hot_rows_and_probabilities_are_the_same_targets():
    x = np.random.default_rng(0).normal(size=(4, 3))
    t = np.array([2, 0, 1, 1])
    loss = SoftmaxCrossEntropy()
    expected, gradient = loss.forward(x, t), loss.backward()
    for same_t in (
        np.eye(3)[t],
        np.eye(3, dtype=int)[t],
        np.eye(3, dtype=bool)[t],
        t.astype(np.uint8),
        t.tolist(),
    ):
        assert loss.forward(x, same_t) == expected
        assert np.array_equal(loss.backward(), gradient)


def test_soft_targets_are_the_mean_of_hard_ones():
    x = np.random.default_rng(0).normal(size=(4, 3))
    loss = SoftmaxCrossEntropy()
    first, second = loss.forward(x, [0, 0, 0, 0]), loss.forward(x, [2, 2, 2, 2])
    assert loss.forward(x, [[0.5, 0.0, 0.5]] * 4) == pytest.approx((first + second) / 2, rel=1e-14)


def test_the_gradient_is_probabilities_minus_targets():
    x = np.random.default_rng(0).normal(size=(4, 3))
    loss = SoftmaxCrossEntropy()
    loss.forward(x, [2, 0, 1, 1])
    np.testing.assert_allclose(loss.backward(4.0), Softmax().forward(x) - np.eye(3)[[2, 0, 1, 1]], rtol=1e-13)


def test_more_axes_are_more_examples():
    x = np.random.default_rng(0).normal(size=(2, 4, 3))
    t = np.array([[0, 1, 2, 0], [2, 2, 1, 0]])
    loss = SoftmaxCrossEntropy()
    value, dx = loss.forward(x, t), loss.backward()
    assert value == loss.forward(x.reshape(8, 3), t.reshape(8))
    assert np.array_equal(dx.reshape(8, 3), loss.backward())
    single = SoftmaxCrossEntropy()
    assert single.forward(x[0, 0], 1) == pytest.approx(loss.forward(x[0, :1], [1]))
    assert single.backward().shape == (3,)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_ten_thousand_are_exact(dtype):
    loss = SoftmaxCrossEntropy()
    x = np.array([[1e4, -1e4], [1e4, -1e4]], dtype)
    assert loss.forward(x, [0, 0]) == 0
    assert loss.backward().tolist() == [[0, 0], [0, 0]]
    assert loss.forward(x, [1, 0]) == 1e4  # (20000 + 0) / 2
    assert loss.backward().tolist() == [[0.5, -0.5], [0, 0]]
    assert loss.forward(x, [[0.5, 0.5], [0.25, 0.75]]) == 12500
    assert loss.backward().dtype == dtype


def test_a_class_ruled_out_by_an_infinite_score_has_no_part():
    loss, x, fewer = SoftmaxCrossEntropy(), np.array([[1.0, -np.inf, 2.0]]), np.array([[1.0, 2.0]])
    assert loss.forward(x, [2]) == loss.forward(fewer, [1])
    assert loss.forward(x, [[0.25, 0.0, 0.75]]) == loss.forward(fewer, [[0.25, 0.75]])
    without = loss.backward()[0]
    loss.forward(x, [[0.25, 0.0, 0.75]])
    assert loss.backward()[0].tolist() == [without[0], 0, without[1]]
    assert loss.forward(x, [1]) == np.inf
    assert KLDivergence().forward([[0.0, -np.inf]], [[1.0, 0.0]]) == 0


@given(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=5), st.data())
def test_any_scores_give_a_finite_loss_and_gradient(scores, data):
    loss = SoftmaxCrossEntropy()
    t = data.draw(st.integers(0, len(scores) - 1))
    assert 0 <= loss.forward(np.array([scores]), [t]) <= 2e4 + math.log(len(scores))
    dx = loss.backward()
    assert np.all(np.abs(dx) <= 1)
    assert dx.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("loss", [MeanSquaredError(), SoftmaxCrossEntropy()], ids=repr)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_value_is_a_number_of_the_dtype_of_the_predictions(loss, dtype):
    x = np.ones((2, 3), dtype)
    value = loss.forward(x, np.eye(3)[:2])  # float64 targets do not make it float64
    assert np.shape(value) == ()
    assert value.dtype == dtype
    for dout in (1.0, 2, np.float64(0.5), np.array(3.0), np.float32(2)):
        assert loss.backward(dout).dtype == dtype
