"""Layers and networks are understood as well-known courses and books write them, right ones and wrong ones."""

import numpy as np
import pytest

from gradcheck import check

rng = np.random.default_rng(0)
x, labels = rng.normal(size=(3, 6)), np.array([0, 2, 1])
hot = np.eye(4)[labels]


class LeavesItsOutput:
    """Nothing is returned: the next layer reads ``self.output``, the one before ``self.dinputs``."""

    def __init__(self, wrong=1.0):
        self.weights, self.biases, self.wrong = rng.normal(size=(6, 4)), np.zeros((1, 4)), wrong

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues * self.wrong
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T


class SwitchedOff:
    """Returns early, and nothing, where it does not train."""

    def __init__(self, wrong=1.0):
        self.rate, self.wrong = 0.5, wrong

    def forward(self, inputs, training):
        if not training:
            self.output = inputs.copy()
            return
        self.mask = np.random.binomial(1, self.rate, inputs.shape) / self.rate  # noqa: NPY002 - as it is written
        self.output = inputs * self.mask

    def backward(self, dvalues):
        self.dinputs = dvalues * self.mask * self.wrong


class SoftmaxLoss:
    """Its backward is handed the probabilities that forward left in ``self.output``, and the labels."""

    def __init__(self, wrong=1.0):
        self.wrong = wrong

    def forward(self, inputs, y_true):
        e = np.exp(inputs - inputs.max(axis=1, keepdims=True))
        self.output = e / e.sum(axis=1, keepdims=True)
        return -np.log(self.output[np.arange(len(inputs)), y_true]).mean()

    def backward(self, dvalues, y_true):
        self.dinputs = dvalues.copy()
        self.dinputs[np.arange(len(dvalues)), y_true] -= self.wrong
        self.dinputs /= len(dvalues)


class MeanAbsoluteError:
    """One loss for each sample; the gradient is that of their mean."""

    def __init__(self, wrong=1.0):
        self.wrong = wrong

    def forward(self, y_pred, y_true):
        return np.mean(np.abs(y_true - y_pred), axis=-1)

    def backward(self, dvalues, y_true):
        self.dinputs = self.wrong * np.sign(dvalues - y_true) / dvalues.size


class TakesItsLayers:
    """Forward returns its layers; backward takes them and the labels, and returns gradients by names of their own."""

    def __init__(self, wrong=1.0):
        self.weight_h, self.bias_h = rng.normal(size=(5, 6)), np.zeros(5)
        self.weight_out, self.bias_out = rng.normal(size=(4, 5)), np.zeros(4)
        self.wrong = wrong

    def forward(self, x):
        a_h = np.tanh(x @ self.weight_h.T + self.bias_h)
        a_out = np.tanh(a_h @ self.weight_out.T + self.bias_out)
        return a_h, a_out

    def backward(self, x, a_h, a_out, y):
        delta_out = 2 * (a_out - np.eye(4)[y]) / len(y) * (1 - a_out**2)
        d_loss__dw_out, d_loss__db_out = delta_out.T @ a_h, delta_out.sum(axis=0)
        delta_h = delta_out @ self.weight_out * (1 - self.wrong * a_h**2)
        d_loss__d_w_h, d_loss__d_b_h = delta_h.T @ x, delta_h.sum(axis=0)
        return d_loss__dw_out, d_loss__db_out, d_loss__d_w_h, d_loss__d_b_h


class FirstLayer:
    """Nothing comes before it: its backward takes a step, and returns nothing."""

    def __init__(self, wrong=1.0):
        self.filters, self.wrong = rng.normal(size=(6, 4)), wrong

    def forward(self, input):
        self.last_input = input
        return input @ self.filters

    def backprop(self, d_L_d_out, learn_rate):
        d_L_d_filters = self.last_input.T @ d_L_d_out * self.wrong
        self.filters -= learn_rate * d_L_d_filters


class Forgetful(FirstLayer):
    """Meant to return the gradient of its input."""

    def backprop(self, d_L_d_out, learn_rate):
        d_input = d_L_d_out @ self.filters.T  # noqa: F841 - what is forgotten
        super().backprop(d_L_d_out, learn_rate)


class Clipped:
    """Takes all columns of a sequence to one output; its gradients are clipped before the step."""

    def __init__(self, wrong=1.0):
        self.Whh, self.Wxh, self.Why = rng.normal(size=(5, 5)) / 2, rng.normal(size=(5, 6)), rng.normal(size=(4, 5))
        self.wrong = wrong

    def forward(self, inputs):
        self.inputs, self.hs = inputs, [np.zeros((5, 1))]
        for x in inputs:
            self.hs.append(np.tanh(self.Wxh @ x + self.Whh @ self.hs[-1]))
        return self.Why @ self.hs[-1], self.hs[-1]

    def backprop(self, d_y, learn_rate=2e-2):
        d_Why, d_h = d_y @ self.hs[-1].T, self.Why.T @ d_y
        d_Whh, d_Wxh = np.zeros_like(self.Whh), np.zeros_like(self.Wxh)
        for t in reversed(range(len(self.inputs))):
            temp = (1 - self.hs[t + 1] ** 2) * d_h
            d_Whh += temp @ self.hs[t].T
            d_Wxh += temp @ self.inputs[t].T
            d_h = self.wrong * self.Whh.T @ temp
        for d in [d_Whh, d_Wxh, d_Why]:
            np.clip(d, -0.1, 0.1, out=d)
        self.Whh -= learn_rate * d_Whh
        self.Wxh -= learn_rate * d_Wxh
        self.Why -= learn_rate * d_Why


class Operation:
    """Made of its tensors by an engine; saves for backward."""

    wrong = 1.0

    def __init__(self, *tensors):
        self.parents, self.saved_tensors = tensors, []

    def save_for_backward(self, *values):
        self.saved_tensors.extend(values)


class Dot(Operation):
    @staticmethod
    def forward(ctx, input, weight):
        ctx.save_for_backward(input, weight)
        return input.dot(weight)

    @staticmethod
    def backward(ctx, grad_output):
        input, weight = ctx.saved_tensors
        return grad_output.dot(weight.T), Dot.wrong * input.T.dot(grad_output)


class Power:
    """A context from somewhere else, and an argument without a gradient."""

    wrong = 1.0

    @staticmethod
    def forward(ctx, x, n=3):
        ctx.x, ctx.n = x, n
        return x**n

    @staticmethod
    def backward(ctx, grad_output):
        return Power.wrong * grad_output * ctx.n * ctx.x ** (ctx.n - 1), None


@pytest.mark.parametrize(("kind", "inputs"), [(Dot, (x, rng.normal(size=(6, 4)))), (Power, (x,)), (Power, (x, 2))])
def test_static_methods_with_a_context(monkeypatch, kind, inputs):
    report = check(kind, *inputs)
    assert report, str(report)
    assert "static forward(ctx, ...) and backward(ctx, ...)" in report.understood
    monkeypatch.setattr(kind, "wrong", 0.9)
    assert check(kind, *inputs).verdict == "disagree"


STYLES = {
    "output left in an attribute": (LeavesItsOutput, (x,), ["inputs", "weights", "biases"]),
    "output left, with a switch": (SwitchedOff, (x,), ["inputs"]),
    "probabilities handed back": (SoftmaxLoss, (x[:, :4], labels), ["inputs"]),
    "unreduced loss": (MeanAbsoluteError, (x[:, :4], hot), ["y_pred"]),
    "a first layer": (FirstLayer, (x,), ["filters"]),
    "clipped gradients": (Clipped, (rng.normal(size=(3, 6, 1)),), ["Whh", "Wxh", "Why"]),
    "layers returned and taken": (TakesItsLayers, (x, labels), ["weight_h", "bias_h", "weight_out", "bias_out"]),
}


@pytest.mark.parametrize(("kind", "inputs", "tensors"), STYLES.values(), ids=STYLES)
def test_a_right_one_agrees(kind, inputs, tensors):
    report = check(kind(), *inputs)
    assert report, str(report)
    assert [tensor.name for tensor in report.tensors] == tensors


@pytest.mark.parametrize(("kind", "inputs", "tensors"), STYLES.values(), ids=STYLES)
def test_a_wrong_one_disagrees(kind, inputs, tensors):
    assert check(kind(0.9), *inputs).verdict == "disagree"


@pytest.mark.parametrize(
    ("thing", "inputs", "words"),
    [
        (LeavesItsOutput(), (x,), "forward leaves its output in output"),
        (SoftmaxLoss(), (x[:, :4], labels), "backward(self.output, y_true), which fits the numbers best"),
        (FirstLayer(), (x,), "input held constant (no gradient was returned; wrt='input' demands it)"),
        (Clipped(), (rng.normal(size=(3, 6, 1)),), "backward clips its gradients; checked below that"),
        (TakesItsLayers(), (x, labels), "gradients returned under their names"),
        (TakesItsLayers(), (x, labels), "starts from a loss: squares, averaged over rows, which fits the numbers"),
    ],
)
def test_the_report_says_how(thing, inputs, words):
    assert words in check(thing, *inputs).understood


def test_a_wrong_sign_is_all_that_is_said_of_it():
    report = check(MeanAbsoluteError(-1.0), x[:, :4], hot)
    assert "wrong sign" in report.diagnoses[0].message
    assert "batch" not in report.diagnoses[0].message


def test_a_gradient_that_was_worked_out_and_not_returned_is_missing():
    report = check(Forgetful(), x)
    assert report["input"].verdict == "disagree"
    assert report["filters"].verdict == "agree"


Wxh, Whh, Why = rng.normal(size=(5, 6)), rng.normal(size=(5, 5)) / 2, rng.normal(size=(6, 5))


def lossFun(inputs, targets, hprev):  # noqa: N802 - as it is written
    """The parameters are arrays of the module; the gradients are returned after the loss, before the state."""
    hs, ps, loss = {-1: hprev}, {}, 0
    for t in range(len(inputs)):
        hs[t] = np.tanh(Wxh[:, [inputs[t]]] + Whh @ hs[t - 1])
        e = np.exp(Why @ hs[t])
        ps[t] = e / e.sum()
        loss += -np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = ps[t].copy()
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t].T
        dhraw = (1 - hs[t] ** 2) * (Why.T @ dy + dhnext)
        dWxh[:, [inputs[t]]] += dhraw
        dWhh += dhraw @ hs[t - 1].T
        dhnext = Whh.T @ dhraw
    dWhh *= WRONG
    return loss, dWxh, dWhh, dWhy, hs[len(inputs) - 1]


WRONG = 1.0


@pytest.mark.parametrize("wrong", [1.0, 0.9])
def test_parameters_that_are_arrays_of_the_module(monkeypatch, wrong):
    monkeypatch.setitem(globals(), "WRONG", wrong)
    before = Whh.copy()
    report = check(lossFun, [1, 2, 1, 5], [2, 1, 5, 0], np.zeros((5, 1)))
    assert (report.verdict == "agree") == (wrong == 1.0), str(report)
    assert [tensor.name for tensor in report.tensors] == ["Wxh", "Whh", "Why"]
    assert "parameters Wxh, Whh, Why in its module; hprev held constant" in report.understood
    assert np.array_equal(Whh, before)


class ClippedForNoStep:
    """y = tanh(x W); backward takes no step, and what it clips is no gradient."""

    def __init__(self, clips):
        self.W, self.clips = rng.normal(size=(4, 3)), clips

    def forward(self, x):
        self.x, self.y = x, np.tanh(x @ self.W)
        return self.y

    def backward(self, dout):
        dz = (np.clip(dout, -1, 1) if self.clips == "dout" else dout) * (1 - self.y**2)
        dW = self.x.T @ dz
        self.dW = np.clip(dW, -1, 1) if self.clips == "dW" else dW
        return dz @ self.W.T


@pytest.mark.parametrize(("clips", "verdict"), [("nothing", "agree"), ("dW", "disagree"), ("dout", "disagree")])
def test_what_is_clipped_without_a_step_is_no_gradient(clips, verdict):
    assert check(ClippedForNoStep(clips), rng.normal(size=(5, 4))).verdict == verdict
