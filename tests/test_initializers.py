"""Initialisers draw what their name promises: moments, ranges, orthogonality; reproducibly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.analytic import Dense, ReLU, Sequential, Tanh
from gradcheck.training import Glorot, He, LeCun, Normal, Orthogonal, Uniform, Zeros, initialize
from gradcheck.training.initializers import VarianceScaling

ALL = [Zeros(), Normal(), Uniform(), Glorot(), Glorot("uniform"), He(), He("uniform"), LeCun(), Orthogonal()]
each = pytest.mark.parametrize("initializer", ALL, ids=repr)


@each
@settings(max_examples=20)
@given(
    shape=st.lists(st.integers(1, 6), min_size=2, max_size=4).map(tuple),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_shape_dtype_and_seed(initializer, shape, dtype):
    W = initializer(shape, 3, dtype)
    assert W.shape == shape
    assert W.dtype == dtype
    assert np.array_equal(W, initializer(shape, np.random.default_rng(3), dtype))
    assert isinstance(initializer, Zeros) or not np.array_equal(W, initializer(shape, 4, dtype))


@pytest.mark.parametrize("shape", [(200, 300), (40, 30, 5, 4)])
@pytest.mark.parametrize("initializer", [i for i in ALL if isinstance(i, VarianceScaling)], ids=repr)
def test_the_variance_is_the_one_of_the_paper(initializer, shape):
    fan_in, fan_out = {(200, 300): (200, 300), (40, 30, 5, 4): (600, 800)}[shape]
    expected = {Glorot: 2 / (fan_in + fan_out), He: 2 / fan_in, LeCun: 1 / fan_in}[type(initializer)]
    W = initializer(shape, rng=0)
    deviation = np.sqrt(2 / W.size) * expected  # of the variance of so many normal numbers
    assert abs(W.var() - expected) < 4 * deviation
    assert abs(W.mean()) < 4 * np.sqrt(expected / W.size)
    largest = np.abs(W).max() / np.sqrt(expected)
    assert np.sqrt(3) * 0.999 < largest <= np.sqrt(3) if initializer.distribution == "uniform" else largest > 3.5


def test_the_wrong_fan_would_be_seen():
    W = He()((200, 300), rng=0)
    assert abs(W.var() - 2 / 300) > 20 * np.sqrt(2 / W.size) * 2 / 300


def test_normal_and_uniform():
    W, U = Normal(2.0, 0.5)((300, 200), rng=0), Uniform(-1, 3)((300, 200), rng=0)
    assert W.mean() == pytest.approx(2, abs=0.01)
    assert W.std() == pytest.approx(0.5, abs=0.01)
    assert -1 <= U.min() < -0.99 < 2.99 < U.max() <= 3
    assert not Zeros()((3, 2)).any()


@given(st.integers(1, 6), st.integers(1, 6), st.floats(0.5, 2))
def test_columns_or_rows_are_orthogonal(rows, columns, gain):
    W = Orthogonal(gain)((rows, columns), rng=0)
    product = W.T @ W if rows >= columns else W @ W.T
    np.testing.assert_allclose(product, gain**2 * np.eye(min(rows, columns)), atol=1e-13)


def test_every_orthogonal_matrix_is_equally_likely():
    """Without the signs the first entry of Q would be negative always."""
    signs = [np.sign(Orthogonal()((3, 3), rng=seed)[0, 0]) for seed in range(100)]
    assert 30 < signs.count(1) < 70


@pytest.mark.parametrize(("initializer", "bend"), [(He(), ReLU), (Glorot(), Tanh), (Orthogonal(), Tanh)])
def test_signals_stay_alive_through_twenty_layers(initializer, bend):
    layers = [layer for seed in range(20) for layer in (Dense(64, 64, rng=seed), bend())]
    network = Sequential(layers)
    x = np.random.default_rng(0).normal(size=(50, 64))
    initialize(network.params, initializer, rng=1)
    assert 0.1 < network.forward(x).std() < 3
    initialize(network.params, Normal(std=0.01), rng=1)
    assert network.forward(x).std() < 1e-10


def test_a_network_is_filled_in_place_and_biases_are_left():
    network = Sequential(Dense(4, 3, rng=0, dtype=np.float32), Dense(3, 2, rng=0, dtype=np.float32))
    network.params["0.b"] += 1
    kept = dict(network.params)
    initialize(network.params, He(), rng=0)
    assert all(network.params[name] is W for name, W in kept.items())
    assert network.params["0.b"].tolist() == [1, 1, 1]
    assert network.params["0.W"].dtype == np.float32
    assert not np.array_equal(network.params["0.W"].ravel()[:6], network.params["1.W"].ravel())


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Normal(std=-1), "std has to be a number of at least 0; it is -1"),
        (lambda: Normal(mean=np.nan), "Normal: mean = nan, expected a finite number"),
        (lambda: Orthogonal(np.inf), "Orthogonal: gain = inf, expected a finite number"),
        (lambda: Uniform(2, 1), "low has to be at most high; they are 2 and 1"),
        (lambda: He("gaussian"), "distribution has to be 'normal' or 'uniform'; it is 'gaussian'"),
        (lambda: Orthogonal()((3,)), r"an orthogonal matrix needs two axes or more; the shape is \(3,\)"),
    ],
)
def test_what_cannot_be_drawn(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_weights_are_floating_point_numbers():
    with pytest.raises(TypeError, match=r"^He: dtype = int64, expected a real floating type such as np.float64$"):
        He()((2, 3), dtype=np.int64)
