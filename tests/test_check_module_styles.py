"""A file in the style of a well-known course is checked as it is: what is right agrees, what is wrong is found."""

import pytest

from gradcheck import check_module

COLUMN = """
import numpy as np

class Layer:
    def forward(self, input):
        pass

    def backward(self, output_gradient, learning_rate):
        pass

class Dense(Layer):
    def __init__(self, input_size, output_size):
        self.weights = np.random.randn(output_size, input_size)
        self.bias = np.random.randn(output_size, 1)

    def forward(self, input):
        self.input = input
        return np.dot(self.weights, self.input) + self.bias

    def backward(self, output_gradient, learning_rate):
        weights_gradient = np.dot(output_gradient, self.input.T)
        input_gradient = np.dot(self.weights.T, output_gradient)
        self.weights -= learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient
        return input_gradient

class Activation(Layer):
    def __init__(self, activation, activation_prime):
        self.activation, self.activation_prime = activation, activation_prime

    def forward(self, input):
        self.input = input
        return self.activation(self.input)

    def backward(self, output_gradient, learning_rate):
        return np.multiply(output_gradient, self.activation_prime(self.input))

class Softmax(Layer):
    def forward(self, input):
        tmp = np.exp(input)
        self.output = tmp / np.sum(tmp)
        return self.output

    def backward(self, output_gradient, learning_rate):
        n = np.size(self.output)
        return np.dot((np.identity(n) - self.output.T) * self.output, output_gradient)
"""

ONE_BY_ONE = """
import numpy as np

class Network:
    def __init__(self, sizes):
        self.num_layers = len(sizes)
        self.biases = [np.random.randn(y, 1) for y in sizes[1:]]
        self.weights = [np.random.randn(y, x) for x, y in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = np.tanh(np.dot(w, a) + b)
        return a

    def backprop(self, x, y):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        activations = [x]
        for b, w in zip(self.biases, self.weights):
            activations.append(np.tanh(np.dot(w, activations[-1]) + b))
        delta = self.cost_derivative(activations[-1], y) * (1 - activations[-1] ** 2)
        nabla_b[-1] = delta
        nabla_w[-1] = np.dot(delta, activations[-2].transpose())
        for l in range(2, self.num_layers):
            delta = np.dot(self.weights[-l + 1].transpose(), delta) * (1 - activations[-l] ** 2)
            nabla_b[-l] = delta
            nabla_w[-l] = np.dot(delta, activations[-l - 1].transpose())
        return (nabla_b, nabla_w)

    def cost_derivative(self, output_activations, y):
        return output_activations - y
"""

NOTHING_RETURNED = """
import numpy as np

class Dense:
    def __init__(self, n_inputs, n_neurons):
        self.weights = np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))

    def forward(self, inputs):
        self.inputs = inputs
        self.output = np.dot(inputs, self.weights) + self.biases

    def backward(self, dvalues):
        self.dweights = np.dot(self.inputs.T, dvalues)
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = np.dot(dvalues, self.weights.T)

class SoftmaxLoss:
    def forward(self, inputs, y_true):
        e = np.exp(inputs - np.max(inputs, axis=1, keepdims=True))
        self.output = e / np.sum(e, axis=1, keepdims=True)
        return -np.log(self.output[range(len(inputs)), y_true]).mean()

    def backward(self, dvalues, y_true):
        samples = len(dvalues)
        self.dinputs = dvalues.copy()
        self.dinputs[range(samples), y_true] -= 1
        self.dinputs = self.dinputs / samples
"""

MADE_OF_PARTS = """
import numpy as np

class Activation:
    def __init__(self, f, f_prime):
        self.f, self.f_prime = f, f_prime

    def forward(self, inputs):
        self.inputs = inputs
        return self.f(inputs)

    def backward(self, grad):
        return self.f_prime(self.inputs) * grad

class NeuralNet:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, inputs):
        for layer in self.layers:
            inputs = layer.forward(inputs)
        return inputs

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad
"""

IN_TURN = """
import numpy as np

class RNN:
    def __init__(self, input_size, output_size, hidden_size=64):
        self.Whh = np.random.randn(hidden_size, hidden_size) / 4
        self.Wxh = np.random.randn(hidden_size, input_size) / 4
        self.Why = np.random.randn(output_size, hidden_size) / 4
        self.bh = np.zeros((hidden_size, 1))

    def forward(self, inputs):
        h = np.zeros((self.Whh.shape[0], 1))
        self.last_inputs, self.last_hs = inputs, {0: h}
        for i, x in enumerate(inputs):
            h = np.tanh(self.Wxh @ x + self.Whh @ h + self.bh)
            self.last_hs[i + 1] = h
        return self.Why @ h, h

    def backprop(self, d_y, learn_rate=2e-2):
        n = len(self.last_inputs)
        d_Why = d_y @ self.last_hs[n].T
        d_Whh, d_Wxh, d_bh = np.zeros(self.Whh.shape), np.zeros(self.Wxh.shape), np.zeros(self.bh.shape)
        d_h = self.Why.T @ d_y
        for t in reversed(range(n)):
            temp = (1 - self.last_hs[t + 1] ** 2) * d_h
            d_bh += temp
            d_Whh += temp @ self.last_hs[t].T
            d_Wxh += temp @ self.last_inputs[t].T
            d_h = self.Whh.T @ temp
        for d in [d_Wxh, d_Whh, d_Why, d_bh]:
            np.clip(d, -1, 1, out=d)
        self.Whh -= learn_rate * d_Whh
        self.Wxh -= learn_rate * d_Wxh
        self.Why -= learn_rate * d_Why
        self.bh -= learn_rate * d_bh
"""

RATINGS = """
import numpy as np

def cofiCostFunc(params, Y, R, num_users, num_movies, num_features, lambda_=0.0):
    X = params[:num_movies * num_features].reshape(num_movies, num_features)
    Theta = params[num_movies * num_features:].reshape(num_users, num_features)
    err = (np.dot(X, Theta.T) - Y) * R
    J = 0.5 * np.sum(err ** 2) + lambda_ / 2 * (np.sum(Theta ** 2) + np.sum(X ** 2))
    X_grad = np.dot(err, Theta) + lambda_ * X
    Theta_grad = np.dot(err.T, X) + lambda_ * Theta
    grad = np.concatenate([X_grad.ravel(), Theta_grad.ravel()])
    return J, grad
"""

REMEMBERS = """
import numpy as np

class Softmax:
    def __init__(self):
        self.Y = []

    def forward(self, X):
        e = np.exp(X - X.max(axis=-1, keepdims=True))
        self.Y.append(e / e.sum(axis=-1, keepdims=True))
        return self.Y[-1]

    def backward(self, dY):
        found = [y * (dY - (dY * y).sum(axis=-1, keepdims=True)) for y in self.Y]
        return found[0] if len(found) == 1 else found

class Attention:
    def __init__(self):
        self.softmax, self.X = Softmax(), None

    def forward(self, Q, K, V):
        self.X = Q, K, V, self.softmax.forward(Q @ K.swapaxes(-2, -1) / 2)
        return self.X[3] @ V

    def backward(self, dLdy):
        Q, K, V, weights = self.X
        dV = weights.swapaxes(-2, -1) @ dLdy
        dScores = self.softmax.backward(dLdy @ V.swapaxes(-2, -1))
        return dScores @ K / 2, dScores.swapaxes(-2, -1) @ Q / 2, dV
"""

WORDS = """
import numpy as np

class Caption:
    def __init__(self, word_to_idx, input_dim=512, hidden_dim=128):
        self.null, V = word_to_idx["<NULL>"], len(word_to_idx)
        self.params = {"W": np.random.randn(input_dim, hidden_dim), "E": np.random.randn(hidden_dim, V)}

    def loss(self, features, captions):
        N, D = features.shape
        mask = captions != self.null
        h = features.dot(self.params["W"])
        s = np.repeat(h.dot(self.params["E"])[:, None], captions.shape[1], axis=1)
        p = np.exp(s - s.max(axis=2, keepdims=True))
        p /= p.sum(axis=2, keepdims=True)
        n, t = np.indices(captions.shape)
        loss, grads = -np.sum(mask * np.log(p[n, t, captions])) / N, {}
        p[n, t, captions] -= 1
        ds = (p * mask[:, :, None] / N).sum(axis=1)
        grads["E"] = h.T.dot(ds)
        grads["W"] = features.T.dot(ds.dot(self.params["E"].T))
        return loss, grads
"""

IN_THE_MODULE = """
import numpy as np

vocab_size, hidden_size = 12, 5
Wxh = np.random.randn(hidden_size, vocab_size) * 0.3
Whh = np.random.randn(hidden_size, hidden_size) * 0.3
Why = np.random.randn(vocab_size, hidden_size) * 0.3

def lossFun(inputs, targets, hprev):
    xs, hs, ps, loss = {}, {-1: np.copy(hprev)}, {}, 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((vocab_size, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]))
        e = np.exp(np.dot(Why, hs[t]))
        ps[t] = e / np.sum(e)
        loss += -np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += np.dot(dy, hs[t].T)
        dhraw = (1 - hs[t] * hs[t]) * (np.dot(Why.T, dy) + dhnext)
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, dhraw)
    return loss, dWxh, dWhh, dWhy, hs[len(inputs) - 1]
"""

WITH_A_CONTEXT = """
import numpy as np

class Function:
    def __init__(self, *tensors):
        self.parents, self.saved_tensors = tensors, []

    def save_for_backward(self, *values):
        self.saved_tensors.extend(values)

class LogSoftmax(Function):
    @staticmethod
    def forward(ctx, input):
        top = input.max(axis=1, keepdims=True)
        output = input - top - np.log(np.exp(input - top).sum(axis=1, keepdims=True))
        ctx.save_for_backward(output)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        output, = ctx.saved_tensors
        return grad_output - np.exp(output) * grad_output.sum(axis=1).reshape((-1, 1))
"""

STYLES = {
    "one sample in a column": (COLUMN, {"Dense": "agree", "Activation": "agree", "Softmax": "agree"}),
    "backprop of one sample": (ONE_BY_ONE, {"Network": "agree"}),
    "nothing returned": (NOTHING_RETURNED, {"Dense": "agree", "SoftmaxLoss": "agree"}),
    "ratings of items by users": (RATINGS, {"cofiCostFunc": "agree"}),
    "queries, keys and what is remembered": (REMEMBERS, {"Softmax": "agree", "Attention": "agree"}),
    "words by number": (WORDS, {"Caption": "agree"}),
    "parameters in the module": (IN_THE_MODULE, {"lossFun": "agree"}),
    "columns in turn": (IN_TURN, {"RNN": "agree"}),
    "static, with a context": (WITH_A_CONTEXT, {"LogSoftmax": "agree"}),
    "made of functions and layers": (MADE_OF_PARTS, {"Activation": "agree", "NeuralNet": "agree"}),
}


def _write(tmp_path, source):
    path = tmp_path / "layers.py"
    path.write_text(source)
    return path


@pytest.mark.parametrize(("source", "verdicts"), STYLES.values(), ids=STYLES)
def test_a_right_file_agrees(tmp_path, source, verdicts):
    report = check_module(_write(tmp_path, source))
    assert {name: report[name].verdict for name in verdicts} == verdicts, str(report)
    assert report.ok


@pytest.mark.parametrize(
    ("source", "right", "wrong", "name"),
    [
        (COLUMN, "np.dot(self.weights.T, output_gradient)", "np.dot(self.weights.T, abs(output_gradient))", "Dense"),
        (COLUMN, "np.identity(n) - self.output.T", "np.identity(n)", "Softmax"),
        (COLUMN, "self.activation_prime(self.input)", "self.activation(self.input)", "Activation"),
        (ONE_BY_ONE, "(1 - activations[-l] ** 2)", "(1 - activations[-l])", "Network"),
        (NOTHING_RETURNED, "np.sum(dvalues, axis=0", "np.mean(dvalues, axis=0", "Dense"),
        (NOTHING_RETURNED, "self.dinputs = self.dinputs / samples", "pass", "SoftmaxLoss"),
        (IN_TURN, "d_h = self.Whh.T @ temp", "d_h = self.Whh @ temp", "RNN"),
        (RATINGS, "np.dot(err.T, X) + lambda_", "np.dot(err.T, X) - lambda_", "cofiCostFunc"),
        (REMEMBERS, "@ Q / 2, dV", "@ Q, dV", "Attention"),
        (WORDS, "(p * mask[:, :, None] / N)", "(p / N)", "Caption"),
        (IN_THE_MODULE, "np.dot(Whh.T, dhraw)", "np.dot(Whh, dhraw)", "lossFun"),
        (WITH_A_CONTEXT, "np.exp(output) *", "output *", "LogSoftmax"),
        (MADE_OF_PARTS, "in reversed(self.layers)", "in self.layers", "NeuralNet"),
        (MADE_OF_PARTS, "self.f_prime(self.inputs)", "self.f_prime(self.f(self.inputs))", "Activation"),
    ],
)
def test_a_mistake_in_it_is_found(tmp_path, source, right, wrong, name):
    assert right in source
    report = check_module(_write(tmp_path, source.replace(right, wrong)))
    assert [result.name for result in report.results if result.verdict == "disagree"] == [name], str(report)


def test_that_only_one_sample_was_checked_is_said(tmp_path):
    report = check_module(_write(tmp_path, COLUMN))
    assert any("one sample in a column" in note for note in report["Dense"].notes)
    assert not report["Activation"].notes
