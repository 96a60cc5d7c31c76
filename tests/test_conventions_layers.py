"""Layers, losses and activations in the styles in which people write them are understood with no glue.

Each is written with a factor that makes its gradient wrong: 1 agrees in every tensor, another is noticed in the tensor
that it spoils, and in no other.
"""

import re

import numpy as np
import pytest

from gradcheck import check
from gradcheck.checking.conventions.common.gradient_names import find
from gradcheck.checking.conventions.common.returned_names import owners

rng = np.random.default_rng(12)
x = rng.normal(size=(5, 4))
w = rng.normal(size=(4, 3))
b = rng.normal(size=3)
onehot = np.eye(3)[[0, 1, 2, 2, 1]]
probabilities = rng.uniform(0.1, 0.9, size=(5, 3))


class PassNames:
    """forward_pass and backward_pass; a training switch without default; gradients given to an optimiser."""

    def __init__(self, wrong=1.0, learning_rate=0.01):
        self.W, self.w0, self.wrong = w.copy(), b[None].copy(), wrong
        self.W_opt, self.w0_opt = self.Optimiser(learning_rate), self.Optimiser(learning_rate)

    class Optimiser:
        def __init__(self, learning_rate):
            self.learning_rate, self.G = learning_rate, None

        def update(self, w, grad_wrt_w):
            self.G = np.zeros_like(w) if self.G is None else self.G
            self.G += grad_wrt_w**2
            return w - self.learning_rate * grad_wrt_w / np.sqrt(self.G + 1e-8)

    def forward_pass(self, X, training):
        assert training is True
        self.layer_input = X
        return X @ self.W + self.w0

    def backward_pass(self, accum_grad):
        W = self.W
        grad_w = self.layer_input.T @ accum_grad * self.wrong
        self.W = self.W_opt.update(self.W, grad_w)
        self.w0 = self.w0_opt.update(self.w0, accum_grad.sum(axis=0, keepdims=True))
        return accum_grad @ W.T


class StepWithRate:
    """backward takes the learning rate and the step: in place, or by rebinding."""

    in_place = True

    def __init__(self, wrong=1.0):
        self.weights, self.bias, self.wrong = w.copy(), b.copy(), wrong

    def forward(self, input):
        self.input = input
        return input @ self.weights + self.bias

    def backward(self, output_gradient, learning_rate):
        weights_gradient = self.input.T @ output_gradient * self.wrong
        input_gradient = output_gradient @ self.weights.T
        if self.in_place:
            self.weights -= learning_rate * weights_gradient
        else:
            self.weights = self.weights - learning_rate * weights_gradient
        self.bias -= learning_rate * output_gradient.sum(axis=0)
        return input_gradient


class StepRebound(StepWithRate):
    in_place = False


class StepOwnRate(StepWithRate):
    """The learning rate is an attribute; forward_propagation and backward_propagation."""

    def __init__(self, wrong=1.0):
        super().__init__(wrong)
        self.learning_rate = 0.05

    forward_propagation = StepWithRate.forward
    forward = None

    def backward_propagation(self, error):
        return StepWithRate.backward(self, error, self.learning_rate)

    backward = None


class StepInputFirst(StepOwnRate):
    """backward(input, grad_output), as in exercises after Torch."""

    forward = StepWithRate.forward
    forward_propagation = backward_propagation = None

    def backward(self, input, grad_output):
        self.input = input
        return StepWithRate.backward(self, grad_output, self.learning_rate)


class StepMomentum(StepOwnRate):
    def __init__(self, wrong=1.0):
        super().__init__(wrong)
        self.v, self.lr = np.zeros_like(w), 0.1

    forward = StepWithRate.forward
    forward_propagation = backward_propagation = None

    def backward(self, grad):
        self.grad_weights = self.input.T @ grad * self.wrong
        self.grad_bias = grad.sum(axis=0)
        grad_input = grad @ self.weights.T
        self.v = 0.9 * self.v - self.lr * self.grad_weights
        self.weights += self.v
        self.bias -= self.lr * self.grad_bias
        return grad_input


class Stored:
    """dinputs, dweights and dbiases as attributes; backward returns nothing."""

    def __init__(self, wrong=1.0):
        self.weights, self.biases, self.wrong = w.copy(), b[None].copy(), wrong

    def forward(self, inputs, training):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases
        return self.output

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues * self.wrong
        self.dbiases = np.sum(dvalues, axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T


class Course:
    """A and Z, dLdW: the names of a course in deep learning."""

    def __init__(self, wrong=1.0):
        self.W, self.b, self.wrong = w.T.copy(), b[:, None].copy(), wrong

    def forward(self, A):
        self.A, self.N = A, len(A)
        return A @ self.W.T + np.ones((self.N, 1)) @ self.b.T

    def backward(self, dLdZ):
        self.dLdW = dLdZ.T @ self.A * self.wrong
        self.dLdb = dLdZ.T @ np.ones((self.N, 1))
        return dLdZ @ self.W


class ParameterObjects:
    class Parameter:
        def __init__(self, value):
            self.value, self.grad = value, np.zeros_like(value)

    def __init__(self, wrong=1.0):
        self.W, self.B, self.wrong = self.Parameter(w.copy()), self.Parameter(b.copy()), wrong

    def params(self):
        return {"W": self.W, "B": self.B}

    def forward(self, X):
        self.X = X
        return X @ self.W.value + self.B.value

    def backward(self, d_out):
        self.W.grad += self.X.T @ d_out * self.wrong
        self.B.grad += d_out.sum(axis=0)
        return d_out @ self.W.value.T


class Slotted:
    """Tensors with data and grad, in slots, in a list."""

    class Tensor:
        __slots__ = ("data", "grad")

        def __init__(self, data):
            self.data, self.grad = data, None

    def __init__(self, wrong=1.0):
        self.tensors, self.wrong = [self.Tensor(w.copy()), self.Tensor(b.copy())], wrong

    def __call__(self, x):
        self.x = x
        return x @ self.tensors[0].data + self.tensors[1].data

    def bwd(self, dout):
        self.tensors[0].grad = self.x.T @ dout * self.wrong
        self.tensors[1].grad = dout.sum(axis=0)
        return dout @ self.tensors[0].data.T


class Lazy:
    """Initialised by the first forward, from the width of its input."""

    def __init__(self, wrong=1.0):
        self.params, self.grads, self.ready, self.wrong = {"w": None, "b": None}, {}, False, wrong

    def fwd(self, inputs):
        if not self.ready:
            self.params["w"] = np.random.normal(size=(inputs.shape[1], 3))  # noqa: NPY002 - as people write it
            self.params["b"] = np.zeros(3)
            self.ready = True
        self.inputs = inputs
        return inputs @ self.params["w"] + self.params["b"]

    def bwd(self, grad):
        self.grads["w"] = self.inputs.T @ grad * self.wrong
        self.grads["b"] = grad.sum(axis=0)
        return grad @ self.params["w"].T


class Remembers:
    """Every input since the last update is kept, with parameters and gradients in dictionaries of those names."""

    def __init__(self, wrong=1.0):
        self.X, self.wrong, self.initialised = [], wrong, False
        self.parameters, self.gradients = {"W": None}, {}

    def forward(self, X, retain_derived=True):
        if not self.initialised:
            self.parameters["W"], self.gradients["W"] = w.copy(), np.zeros_like(w)
            self.initialised = True
        if retain_derived:
            self.X.append(X)
        return X @ self.parameters["W"]

    def backward(self, dLdy, retain_grads=True):
        dX = []
        for dy, X in zip(dLdy if isinstance(dLdy, list) else [dLdy], self.X, strict=True):
            self.gradients["W"] += X.T @ dy * self.wrong
            dX.append(dy @ self.parameters["W"].T)
        return dX[0] if len(self.X) == 1 else dX


class Returned:
    """Gradients of parameters in a dictionary after that of the input."""

    def __init__(self, wrong=1.0):
        self.W, self.b, self.wrong = w.copy(), b.copy(), wrong

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        return dout @ self.W.T, {"dW": self.x.T @ dout * self.wrong, "db": dout.sum(axis=0)}


class ReturnedFirst(Returned):
    def backward(self, dout):
        return self.x.T @ dout * self.wrong, dout.sum(axis=0), dout @ self.W.T


class ReturnedAsList(Returned):
    def backward(self, dout):
        return dout @ self.W.T, [self.x.T @ dout * self.wrong, dout.sum(axis=0)]


class WithCache(Returned):
    def forward(self, x):
        return x @ self.W + self.b, (x,)

    def backward(self, dout, cache):
        (x,) = cache
        self.dW, self.db = x.T @ dout * self.wrong, dout.sum(axis=0)
        return dout @ self.W.T


class OddNames(Returned):
    """Nothing in the names tells."""

    def backward(self, dout):
        self.update_for_connections, self.q = self.x.T @ dout * self.wrong, dout.sum(axis=0)
        return dout @ self.W.T


class Private(Returned):
    def __init__(self, wrong=1.0):
        self.__weights, self.__bias, self.wrong = w.copy(), b.copy(), wrong

    def forward(self, x):
        self.__x = x
        return x @ self.__weights + self.__bias

    def backward(self, delta):
        self.__grad_weights, self.__grad_bias = self.__x.T @ delta * self.wrong, delta.sum(axis=0)
        return delta @ self.__weights.T


class CapitalForward(Returned):
    def Forward(self, x):  # noqa: N802 - as people write it
        self.x = x
        return x @ self.W + self.b

    forward = None

    def backProp(self, delta):  # noqa: N802 - as people write it
        self.gradW, self.gradB = self.x.T @ delta * self.wrong, delta.sum(axis=0)
        return delta @ self.W.T

    backward = None


class Block:
    """Layers in a list, and one by itself; each keeps its own."""

    def __init__(self, wrong=1.0):
        self.layers = [Returned.__new__(Inner), Returned.__new__(Inner)]
        self.layers[0].__init__(w, b, wrong)
        self.layers[1].__init__(w.T.copy(), rng.normal(size=4), 1.0)

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad):
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        return grad


class Inner:
    def __init__(self, weights, bias, wrong):
        self.W, self.b, self.wrong = weights.copy(), bias.copy(), wrong

    def forward(self, x):
        self.x = x
        return np.tanh(x @ self.W + self.b)

    def backward(self, grad):
        dz = grad * (1 - np.tanh(self.x @ self.W + self.b) ** 2)
        self.dW, self.db = self.x.T @ dz * self.wrong, dz.sum(axis=0)
        return dz @ self.W.T


class Shared:
    """One weight in two places: its gradient is the sum of both."""

    def __init__(self, wrong=1.0):
        weight = w.copy()
        self.params, self.grads, self.wrong = [weight, weight], [np.zeros_like(w), np.zeros_like(w)], wrong

    def forward(self, x):
        self.x = x
        return x @ self.params[0] + 2 * np.abs(x) @ self.params[1]

    def backward(self, dout):
        self.grads[0][...] = self.x.T @ dout * self.wrong
        self.grads[1][...] = 2 * np.abs(self.x).T @ dout
        return dout @ self.params[0].T + 2 * np.sign(self.x) * (dout @ self.params[1].T)


LAYERS = {
    PassNames: "X W w0",
    StepWithRate: "input weights bias",
    StepRebound: "input weights bias",
    StepOwnRate: "input weights bias",
    StepInputFirst: "input weights bias",
    StepMomentum: "input weights bias",
    Stored: "inputs weights biases",
    Course: "A W b",
    ParameterObjects: "X W B",
    Slotted: "x tensors[0] tensors[1]",
    Lazy: "inputs w b",
    Remembers: "X W",
    Returned: "x W b",
    ReturnedFirst: "x W b",
    ReturnedAsList: "x W b",
    WithCache: "x W b",
    OddNames: "x W b",
    Private: "x _Private__weights _Private__bias",
    CapitalForward: "x W b",
    Block: "x layers[0].W layers[0].b layers[1].W layers[1].b",
    Shared: "x params[0]",
}


@pytest.mark.parametrize(("kind", "tensors"), LAYERS.items(), ids=[kind.__name__ for kind in LAYERS])
def test_a_layer(kind, tensors):
    report = check(kind(), x)
    assert report, report
    assert [tensor.name for tensor in report.tensors] == tensors.split()
    wrong = check(kind(wrong=1.001), x)
    assert [tensor.verdict for tensor in wrong.tensors].count("disagree") == 1, wrong
    assert wrong.tensors[1].verdict == "disagree"


USED = [StepInputFirst, StepMomentum, Course, ParameterObjects, Returned, OddNames, Private, Block, Shared]


@pytest.mark.parametrize("kind", USED)
def test_a_layer_that_was_used_before(kind):
    """What an earlier forward and backward left behind is neither parameter nor gradient."""
    layer = kind()
    y = layer.forward(x)
    layer.backward(*([x, y] if kind is StepInputFirst else [y]))
    report = check(layer, x)
    assert report, report
    assert [tensor.name for tensor in report.tensors] == LAYERS[kind].split()


@pytest.mark.parametrize("kind", [PassNames, StepWithRate, StepRebound, StepOwnRate, StepMomentum])
def test_a_step_is_undone_and_said(kind):
    layer = kind()
    before = {name: np.array(value) for name, value in vars(layer).items() if isinstance(value, np.ndarray)}
    report = check(layer, x)
    assert "takes a step" in report.understood
    assert all(np.array_equal(getattr(layer, name), value) for name, value in before.items())


@pytest.mark.parametrize("kind", [PassNames, StepWithRate])
def test_a_gradient_worked_out_after_the_step_is_wrong(kind):
    class After(kind):
        pass

    def backward_pass(self, accum_grad):
        PassNames.backward_pass(self, accum_grad)
        return accum_grad @ self.W.T

    def backward(self, grad, learning_rate):
        StepWithRate.backward(self, grad, learning_rate)
        return grad @ self.weights.T

    if kind is PassNames:
        After.backward_pass = backward_pass
    else:
        After.backward = backward
    assert check(After(), x).tensors[0].verdict == "disagree"


# How it was understood


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (PassNames(), "forward_pass and backward_pass"),
        (PassNames(), "as given to the optimiser"),
        (PassNames(), "training=True"),
        (StepOwnRate(), "recovered from the step; learning rate 0.05"),
        (StepInputFirst(), "backward(input, dout)"),
        (Stored(), "gradient of inputs in dinputs"),
        (ParameterObjects(), "gradients beside them in W.grad, B.grad"),
        (Lazy(), "initialised by the first forward"),
        (OddNames(), "gradient of W taken to be update_for_connections, by its shape"),
        (ReturnedAsList(), "gradients returned after the inputs'"),
        (Returned(), "gradients returned by name"),
        (Shared(), "added up where one array has several"),
    ],
)
def test_the_reading_says_where_things_were_found(layer, words):
    assert words in check(layer, x).understood


class ScaleAndShift:
    """Keeps the gradient of its shift, and that of its scale only if it is told to."""

    def __init__(self, stores=True, scales=True):
        self.gamma, self.beta = np.array([0.5, -1.5, 2.0]), np.array([0.1, 0.2, -0.3])
        self.dgamma = self.dbeta = None
        self.stores, self.scales = stores, scales

    def forward(self, x):
        self.x = x
        return x * (self.gamma if self.scales else 2.0) + self.beta

    def backward(self, dout):
        self.dbeta = dout.sum(axis=0)
        if self.stores:
            self.dgamma = (dout * self.x).sum(axis=0)
        return dout * (self.gamma if self.scales else 2.0)


def test_a_gradient_still_none_beside_another_is_missing():
    x = np.random.default_rng(0).normal(size=(4, 3))
    assert check(ScaleAndShift(), x)
    report = check(ScaleAndShift(stores=False), x)
    assert [(f.cause, f.tensor) for f in report.conduct if not f.ok] == [("missing", "gamma")]
    unused = check(ScaleAndShift(stores=False, scales=False), x)
    assert unused, unused
    assert [c.name for c in unused.tensors] == ["x", "beta"]


def test_a_gradient_that_backward_takes_away_is_missing():
    class Loses(Returned):
        def __init__(self):
            super().__init__()
            self.dW = np.zeros_like(w)

        def backward(self, dout):
            self.dW = None
            return dout @ self.W.T

    assert check(Loses(), x)["W"].verdict == "disagree"


def test_an_ambiguous_shape_is_not_guessed():
    class Ambiguous(Returned):
        def __init__(self):
            super().__init__()
            del self.b

        def forward(self, x):
            self.x = x
            return x @ self.W

        def backward(self, dout):
            self.p, self.q = self.x.T @ dout, 2 * self.x.T @ dout
            return dout @ self.W.T

    report = check(Ambiguous(), x)
    assert [tensor.name for tensor in report.tensors] == ["x"]
    assert any("W is an array the output depends on" in warning for warning in report.warnings)


# Losses and activations


class SquaredTargetsFirst:
    def __init__(self, wrong=1.0):
        self.wrong = wrong

    def loss(self, y_true, y_pred):
        return np.mean((y_true - y_pred) ** 2)

    def gradient(self, y_true, y_pred):
        return self.wrong * 2 * (y_pred - y_true) / y_true.size


class SquaredUnreduced(SquaredTargetsFirst):
    def loss(self, y, y_pred):
        return 0.5 * (y - y_pred) ** 2

    def gradient(self, y, y_pred):
        return -self.wrong * (y - y_pred)


class SquaredCalled(SquaredTargetsFirst):
    loss = None

    def __call__(self, predictions, targets):
        return 0.5 * np.sum((predictions - targets) ** 2) / len(targets)

    gradient = None

    def grad(self, predictions, targets):
        return self.wrong * (predictions - targets) / len(targets)


class CrossEntropyPerSample(SquaredTargetsFirst):
    """One loss for each sample; backward is given the predictions, and belongs to the mean."""

    loss = gradient = None

    def forward(self, y_pred, y_true):
        return -np.sum(y_true * np.log(y_pred), axis=1)

    def backward(self, dvalues, y_true):
        self.dinputs = -self.wrong * y_true / dvalues / len(dvalues)


class NoArguments(SquaredTargetsFirst):
    loss = gradient = None

    def forward(self, prediction, target):
        self.prediction, self.target = prediction, target
        return np.sum((prediction - target) ** 2) / len(prediction)

    def backward(self):
        return self.wrong * 2 * (self.prediction - self.target) / len(self.prediction)


@pytest.mark.parametrize(
    ("kind", "inputs", "name"),
    [
        (SquaredTargetsFirst, (onehot, probabilities), "y_pred"),
        (SquaredUnreduced, (onehot, probabilities), "y_pred"),
        (SquaredCalled, (probabilities, onehot), "predictions"),
        (CrossEntropyPerSample, (probabilities, onehot), "y_pred"),
        (NoArguments, (probabilities, onehot), "prediction"),
    ],
)
def test_a_loss(kind, inputs, name):
    report = check(kind(), *inputs)
    assert report, report
    assert [tensor.name for tensor in report.tensors] == [name]
    for wrong in (-1, 1.001, 1 / 5):
        assert not check(kind(wrong), *inputs)


def test_what_the_gradient_of_an_unreduced_loss_belongs_to_is_said():
    assert "gradient is the derivative of each entry" in check(SquaredUnreduced(), onehot, probabilities).understood
    said = check(CrossEntropyPerSample(), probabilities, onehot).understood
    assert "backward is the gradient of the mean" in said
    assert "backward(y_pred, y_true), which fits the numbers best" in said


@pytest.mark.parametrize("name", ["gradient", "grad", "derivative", "prime", "backward"])
@pytest.mark.parametrize("value", ["__call__", "forward", "activation"])
def test_an_activation_and_its_derivative(value, name):
    def run(self, z):
        return np.tanh(z)

    def slope(self, x):
        return self.wrong * (1 - np.tanh(x) ** 2)

    def build(wrong):
        return type("Tanh", (), {value: run, name: slope, "wrong": wrong})()

    if name == "backward":  # then it is the derivative times an upstream gradient

        def slope(self, x, grad_output):
            return self.wrong * (1 - np.tanh(x) ** 2) * grad_output

    report = check(build(1), x)
    assert report, report
    assert not check(build(1.001), x)


def test_a_derivative_without_the_terms_off_the_diagonal_is_wrong():
    class Softmax:
        def __call__(self, z):
            e = np.exp(z - z.max(axis=1, keepdims=True))
            return e / e.sum(axis=1, keepdims=True)

        def gradient(self, z):
            p = self(z)
            return p * (1 - p)

    assert not check(Softmax(), x)


# Several inputs and outputs


class LSTMCell:
    def __init__(self, wrong=1.0):
        self.Wx, self.Wh = rng.normal(size=(4, 12)), rng.normal(size=(3, 12))
        self.dWx = self.dWh = None
        self.wrong = wrong

    def forward(self, x, h_prev, c_prev):
        a = x @ self.Wx + h_prev @ self.Wh
        i, f, o = (1 / (1 + np.exp(-part)) for part in np.split(a, 4, axis=1)[:3])
        g = np.tanh(np.split(a, 4, axis=1)[3])
        c = f * c_prev + i * g
        self.cache = x, h_prev, c_prev, i, f, o, g, c
        return o * np.tanh(c), c

    def backward(self, dh, dc):
        x, h_prev, c_prev, i, f, o, g, c = self.cache
        dc = self.wrong * dc + dh * o * (1 - np.tanh(c) ** 2)
        gates = dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dh * np.tanh(c) * o * (1 - o), dc * i * (1 - g**2)
        da = np.hstack(gates)
        self.dWx, self.dWh = x.T @ da, h_prev.T @ da
        return da @ self.Wx.T, da @ self.Wh.T, dc * f


def test_a_recurrent_cell_with_states():
    states = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    report = check(LSTMCell(), x, *states)
    assert report, report
    assert [tensor.name for tensor in report.tensors] == ["x", "h_prev", "c_prev", "Wx", "Wh"]
    assert not check(LSTMCell(wrong=0), x, *states)


@pytest.mark.parametrize("factor", [1, 1.001])
def test_a_list_of_inputs(factor):
    class Add:
        def forward(self, X):
            self.X = X
            return X[0] + 2 * X[1]

        def backward(self, dLdY):
            return [dLdY, 2 * dLdY * factor]

    report = check(Add(), [x, x + 1])
    assert [tensor.name for tensor in report.tensors] == ["X[0]", "X[1]"]
    assert [tensor.verdict == "agree" for tensor in report.tensors] == [True, factor == 1]


@pytest.mark.parametrize("factor", [1, 1.001])
def test_one_sample_at_a_time(factor):
    """Backward adds to its gradients; a sample is a column."""

    class OneSample:
        def __init__(self):
            self.weights, self.biases = w.T.copy(), b[:, None].copy()
            self.nabla_w, self.nabla_b = np.zeros_like(self.weights), np.zeros_like(self.biases)

        def feedforward(self, a):
            self.a = a
            return np.tanh(self.weights @ a + self.biases)

        def backprop(self, delta):
            delta = delta * (1 - np.tanh(self.weights @ self.a + self.biases) ** 2)
            self.nabla_w += factor * delta @ self.a.T
            self.nabla_b += delta
            return self.weights.T @ delta

    report = check(OneSample(), x[:1].T)
    assert [tensor.name for tensor in report.tensors] == ["a", "weights", "biases"]
    assert [tensor.verdict == "agree" for tensor in report.tensors] == [True, factor == 1, True]


def test_dropout_with_a_switch_that_is_off_by_default():
    class Dropout:
        def __call__(self, x, training=False):
            self.mask = (np.random.random(x.shape) > 0.5) / 0.5 if training else 0 * x  # noqa: NPY002
            return x * self.mask if training else x

        def backward(self, grad):
            return grad * self.mask

    report = check(Dropout(), x)
    assert report, report
    assert re.search("forward called with training=True", report.understood)


class Highway:
    """y = max(x W, 0) t + x (1 − t), t = σ(x Ws): two parameters that both might be called W for short."""

    def __init__(self, factor):
        self.W, self.Ws, self.factor = *rng.normal(size=(2, 4, 4)), factor

    def forward(self, x):
        self.x, self.h, self.t = x, np.maximum(x @ self.W, 0), 1 / (1 + np.exp(-x @ self.Ws))
        return self.h * self.t + x * (1 - self.t)

    def backward(self, dy):
        dh, dt = dy * self.t * (self.h > 0), self.factor * dy * (self.h - self.x) * self.t * (1 - self.t)
        self.dW, self.dWs = self.x.T @ dh, self.x.T @ dt
        return dh @ self.W.T + dt @ self.Ws.T / self.factor + dy * (1 - self.t)


@pytest.mark.parametrize("factor", [1, 2])
def test_of_two_names_alike_the_one_written_in_full_counts(factor):
    report = check(Highway(factor), rng.normal(size=(5, 4)))
    assert "gradients beside them in dW, dWs" in report.understood
    assert [report[name].verdict == "agree" for name in ("x", "W", "Ws")] == [True, True, factor == 1]
    assert find(["dW", "dWs"], "Ws") == "dWs"
    assert owners([["dW", "dWs"]], 2, ["Ws", "W"]) == ["W", "Ws"]
