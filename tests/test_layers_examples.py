"""Cases small enough to follow with a pencil, and values at the far ends, where naive formulas overflow."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.analytic import Dense, ReLU, Sigmoid, Softmax, Tanh, log_softmax, softmax


def dense(W, b):
    layer = Dense(len(W), len(W[0]), rng=0)
    layer.W, layer.b = np.array(W, float), np.array(b, float)
    return layer


def test_dense_in_whole_numbers():
    layer = dense([[1, 2, 3], [4, 5, 6]], [10, 20, 30])
    assert layer.forward([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0], [2.0, 1.0]]).tolist() == [
        [11, 22, 33],
        [14, 25, 36],
        [7, 17, 27],
        [16, 29, 42],
    ]
    # Each row of dy picks or combines columns of W.
    dx = layer.backward([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert dx.tolist() == [[1, 4], [3, 6], [3, 9], [0, 0]]
    assert layer.grads["W"].tolist() == [[2, 1, 0], [-1, -1, 1]]
    assert layer.grads["b"].tolist() == [2, 1, 1]


def test_dense_over_three_axes_is_dense_over_all_rows():
    layer = dense([[1, 2, 3], [4, 5, 6]], [0, 0, 0])
    x, dy = np.arange(16.0).reshape(2, 4, 2), np.arange(24.0).reshape(2, 4, 3)
    y = layer.forward(x)
    dx, dW, db = layer.backward(dy), layer.grads["W"], layer.grads["b"]
    assert np.array_equal(y.reshape(8, 3), layer.forward(x.reshape(8, 2)))
    assert np.array_equal(dx.reshape(8, 2), layer.backward(dy.reshape(8, 3)))
    assert np.array_equal(dW, layer.grads["W"])
    assert db.tolist() == [84, 92, 100]


def test_dense_of_a_single_row_without_a_batch():
    layer = dense([[1, 2, 3], [4, 5, 6]], [0, 0, 1])
    assert layer.forward([1.0, -1.0]).tolist() == [-3, -3, -2]
    assert layer.backward([1.0, 0.0, 2.0]).tolist() == [7, 16]
    assert layer.grads["W"].tolist() == [[1, 0, 2], [-1, 0, -2]]
    assert layer.grads["b"].tolist() == [1, 0, 2]


def test_relu_in_whole_numbers():
    relu = ReLU()
    assert relu.forward([[-2.0, 3.0, 0.0], [1.0, -1.0, -0.0]]).tolist() == [[0, 3, 0], [1, 0, 0]]
    assert relu.backward([[1.0, -2.0, 3.0], [-4.0, 5.0, 6.0]]).tolist() == [[0, -2, 0], [-4, 0, 0]]


def test_sigmoid_and_tanh_where_their_values_are_plain():
    sigmoid, tanh = Sigmoid(), Tanh()
    np.testing.assert_allclose(sigmoid.forward([0.0, math.log(3), -math.log(3)]), [1 / 2, 3 / 4, 1 / 4])
    np.testing.assert_allclose(sigmoid.backward([4.0, 16.0, -16.0]), [1, 3, -3])
    np.testing.assert_allclose(tanh.forward([0.0, math.log(2), -math.log(3)]), [0, 3 / 5, -4 / 5])
    np.testing.assert_allclose(tanh.backward([1.0, 25.0, 25.0]), [1, 16, 9])


def test_softmax_where_its_values_are_plain():
    layer = Softmax()
    np.testing.assert_allclose(
        layer.forward([[0.0, math.log(3)], [5.0, 5.0]]), [[1 / 4, 3 / 4], [1 / 2, 1 / 2]]
    )
    np.testing.assert_allclose(layer.backward([[16.0, 0.0], [4.0, 8.0]]), [[3, -3], [-1, 1]])
    np.testing.assert_allclose(layer.backward([[7.0, 7.0], [-1.0, -1.0]]), 0, atol=1e-15)


EXTREMES = [-1e4, -800.0, 0.0, 800.0, 1e4]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_at_the_far_ends_are_exact(dtype):
    x = np.array(EXTREMES, dtype)
    assert Sigmoid().forward(x).tolist() == [0, 0, 0.5, 1, 1]
    assert Tanh().forward(x).tolist() == [-1, -1, 0, 1, 1]
    assert ReLU().forward(x).tolist() == [0, 0, 0, 800, 1e4]
    assert Softmax().forward(x).tolist() == [0, 0, 0, 0, 1]
    assert log_softmax(x).tolist() == [-2e4, -10800, -1e4, -9200, 0]


@pytest.mark.parametrize("layer", [Sigmoid(), Tanh(), Softmax()], ids=repr)
def test_gradients_at_the_far_ends_vanish_without_a_nan(layer):
    layer.forward(np.array([-1e4, 1e4]))
    assert layer.backward(np.array([3.0, -2.0])).tolist() == [0, 0]


def test_small_sigmoids_keep_their_digits():
    # 1 / (1 + e⁴⁰) is e⁻⁴⁰ to 17 digits; a formula through tanh would give 0.
    assert Sigmoid().forward(np.array([-40.0]))[0] == pytest.approx(math.exp(-40), rel=1e-15)


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=5), st.floats(-1e3, 1e3))
def test_softmax_sums_to_one_and_ignores_a_shift(scores, shift):
    y = softmax(np.array(scores))
    assert np.all((y >= 0) & (y <= 1))
    assert y.sum() == pytest.approx(1, rel=1e-12)
    np.testing.assert_allclose(softmax(np.array(scores) + shift), y, rtol=1e-9, atol=1e-12)
    assert np.all(np.isfinite(log_softmax(np.array(scores))))


@given(st.floats(-700, 700))
def test_sigmoid_of_x_and_of_minus_x_sum_to_one(x):
    y = Sigmoid().forward(np.array([x, -x]))
    assert y.sum() == pytest.approx(1, rel=1e-15)


@pytest.mark.parametrize("layer", [Sigmoid(), ReLU(), Tanh(), Softmax(), Dense(2, 3, rng=0)], ids=repr)
def test_a_nan_goes_in_and_comes_out(layer):
    assert np.isnan(layer.forward(np.array([[1.0, np.nan], [1.0, 2.0]]))[0]).any()
