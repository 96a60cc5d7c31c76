"""The training loop learns, repeats itself for the same seed, sees every example, and says when it goes wrong."""

import numpy as np
import pytest

from gradcheck.analytic import TwoLayerNet
from gradcheck.training import SGD, accuracy, evaluate, fit, load_digits

RNG = np.random.default_rng(3)
X = RNG.uniform(size=(25, 4))
T = (X[:, 0] > X[:, 1]).astype(int)


def network(seed=0):
    return TwoLayerNet(4, 6, 2, rng=seed, weight_scale=0.5)


def train(net, **options):
    settings = {"epochs": 3, "batch_size": 10, "optimizer": SGD(0.5), "verify": False} | options
    return fit(net, X, T, **settings)


def test_a_network_learns():
    net = network()
    history = train(net, epochs=200, optimizer=SGD(0.5, momentum=0.9), validation=(X, T))
    losses = [epoch.loss for epoch in history.epochs]
    assert losses[-1] < 0.1 < losses[0]
    assert history.epochs[-1].accuracy == history.epochs[-1].validation_accuracy == net.accuracy(X, T) == 1
    assert [epoch.number for epoch in history.epochs] == list(range(1, 201))


def test_the_recipe_of_the_tour_learns_the_digits():
    seed = 5
    digits = load_digits(dtype=np.float32)
    net = TwoLayerNet(64, 100, 10, rng=seed, weight_scale=0.05, dtype=np.float32)
    history = fit(
        net,
        digits.x_train,
        digits.t_train,
        epochs=40,
        batch_size=32,
        optimizer=SGD(0.3, momentum=0.9),
        validation=(digits.x_test, digits.t_test),
        seed=seed,
    )
    assert history.epochs[-1].validation_accuracy >= 0.96


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    nets = [network() for _ in range(3)]
    for net, seed in zip(nets, (5, 5, 6), strict=True):
        train(net, seed=seed)
    np.testing.assert_array_equal(nets[0].params["W1"], nets[1].params["W1"])
    assert not np.array_equal(nets[0].params["W1"], nets[2].params["W1"])


def test_the_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - it is what must not change
    train(network(), verify=True)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002 - the same


def test_every_example_is_seen_once_an_epoch_in_another_order_each_time():
    seen = []

    class Net(TwoLayerNet):
        def gradient(self, x, t):
            seen.append(x)
            return super().gradient(x, t)

    train(Net(4, 6, 2, rng=0), epochs=2)
    assert [len(x) for x in seen] == [10, 10, 5] * 2
    first, second = np.vstack(seen[:3]), np.vstack(seen[3:])
    for epoch in (first, second):
        np.testing.assert_array_equal(np.sort(epoch, axis=0), np.sort(X, axis=0))
    assert not np.array_equal(first, second)


def test_callbacks_are_told_of_every_batch_and_epoch():
    batches, epochs = [], []
    history = train(network(), epochs=2, on_batch=lambda *at: batches.append(at), on_epoch=epochs.append)
    assert batches == [(1, 3), (2, 3), (3, 3)] * 2
    assert epochs == history.epochs


def test_without_examples_held_out_their_accuracy_is_not_a_number():
    assert np.isnan(train(network()).epochs[0].validation_accuracy)


def test_evaluation_in_pieces_is_that_of_the_whole():
    net = network()
    loss, right = evaluate(net, X, T, batch_size=7)
    assert loss == pytest.approx(net.loss(X, T), rel=1e-12)
    assert right == net.accuracy(X, T)


def test_a_loss_that_is_no_number_stops_the_training():
    class Net(TwoLayerNet):
        def loss(self, x, t):
            return super().loss(x, t) * np.nan

    with pytest.raises(FloatingPointError, match=r"the loss is nan in epoch 1, batch 1 of 3; it comes from the loss"):
        train(Net(4, 6, 2, rng=0))


def test_misuse_is_told_what_is_right():
    for name in ("epochs", "batch_size"):
        for value in (0, -1, 2.5, True):
            with pytest.raises(ValueError, match=f"{name} has to be a whole number of at least 1; it is {value}"):
                train(network(), **{name: value})
    with pytest.raises(ValueError, match="equally many examples, at least one: 25 and 24"):
        fit(network(), X, T[:-1], epochs=1, batch_size=5, optimizer=SGD())
    with pytest.raises(ValueError, match="equally many examples, at least one: 0 and 0"):
        fit(network(), X[:0], T[:0], epochs=1, batch_size=5, optimizer=SGD())


def test_accuracy_takes_indices_and_one_hot_and_refuses_what_does_not_fit():
    scores = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    assert accuracy(scores, np.array([1, 1, 1])) == pytest.approx(2 / 3)
    assert accuracy(scores, np.array([[0, 1], [1, 0], [0, 1]])) == 1
    for t in (np.array([1, 0]), np.array([[1, 1, 0]])):
        with pytest.raises(ValueError, match=r"t has to be of shape \(3,\) \(indices\) or \(3, 2\) \(one-hot\)"):
            accuracy(scores, t)
    for bad in (np.zeros(3), np.zeros((0, 2))):
        with pytest.raises(ValueError, match=r"scores has to be of shape \(N, K\) with N ≥ 1; it has shape"):
            accuracy(bad, np.zeros(0))
