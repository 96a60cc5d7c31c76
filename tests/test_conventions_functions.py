"""Functions in the styles of courses: pairs, losses that return their gradient, dictionaries, columns, stubs."""

import inspect

import numpy as np
import pytest

from gradcheck import check

rng = np.random.default_rng(21)
x = rng.normal(size=(5, 4))
w = rng.normal(size=(4, 3))
b = rng.normal(size=3)
labels = np.array([0, 1, 2, 2, 1])


def verdicts(report):
    return {tensor.name: tensor.verdict == "agree" for tensor in report.tensors}


def softmax(scores):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# A number and its gradient


def softmax_loss(x, y, wrong=1.0):
    p = softmax(x)
    dx = p.copy()
    dx[np.arange(len(y)), y] -= 1
    return -np.mean(np.log(p[np.arange(len(y)), y])), dx / len(y) * wrong


def linear_loss(W, X, y, reg, wrong=1.0):
    loss, dscores = softmax_loss(X @ W, y)
    return loss + reg * np.sum(W * W), X.T @ dscores + 2 * wrong * reg * W


def propagate(w, b, X, Y, wrong=1.0):
    """Gradients first, in a dictionary; samples in columns."""
    m = X.shape[1]
    A = 1 / (1 + np.exp(-(w.T @ X + b)))
    cost = -np.mean(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    return {"dw": X @ (A - Y).T / m * wrong, "db": np.sum(A - Y) / m}, cost


def two_layers(parameters, X, Y, wrong=1.0):
    """Parameters and gradients in dictionaries."""
    W1, b1, W2 = parameters["W1"], parameters["b1"], parameters["W2"]
    A = np.tanh(X @ W1 + b1)
    error = A @ W2 - Y
    dA = error @ W2.T * (1 - A**2)
    return 0.5 * np.sum(error**2), {"dW1": X.T @ dA * wrong, "db1": dA.sum(axis=0), "dW2": A.T @ error}


PARAMETERS = {"W1": w, "b1": b, "W2": rng.normal(size=(3, 2))}
FUNCTIONS = {
    "softmax_loss": (softmax_loss, (x, labels), "x"),
    "linear_loss": (linear_loss, (w, x, labels, 0.1), "W"),
    "propagate": (propagate, (rng.normal(size=(4, 1)), 0.3, x.T, np.array([[0, 1, 1, 0, 1]])), "w"),
    "two_layers": (two_layers, (PARAMETERS, x, rng.normal(size=(5, 2))), "parameters['W1']"),
}


@pytest.mark.parametrize(("f", "inputs", "spoiled"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_number_and_its_gradient_are_recognised(f, inputs, spoiled):
    def wrong(*arguments):
        return f(*arguments, wrong=1.001)

    wrong.__signature__ = inspect.signature(f)
    report = check(f, *inputs)
    assert report, report
    assert "value" in report.understood
    assert [name for name, agrees in verdicts(check(wrong, *inputs)).items() if not agrees] == [spoiled]


def dense_with_pullback(factor):
    def dense(x, W):
        y = np.tanh(x @ W)

        def back(dout):
            dz = dout * (1 - y * y)
            return dz @ W.T, factor * x.T @ dz

        return y, back

    return dense


def cell_with_pullback(factor):
    def cell(x):
        return np.tanh(x), x**2, lambda dh, dc: factor * (dh * (1 - np.tanh(x) ** 2) + dc * 2 * x)

    return cell


def loss_with_pullback(factor):
    return lambda x: (float(np.sum(x**2)), lambda dout: factor * 2 * x * dout)


@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize(
    ("made", "shapes"),
    [(dense_with_pullback, [(4, 5), (5, 3)]), (cell_with_pullback, [(4, 5)]), (loss_with_pullback, [(3,)])],
)
def test_a_function_may_return_its_pullback(made, shapes, factor):
    rng = np.random.default_rng(0)
    report = check(made(factor), *(rng.normal(size=shape) for shape in shapes))
    assert report.understood == "function returning (out, pullback)"
    assert report.verdict == ("agree" if factor == 1 else "disagree")
    assert len(report.tensors) == len(shapes)


def test_entries_of_a_dictionary_are_checked_by_name():
    assert list(verdicts(check(two_layers, PARAMETERS, x, rng.normal(size=(5, 2))))) == [
        "parameters['W1']",
        "parameters['b1']",
        "parameters['W2']",
    ]


def test_the_caller_s_dictionary_is_left_alone():
    def forgets(parameters, X):
        loss = np.sum(X @ parameters["W1"])
        parameters["W1"] = parameters.pop("W1") * 0
        return loss, {"dW1": np.tile(X.sum(axis=0)[:, None], 3)}

    parameters = {"W1": w.copy()}
    assert check(forgets, parameters, x)
    assert np.array_equal(parameters["W1"], w)


# Pairs


def batchnorm_forward(x, gamma, beta, bn_param):
    mean, var, eps = x.mean(axis=0), x.var(axis=0), bn_param.get("eps", 1e-5)
    bn_param["running_mean"] = 0.9 * bn_param.get("running_mean", 0 * mean) + 0.1 * mean
    normal = (x - mean) / np.sqrt(var + eps)
    return gamma * normal + beta, (normal, gamma, np.sqrt(var + eps))


def batchnorm_backward(dout, cache, wrong=1.0):
    normal, gamma, std = cache
    d = dout * gamma
    dx = (d - d.mean(axis=0) - normal * (d * normal).mean(axis=0)) / std
    return dx * wrong, (dout * normal).sum(axis=0), dout.sum(axis=0)


@pytest.mark.parametrize("settings", [{"mode": "train"}, {"mode": "train", "running_mean": np.zeros(4)}])
def test_settings_in_a_dictionary_are_passed_through(settings):
    inputs = x, np.arange(1.0, 5), np.zeros(4), settings
    assert verdicts(check(batchnorm_forward, *inputs, backward=batchnorm_backward)) == dict.fromkeys(
        ("x", "gamma", "beta"), True
    )
    wrong = check(batchnorm_forward, *inputs, backward=lambda dout, cache: batchnorm_backward(dout, cache, 1.001))
    assert not verdicts(wrong)["x"]
    assert np.all(settings.get("running_mean", 0) == 0)


def linear_activation_forward(A_prev, W, b, activation):
    Z = W @ A_prev + b
    return np.tanh(Z) if activation == "tanh" else np.maximum(0, Z), ((A_prev, W, b), Z)


def linear_activation_backward(dA, cache, activation, wrong=1.0, bias=1.0):
    (A_prev, W, _), Z = cache
    m = A_prev.shape[1]
    dZ = dA * (1 - np.tanh(Z) ** 2) if activation == "tanh" else dA * (Z > 0)
    return W.T @ dZ, dZ @ A_prev.T / m * wrong, np.sum(dZ, axis=1, keepdims=True) / m * bias


COLUMNS = x.T, w.T, b[:, None]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_samples_in_columns_with_averaged_gradients(activation):
    report = check(linear_activation_forward, *COLUMNS, activation, backward=linear_activation_backward)
    assert report, report
    assert "gradients of W, b are averages over the 5 samples" in report.understood


@pytest.mark.parametrize(("wrong", "bias"), [(1.001, 1), (5, 1), (1, 5), (1, -1), (5 / 4, 5 / 4), (-1, -1)])
def test_averages_that_are_not_all_averages_are_wrong(wrong, bias):
    def backward(dA, cache, activation):
        return linear_activation_backward(dA, cache, activation, wrong, bias)

    assert not check(linear_activation_forward, *COLUMNS, "tanh", backward=backward)


def test_averages_in_rows_are_wrong():
    def affine(x, w, b):
        return x @ w + b, (x, w)

    def affine_backward(dout, cache):
        x, w = cache
        return dout @ w.T, x.T @ dout / len(x), dout.mean(axis=0)

    assert verdicts(check(affine, x, w, b, backward=affine_backward)) == {"x": True, "w": False, "b": False}


def rnn_cell_forward(xt, a_prev, parameters):
    a_next = np.tanh(parameters["Wax"] @ xt + parameters["Waa"] @ a_prev + parameters["ba"])
    return a_next, softmax((parameters["Wya"] @ a_next).T).T, (a_next, a_prev, xt, parameters)


def rnn_cell_backward(da_next, cache, wrong=1.0):
    a_next, a_prev, xt, parameters = cache
    dz = (1 - a_next**2) * da_next
    return {
        "dxt": parameters["Wax"].T @ dz,
        "da_prev": parameters["Waa"].T @ dz,
        "dWax": dz @ xt.T * wrong,
        "dWaa": dz @ a_prev.T,
        "dba": np.sum(dz, axis=1, keepdims=True),
    }


def test_a_cell_with_parameters_and_gradients_in_dictionaries():
    shapes = {"Wax": (3, 4), "Waa": (3, 3), "ba": (3, 1), "Wya": (2, 3)}
    inputs = x.T, rng.normal(size=(3, 5)), {name: rng.normal(size=shape) for name, shape in shapes.items()}
    tensors = ["xt", "a_prev", "parameters['Wax']", "parameters['Waa']", "parameters['ba']"]
    assert verdicts(check(rnn_cell_forward, *inputs, backward=rnn_cell_backward)) == dict.fromkeys(tensors, True)
    wrong = check(rnn_cell_forward, *inputs, backward=lambda da_next, cache: rnn_cell_backward(da_next, cache, 1.001))
    assert [name for name, agrees in verdicts(wrong).items() if not agrees] == ["parameters['Wax']"]


@pytest.mark.parametrize("factor", [1, 1.001])
@pytest.mark.parametrize("instance", [True, False])
def test_a_class_of_static_methods(factor, instance):
    class Linear:
        @staticmethod
        def forward(x, w, b):
            return x @ w + b, (x, w, b)

        @staticmethod
        def backward(dout, cache):
            x, w, _ = cache
            return dout @ w.T, x.T @ dout * factor, dout.sum(axis=0)

    report = check(Linear() if instance else Linear, x, w, b)
    assert report.name == "Linear"
    assert verdicts(report) == {"x": True, "w": factor == 1, "b": True}


# What is not written yet


def todo(dout, cache):
    dx, dw, db = None, None, None
    N = dout.shape[0]  # noqa: F841 - begun, as a stub may be
    return dx, dw, db


def passes(dout, cache):
    """To do."""


def raises(dout, cache):
    raise NotImplementedError


def raises_later(dout, cache):
    if len(dout @ cache[1].T):
        raise NotImplementedError("finish me")


@pytest.mark.parametrize("backward", [todo, passes, raises, raises_later])
def test_a_stub_is_neither_right_nor_wrong(backward):
    report = check(lambda x, w, b: (x @ w + b, (x, w)), x, w, b, backward=backward)
    assert report.verdict == "undecided"
    assert "not written yet" in str(report)


def test_a_stub_of_a_layer():
    class Layer:
        def forward(self, x):
            return 2 * x

        def backward(self, dout):
            raise NotImplementedError("Implement me")

    report = check(Layer(), x)
    assert report.verdict == "undecided"
    assert "backward is not written yet: it raises NotImplementedError" in " ".join(str(report).split())


def test_a_backward_that_forgets_to_return_is_wrong():
    def forgets(dout, cache):
        dout @ cache[1].T

    assert check(lambda x, w: (x @ w, (x, w)), x, w, backward=forgets).verdict == "disagree"


def test_an_identity_is_no_stub():
    assert check(lambda x: x + 1, x, backward=lambda dout: dout.copy())
