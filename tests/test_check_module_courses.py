"""What courses hand out is checked as it stands: made-up inputs fit, what is right agrees, what is wrong is noticed."""

import pytest

from gradcheck import check_module

LOGISTIC = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def propagate(w, b, X, Y):
    m = X.shape[1]
    A = sigmoid(np.dot(w.T, X) + b)
    cost = -1 / m * np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A))
    dw = np.dot(X, (A - Y).T) / m
    db = np.sum(A - Y) / m
    return {"dw": dw, "db": db}, cost

def compute_cost(X, y, w, b):
    return np.sum((X @ w + b - y) ** 2) / (2 * X.shape[0])

def compute_gradient(X, y, w, b):
    err = X @ w + b - y
    dj_dw = X.T @ err / X.shape[0]
    dj_db = np.sum(err) / X.shape[0]
    return dj_db, dj_dw

def costFunction(theta, X, y):
    h = sigmoid(X @ theta)
    J = np.mean(-y * np.log(h) - (1 - y) * np.log(1 - h))
    grad = X.T @ (h - y) / len(y)
    return J, grad

def nnCostFunction(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, lambda_):
    split = hidden_layer_size * (input_layer_size + 1)
    Theta1 = nn_params[:split].reshape(hidden_layer_size, input_layer_size + 1)
    Theta2 = nn_params[split:].reshape(num_labels, hidden_layer_size + 1)
    m = len(X)
    a1 = np.hstack([np.ones((m, 1)), X])
    a2 = np.hstack([np.ones((m, 1)), sigmoid(a1 @ Theta1.T)])
    h, Y = sigmoid(a2 @ Theta2.T), np.eye(num_labels)[y]
    J = np.sum(-Y * np.log(h) - (1 - Y) * np.log(1 - h)) / m
    J += lambda_ / (2 * m) * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))
    d3 = (h - Y) / m
    d2 = (d3 @ Theta2 * a2 * (1 - a2))[:, 1:]
    grads = [d2.T @ a1, d3.T @ a2]
    for grad, Theta in zip(grads, (Theta1, Theta2)):
        grad[:, 1:] += lambda_ / m * Theta[:, 1:]
    grad = np.concatenate([g.ravel() for g in grads])
    return J, grad
"""

DEEP = """
import numpy as np

def L_model_forward(X, parameters):
    A, caches = X, []
    L = len(parameters) // 2
    for l in range(1, L + 1):
        W, b = parameters["W" + str(l)], parameters["b" + str(l)]
        Z = np.dot(W, A) + b
        caches.append((A, W, Z))
        A = np.tanh(Z) if l < L else 1 / (1 + np.exp(-Z))
    assert A.shape == (1, X.shape[1])
    return A, caches

def L_model_backward(AL, Y, caches):
    grads, m = {}, AL.shape[1]
    dZ = AL - Y
    for l in reversed(range(len(caches))):
        A, W, _ = caches[l]
        grads["dW" + str(l + 1)] = np.dot(dZ, A.T) / m
        grads["db" + str(l + 1)] = np.sum(dZ, axis=1, keepdims=True) / m
        dZ = np.dot(W.T, dZ) * (1 - A**2)
    return grads

def lstm_cell_forward(xt, a_prev, c_prev, parameters):
    Wf, bf, Wi, bi = parameters["Wf"], parameters["bf"], parameters["Wi"], parameters["bi"]
    concat = np.concatenate((a_prev, xt), axis=0)
    ft = 1 / (1 + np.exp(-np.dot(Wf, concat) - bf))
    it = np.tanh(np.dot(Wi, concat) + bi)
    c_next = ft * c_prev + it
    return c_next, (ft, it, concat, c_prev, a_prev.shape[0], parameters)

def lstm_cell_backward(dc_next, cache):
    ft, it, concat, c_prev, n_a, parameters = cache
    df, di = dc_next * c_prev * ft * (1 - ft), dc_next * (1 - it**2)
    dconcat = np.dot(parameters["Wf"].T, df) + np.dot(parameters["Wi"].T, di)
    return {
        "dxt": dconcat[n_a:], "da_prev": dconcat[:n_a], "dc_prev": dc_next * ft,
        "dWf": np.dot(df, concat.T), "dbf": df.sum(axis=1, keepdims=True),
        "dWi": np.dot(di, concat.T), "dbi": di.sum(axis=1, keepdims=True),
    }
"""

LAYERS = """
import numpy as np

def affine_forward(x, w, b):
    return x.reshape(len(x), -1) @ w + b, (x, w)

def affine_backward(dout, cache):
    x, w = cache
    return (dout @ w.T).reshape(x.shape), x.reshape(len(x), -1).T @ dout, dout.sum(axis=0)

def batchnorm_forward(x, gamma, beta, bn_param):
    eps, mode = bn_param.get("eps", 1e-5), bn_param["mode"]
    shape, axis = bn_param.get("shape", x.shape), bn_param.get("axis", 0)
    if mode == "test":
        return x * gamma + beta, None
    std = np.sqrt(x.var(axis=0) + eps)
    xhat = (x - x.mean(axis=0)) / std
    return gamma * xhat + beta, (xhat, std, gamma, shape, axis)

def batchnorm_backward(dout, cache):
    xhat, std, gamma, shape, axis = cache
    dbeta, dgamma = dout.reshape(shape).sum(axis=axis), (dout * xhat).reshape(shape).sum(axis=axis)
    dxhat = dout * gamma
    return (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).mean(axis=0)) / std, dgamma, dbeta
"""

SANDWICH = """
import numpy as np
from layers_of_a_course import *

def affine_bn_forward(x, w, b, gamma, beta, bn_param):
    a, fc_cache = affine_forward(x, w, b)
    out, bn_cache = batchnorm_forward(a, gamma, beta, bn_param)
    return out, (fc_cache, bn_cache)

def affine_bn_backward(dout, cache):
    da, dgamma, dbeta = batchnorm_backward(dout, cache[1])
    return (*affine_backward(da, cache[0]), dgamma, dbeta)

class FullyConnectedNet:
    def __init__(self, hidden_dims=(100, 50), input_dim=3 * 32 * 32, num_classes=10, weight_scale=1e-3,
                 dtype=np.float32):
        dims = [input_dim, *hidden_dims, num_classes]
        self.params = {}
        for l, (i, j) in enumerate(zip(dims[:-1], dims[1:])):
            self.params[f"W{l + 1}"] = (weight_scale * np.random.randn(i, j)).astype(dtype)
            self.params[f"b{l + 1}"] = np.zeros(j, dtype)

    def loss(self, X, y=None):
        L, caches, out = len(self.params) // 2, [], X
        for l in range(1, L + 1):
            out, cache = affine_forward(np.maximum(out, 0) if l > 1 else out,
                                        self.params[f"W{l}"], self.params[f"b{l}"])
            caches.append((cache, out))
        p = np.exp(out - out.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        loss, grads = -np.log(p[np.arange(len(y)), y]).mean(), {}
        p[np.arange(len(y)), y] -= 1
        dout = p / len(y)
        for l in range(L, 0, -1):
            dout, grads[f"W{l}"], grads[f"b{l}"] = affine_backward(dout, caches[l - 1][0])
            dout = dout * (caches[l - 2][1] > 0) if l > 1 else dout
        return loss, grads
"""


def checked(tmp_path, source, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    path = tmp_path / "exercise.py"
    path.write_text(source, encoding="utf-8")
    report = check_module(path)
    return {result.name: result.verdict for result in report.results}, report


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (LOGISTIC, ["propagate", "compute_cost", "costFunction", "nnCostFunction"]),
        (DEEP, ["L_model_forward", "lstm_cell_forward"]),
        (SANDWICH, ["affine_bn_forward", "FullyConnectedNet"]),
    ],
)
def test_what_is_right_agrees_with_no_glue(tmp_path, source, names):
    verdicts, report = checked(tmp_path, source, layers_of_a_course=LAYERS)
    assert verdicts == dict.fromkeys(names, "agree"), report


@pytest.mark.parametrize(
    ("source", "right", "wrong", "name"),
    [
        (LOGISTIC, "dw = np.dot(X, (A - Y).T) / m", "dw = np.dot(X, (A - Y).T)", "propagate"),
        (LOGISTIC, "dj_db = np.sum(err) / X.shape[0]", "dj_db = np.sum(err)", "compute_cost"),
        (LOGISTIC, "grad = X.T @ (h - y) / len(y)", "grad = X.T @ (y - h) / len(y)", "costFunction"),
        (LOGISTIC, "lambda_ / m * Theta[:, 1:]", "lambda_ * Theta[:, 1:]", "nnCostFunction"),
        (DEEP, "(1 - A**2)", "(1 - A)", "L_model_forward"),
        (DEEP, "np.sum(dZ, axis=1, keepdims=True) / m", "np.sum(dZ) / m", "L_model_forward"),
        (DEEP, "dconcat[:n_a]", "dconcat[:n_a] * ft", "lstm_cell_forward"),
        (SANDWICH, "batchnorm_backward(dout, cache[1])", "batchnorm_backward(2 * dout, cache[1])", "affine_bn_forward"),
        (SANDWICH, "if l > 1 else dout", "if l > 2 else dout", "FullyConnectedNet"),
    ],
)
def test_what_is_wrong_is_noticed(tmp_path, source, right, wrong, name):
    assert right in source
    verdicts, report = checked(tmp_path, source.replace(right, wrong), layers_of_a_course=LAYERS)
    assert [other for other, verdict in verdicts.items() if verdict != "agree"] == [name], report
    assert verdicts[name] == "disagree"


def test_large_defaults_are_made_small(tmp_path):
    _, report = checked(tmp_path, SANDWICH, layers_of_a_course=LAYERS)
    assert report["FullyConnectedNet"].call.startswith("FullyConnectedNet(")
    assert all(max(tensor.shape) < 20 for tensor in report["FullyConnectedNet"].report.tensors if len(tensor.shape) > 1)
