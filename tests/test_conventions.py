"""Code as people write it is understood with no glue, and what is not understood is told what would do.

Each form comes with its right gradient, which must agree in every tensor there is, and a wrong one, which must not.
"""

import re
from collections import OrderedDict

import autograd.numpy as anp
import numpy as np
import pytest
from autograd.extend import defvjp, primitive
from reading import said

from gradcheck import check
from gradcheck.analytic import Dense, MeanSquaredError, ReLU, Sequential, SoftmaxCrossEntropy, TwoLayerNet

rng = np.random.default_rng(9)
x = rng.normal(size=(5, 4))
w = rng.normal(size=(4, 3))
b = rng.normal(size=3)
labels = np.array([0, 1, 2, 2, 1])
onehot = np.eye(3)[labels]


def agrees(report, *tensors):
    assert report, report
    assert [tensor.name for tensor in report.tensors] == list(tensors)
    return report


def not_understood(*words):
    """A TypeError that says all this."""
    return pytest.raises(TypeError, match="(?s)" + "".join(f"(?=.*{re.escape(word)})" for word in words))


# Layer objects


class Affine:
    """W and dW as attributes, dW unknown before the first backward."""

    def __init__(self, wrong=1.0):
        self.W, self.b, self.dW, self.db, self.wrong = w.copy(), b.copy(), None, None, wrong

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.store(self.wrong * self.x.T @ dout, dout.sum(axis=0))
        return dout @ self.W.T

    def store(self, dW, db):
        self.dW, self.db = dW, db


class AffineGradNames(Affine):
    def __init__(self, wrong=1.0):
        super().__init__(wrong)
        del self.dW, self.db
        self.grad_W, self.grad_b = np.zeros_like(w), np.zeros_like(b)

    def store(self, dW, db):
        self.grad_W[...], self.grad_b[...] = dW, db


class AffineSuffix(Affine):
    def __init__(self, wrong=1.0):
        super().__init__(wrong)
        del self.dW, self.db
        self.W_grad = self.b_grad = None

    def store(self, dW, db):
        self.W_grad, self.b_grad = dW, db


class AffineDicts(Affine):
    def __init__(self, wrong=1.0):
        self.params, self.grads, self.wrong = {"W": w.copy(), "b": b.copy()}, {}, wrong

    W = property(lambda self: self.params["W"])
    b = property(lambda self: self.params["b"])

    def store(self, dW, db):
        self.grads["W"], self.grads["b"] = dW, db


class AffineDictsRebound(AffineDicts):
    def store(self, dW, db):
        self.grads = {"W": dW, "b": db}


class AffineDictsInPlace(AffineDicts):
    def __init__(self, wrong=1.0):
        super().__init__(wrong)
        self.grads = {"W": np.zeros_like(w), "b": np.zeros_like(b)}

    def store(self, dW, db):
        self.grads["W"][:] = dW
        np.copyto(self.grads["b"], db)


class AffineDictsNamedWithD(AffineDicts):
    def store(self, dW, db):
        self.grads = {"dW": dW, "db": db}


class AffineLists(Affine):
    def __init__(self, wrong=1.0):
        self.params, self.wrong = [w.copy(), b.copy()], wrong
        self.grads = [np.zeros_like(w), np.zeros_like(b)]

    W = property(lambda self: self.params[0])
    b = property(lambda self: self.params[1])

    def store(self, dW, db):
        self.grads[0][...], self.grads[1][...] = dW, db


class AffineListsRebound(AffineLists):
    def store(self, dW, db):
        self.grads = [dW, db]


LAYERS = {
    Affine: "W b",
    AffineGradNames: "W b",
    AffineSuffix: "W b",
    AffineDicts: "W b",
    AffineDictsRebound: "W b",
    AffineDictsInPlace: "W b",
    AffineDictsNamedWithD: "W b",
    AffineLists: "params[0] params[1]",
    AffineListsRebound: "params[0] params[1]",
}


@pytest.mark.parametrize(("kind", "parameters"), LAYERS.items())
def test_layer_objects(kind, parameters):
    weights = parameters.split()[0]
    report = agrees(check(kind(), x), "x", *parameters.split())
    assert report.name == kind.__name__
    assert "layer object" in report.understood
    assert weights in report.understood
    wrong = check(kind(wrong=1.01), x)
    assert {tensor.name: tensor.verdict for tensor in wrong.tensors if tensor.verdict != "agree"} == {
        weights: "disagree"
    }


def test_a_layer_with_several_inputs_and_integer_inputs():
    class Gather:
        def forward(self, x, index, y):
            self.cache = x.shape, index, y
            self.picked = x[index]
            return self.picked * y

        def backward(self, dout):
            shape, index, y = self.cache
            dx = np.zeros(shape)
            np.add.at(dx, index, dout * y)
            return dx, None, dout * self.picked

    agrees(check(Gather(), x, np.array([0, 2, 2]), x[:3]), "x", "y")


def test_a_layer_with_a_flag_that_has_a_default():
    class Scale:
        def forward(self, x, train_flg=True):
            self.factor = 2.0 if train_flg else 1.0
            return x * self.factor

        def backward(self, dout):
            return dout * self.factor

    agrees(check(Scale(), x), "x")
    agrees(check(Scale(), x, False), "x")


def test_an_embedding_whose_only_input_is_an_integer():
    class Embedding:
        def __init__(self):
            self.params, self.grads = [w.copy()], [np.zeros_like(w)]

        def forward(self, index):
            self.index = index
            return self.params[0][index]

        def backward(self, dout):
            self.grads[0][...] = 0
            np.add.at(self.grads[0], self.index, dout)

    agrees(check(Embedding(), np.array([[0, 2], [2, 1]])), "params[0]")


def test_a_recurrent_step_with_two_inputs():
    class RNN:
        def __init__(self):
            self.params = [w.copy(), rng.normal(size=(3, 3)), b.copy()]
            self.grads = [np.zeros_like(p) for p in self.params]

        def forward(self, x, h_prev):
            Wx, Wh, b = self.params
            h = np.tanh(h_prev @ Wh + x @ Wx + b)
            self.cache = (x, h_prev, h)
            return h

        def backward(self, dh):
            Wx, Wh, _ = self.params
            x, h_prev, h = self.cache
            dt = dh * (1 - h**2)
            self.grads[0][...], self.grads[1][...], self.grads[2][...] = x.T @ dt, h_prev.T @ dt, dt.sum(axis=0)
            return dt @ Wx.T, dt @ Wh.T

    agrees(check(RNN(), x, rng.normal(size=(5, 3))), "x", "h_prev", "params[0]", "params[1]", "params[2]")


@pytest.mark.parametrize("factor", [2, 1])
def test_an_object_that_is_called_instead_of_forwarded(factor):
    class Square:
        def __call__(self, x):
            self.x = x
            return x**2

        def backward(self, dout):
            return factor * self.x * dout

    report = check(Square(), x)
    assert report.ok == (factor == 2), report
    assert "layer object" in report.understood


def test_multiplication_of_plain_numbers():
    class Mul:
        def forward(self, x, y):
            self.x, self.y = x, y
            return x * y

        def backward(self, dout):
            return dout * self.y, dout * self.x

    agrees(check(Mul(), 100.0, 1.1), "x", "y")


# Losses


class SoftmaxLoss:
    """As last layers are written: labels or one-hot targets, backward without upstream gradient."""

    def forward(self, x, t):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), np.eye(3)[t] if t.ndim == 1 else t
        return -np.sum(self.t * np.log(self.y)) / len(x)

    def backward(self):
        return (self.y - self.t) / len(self.y)


class SoftmaxLossDefault(SoftmaxLoss):
    def backward(self, dout=1):
        return super().backward()


class SoftmaxLossScaled(SoftmaxLoss):
    def backward(self, dout=1):
        return super().backward() * dout


@pytest.mark.parametrize("t", [labels, onehot, onehot.astype(int)], ids=["labels", "one-hot floats", "one-hot ints"])
@pytest.mark.parametrize("kind", [SoftmaxLoss, SoftmaxLossScaled, SoftmaxCrossEntropy])
def test_losses_with_targets_held_constant(kind, t):
    scores = x[:, :3]
    agrees(check(kind(), scores, t, wrt="x" if kind is SoftmaxCrossEntropy else None), "x")


def test_a_loss_whose_backward_has_a_default_cotangent():
    """A last layer that ignores dout is right for dout = 1, its default; the report says that it ignores it."""
    report = agrees(check(SoftmaxLossDefault(), x[:, :3], labels), "x")
    assert "ignores" in said(report)


def test_a_backward_that_ignores_a_cotangent_it_requires():
    class Sum:
        def forward(self, x):
            self.shape = x.shape
            return x.sum()

        def backward(self, dout):
            return np.ones(self.shape)

    assert not check(Sum(), x)


def test_targets_that_are_wanted_have_no_gradient():
    report = check(SoftmaxLoss(), x[:, :3], onehot, wrt=["x", "t"])
    assert report["x"].verdict == "agree"
    assert report["t"].verdict == "disagree"


def test_a_loss_wrong_by_the_batch_size_is_caught():
    class Unscaled(SoftmaxLoss):
        def backward(self):
            return super().backward() * len(self.y)

    assert not check(Unscaled(), x[:, :3], labels)


def test_losses_of_this_library():
    agrees(check(MeanSquaredError(), x, rng.normal(size=x.shape), wrt="x"), "x")


# Pairs


def affine_forward(x, w, b):
    return x @ w + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, _ = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def affine_backward_wrong(dout, cache):
    dx, dw, db = affine_backward(dout, cache)
    return dx, dw, db / len(dout)


def test_a_pair_with_a_cache():
    report = agrees(check(affine_forward, x, w, b, backward=affine_backward), "x", "w", "b")
    assert (report.name, report.understood) == ("affine_forward", "forward/backward pair; forward returns (out, cache)")
    wrong = check(affine_forward, x, w, b, backward=affine_backward_wrong)
    assert [tensor.verdict for tensor in wrong.tensors] == ["agree", "agree", "disagree"]


def tanh_of_the_output(dout, out):
    return dout * (1 - out**2)


FORMS = {
    "(dout)": lambda dout: dout * (1 - np.tanh(x) ** 2),
    "(dout, x)": lambda dout, x: dout * (1 - np.tanh(x) ** 2),
    "(g, x)": lambda g, x: g * (1 - np.tanh(x) ** 2),
    "(dout, out, x)": lambda dout, out, x: dout * (1 - out**2),
    "(g, ans, x)": lambda g, ans, x: g * (1 - ans**2),
    "(dout, out)": tanh_of_the_output,
    "(dy, y)": lambda dy, y: dy * (1 - y**2),
    "(grad_output, output)": lambda grad_output, output: grad_output * (1 - output**2),
    "(d, a)": lambda d, a: d * (1 - a**2),
}


@pytest.mark.parametrize("backward", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("forward", [np.tanh, lambda x: np.tanh(x) + 0.0], ids=["ufunc", "function"])
def test_backward_forms(forward, backward):
    agrees(check(forward, x, backward=backward), "x")


def without_input(dout):
    return 1.01 * FORMS["(dout)"](dout)


def with_input(dout, x):
    return 1.01 * FORMS["(dout, x)"](dout, x)


def with_output(dout, out):
    return 1.01 * tanh_of_the_output(dout, out)


def with_both(dout, out, x):
    return 1.01 * FORMS["(dout, out, x)"](dout, out, x)


@pytest.mark.parametrize("backward", [without_input, with_input, with_output, with_both])
def test_backward_forms_with_a_wrong_factor(backward):
    assert not check(np.tanh, x, backward=backward)


def product(x, w):
    return x * w


RETURNS = {
    "tuple": lambda dx, dw: (dx, dw),
    "list": lambda dx, dw: [dx, dw],
    "dict by name": lambda dx, dw: {"x": dx, "w": dw},
    "dict by d-name": lambda dx, dw: {"dw": dw, "dx": dx},
}


@pytest.mark.parametrize("collect", RETURNS.values(), ids=RETURNS)
def test_what_backward_may_return(collect):
    agrees(check(product, x, x + 1, backward=lambda dout, x, w: collect(dout * w, dout * x)), "x", "w")
    assert not check(product, x, x + 1, backward=lambda dout, x, w: collect(dout * x, dout * w))


def test_a_place_for_an_input_that_is_constant():
    def picks(x, index, w):
        return x[index] * w

    def backward(dout, x, index, w):
        dx = np.zeros_like(x)
        np.add.at(dx, index, dout * w)
        return dx, None, dout * x[index]

    def without_the_place(dout, x, index, w):
        return backward(dout, x, index, w)[::2]

    agrees(check(picks, x, np.array([0, 2]), x[:2], backward=backward), "x", "w")
    agrees(check(picks, x, np.array([0, 2]), x[:2], backward=without_the_place), "x", "w")


def test_extra_gradients_are_not_dropped_without_a_word():
    report = check(product, x, x + 1, backward=lambda dout, x, w: (dout * w, dout * x, dout))
    assert not report
    assert "3 gradients" in said(report)


def test_what_is_held_constant_is_said():
    report = agrees(check(product, x, x + 1, backward=lambda dout, x, w: dout * w), "x")
    assert re.search(r"\bw\b.*(constant|not checked)", report.understood)


def test_a_parameter_dictionary_among_the_inputs():
    def batchnorm(x, gamma, beta, settings):
        mean, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + settings.get("eps", 1e-5))
        settings["running_mean"] = 0.9 * settings.get("running_mean", 0 * mean) + 0.1 * mean
        normal = (x - mean) / std
        return gamma * normal + beta, (gamma, normal, std)

    def backward(dout, cache):
        gamma, normal, std = cache
        d = dout * gamma
        dx = (d - d.mean(axis=0) - normal * (d * normal).mean(axis=0)) / std
        return dx, (dout * normal).sum(axis=0), dout.sum(axis=0)

    settings = {"mode": "train"}
    agrees(check(batchnorm, x, np.arange(1.0, 5), np.zeros(4), settings, backward=backward), "x", "gamma", "beta")
    assert settings == {"mode": "train"}


def test_several_outputs():
    def sincos(x):
        return np.sin(x), np.cos(x)

    agrees(check(sincos, x, backward=lambda ds, dc, x: ds * np.cos(x) - dc * np.sin(x)), "x")
    assert not check(sincos, x, backward=lambda ds, dc, x: ds * np.cos(x) + dc * np.sin(x))
    assert not check(sincos, x, backward=lambda ds, dc, x: ds * np.cos(x))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x @ Wx + prev_h @ Wh + b
    i, f, o, g = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H]), np.tanh(a[:, 3 * H :])
    c = f * prev_c + i * g
    h = o * np.tanh(c)
    return h, c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, c = cache
    t = np.tanh(c)
    dc = dnext_c + dnext_h * o * (1 - t * t)
    gates = [dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * t * o * (1 - o), dc * i * (1 - g * g)]
    da = np.hstack(gates)
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


def test_a_step_of_an_lstm():
    def forgets_the_cell(dnext_h, dnext_c, cache):
        return lstm_step_backward(dnext_h, 0 * dnext_c, cache)

    shapes = {"x": (5, 4), "prev_h": (5, 2), "prev_c": (5, 2), "Wx": (4, 8), "Wh": (2, 8), "b": (8,)}
    inputs = [rng.normal(size=shape) for shape in shapes.values()]
    agrees(check(lstm_step_forward, *inputs, backward=lstm_step_backward), *shapes)
    wrong = check(lstm_step_forward, *inputs, backward=forgets_the_cell)
    assert all(tensor.verdict == "disagree" for tensor in wrong.tensors)


def test_a_callable_object_and_a_method_as_a_pair():
    class Scale:
        factor = 3.0

        def __call__(self, x):
            return self.factor * x

        def vjp(self, dout):
            return self.factor * dout

    scale = Scale()
    agrees(check(scale, x, backward=scale.vjp), "x")
    agrees(check(scale.__call__, x, backward=scale.vjp), "x")


def test_staircases_have_the_derivative_zero():
    """Steps of whole powers of two must not see round(x) as a straight line."""

    def zero(dout, a):
        return 0 * dout

    for staircase in (np.round, lambda a: np.floor(3 * a), lambda a: np.round(a).astype(int)):
        assert check(staircase, x, backward=zero).verdict != "disagree"


def test_staircases_are_not_straight():
    """A straight-through estimator is not the derivative."""
    assert not check(lambda a: np.round(a * 8) / 8, x, backward=lambda dout, a: dout)


# Functions with their gradient


def test_a_function_and_its_gradient():
    report = agrees(check(lambda x: np.sum(x**3), x, grad=lambda x: 3 * x**2, name="cubes"), "x")
    assert report.name == "cubes"
    assert not check(lambda x: np.sum(x**3), x, grad=lambda x: 2 * x**2)


def test_a_function_of_several_arrays():
    def f(x, w):
        return np.sum(np.tanh(x @ w))

    def df(x, w):
        d = 1 - np.tanh(x @ w) ** 2
        return d @ w.T, x.T @ d

    agrees(check(f, x, w, grad=df), "x", "w")
    agrees(check(f, x, w, grad=lambda x, w: list(df(x, w))), "x", "w")
    agrees(check(f, x, w, grad=lambda x, w: dict(zip(["x", "w"], df(x, w), strict=True))), "x", "w")
    assert not check(f, x, w, grad=lambda x, w: (df(x, w)[0], -df(x, w)[1]))


def test_value_and_gradient_in_one():
    def f(x, t):
        return 0.5 * np.sum((x - t) ** 2), x - t

    agrees(check(f, x, x + 1, grad=True), "x")
    assert not check(lambda x: (np.sum(x**2), x), x, grad=True)


def test_value_and_several_gradients_in_one():
    def flat(x, w):
        return np.sum(x @ w), np.ones((5, 3)) @ w.T, x.T @ np.ones((5, 3))

    def nested(x, w):
        return flat(x, w)[0], flat(x, w)[1:]

    agrees(check(flat, x, w, grad=True), "x", "w")
    agrees(check(nested, x, w, grad=True), "x", "w")


def test_a_loss_with_a_regularisation_strength():
    """As in course exercises: ``svm_loss(W, X, y, reg) -> loss, dW``; X and reg are not differentiated."""

    def svm_loss(W, X, y, reg):
        scores = X @ W
        margins = np.maximum(0, scores - scores[np.arange(len(y)), y][:, None] + 1)
        margins[np.arange(len(y)), y] = 0
        coefficients = (margins > 0).astype(float)
        coefficients[np.arange(len(y)), y] = -coefficients.sum(axis=1)
        return margins.sum() / len(y) + reg * np.sum(W * W), X.T @ coefficients / len(y) + 2 * reg * W

    agrees(check(svm_loss, w, x, labels, 0.1, grad=True), "W")
    assert not check(lambda *a: (svm_loss(*a)[0], svm_loss(*a)[1] - 0.1 * a[0]), w, x, labels, 0.1, grad=True)


@pytest.mark.parametrize("value", [lambda s: s, float, np.float64, lambda s: np.array([s]), lambda s: np.array([[s]])])
def test_the_value_may_be_a_number_or_an_array_of_one(value):
    agrees(check(lambda x: value(np.sum(x**2)), x, grad=lambda x: 2 * x), "x")


def test_numbers_as_inputs():
    agrees(check(lambda a, b: a * b, 2.0, np.float64(3.0), grad=lambda a, b: (b, a)), "a", "b")
    assert not check(lambda a, b: a * b, 2.0, 3.0, grad=lambda a, b: (a, b))


# Networks


class Network:
    """Deep Learning from Scratch's two-layer network: layers share the arrays of ``params``."""

    def __init__(self, wrong=1.0):
        self.params = {"W1": w.copy(), "b1": b.copy(), "W2": rng.normal(size=(3, 2)), "b2": np.zeros(2)}
        self.layers = OrderedDict()
        self.layers["Affine1"] = self.affine("W1", "b1")
        self.layers["Affine2"] = self.affine("W2", "b2")
        self.last, self.wrong = SoftmaxLoss2(), wrong

    def affine(self, W, b):
        layer = Affine()
        layer.W, layer.b = self.params[W], self.params[b]
        return layer

    def loss(self, x, t):
        for layer in self.layers.values():
            x = layer.forward(x)
        return self.last.forward(x, t)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.last.backward()
        for layer in reversed(self.layers.values()):
            dout = layer.backward(dout)
        first, second = self.layers.values()
        return {"W1": first.dW * self.wrong, "b1": first.db, "W2": second.dW, "b2": second.db}


class SoftmaxLoss2:
    def forward(self, x, t):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y, self.t = e / e.sum(axis=1, keepdims=True), np.eye(2)[t % 2]
        return -np.sum(self.t * np.log(self.y)) / len(x)

    def backward(self):
        return (self.y - self.t) / len(self.y)


def test_a_network():
    report = agrees(check(Network(), x, labels), "W1", "b1", "W2", "b2")
    assert "network" in report.understood
    wrong = check(Network(wrong=-1), x, labels)
    assert [tensor.verdict for tensor in wrong.tensors] == ["disagree", "agree", "agree", "agree"]


def test_networks_of_this_library():
    agrees(check(TwoLayerNet(4, 6, 3, rng=0), x, labels), "W1", "b1", "W2", "b2")
    sequential = Sequential(Dense(4, 6, rng=0), ReLU(), Dense(6, 3, rng=0))
    agrees(check(sequential, x), "x", "0.W", "0.b", "2.W", "2.b")
    with_loss = Sequential(Dense(4, 6, rng=0), ReLU(), Dense(6, 3, rng=0), loss=SoftmaxCrossEntropy())
    agrees(check(with_loss, x, labels), "0.W", "0.b", "2.W", "2.b")


def test_a_network_that_forgets_one_parameter():
    class Forgets(Network):
        def gradient(self, x, t):
            return {name: g for name, g in super().gradient(x, t).items() if name != "b1"}

    report = check(Forgets(), x, labels)
    assert report["b1"].verdict == "disagree"
    assert "no gradient for b1" in said(report)


def test_a_network_whose_loss_returns_the_gradients_too():
    """As in CS231n: ``loss, grads = model.loss(X, y)``, parameters in ``model.params``."""

    class Model:
        def __init__(self, wrong=1.0):
            self.params, self.wrong = {"W": w.copy(), "b": b.copy()}, wrong

        def loss(self, X, y=None):
            scores = X @ self.params["W"] + self.params["b"]
            if y is None:
                return scores
            last = SoftmaxLoss()
            loss = last.forward(scores, y)
            dout = last.backward()
            return loss, {"W": X.T @ dout * self.wrong, "b": dout.sum(axis=0)}

    agrees(check(Model(), x, labels), "W", "b")
    assert check(Model(wrong=2), x, labels)["W"].verdict == "disagree"


# autograd


@primitive
def logsumexp(x):
    return np.log(np.exp(x).sum())


defvjp(logsumexp, lambda ans, x: lambda g: g * np.exp(x - ans))


@primitive
def logsumexp_wrong(x):
    return np.log(np.exp(x).sum())


defvjp(logsumexp_wrong, lambda ans, x: lambda g: g * np.exp(x))


@primitive
def no_derivative(x):
    return 2 * x


def test_autograd_functions():
    report = agrees(check(lambda x, w: anp.tanh(anp.dot(x, w)), x, w), "x", "w")
    assert "autograd" in report.understood
    agrees(check(lambda x, n: x**n, x, 3), "x")


def test_autograd_primitives():
    agrees(check(logsumexp, x), "x")
    report = check(logsumexp_wrong, x)
    assert report.verdict == "disagree"
    assert report["x"].wrong.all()
    agrees(check(lambda x: 2 * logsumexp(anp.sin(x)), x), "x")


@pytest.mark.parametrize("kind", [tuple, list])
def test_autograd_functions_with_several_outputs(kind):
    agrees(check(lambda x: kind([anp.sin(x), anp.cos(x)]), x), "x")


def test_autograd_functions_independent_of_an_argument():
    report = check(lambda x, w: anp.sin(x), x, w)
    assert report["x"].verdict == "agree"
    assert report["w"].verdict == "agree"


def test_autograd_cannot():
    with not_understood("autograd cannot differentiate no_derivative", "backward=", "grad="):
        check(no_derivative, x)
    with not_understood("autograd cannot differentiate", "autograd.numpy"):
        check(lambda x: float(x[0, 0]), x)


# wrt, name


def test_wrt_is_one_name_or_several():
    agrees(check(Affine(), x, wrt="W"), "W")
    agrees(check(Affine(), x, wrt=["b", "x"]), "x", "b")
    agrees(check(Affine(), x, wrt=("W",)), "W")
    agrees(check(Affine(), x, wrt=iter(["W", "W"])), "W")


def test_what_wrt_leaves_out_is_not_judged():
    assert check(Affine(wrong=2), x, wrt=["x", "b"])
    assert not check(Affine(wrong=2), x, wrt="W")


def test_name_is_what_the_report_calls_it():
    assert str(check(Affine(), x, name="my layer")).startswith("my layer agrees")
    assert check(affine_forward, x, w, b, backward=affine_backward, name="pair").name == "pair"


# Not understood


class OnlyForward:
    def forward(self, x):
        return x


MISFITS = {
    "a class": ((Affine, x), ["Affine", "class", "instance"]),
    "None": ((None, x), ["NoneType", "check(f, x, grad=df)"]),
    "an array": ((x, x), ["ndarray", "check(forward, x, backward=backward)"]),
    "a string": (("relu", x), ["str", "grad=True"]),
    "forward alone": ((OnlyForward(), x), ["OnlyForward", "backward", "found forward"]),
    "a list of layers": (([ReLU(), ReLU()], x), ["list", "Sequential"]),
    "a network without targets": ((Network(), x), ["Network", "loss", "gradient", "targets"]),
}


@pytest.mark.parametrize(("arguments", "words"), MISFITS.values(), ids=MISFITS)
def test_what_is_not_understood_is_told_what_would_do(arguments, words):
    with not_understood(*words):
        check(*arguments)


CLASHES = {
    "a class with backward=": (lambda: check(Affine, x, backward=lambda d: d), ["Affine", "class", "instance"]),
    "too few inputs": (lambda: check(Affine()), ["forward", "x", "0 inputs"]),
    "too many inputs": (lambda: check(Affine(), x, x), ["forward", "2 inputs"]),
    "backward of too many arguments": (
        lambda: check(np.tanh, x, backward=lambda a, b, c, d, e: a),
        ["backward takes 5 arguments", "(dout, cache)", "(dout, out, *inputs)"],
    ),
    "backward that is no function": (lambda: check(np.tanh, x, backward=3), ["backward", "int"]),
    "grad that is an array": (lambda: check(np.sum, x, grad=np.ones(3)), ["grad", "ndarray", "grad=True"]),
    "a vector with grad=": (lambda: check(lambda x: x**2, x, grad=lambda x: 2 * x), ["shape (5, 4)", "one number"]),
    "grad=True without a gradient": (
        lambda: check(np.sum, x, grad=True),
        ["(value, gradient)", "grad=df"],
    ),
    "a complex input": (lambda: check(lambda x: x**2, x + 1j, backward=lambda d, x: 2 * x * d), ["complex"]),
    "a complex output": (lambda: check(lambda x: 1j * x, x, backward=lambda d: d), ["complex"]),
    "a forward that returns nothing": (lambda: check(lambda x: None, x, backward=lambda d: d), ["None", "forward"]),
    "a forward that returns text": (lambda: check(lambda x: "out", x, backward=lambda d: d), ["str", "forward"]),
}


@pytest.mark.parametrize(("call", "words"), CLASHES.values(), ids=CLASHES)
def test_what_does_not_fit_together(call, words):
    with not_understood(*words):
        call()


def test_backward_and_grad_exclude_each_other():
    with pytest.raises((TypeError, ValueError), match=r"backward=.*grad="):
        check(np.sum, x, grad=np.ones_like, backward=lambda d: d)


def test_a_layer_that_forgets_to_return():
    class Forgets(Affine):
        def forward(self, x):
            super().forward(x)

    with not_understood("forward", "None"):
        check(Forgets(), x)


class Mul:
    def forward(self, x, y):
        self.x, self.y = x, y
        return x * y

    def backward(self, dout):
        return dout * self.x, dout * self.y  # wrong on purpose


NOTHING = {
    "integers": lambda: check(Mul(), 100, 2),
    "an integer array": lambda: check(lambda x: np.sum(x**2), np.arange(3), grad=lambda x: x),
    "an object array": lambda: check(lambda x: x**2, np.array([1.0, 2.0], object), backward=lambda d, x: d),
    "an empty wrt": lambda: check(Affine(), x, wrt=[]),
}


@pytest.mark.parametrize("call", NOTHING.values(), ids=NOTHING)
def test_nothing_to_check_is_an_error_with_a_remedy(call):
    with pytest.raises((TypeError, ValueError), match=r"(?i)nothing to check|wrt"):
        call()


def test_a_list_of_floats_is_refused_with_the_remedy():
    with pytest.raises((TypeError, ValueError), match=r"list.*np\.(as)?array"):
        check(lambda x: np.asarray(x) ** 2, [1.0, 2.0], backward=lambda d, x: d)


# The caller's own errors


def test_errors_inside_the_callers_code_propagate_unchanged():
    error = TypeError("f() takes 1 positional argument but 2 were given")

    def fails(*_):
        raise error

    class Layer:
        def __init__(self, forward, backward):
            self.forward, self.backward = forward, backward

    for call in (
        lambda: check(fails, x, backward=lambda d: d),
        lambda: check(np.tanh, x, backward=fails),
        lambda: check(fails, x, grad=lambda x: x),
        lambda: check(np.sum, x, grad=fails),
        lambda: check(fails, x, grad=True),
        lambda: check(Layer(fails, lambda d: d), x),
        lambda: check(Layer(np.tanh, fails), x),
    ):
        with pytest.raises(TypeError) as raised:
            call()
        assert raised.value is error


@pytest.mark.parametrize("kind", [ValueError, ZeroDivisionError, AttributeError, KeyError, RuntimeError])
def test_other_errors_propagate_too(kind):
    def fails(d, x):
        raise kind("mine")

    with pytest.raises(kind, match="mine"):
        check(np.tanh, x, backward=fails)
