"""Every layer, loss and network can be explained: at matrix level, with shapes and reasons, every step measured."""

import copy

import numpy as np
import pytest

from gradcheck import explain
from gradcheck.analytic import (
    L2,
    LSTM,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Layer,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    SoftmaxCrossEntropy,
    TwoLayerNet,
    cases,
)
from gradcheck.derivation.layers import LayerFunction

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3)).round(1)
CASES = {case.name: case for case in cases()}
LONG = (
    "LSTM",
    "GRU",
    "Bidirectional",
    "GELU",
    "MultiHead",
    "Model",
    "Sequential",
    "TwoLayer",
    "Conv3D",
)  # of these, one variable


@pytest.mark.parametrize("name", CASES)
def test_every_layer_can_be_explained_and_its_backward_agrees(name):
    case = CASES[name]
    inputs = case.inputs
    wanted = LayerFunction(case.subject, inputs, None, 0).variables
    wanted = wanted[-1:] if name.startswith(LONG) else wanted
    for derivation in explain(case.subject, *inputs, wrt=wanted):
        assert derivation.ok, str(derivation)
        assert derivation.source is None or derivation.source[0] == "source_form"  # not measured output by output
        assert [check.name for check in derivation.checks if not check.agrees] == []
        of_network = case.subject if derivation.wrt == "x" and hasattr(case.subject, "loss") else None
        assert of_network or "backward" in [check.name for check in derivation.checks]
        assert max(map(len, derivation.text().splitlines())) <= 88


def test_a_dense_layer_is_told_with_its_shapes():
    found = explain(Dense(3, 2, rng=0), X)
    assert [d.wrt for d in found] == ["x", "W", "b"]
    assert "∂L/∂x (4×3) = δ_y (4×2) @ Wᵀ (2×3)" in found["x"].text()
    assert "∂L/∂W (3×2) = xᵀ (3×4) @ δ_y (4×2)" in found["W"].text()
    assert "∂L/∂b (2) = sum(δ_y (4×2), axis=0)" in found["b"].text()


def test_the_reason_for_every_transpose_and_sum_is_given():
    found = explain(Dense(3, 2, rng=0), X)
    reasons = {d.wrt: [key for row in d.rows for key, _ in row.reasons] for d in found}
    assert reasons["x"] == ["why_weighted", "why_matmul_left"]
    assert reasons["W"] == ["why_weighted", "why_matmul_right", "why_shared_rows"]
    assert reasons["b"] == ["why_weighted", "why_broadcast"]
    text = found["b"].text()
    assert "b (2) was broadcast to 4×2: every copy has its δ, so they are summed over axis 0" in text
    assert "all 4 rows used the same W" in found["W"].text()


def test_a_vectors_product_has_reasons_of_its_own():
    def f(W, h):
        y = W @ h
        return np.sum(y**2)

    at = {"W": np.arange(6.0).reshape(2, 3), "h": np.ones(3)}
    reasons = [[key for row in explain(f, wrt, at).rows for key, _ in row.reasons] for wrt in ("W", "h")]
    assert reasons == [["why_sum", "why_outer"], ["why_sum", "why_matmul_right"]]


def test_a_network_is_explained_from_its_loss_to_its_first_weights():
    net = TwoLayerNet(3, 4, 2, rng=0, weight_scale=0.5)
    t = np.array([0, 1, 1, 0])
    derivation = explain(net, X, t, wrt="W1")
    np.testing.assert_allclose(derivation.value, net.gradient(X, t)["W1"], rtol=1e-10)
    text = derivation.text()
    assert "δ_y2 (4×4) = δ_y3 (4×2) @ W2ᵀ (2×4)" in text
    assert "δ_y1 (4×4) = δ_y2 (4×4) ⊙ y2 (4×4) ⊙ (1 - y2 (4×4))" in text
    assert "∂L/∂W1 (3×4) = xᵀ (3×4) @ δ_y1 (4×4)" in text


def test_a_penalty_on_the_weights_is_a_path_of_its_own():
    net = Sequential(Dense(3, 4, rng=0), ReLU(), Dense(4, 2, rng=1), loss=MeanSquaredError(), regularizer=L2(0.1))
    derivation = explain(net, X, X[:, :2], wrt="0.W")
    assert derivation.ok
    assert derivation.source[0] == "source_form"
    assert [row.via for row in derivation.rows if row.via] == ["y1", "y5"]
    np.testing.assert_allclose(derivation.value, net.gradient(X, X[:, :2])["0.W"], rtol=1e-10)


def test_the_cotangent_is_the_callers_or_random_by_seed():
    layer = Dense(3, 2, rng=0)
    dy = np.ones((4, 2))
    np.testing.assert_allclose(explain(layer, X, wrt="W", dy=dy).value, X.T @ dy, rtol=1e-12)
    a, b, c = (explain(layer, X, wrt="b", seed=seed).value for seed in (0, 0, 1))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)


def test_one_entry_of_a_parameter_can_be_asked_for():
    layer = Dense(3, 2, rng=0)
    assert explain(layer, X, wrt="W[1, 0]").value == pytest.approx(explain(layer, X, wrt="W").value[1, 0])


def test_fast_code_is_told_in_the_textbooks_form_and_says_so():
    text = explain(Sigmoid(), X, wrt="x").text()
    assert "textbook's form of Sigmoid" in text
    assert "δ_y (4×3) ⊙ y (4×3) ⊙ (1 - y (4×3))" in text
    assert "textbook" not in explain(ReLU(), X, wrt="x").text()


def test_a_form_is_used_only_where_it_gives_the_layers_own_values():
    class Softplus:  # by name a textbook's layer, but sharper
        def forward(self, x):
            return np.log(1 + np.exp(3 * x)) / 3

    derivation = explain(Softplus(), X, wrt="x")
    assert derivation.source is None
    assert derivation.ok
    np.testing.assert_allclose(derivation.value, derivation.numerical, rtol=1e-6)


def test_code_that_cannot_be_followed_is_measured_output_by_output():
    class Table:
        """Fills an array through a view, which a traced value has not."""

        def __init__(self):
            self.params = {"W": np.array([2.0, 3.0, 5.0])}

        def forward(self, x):
            out = np.zeros((len(x), 2))
            columns = out.T
            for k in range(2):
                columns[k] = x[:, k] * self.params["W"][k] + x[:, 2]
            return out

    derivation = explain(Table(), X, wrt="x[1, 2]", dy=np.full((4, 2), 0.5))
    assert derivation.value == pytest.approx(1.0)
    assert derivation.ok
    assert "2 of 8 outputs move with x[1, 2]" in derivation.text()
    weight = explain(Table(), X, wrt="W[1]", dy=np.ones((4, 2)))
    assert [row.via for row in weight.rows[:-1]] == [f"y[{n}, 1]" for n in np.argsort(-np.abs(X[:, 1]), kind="stable")]
    assert weight.value == pytest.approx(X[:, 1].sum())


def test_a_slope_that_is_an_entry_of_a_parameter_is_called_by_its_name():
    class Convolution1D:
        def __init__(self):
            self.params = {"W": np.array([0.3, -0.7])}

        def forward(self, x):
            y = np.empty(len(x) - 1)
            view = y[:]
            for k in range(len(y)):
                view[k] = x[k : k + 2] @ self.params["W"]
            return y

    derivation = explain(Convolution1D(), np.array([1.0, 2.0, 4.0]), wrt="x[1]", dy=np.array([2.0, 3.0]))
    assert sorted(row.text for row in derivation.rows if row.kind == "factor") == ["dy[0] * W[1]", "dy[1] * W[0]"]
    assert derivation.value == pytest.approx(2 * -0.7 + 3 * 0.3)


class WrongDense(Dense):
    """Forgets that every row of the batch used the same b."""

    def _backward(self, dy, x):
        dx = super()._backward(dy, x)
        self.grads["b"] = dy.mean(axis=0)
        return dx


def test_a_wrong_backward_is_seen_and_the_derivation_stands():
    found = explain(WrongDense(3, 2, rng=0), X)
    derivation = found["b"]
    assert derivation.ok
    assert [check.name for check in derivation.checks if not check.agrees] == ["backward"]
    assert "own backward says something else than this derivation" in derivation.text()
    assert all(check.agrees for check in found["W"].checks)


def test_nothing_of_the_layer_is_changed():
    layers = [
        BatchNormalization(3),
        Dropout(0.5, rng=1),
        Sequential(Dense(3, 2, rng=0), ReLU(), loss=MeanSquaredError()),
    ]  # in training, where each call would leave its traces
    for layer in layers:
        before = copy.deepcopy(layer)
        explain(layer, X) if layer is not layers[-1] else explain(layer, X, np.ones((4, 2)), wrt="0.W")
        for name, value in layer.params.items():
            assert np.array_equal(value, before.params[name])
        for attribute in ("running_mean", "running_variance"):
            if hasattr(layer, attribute):
                assert np.array_equal(getattr(layer, attribute), getattr(before, attribute))
    assert np.array_equal(layers[1].forward(X), before_first_mask())


def before_first_mask():
    """What a dropout layer of this seed does the first time."""
    return Dropout(0.5, rng=1).forward(X)


def test_integer_inputs_and_targets_are_held():
    assert [d.wrt for d in explain(Embedding(5, 2, rng=0), np.array([[0, 2, 2]]))] == ["W"]
    assert [d.wrt for d in explain(SoftmaxCrossEntropy(), X, np.abs(X) / np.abs(X).sum(1, keepdims=True))] == ["x"]


def test_a_large_layer_costs_a_few_dozen_evaluations():
    class Counted(Layer):
        def __init__(self):
            super().__init__(W=RNG.normal(size=(784, 100)) / 28)
            self.calls = calls = []
            self.count = lambda: calls.append(1)

        def __deepcopy__(self, memo):
            return self

        def _forward(self, x):
            self.count()
            return np.tanh(x @ self.params["W"]), None

    layer = Counted()
    W = layer.params["W"]
    derivation = explain(layer, RNG.normal(size=(20, 784)), wrt="W")
    assert derivation.ok
    assert len(layer.calls) < 400
    assert np.count_nonzero(~np.isnan(derivation.numerical)) < 20
    assert "directions" in [check.name for check in derivation.checks]
    assert W.shape == derivation.value.shape


def test_a_single_wrong_entry_of_a_large_gradient_is_seen(monkeypatch):
    from gradcheck.derivation.rules import RULES, Rule

    right = RULES["matmul"]

    def wrong(k, g, ans, *inputs):
        gradient = right.vjp(k, g, ans, *inputs)
        return gradient * spoiled if k == 1 and gradient.shape == spoiled.shape else gradient

    spoiled = np.ones((30, 20))
    spoiled[7, 11] = 1.01
    monkeypatch.setitem(RULES, "matmul", Rule(right.forward, each=wrong))
    derivation = explain(Dense(30, 20, rng=0), RNG.normal(size=(8, 30)), wrt="W")
    assert not derivation.ok


def test_a_recurrent_layer_is_followed_through_time():
    layer = LSTM(2, 3, rng=0)
    derivation = explain(layer, RNG.normal(size=(2, 2, 2)), wrt="U")
    assert derivation.ok
    assert derivation.path_count > 1


def test_a_convolution_is_a_sum_over_windows():
    derivation = explain(Conv2D(1, 2, 2, rng=0), RNG.normal(size=(1, 1, 3, 3)), wrt="W")
    assert "windows(x)" in derivation.text()
    assert "einsum" in derivation.text()


# Messages


def test_a_layer_without_an_input():
    with pytest.raises(TypeError, match=r"Dense\(3, 2\) is explained at an input; write explain\(layer, x\)"):
        explain(Dense(3, 2, rng=0))


def test_a_cotangent_of_another_shape():
    with pytest.raises(ValueError, match=r"dy has shape \(3,\), but the layer's result has shape \(4, 2\)"):
        explain(Dense(3, 2, rng=0), X, dy=np.ones(3))


def test_a_parameter_that_is_not_there():
    with pytest.raises(ValueError, match="wrt is 'V', but Dense has the arguments x, W, b, dy; name one of them"):
        explain(Dense(3, 2, rng=0), X, wrt="V")


def test_a_function_without_a_point():
    with pytest.raises(TypeError, match="at is missing"):
        explain(lambda x: x, "x")
    with pytest.raises(TypeError, match="wrt is missing"):
        explain(lambda x: x, at={"x": 1.0})
    with pytest.raises(TypeError, match="give a value for every argument by name"):
        explain(lambda x: x, "x", 1.0)


class Affine:
    """As a book writes it: parameters in attributes, their gradients beside them."""

    def __init__(self, W, b):
        self.W, self.b, self.dW, self.db, self.x = W, b, None, None, None

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


class Listed(Affine):
    """The same with a list of parameters."""

    def __init__(self, W, b):
        super().__init__(W, b)
        self.params, self.grads = [W, b], [np.zeros_like(W), np.zeros_like(b)]

    def forward(self, x):
        W, b = self.params
        self.x = x
        return np.dot(x, W) + b

    def backward(self, dout):
        dx = super().backward(dout)
        self.grads[0][...], self.grads[1][...] = self.dW, self.db
        return dx


class Network:
    """The same as a network: a dictionary of parameters, whose layers hold the same arrays."""

    def __init__(self, W, b):
        self.params = {"W1": W, "b1": b}
        self.layers = {"affine": Affine(W, b)}

    def loss(self, x, t):
        for layer in self.layers.values():
            x = layer.forward(x)
        return np.sum((x - t) ** 2)

    def gradient(self, x, t):
        dout = 2 * (self.layers["affine"].forward(x) - t)
        self.layers["affine"].backward(dout)
        return {"W1": self.layers["affine"].dW, "b1": self.layers["affine"].db}


class Narrow(Affine):
    """The same, but the result is written into an array of single floats."""

    def forward(self, x):
        out = np.empty((len(x), len(self.b)), dtype="f")
        for n in range(len(x)):
            out[n] = np.tanh(x[n] @ self.W + self.b)
        return out


@pytest.mark.parametrize(
    ("kind", "inputs", "names"),
    [
        (Affine, (X,), ["x", "W", "b"]),
        (Listed, (X,), ["x", "params[0]", "params[1]"]),
        (Network, (X, X[:, :2]), ["x", "W1", "b1"]),
        (Narrow, (X,), ["x", "W", "b"]),
    ],
)
def test_parameters_are_found_where_books_keep_them(kind, inputs, names):
    layer = kind(RNG.normal(size=(3, 2)), RNG.normal(size=2))
    before = copy.deepcopy(layer.__dict__)
    found = explain(layer, *inputs)
    assert [d.wrt for d in found] == names
    for derivation in found:
        assert derivation.ok, str(derivation)
        assert derivation.source is None  # the code itself was followed
        assert kind is Narrow or derivation.wrt == "x" or all(check.agrees for check in derivation.checks)
    np.testing.assert_array_equal(layer.__dict__.get("W", 0), before.get("W", 0))


def test_an_entry_of_a_listed_parameter():
    layer = Listed(RNG.normal(size=(3, 2)), RNG.normal(size=2))
    derivation = explain(layer, X, wrt="params[0][2, 1]")
    assert derivation.value == pytest.approx(explain(layer, X, wrt="params[0]").value[2, 1])
