"""Cases small enough to follow with a pencil, and values at the far ends, where naive formulas overflow."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.analytic import (
    ELU,
    GELU,
    SELU,
    Dense,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    log_softmax,
    softmax,
)
from gradcheck.analytic.special import normal_cdf_and_pdf


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
    np.testing.assert_allclose(layer.forward([[0.0, math.log(3)], [5.0, 5.0]]), [[1 / 4, 3 / 4], [1 / 2, 1 / 2]])
    np.testing.assert_allclose(layer.backward([[16.0, 0.0], [4.0, 8.0]]), [[3, -3], [-1, 1]])
    np.testing.assert_allclose(layer.backward([[7.0, 7.0], [-1.0, -1.0]]), 0, atol=1e-15)


EXTREMES = [-1e4, -800.0, 0.0, 800.0, 1e4]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_at_the_far_ends_are_exact(dtype):
    x = np.array(EXTREMES, dtype)
    assert Sigmoid().forward(x).tolist() == [0, 0, 0.5, 1, 1]
    assert Tanh().forward(x).tolist() == [-1, -1, 0, 1, 1]
    assert ReLU().forward(x).tolist() == [0, 0, 0, 800, 1e4]
    assert LeakyReLU(0.5).forward(x).tolist() == [-5e3, -400, 0, 800, 1e4]
    assert ELU(2).forward(x).tolist() == [-2, -2, 0, 800, 1e4]
    assert Softplus().forward(x).tolist() == [0, 0, dtype(math.log(2)), 800, 1e4]
    assert SiLU().forward(x).tolist() == [0, 0, 0, 800, 1e4]
    assert GELU().forward(x).tolist() == [0, 0, 0, 800, 1e4]
    assert GELU(approximate=True).forward(x).tolist() == [0, 0, 0, 800, 1e4]
    np.testing.assert_allclose(
        SELU().forward(x), [-1.7580993408473766, -1.7580993408473766, 0, 840.5607895, 10507.0098736], rtol=1e-6
    )
    assert Softmax().forward(x).tolist() == [0, 0, 0, 0, 1]
    assert log_softmax(x).tolist() == [-2e4, -10800, -1e4, -9200, 0]


def test_infinite_inputs_where_the_value_is_finite():
    x = np.array([-np.inf, np.inf])
    assert [layer.forward(x).tolist() for layer in (Sigmoid(), Tanh(), ELU(2))] == [[0, 1], [-1, 1], [-2, np.inf]]
    assert Softmax().forward([-np.inf, 0.0]).tolist() == [0, 1]
    assert log_softmax(np.array([-np.inf, 0.0])).tolist() == [-np.inf, 0]


@pytest.mark.parametrize("layer", [Sigmoid(), Tanh(), ReLU(), LeakyReLU(), ELU(), SELU(), Softplus(), SiLU(), GELU()])
def test_a_single_number_is_an_array_without_axes(layer):
    y, dx = layer.forward(-0.5), layer.backward(3.0)
    assert y.shape == dx.shape == ()
    assert y == layer.forward([-0.5])[0]
    assert dx == layer.backward([3.0])[0]


@pytest.mark.parametrize("slope", [-2.0, -0.5, 0.0, 0.5, 1.0, 1.5])
def test_leaky_relu_has_the_slope_it_is_told_whatever_that_is(slope):
    layer = LeakyReLU(slope)
    assert layer.forward([-3.0, 0.0, 5.0]).tolist() == [-3 * slope, 0, 5]
    assert layer.backward([7.0, 11.0, 13.0]).tolist() == [7 * slope, 11 * slope, 13]


STRAIGHT = [LeakyReLU(0.5), ELU(2), Softplus(), SiLU(), GELU(), GELU(approximate=True)]


@pytest.mark.parametrize("layer", STRAIGHT, ids=repr)
def test_slopes_of_rectifiers_at_the_far_ends(layer):
    layer.forward(np.array([-1e4, 1e4]))
    left = 0.5 if isinstance(layer, LeakyReLU) else 0
    assert layer.backward(np.array([3.0, -2.0])).tolist() == [3 * left, -2]


def test_slopes_of_rectifiers_at_zero():
    """At the kink the left slope is taken; where there is none, both are the same."""
    slopes = {LeakyReLU(0.25): 0.25, ELU(2): 2, ELU(): 1, Softplus(): 0.5, SiLU(): 0.5, GELU(): 0.5}
    for layer, slope in slopes.items():
        layer.forward(np.zeros(1))
        assert layer.backward(np.full(1, 3.0)).tolist() == pytest.approx([3 * slope], rel=1e-15)


@given(st.floats(-8.0, 8.0))
def test_gelu_is_that_of_the_standard_library_to_the_last_digits(x):
    y = GELU().forward(np.array([x]))[0]
    assert y == pytest.approx(x * 0.5 * math.erfc(-x / math.sqrt(2)), rel=1e-13, abs=1e-300)


@pytest.mark.parametrize("x", [-37.0, -20.0, -8.0, -3.0, -0.5, 0.0, 0.5, 3.0, 8.0, 37.0])
def test_the_normal_distribution_keeps_its_digits_in_the_tail(x):
    cdf, pdf = np.empty((2, 1))
    normal_cdf_and_pdf(np.array([x]), cdf, pdf, np.empty((10, 1)))
    assert cdf[0] == pytest.approx(0.5 * math.erfc(-x / math.sqrt(2)), rel=5e-13)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: LeakyReLU("a"), TypeError, "LeakyReLU: negative_slope = 'a' is no number"),
        (lambda: LeakyReLU(math.nan), ValueError, "LeakyReLU: negative_slope = nan, expected a finite number"),
        (lambda: ELU(-1), ValueError, "ELU: alpha = -1.0, expected at least 0"),
    ],
)
def test_slopes_that_make_no_layer(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()


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
