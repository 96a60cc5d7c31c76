"""Layers that keep something between calls or behave otherwise after training, and networks of such layers."""

import re

import numpy as np
import pytest

from gradcheck.analytic import (
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    LayerNormalization,
    Reshape,
    Sequential,
    SoftmaxCrossEntropy,
)


def says(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


ONES = np.ones((400, 50))


def test_dropout_drops_its_share_and_keeps_the_mean():
    y = Dropout(0.3, rng=0).forward(ONES)
    assert set(np.unique(y)) == {0, 1 / 0.7}
    assert np.mean(y == 0) == pytest.approx(0.3, abs=0.01)
    assert y.mean() == pytest.approx(1, abs=0.02)


def test_dropout_draws_anew_each_time_and_the_same_from_the_same_seed():
    layer, twin = Dropout(0.3, rng=0), Dropout(0.3, rng=0)
    first, second = layer.forward(ONES), layer.forward(ONES)
    assert not np.array_equal(first, second)
    assert np.array_equal(first, twin.forward(ONES))


def test_dropout_lets_dy_through_where_it_let_x_through():
    layer = Dropout(0.3, rng=0)
    y = layer.forward(ONES)
    assert np.array_equal(layer.backward(ONES), y)


def test_dropout_after_training_does_nothing():
    layer = Dropout(0.3, rng=0)
    layer.training = False
    assert np.array_equal(layer.forward(2 * ONES), 2 * ONES)
    assert np.array_equal(layer.backward(3 * ONES), 3 * ONES)
    assert np.array_equal(Dropout(0.0, rng=0).forward(ONES), ONES)


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5])
def test_a_rate_is_a_probability(rate):
    with says(ValueError, f"Dropout: rate = {rate}, expected a probability from 0 to less than 1"):
        Dropout(rate)


def test_batch_normalization_in_whole_numbers():
    layer = BatchNormalization(1, epsilon=0)
    layer.gamma, layer.beta = np.array([3.0]), np.array([10.0])
    x = np.array([[2.0], [4.0], [2.0], [4.0]])  # mean 3, deviation 1
    assert layer.forward(x).tolist() == [[7], [13], [7], [13]]
    # Normal is (-1, 1, -1, 1); of dy its mean 1 and its part along normal are taken away, and 3 is gamma.
    assert layer.backward(np.array([[4.0], [0.0], [0.0], [0.0]])).tolist() == [[6], [0], [-6], [0]]
    assert layer.grads["gamma"].tolist() == [-4]
    assert layer.grads["beta"].tolist() == [4]


def test_batch_normalization_gives_mean_0_and_variance_1_for_each_channel():
    x = np.random.default_rng(0).normal(5.0, 3.0, (8, 3, 4, 6))
    y = BatchNormalization(3, epsilon=0).forward(x)
    np.testing.assert_allclose(y.mean(axis=(0, 2, 3)), 0, atol=1e-13)
    np.testing.assert_allclose(y.var(axis=(0, 2, 3)), 1, rtol=1e-12)


def test_running_statistics_approach_those_of_the_data():
    rng = np.random.default_rng(0)
    layer = BatchNormalization(2, momentum=0.9)
    x = rng.normal([5.0, -1.0], [3.0, 0.5], (50, 2))
    layer.forward(x)
    np.testing.assert_allclose(layer.running_mean, 0.1 * x.mean(axis=0))
    np.testing.assert_allclose(layer.running_variance, 0.9 + 0.1 * x.var(axis=0, ddof=1))
    for _ in range(300):
        layer.forward(rng.normal([5.0, -1.0], [3.0, 0.5], (50, 2)))
    np.testing.assert_allclose(layer.running_mean, [5, -1], atol=0.3)
    np.testing.assert_allclose(layer.running_variance, [9, 0.25], rtol=0.15)


def test_batch_normalization_after_training_uses_the_running_statistics_and_leaves_them():
    layer = BatchNormalization(2, epsilon=0)
    layer.running_mean, layer.running_variance = np.array([1.0, 2.0]), np.array([4.0, 0.25])
    layer.training = False
    assert layer.forward([[3.0, 3.0]]).tolist() == [[1, 2]]
    assert layer.backward([[4.0, 4.0]]).tolist() == [[2, 8]]
    assert layer.running_mean.tolist() == [1, 2]
    assert layer.running_variance.tolist() == [4, 0.25]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"momentum": 1.5}, "BatchNormalization: momentum = 1.5, expected 0 to 1"),
        ({"momentum": -0.5}, "BatchNormalization: momentum = -0.5, expected 0 to 1"),
        ({"epsilon": -1}, "BatchNormalization: epsilon = -1.0, expected at least 0"),
    ],
)
def test_options_that_make_no_normalization(options, message):
    with says(ValueError, message):
        BatchNormalization(3, **options)


def test_layer_normalization_gives_mean_0_and_variance_1_for_each_example():
    x = np.random.default_rng(0).normal(5.0, 3.0, (3, 4, 6))
    y = LayerNormalization((4, 6), epsilon=0).forward(x)
    np.testing.assert_allclose(y.mean(axis=(1, 2)), 0, atol=1e-13)
    np.testing.assert_allclose(y.var(axis=(1, 2)), 1, rtol=1e-12)
    assert repr(LayerNormalization((4, 6))) == "LayerNormalization((4, 6))"
    assert repr(LayerNormalization(4)) == "LayerNormalization(4)"


def test_constant_features_are_no_division_by_zero():
    for layer in (BatchNormalization(3), LayerNormalization(3)):
        assert not layer.forward(np.full((4, 3), 7.0)).any()
        assert np.all(np.isfinite(layer.backward(np.ones((4, 3)))))


def network():
    return Sequential(
        Dense(3, 4, rng=0),
        BatchNormalization(4),
        Sequential(Dropout(0.5, rng=0), Dense(4, 2, rng=1)),
        loss=SoftmaxCrossEntropy(),
    )


def test_a_network_predicts_in_inference_and_is_then_as_before():
    net, x = network(), np.random.default_rng(0).normal(size=(5, 3))
    frozen = net.layers[1]
    frozen.training = False
    assert np.array_equal(net.predict(x), net.predict(x))
    assert [net.layers[2].layers[0].training, frozen.training] == [True, False]
    with pytest.raises(ValueError, match="features on its last axis"):
        net.predict(x[:, :2])
    assert [net.layers[2].layers[0].training, frozen.training] == [True, False]
    assert not np.array_equal(net.forward(x), net.forward(x))


def test_training_is_set_for_all_layers_at_once():
    net = network()
    assert net.training
    net.training = False
    assert not net.training
    assert not net.layers[2].layers[0].training
    net.training = True
    assert net.layers[1].training


def test_embedding_sums_where_an_index_comes_twice():
    layer = Embedding(4, 2, rng=0)
    layer.W = np.array([[0.0, 1.0], [10.0, 11.0], [20.0, 21.0], [30.0, 31.0]])
    x = np.array([[3, 1, 3], [3, 0, 1]])
    assert layer.forward(x)[0].tolist() == [[30, 31], [10, 11], [30, 31]]
    dx = layer.backward(np.ones((2, 3, 2)))
    assert layer.grads["W"].tolist() == [[1, 1], [2, 2], [0, 0], [3, 3]]
    assert dx.shape == x.shape
    assert not dx.any()


def test_what_the_layers_say():
    with says(ValueError, "Embedding(4, 2): x holds the index 4, expected 0 to 3, as W has V = 4 rows"):
        Embedding(4, 2).forward([0, 4])
    with says(ValueError, "Embedding(4, 2): x holds the index -1, expected 0 to 3, as W has V = 4 rows"):
        Embedding(4, 2).forward([-1, 4])
    with says(TypeError, "Embedding(4, 2): x has dtype float64, expected integers, as they are indices of rows of W"):
        Embedding(4, 2).forward([0.0])
    with says(ValueError, "BatchNormalization(3): x has 4 channels on axis 1, expected C = 3"):
        BatchNormalization(3).forward(np.zeros((2, 4)))
    with says(ValueError, "BatchNormalization(3): x has shape (3,), expected (N, C) or (N, C, ...) with C = 3"):
        BatchNormalization(3).forward(np.zeros(3))
    with says(ValueError, "BatchNormalization(3): x has shape (0, 3) and so no examples to take a mean of"):
        BatchNormalization(3).forward(np.zeros((0, 3)))
    with says(ValueError, "LayerNormalization(3): x has shape (3, 4), expected (..., 3)"):
        LayerNormalization(3).forward(np.zeros((3, 4)))
    with says(ValueError, "LayerNormalization((3, 4)): x has shape (4,), expected (..., 3, 4)"):
        LayerNormalization((3, 4)).forward(np.zeros(4))


def test_reshaping_in_whole_numbers_and_what_does_not_fit():
    x = np.arange(12.0).reshape(2, 2, 3)
    assert Flatten().forward(x).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert Reshape((3, -1)).forward(x).tolist() == [[[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]]
    assert Reshape((3, -1)).forward(x[:0]).shape == (0, 3, 2)
    assert Flatten().forward(x[:0]).shape == (0, 6)
    assert Flatten().forward(np.ones(3)).shape == (3, 1)
    with says(ValueError, "Reshape((4,)): a row of x has 6 entries, which do not fill the shape (4,)"):
        Reshape((4,)).forward(x)
    with says(ValueError, "Reshape((4, -1)): a row of x has 6 entries, which do not fill the shape (4, -1)"):
        Reshape((4, -1)).forward(x)
    for shape in [(0, 2), (-1, -1), (-2,)]:
        with says(ValueError, f"Reshape: shape = {shape}, expected lengths of 1 or more, and at most one −1"):
            Reshape(shape)
    for layer in (Flatten(), Reshape((1,))):
        with says(ValueError, f"{layer}: x is a single number, expected a batch (N, ...)"):
            layer.forward(1.0)
