"""Networks: live parameters under readable names, the chain rule, and training steps that go downhill."""

import copy
import pickle
import re

import numpy as np
import pytest

from gradcheck.analytic import (
    Dense,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    Tanh,
    TwoLayerNet,
)

x = np.array([[1.0, -2.0, 0.5], [0.25, 1.0, -1.0], [2.0, 0.5, 1.0], [-1.0, -0.5, 0.25], [0.5, 1.5, -2.0]])
t = np.array([0, 1, 1, 0, 1])


def says(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def two_layer_net(**options):
    return TwoLayerNet(3, 4, 2, rng=0, weight_scale=0.5, **options)


def sequential(loss=None):
    return Sequential(Dense(3, 4, rng=0), Tanh(), Dense(4, 2, rng=1), loss=loss)


def test_backpropagation_in_whole_numbers():
    """Here y = relu(x W₁) W₂ with one dead unit; every gradient can be checked by eye."""
    net = Sequential(Dense(2, 2, rng=0), ReLU(), Dense(2, 1, rng=0))
    net.params["0.W"] = np.array([[1.0, -1.0], [2.0, 1.0]])
    net.params["2.W"] = np.array([[3.0], [5.0]])
    assert net.forward([[1.0, 0.0]]).tolist() == [[3]]  # hidden (1, -1), after ReLU (1, 0)
    assert net.backward([[10.0]]).tolist() == [[30, 60]]
    assert net.grads["2.W"].tolist() == [[10], [0]]
    assert net.grads["2.b"].tolist() == [10]
    assert net.grads["0.W"].tolist() == [[30, 0], [0, 0]]
    assert net.grads["0.b"].tolist() == [30, 0]


@pytest.mark.parametrize(
    ("net", "names"),
    [
        (sequential(), ["0.W", "0.b", "2.W", "2.b"]),
        (Sequential([Dense(3, 4), Sigmoid()]), ["0.W", "0.b"]),
        (Sequential(layer for layer in (Sigmoid(), Dense(3, 4))), ["1.W", "1.b"]),
        (Sequential({"hidden": Dense(3, 4), "bend": ReLU()}), ["hidden.W", "hidden.b"]),
        (Sequential(Sequential(Dense(3, 4), ReLU()), Dense(4, 2)), ["0.0.W", "0.0.b", "1.W", "1.b"]),
        (two_layer_net(), ["W1", "b1", "W2", "b2"]),
    ],
    ids=["layers", "list", "generator", "mapping", "nested", "two layers"],
)
def test_parameters_have_readable_names(net, names):
    assert list(net.params) == list(net.grads) == names
    assert all(net.params[name].shape == net.grads[name].shape for name in names)


@pytest.mark.parametrize("make", [two_layer_net, sequential], ids=["TwoLayerNet", "Sequential"])
def test_parameters_are_live(make):
    net = make()
    name, W = next(iter(net.params.items()))
    first = net.predict(x)
    W *= 2  # in place
    second = net.predict(x)
    net.params[name] = np.zeros_like(W)  # another array
    third = net.predict(x)
    net.params.update({name: W})
    assert not np.array_equal(first, second)
    assert np.array_equal(third, third[:1] + 0 * third)
    assert np.array_equal(net.predict(x), second)
    params = net.params
    params |= {name: np.zeros_like(W)}
    assert np.array_equal(net.predict(x), third)
    net.layers[0].W = W
    assert net.params[name] is W


def test_parameters_of_nested_networks_are_live():
    net = Sequential(Sequential(Dense(3, 4, rng=0), ReLU()), Dense(4, 2, rng=1))
    net.params["0.0.W"] = np.ones((3, 4))
    assert net.layers[0].layers[0].W is net.params["0.0.W"]


def test_a_parameter_that_is_none():
    with says(KeyError, "\"'W3' is no parameter of this network; it has W1, b1, W2, b2\""):
        two_layer_net().params["W3"] = np.ones(3)


def test_parameters_are_a_dict_and_their_copy_belongs_to_no_network():
    net = two_layer_net()
    kept = pickle.loads(pickle.dumps(net.params))
    assert isinstance(net.params, dict)
    assert type(kept) is type(copy.deepcopy(net.params)) is dict
    assert all(np.array_equal(kept[name], W) for name, W in {**net.params}.items())
    kept["W1"] = None
    assert net.params["W1"] is not None


def test_a_copied_network_shares_nothing():
    net = two_layer_net()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert np.array_equal(twin.predict(x), net.predict(x))
        twin.params["W1"] += 1
        assert not np.array_equal(twin.predict(x), net.predict(x))


@pytest.mark.parametrize("targets", [t, np.eye(2)[t]], ids=["indices", "one-hot"])
@pytest.mark.parametrize("activation", [Sigmoid, Tanh, ReLU])
def test_backpropagation_agrees_with_differences(activation, targets):
    net = two_layer_net(activation=activation)
    analytic, numerical = net.gradient(x, targets), net.numerical_gradient(x, targets)
    assert analytic.keys() == numerical.keys() == net.params.keys()
    for name in analytic:
        np.testing.assert_allclose(analytic[name], numerical[name], rtol=1e-6, atol=1e-9)


def test_differences_see_a_wrong_backpropagation():
    class Wrong(TwoLayerNet):
        def _backward(self, dy, cache):
            return super()._backward(2 * dy, cache)

    net = Wrong(3, 4, 2, rng=0)
    analytic, numerical = net.gradient(x, t), net.numerical_gradient(x, t)
    assert not any(np.allclose(analytic[name], numerical[name], rtol=1e-3, atol=0) for name in analytic)


def test_sequential_with_a_loss_agrees_with_differences():
    net = sequential(MeanSquaredError())
    analytic, numerical = net.gradient(x, np.eye(2)[t]), net.numerical_gradient(x, np.eye(2)[t])
    for name in analytic:
        np.testing.assert_allclose(analytic[name], numerical[name], rtol=1e-6, atol=1e-9)


def test_gradients_change_no_parameter_and_no_data():
    net = two_layer_net()
    kept = [array.copy() for array in (x, t, *net.params.values())]
    net.gradient(x, t)
    net.numerical_gradient(x, t)
    net.accuracy(x, t)
    after = (x, t, *net.params.values())
    assert all(np.array_equal(old, new) for old, new in zip(kept, after, strict=True))


def test_an_exception_in_the_middle_of_differences_restores_the_weight():
    class Fails(SoftmaxCrossEntropy):
        calls = 0

        def forward(self, x, t):
            self.calls += 1
            if self.calls == 4:
                raise KeyboardInterrupt
            return super().forward(x, t)

    net = sequential(Fails())
    kept = {name: W.copy() for name, W in net.params.items()}
    with pytest.raises(KeyboardInterrupt):
        net.numerical_gradient(x, t)
    assert all(np.array_equal(kept[name], W) for name, W in net.params.items())


def test_a_gradient_stays_what_it_was_when_the_next_is_computed():
    net = two_layer_net()
    first = net.gradient(x, t)
    kept = {name: dW.copy() for name, dW in first.items()}
    net.gradient(2 * x, 1 - t)
    assert all(np.array_equal(first[name], kept[name]) for name in kept)


def test_predictions_are_scores_and_the_loss_has_the_softmax():
    net = two_layer_net()
    scores = net.predict(x)
    assert scores.shape == (5, 2)
    assert net.loss(x, t) == SoftmaxCrossEntropy().forward(scores, t)
    assert np.array_equal(net(x), scores)


def test_accuracy_is_the_share_of_right_classes():
    net = Sequential(Dense(2, 2, rng=0))
    net.params["0.W"] = np.eye(2)
    points, classes = np.array([[2.0, 1.0], [1.0, 2.0], [3.0, 0.0], [0.0, 1.0]]), np.array([0, 1, 1, 1])
    assert net.accuracy(points, classes) == net.accuracy(points, np.eye(2)[classes]) == 0.75
    assert isinstance(net.accuracy(points, classes), float)


def test_steps_downhill_bring_the_loss_down():
    net = two_layer_net()
    losses = []
    for _ in range(200):
        for name, gradient in net.gradient(x, t).items():
            net.params[name] -= 0.5 * gradient
        losses.append(net.loss(x, t))
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 0.1
    assert net.accuracy(x, t) == 1


def test_float32_all_the_way():
    net = two_layer_net(dtype=np.float32)
    gradients = net.gradient(x.astype(np.float32), t)
    assert {W.dtype for W in net.params.values()} == {d.dtype for d in gradients.values()} == {np.dtype("f4")}
    assert net.loss(x.astype(np.float32), t).dtype == np.float32


def test_the_same_seed_gives_the_same_network():
    one, other, third = two_layer_net(), two_layer_net(), TwoLayerNet(3, 4, 2, rng=1)
    assert all(np.array_equal(one.params[name], other.params[name]) for name in one.params)
    assert not np.array_equal(one.params["W1"], third.params["W1"])
    assert not one.params["b1"].any()
    assert np.std(TwoLayerNet(300, 200, 10, rng=0).params["W1"]) == pytest.approx(0.01, rel=0.02)


def test_networks_show_what_they_are_made_of():
    assert repr(sequential()) == "Sequential(Dense(3, 4), Tanh(), Dense(4, 2))"
    assert repr(two_layer_net(activation=ReLU)) == (
        "TwoLayerNet(Dense(3, 4), ReLU(), Dense(4, 2), loss=SoftmaxCrossEntropy())"
    )


def test_what_makes_no_network():
    shared = Dense(3, 3)
    for nothing in [(), ([],), ({},)]:
        with says(ValueError, "Sequential: no layers were given, expected at least one"):
            Sequential(*nothing)
    with says(TypeError, "Sequential: layer 1 is 'relu', expected a Layer such as Dense(2, 3)"):
        Sequential(shared, "relu")
    with says(
        ValueError,
        "Sequential: layers 0 and 2 are one object, which can remember only one x; build two",
    ):
        Sequential(shared, ReLU(), shared)


def test_what_a_network_cannot_do():
    with says(
        ValueError,
        "Sequential(Dense(3, 4), Tanh(), Dense(4, 2)): has no loss; build it with loss=SoftmaxCrossEntropy() "
        "or another",
    ):
        sequential().gradient(x, t)
    with says(
        ValueError,
        "Sequential(Dense(3, 4), Tanh(), Dense(4, 2)): t has shape (4,), expected (5,) for class indices, "
        "or one-hot rows of that many examples",
    ):
        sequential().accuracy(x, t[:4])
    with says(ValueError, "Dense(3, 4): x has 2 features on its last axis, expected D = 3"):
        two_layer_net().loss(x[:, :2], t)
    with pytest.raises(RuntimeError, match="backward was called before forward"):
        two_layer_net().backward(np.ones((5, 2)))
