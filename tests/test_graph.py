"""Graphs: branches, joints, shared layers, several inputs and outputs, all differentiated right."""

import copy
import pickle
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck import check
from gradcheck.analytic import (
    L1,
    L2,
    LSTM,
    Add,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Input,
    MeanSquaredError,
    Model,
    MultiHeadAttention,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    Tanh,
)

rng = np.random.default_rng(0)
x, t = rng.normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])


def says(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def chain(**options):
    a = Input(3)
    return Model(a, Dense(4, 2, rng=1)(Tanh()(Dense(3, 4, rng=0)(a))), **options)


def residual():
    a = Input(3)
    h = Dense(3, 3, rng=0)(a)
    return Model(a, Dense(3, 2, rng=1)(Add()(a, Tanh()(h), h)))


def siamese():
    """One network for two inputs, with a dense layer used three times in all."""
    one, other, shared = Input(3), Input(3), Dense(3, 3, rng=0)
    return Model([one, other], Concatenate()(shared(Tanh()(shared(one))), shared(other)))


def two_headed():
    a = Input(3)
    h = Tanh()(Dense(3, 4, rng=0)(a))
    return Model(a, [Dense(4, 2, rng=1)(h), Dense(4, 1, rng=2)(h)])


def shared_network():
    a, b = Input(3), Input(3)
    inner = Sequential(Dense(3, 4, rng=0), Tanh(), Dense(4, 3, rng=1))
    return Model([a, b], Add()(inner(a), inner(inner(b))))


def nested():
    a = Input(3)
    return Model(a, Sigmoid()(residual()(Dense(3, 3, rng=5)(a))))


BUILT = {f.__name__: f for f in (chain, residual, siamese, two_headed, shared_network, nested)}


@pytest.mark.parametrize("name", BUILT)
def test_every_graph_is_differentiated_right(name):
    model = BUILT[name]()
    inputs = [rng.normal(size=(5, 3)) for _ in model.inputs]
    assert check(model, *inputs)


@pytest.mark.parametrize("name", ["residual", "siamese", "shared_network", "two_headed"])
def test_a_sum_over_the_uses_that_is_forgotten_is_caught(name, monkeypatch):
    """What is written only last counts: the same graph is wrong then."""

    def overwrite(gradients, symbol, dx):
        gradients[symbol] = dx

    model = BUILT[name]()
    inputs = [rng.normal(size=(5, 3)) for _ in model.inputs]
    if name in {"residual", "two_headed"}:
        monkeypatch.setattr("gradcheck.analytic.graph._add", overwrite)
    else:
        leaf = next(model._leaves())
        monkeypatch.setattr(leaf, "_grads", _Forgetful(leaf.grads))
    assert not check(model, *inputs)


class _Forgetful(dict):
    """Gradients that are not replaced by their sum."""

    def update(self, *others, **more):
        pass


@settings(max_examples=20)
@given(st.data())
def test_any_graph_agrees_with_differences(data):
    """Layers called on what is there already, in any way; shared or new."""
    symbols, layers = [Input(3), Input(3)], [Dense(3, 3, rng=i) for i in range(2)] + [Tanh(), Sigmoid()]
    for _ in range(data.draw(st.integers(1, 6))):
        if data.draw(st.booleans()):
            symbols.append(Add()(*data.draw(st.lists(st.sampled_from(symbols), min_size=2, max_size=3))))
        else:
            symbols.append(data.draw(st.sampled_from(layers))(data.draw(st.sampled_from(symbols))))
    model = Model(symbols[:2], Add()(*symbols))
    assert check(model, rng.normal(size=(2, 3)), rng.normal(size=(2, 3)))


def test_a_chain_is_the_same_as_sequential():
    model, net = chain(loss=SoftmaxCrossEntropy()), Sequential(Dense(3, 4, rng=0), Tanh(), Dense(4, 2, rng=1))
    net.loss_function = SoftmaxCrossEntropy()
    np.testing.assert_array_equal(model.predict(x), net.predict(x))
    assert model.loss(x, t) == net.loss(x, t)
    for name, gradient in net.gradient(x, t).items():
        np.testing.assert_array_equal(model.gradient(x, t)[name], gradient)
    assert list(model.params) == list(net.params)
    assert model.accuracy(x, t) == net.accuracy(x, t)


def test_two_outputs_have_two_losses():
    model = two_headed()
    model = Model(model.inputs, model.outputs, loss=[SoftmaxCrossEntropy(), MeanSquaredError()])
    targets = (t, rng.normal(size=(5, 1)))
    outputs = model.predict(x)
    expected = SoftmaxCrossEntropy()(outputs[0], t) + MeanSquaredError()(outputs[1], targets[1])
    assert model.loss(x, targets) == pytest.approx(expected)
    numerical = model.numerical_gradient(x, targets)
    for name, gradient in model.gradient(x, targets).items():
        np.testing.assert_allclose(gradient, numerical[name], rtol=1e-5, atol=1e-9)


def test_two_inputs_train_as_a_tuple():
    a, b = Input(3), Input(2)
    model = Model([a, b], Dense(5, 2, rng=0)(Concatenate()(a, b)), loss=SoftmaxCrossEntropy())
    both = (x, rng.normal(size=(5, 2)))
    before = model.loss(both, t)
    for _ in range(20):
        for name, gradient in model.gradient(both, t).items():
            model.params[name] -= 0.5 * gradient
    assert model.loss(both, t) < before
    assert model.predict(both).shape == model.predict(*both).shape == (5, 2)


def test_sequences_with_lengths_as_an_input():
    words, lengths = Input(name="words"), Input(name="lengths")
    read = Bidirectional(LSTM(3, 4, rng=0), LSTM(3, 4, rng=1))(Embedding(7, 3, rng=2)(words), lengths)
    model = Model([words, lengths], Dense(8, 2, rng=3)(read), loss=SoftmaxCrossEntropy())
    inputs = (rng.integers(7, size=(5, 6)), np.array([6, 1, 3, 2, 6]))
    numerical = model.numerical_gradient(inputs, t)
    for name, gradient in model.gradient(inputs, t).items():
        np.testing.assert_allclose(gradient, numerical[name], rtol=1e-4, atol=1e-8)


def test_one_array_as_query_key_and_value():
    a = Input()
    attention = MultiHeadAttention(4, 2, rng=0)
    model, sequence = Model(a, attention(a, a, a)), rng.normal(size=(2, 3, 4))
    dy = rng.normal(size=(2, 3, 4))
    model.forward(sequence)
    dx = model.backward(dy)
    attention.forward(sequence)
    np.testing.assert_allclose(dx, attention.backward(dy), rtol=1e-12)


def test_training_and_inference_reach_every_layer():
    a = Input(3)
    model = Model(a, Dropout(0.5, rng=0)(BatchNormalization(3)(a)))
    assert model.training
    np.testing.assert_array_equal(model.predict(x), model.predict(x))
    assert model.training
    assert not np.array_equal(model.forward(x), model.forward(x))
    model.training = False
    assert not any(layer.training for layer in model.layers)


@pytest.mark.parametrize("name", BUILT)
def test_a_copy_shares_nothing(name):
    model = BUILT[name]()
    inputs = [rng.normal(size=(5, 3)) for _ in model.inputs]
    before = np.hstack(model.predict(*inputs))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(np.hstack(twin.predict(*inputs)), before)
        for W in twin.params.values():
            np.add(W, 1, out=W)
    np.testing.assert_array_equal(np.hstack(model.predict(*inputs)), before)


def test_a_penalty_on_the_weights_is_in_loss_and_gradient():
    plain = chain(loss=SoftmaxCrossEntropy())
    for regularizer in (L1(0.1), L2(0.1)):
        model = chain(loss=SoftmaxCrossEntropy(), regularizer=regularizer)
        weights = [W for W in model.params.values() if W.ndim == 2]
        assert model.loss(x, t) == pytest.approx(plain.loss(x, t) + sum(map(regularizer.forward, weights)))
        assert check(model, x, t)
        assert not np.array_equal(model.gradient(x, t)["0.W"], plain.gradient(x, t)["0.W"])
        np.testing.assert_array_equal(model.gradient(x, t)["0.b"], plain.gradient(x, t)["0.b"])


def test_the_summary():
    model = siamese()
    assert model.summary().splitlines()[-1].split() == ["total", "12"]
    table = model.summary(x, x)
    assert "0 Dense(3, 3)" in table
    assert "(5, 6)" in table
    assert Sequential(Dense(3, 4), Tanh()).summary().splitlines() == [
        "layer         parameters",
        "0 Dense(3, 4)         16",
        "1 Tanh()               0",
        "total                 16",
    ]


def test_a_thousand_layers_are_no_problem():
    a = symbol = Input(3)
    layer = Tanh()
    for _ in range(2000):
        symbol = layer(symbol)
    model = Model(a, symbol)
    model.forward(x)
    assert np.all(np.isfinite(model.backward(np.ones((5, 3)))))


def test_what_makes_no_graph():
    a, b = Input(3, name="a"), Input(3, name="b")
    y = Tanh()(a)
    with says(ValueError, "Model: an output depends on Input('b'), which is not among the inputs"):
        Model(a, Add()(a, b))
    with says(ValueError, "Model: no output depends on Input('b'); leave it out of the inputs"):
        Model([a, b], y)
    with says(ValueError, "Model: the input Tanh()(Input('a')) is the output of a layer, expected an Input(...)"):
        Model(y, Tanh()(y))
    with says(TypeError, "Model: outputs holds 3, expected symbols: Input(...), or a layer called on one"):
        Model(a, [3])
    with says(ValueError, "Model: outputs is empty, expected at least one symbol"):
        Model(a, [])
    with says(ValueError, "Model: there are 2 losses for 1 outputs, expected one for each"):
        Model(a, y, loss=[MeanSquaredError(), MeanSquaredError()])
    model = Model(a, y)
    name = "Model(1 inputs, 1 layers, 1 outputs)"
    with says(ValueError, f"{name}: forward was given 2 arrays, expected 1"):
        model.forward(x, x)
    with says(ValueError, f"{name}: Input('a') has shape (5, 2), expected (N, 3)"):
        model.forward(x[:, :2])
    with says(RuntimeError, f"{name}: backward was called before forward; call forward(x) first"):
        model.backward(x)
    model.forward(x)
    with says(ValueError, f"{name}: backward was given 2 gradients, expected 1"):
        model.backward(x, x)
    with says(ValueError, f"{name}: has no loss; build it with loss=SoftmaxCrossEntropy() or another"):
        model.gradient(x, t)
