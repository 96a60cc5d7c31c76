"""A backward that is given targets starts from a loss of its own, which is told and checked against."""

import itertools

import numpy as np
import pytest

from gradcheck import check

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(size=(5, 2)), RNG.uniform(size=(5, 1))
COLUMNS, BITS = RNG.normal(size=(4, 6)), np.array([[0, 1, 1, 0, 1, 0]])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Columns:
    """Lists of weights and biases; one sample, a column; gradients in lists."""

    def __init__(self, wrong=1.0):
        rng = np.random.default_rng(1)
        sizes = [4, 5, 3]
        self.biases = [rng.normal(size=(n, 1)) for n in sizes[1:]]
        self.weights = [rng.normal(size=(n, m)) for m, n in itertools.pairwise(sizes)]
        self.wrong = wrong

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights, strict=True):
            a = sigmoid(w @ a + b)
        return a

    def backprop(self, x, y):
        hidden = sigmoid(self.weights[0] @ x + self.biases[0])
        out = sigmoid(self.weights[1] @ hidden + self.biases[1])
        delta = self.cost_derivative(out, y) * out * (1 - out)
        before = self.weights[1].T @ delta * hidden * (1 - hidden) * self.wrong
        return [before, delta], [before @ x.T, delta @ hidden.T]

    def cost_derivative(self, out, y):
        return out - y


class Stepping:
    """Rows; backward adds its step to the weights and returns nothing."""

    def __init__(self, wrong=1.0):
        rng = np.random.default_rng(2)
        self.W1, self.W2, self.wrong = rng.normal(size=(2, 3)), rng.normal(size=(3, 1)), wrong

    def forward(self, X):
        self.hidden = sigmoid(X @ self.W1)
        return sigmoid(self.hidden @ self.W2)

    def backward(self, X, y, output):
        delta = (y - output) * output * (1 - output)
        before = delta @ self.W2.T * self.hidden * (1 - self.hidden)
        self.W1 += X.T @ before * self.wrong
        self.W2 += self.hidden.T @ delta


class Regression:
    """Its own loss, of outputs and targets; a parameter that is a single float."""

    def __init__(self, wrong=1.0):
        self.w, self.b, self.wrong = np.array([0.3, -0.7]), 0.2, wrong

    def forward(self, X):
        return X @ self.w + self.b

    def loss(self, prediction, target):
        return np.mean((prediction - target) ** 2)

    def backward(self, X, y):
        rest = 2 * (self.forward(X) - y) / len(y)
        return self.wrong * (X.T @ rest), np.sum(rest)


class GivenOutput(Regression):
    """Outputs are called as targets often are; the targets beside them tell."""

    def backward(self, X, Y, T):
        rest = 2 * (Y - T) / len(T)
        return {"w": self.wrong * (X.T @ rest), "b": np.sum(rest)}


class CostAndPrime(Stepping):
    def costFunction(self, X, y):  # noqa: N802 - as such courses write it
        return 0.5 * np.sum((y - self.forward(X)) ** 2)

    def costFunctionPrime(self, X, y):  # noqa: N802 - see above
        out = self.forward(X)
        delta = (out - y) * out * (1 - out)
        before = delta @ self.W2.T * self.hidden * (1 - self.hidden) * self.wrong
        return X.T @ before, self.hidden.T @ delta

    backward = None


class SoftmaxOutput:
    def __init__(self, wrong=1.0):
        self.wrong = wrong

    def forward(self, x):
        self.p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
        return self.p

    def backward(self, y_true):
        return (self.p - y_true) * np.where(np.arange(3) == 1, self.wrong, 1.0) / len(y_true)


COLUMN, TARGET = RNG.normal(size=(4, 1)), RNG.uniform(size=(3, 1))
ROWS, ONE_HOT = RNG.normal(size=(5, 3)), np.eye(3)[[0, 2, 1, 0, 1]]
OBJECTS = {
    "lists": (Columns, COLUMN, TARGET, "half the sum of squares, as cost_derivative says"),
    "step": (Stepping, X, Y, "half the sum of squares, which fits the numbers"),
    "own loss": (Regression, X, Y[:, 0], "its own loss"),
    "outputs called Y": (GivenOutput, X, Y[:, 0], "its own loss"),
    "prime": (CostAndPrime, X, Y, "costFunction and costFunctionPrime"),
    "output layer": (SoftmaxOutput, ROWS, ONE_HOT, "the cross-entropy of probabilities, averaged over rows"),
}


@pytest.mark.parametrize("case", OBJECTS)
def test_objects(case):
    made, x, t, said = OBJECTS[case]
    right = check(made(), x, t)
    assert right.ok, right
    assert said in right.understood
    wrong = check(made(wrong=1.3), x, t)
    assert wrong.verdict == "disagree", wrong
    agreeing = [c for c in wrong.tensors if c.verdict == "agree"]
    assert agreeing or case == "output layer", "only what is planted is accused"


def test_nothing_of_the_network_is_changed():
    network = Stepping()
    before = network.W1.copy()
    check(network, X, Y)
    assert np.array_equal(network.W1, before)


def model_forward(X, parameters):
    hidden = np.tanh(parameters["W1"] @ X + parameters["b1"])
    AL = sigmoid(parameters["W2"] @ hidden + parameters["b2"])
    return AL, [(X, hidden), parameters["W2"]]


def model_backward(AL, Y, caches, wrong=1.0):
    (X, hidden), W2 = caches
    m = X.shape[1]
    dZ2 = AL - Y
    dZ1 = W2.T @ dZ2 * (1 - hidden**2)
    db1 = dZ1.sum(axis=1, keepdims=True) / m * wrong
    return {"dW2": dZ2 @ hidden.T / m, "db2": dZ2.sum(axis=1, keepdims=True) / m, "dW1": dZ1 @ X.T / m, "db1": db1}


def parameters():
    rng = np.random.default_rng(3)
    return {
        "W1": rng.normal(size=(3, 4)),
        "b1": rng.normal(size=(3, 1)),
        "W2": rng.normal(size=(1, 3)),
        "b2": rng.normal(size=(1, 1)),
    }


@pytest.mark.parametrize("wrong", [1.0, 6.0])
def test_a_model_of_two_functions_given_targets(wrong):
    def backward(AL, Y, caches):
        return model_backward(AL, Y, caches, wrong)

    report = check(model_forward, COLUMNS, parameters(), BITS, backward=backward)
    assert "the binary cross-entropy, averaged over columns, which fits the numbers" in report.understood
    accused = [c.name for c in report.tensors if c.verdict == "disagree"]
    assert accused == ([] if wrong == 1.0 else ["parameters['b1']"])


@pytest.mark.parametrize("wrong", [1.0, 6.0])
def test_a_forward_that_returns_cost_and_cache(wrong):
    def forward(X, Y, parameters):
        AL, caches = model_forward(X, parameters)
        return np.mean(-Y * np.log(AL) - (1 - Y) * np.log(1 - AL)), (AL, caches)

    def backward(X, Y, cache):
        return model_backward(cache[0], Y, cache[1], wrong)

    report = check(forward, COLUMNS, BITS, parameters(), backward=backward)
    assert "forward returns (cost, cache)" in report.understood
    assert report.ok == (wrong == 1.0)


def test_where_no_usual_loss_fits_that_is_said():
    class Odd(SoftmaxOutput):
        def backward(self, y_true):
            return (self.p - y_true) * self.p

    report = check(Odd(), ROWS, ONE_HOT)
    assert report.verdict == "disagree"
    assert "as no usual loss fits the numbers" in report.understood


class Optimiser:
    def __init__(self, lr):
        self.lr = lr

    def update(self, w, grad):
        return w - self.lr * grad


class Lazy:
    """A layer whose weights an initialize(optimizer) makes, as the network around it would call it."""

    def __init__(self, units, input_shape, wrong=1.0):
        self.units, self.input_shape, self.W, self.wrong = units, input_shape, None, wrong

    def initialize(self, optimizer):
        self.W = np.random.default_rng(4).normal(size=(self.input_shape[0], self.units))
        self.optimizer = optimizer

    def forward_pass(self, X):
        self.X = X
        return X @ self.W

    def backward_pass(self, accum_grad):
        before = self.W
        self.W = self.optimizer.update(self.W, self.wrong * self.X.T @ accum_grad)
        return accum_grad @ before.T


@pytest.mark.parametrize("wrong", [1.0, 2.0])
def test_a_layer_that_awaits_its_initialisation(wrong):
    layer = Lazy(3, (2,), wrong)
    report = check(layer, X)
    assert "initialize(optimizer) called first" in report.understood
    assert report.ok == (wrong == 1.0)
    assert layer.W is None


@pytest.mark.parametrize("wrong", [1.0, 2.0])
def test_a_network_that_keeps_its_methods_to_itself_and_returns_nothing(wrong):
    class Network:
        def __init__(self):
            self.layers = [Lazy(3, (2,), wrong), Lazy(2, (3,))]
            for layer in self.layers:
                layer.initialize(Optimiser(0.1))

        def _forward_pass(self, X):
            for layer in self.layers:
                X = layer.forward_pass(X)
            return X

        def _backward_pass(self, grad):
            for layer in reversed(self.layers):
                grad = layer.backward_pass(grad)

    report = check(Network(), X)
    assert {c.name: c.verdict for c in report.tensors} == {
        "layers[0].W": "agree" if wrong == 1.0 else "disagree",
        "layers[1].W": "agree",
    }


def test_a_slope_named_alpha_is_no_learning_rate_beside_lr():
    class Leaky:
        def __init__(self):
            self.w, self.lr, self.alpha = np.array([[0.5, -0.8], [1.1, 0.4]])[:1], 0.1, 0.2

        def forward(self, x):
            self.x = x
            return x @ self.w.T

        def backward(self, dout):
            dx = dout @ self.w
            self.w = self.w - 2 * self.lr * dout.T @ self.x  # twice too large: as with a rate of alpha
            return dx

    report = check(Leaky(), X)
    assert report["w"].verdict == "disagree"
    assert "learning rate 0.1" in report.understood
