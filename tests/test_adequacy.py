"""Inputs that could not have told the right gradient from a usual wrong one are warned about, with the remedy.

Each case pairs such inputs with a *wrong* backward that they let pass, which is why the warning matters; the inputs
beside them catch the same backward, and draw no warning from the right one.
"""

import numpy as np
import pytest

from gradcheck import check
from gradcheck.analytic import cases

rng = np.random.default_rng(5)
x = rng.normal(size=(5, 4))
positive = np.abs(x) + 0.1
W = rng.normal(size=(4, 3))
S = rng.normal(size=(4, 4))


def affine(x, w):
    return x @ w


def right(g, x, w):
    return g @ w.T, x.T @ g


def forgets_the_transpose(g, x, w):
    return g @ w.reshape(w.shape[::-1] if w.shape[0] != w.shape[1] else w.shape), x.T @ g


def averages(g, x, w):
    return g @ w.T, x.T @ g / len(x)


def warned(report, *words):
    """The one warning that has all these words; it is in the text as well."""
    (warning,) = [warning for warning in report.warnings if all(word in warning for word in words)]
    assert f"warning {warning}" in " ".join(str(report).split())
    return warning


# Nothing to warn about

SQUARE_BY_NATURE = ("SimpleRNN", "Bidirectional", "MultiHeadAttention", "Model")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_the_inputs_of_the_catalogue_draw_no_warning(case):
    warnings = check(case.subject, *case.inputs, wrt=case.wrt).warnings
    if case.name.startswith(SQUARE_BY_NATURE):  # states are fed back, and heads put together again
        warnings = [warning for warning in warnings if "is square" not in warning]
    if case.name == "Step":  # its gradient is zero wherever it has one, and that deserves the warning
        assert warnings[0].startswith("the gradient of x is zero in every entry")
    else:
        assert warnings == []


@pytest.mark.parametrize("seed", range(5))
def test_good_inputs_draw_no_warning(seed):
    good = np.random.default_rng(seed)
    report = check(affine, good.normal(size=(5, 4)), good.normal(size=(4, 3)), backward=right)
    assert report
    assert report.warnings == []


# Shapes


@pytest.mark.parametrize(("w", "wrong"), [(S + S.T, forgets_the_transpose), (np.eye(4), forgets_the_transpose)])
def test_symmetric_weights(w, wrong):
    assert check(affine, x, w, backward=wrong)
    assert not check(affine, x, W, backward=wrong)
    assert not check(affine, x, S, backward=wrong)
    warned(check(affine, x, w, backward=right), "w is symmetric", "transpose", "non-square w")


def test_square_weights():
    warned(check(affine, x, S, backward=right), "w is square (4×4)", "keeps its shape", "prefer a non-square w")


def test_a_symmetric_matrix_is_warned_about_once():
    assert len(check(affine, x, S + S.T, backward=right).warnings) == 1


def test_square_weights_held_by_a_layer():
    class Dense:
        def __init__(self):
            self.W, self.dW = S.copy(), None

        def forward(self, x):
            self.x = x
            return x @ self.W

        def backward(self, dout):
            self.dW = self.x.T @ dout
            return dout @ self.W.T

    warned(check(Dense(), x), "W is square (4×4)")


def test_a_batch_of_one():
    assert check(affine, x[:1], W, backward=averages)
    assert not check(affine, x, W, backward=averages)
    warned(
        check(affine, x[:1], W, backward=right), "first axis of x has length 1", "mean and a sum", "batch of 2 or more"
    )


def test_a_vector_of_one_entry_is_no_batch():
    assert check(lambda x: x**2, x[0, :1], backward=lambda g, x: 2 * x * g).warnings == []


def test_a_row_of_weights_is_no_batch():
    """A hidden layer of one unit is read from one input: W is (1, 3), and nothing is hidden by that."""

    class Dense:
        def __init__(self):
            self.W, self.dW = W[:1].copy(), None

        def forward(self, x):
            self.x = x
            return x @ self.W

        def backward(self, dout):
            self.dW = self.x.T @ dout
            return dout @ self.W.T

    assert check(Dense(), x[:, :1]).warnings == []


# Branches


def relu(x):
    return np.maximum(x, 0)


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def elu_backward(g, x):
    return g * np.where(x > 0, 1, np.exp(np.minimum(x, 0)))


def identity(g, x):
    return g


BRANCHES = {
    "relu, all positive": (relu, positive, identity, lambda g, x: g * (x > 0), x),
    "relu, all negative": (relu, -positive, lambda g, x: 0 * g, lambda g, x: g * (x > 0), x),
    "leaky relu": (
        lambda x: np.where(x > 0, x, 0.1 * x),
        positive,
        identity,
        lambda g, x: g * np.where(x > 0, 1, 0.1),
        x,
    ),
    "abs": (np.abs, positive, identity, lambda g, x: g * np.sign(x), x),
    "elu": (elu, positive, identity, elu_backward, x),
    "clip, never reached": (
        lambda x: np.clip(x, -2.5, 2.5),
        np.clip(x, -1.5, 1.5),
        identity,
        lambda g, x: g * (np.abs(x) < 2.5),
        3 * x,
    ),
    "relu6, never reached": (
        lambda x: np.clip(x, 0, 6),
        x,
        lambda g, x: g * (x > 0),
        lambda g, x: g * ((x > 0) & (x < 6)),
        6 * x,
    ),
}


@pytest.mark.parametrize(("f", "narrow", "wrong", "backward", "wide"), BRANCHES.values(), ids=BRANCHES)
def test_a_branch_never_visited(f, narrow, wrong, backward, wide):
    """What these inputs let pass is either warned about or, better still, noticed elsewhere."""
    assert not check(f, wide, backward=wrong)
    report = check(f, narrow, backward=wrong)
    assert not report or warned(report, "never visited")
    assert check(f, wide, backward=backward).warnings == []


def test_a_hinge_with_every_margin_active():
    def hinge(scores):
        return np.maximum(0, 1 - scores).sum()

    active = -positive
    report = check(hinge, active, grad=lambda scores: -np.ones_like(scores))
    assert not report or warned(report, "never visited")
    mixed = check(hinge, 3 * x, grad=lambda scores: -1.0 * (scores < 1))
    assert mixed
    assert mixed.warnings == []


class DenseRelu:
    def __init__(self, W):
        self.W, self.dW = W.copy(), None

    def forward(self, x):
        self.x, self.z = x, x @ self.W
        return np.maximum(self.z, 0)

    def backward(self, dout):
        dout = self.through_relu(dout)
        self.dW = self.x.T @ dout
        return dout @ self.W.T

    def through_relu(self, dout):
        return dout * (self.z > 0)


class DenseForgetsRelu(DenseRelu):
    def through_relu(self, dout):
        return dout


def test_pre_activations_that_are_all_positive():
    assert not check(DenseForgetsRelu(W), x)
    report = check(DenseForgetsRelu(np.abs(W)), positive)
    assert not report or warned(report, "never visited")
    assert check(DenseRelu(W), x).warnings == []


def test_a_smooth_function_has_no_other_branch():
    report = check(lambda x: np.log1p(np.exp(x)), positive, backward=lambda g, x: g / (1 + np.exp(-x)))
    assert report
    assert report.warnings == []


def test_a_domain_that_ends_at_zero_is_no_branch():
    with np.errstate(all="raise"):
        report = check(np.sqrt, positive, backward=lambda g, x: g / (2 * np.sqrt(x)))
    assert report
    assert report.warnings == []


RIGHT = {
    "relu": (relu, lambda g, x: g * (x > 0)),
    "exp, which overflows": (lambda x: np.exp(50 * x), lambda g, x: 50 * g * np.exp(50 * x)),
    "log, nowhere left of 0": (np.log, lambda g, x: g / x),
    "tan, with poles": (np.tan, lambda g, x: g / np.cos(x) ** 2),
    "a cast that rounds away small steps": (lambda x: x.astype(np.float32).astype(float), identity),
    "an assertion": (lambda x: assert_positive(x) ** 2, lambda g, x: 2 * g * x),
}


def assert_positive(x):
    assert (x > 0).all()
    return x


@pytest.mark.parametrize(("f", "backward"), RIGHT.values(), ids=RIGHT)
def test_a_right_backward_is_not_suspected_elsewhere(f, backward):
    with np.errstate(invalid="ignore", divide="ignore"):
        report = check(f, positive, backward=backward)
    assert report.verdict != "disagree"
    assert report.warnings == []


def test_targets_stay_what_they_are():
    """softmax(x) - t is the gradient only for targets that add up to 1; those are no inputs to be scaled."""

    def cross_entropy(x, t):
        return -np.sum(t * (x - np.log(np.exp(x).sum(axis=1, keepdims=True))))

    def backward(x, t):
        log_p = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
        return np.exp(log_p) - t, -log_p

    report = check(cross_entropy, x, np.eye(4)[[0, 3, 1, 1, 2]], grad=backward)
    assert report
    assert report.warnings == []


@pytest.mark.parametrize("inputs", [x, positive], ids=["mixed", "positive"])
def test_looking_elsewhere_costs_at_most_six_evaluations(inputs, monkeypatch):
    def evaluations():
        return check(np.tanh, inputs, backward=lambda g, x: g / np.cosh(x) ** 2).evaluations

    with_another_point = evaluations()
    monkeypatch.setattr("gradcheck.checking.adequacy.wrong_elsewhere", lambda *_: "")
    assert 0 < with_another_point - evaluations() <= 6


# Buffers


class Shifts:
    """y = x + b - mean: b is a parameter and its gradient was forgotten, the running mean is none."""

    def __init__(self, **arrays):
        self.__dict__.update(arrays)

    def forward(self, x):
        return x + sum(value for value in vars(self).values())

    def backward(self, dout):
        return dout


def test_a_parameter_without_a_gradient():
    warned(check(Shifts(b=np.ones(4)), x), "b is an array the output depends on", "not checked")


@pytest.mark.parametrize("name", ["running_mean", "table", "mask"])
def test_a_buffer_is_held_constant(name):
    assert check(Shifts(**{name: np.ones(4)}), x).warnings == []


# Signals


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("wrong", [lambda g, x: 0 * g, lambda g, x: g * sigmoid(x) * (1 - sigmoid(x))])
def test_a_saturated_signal(wrong):
    report = check(sigmoid, np.abs(x) + 800, backward=wrong)
    warned(report, "gradient of x is zero in every entry", "saturated", "smaller or other inputs")
    assert check(sigmoid, x, backward=lambda g, x: g * sigmoid(x) * (1 - sigmoid(x))).warnings == []


@pytest.mark.parametrize(("inputs", "dead"), [((0 * x, W), "w"), ((x, 0 * W), "x")])
def test_a_zero_signal(inputs, dead):
    warned(check(affine, *inputs, backward=right), f"gradient of {dead} is zero in every entry")


def test_a_sum_of_softmax_has_no_gradient_to_see():
    """The mistake of all-ones cotangents: the outputs of softmax always add up to 1."""

    def total(x):
        e = np.exp(x)
        return (e / e.sum(axis=1, keepdims=True)).sum()

    warned(check(total, x, grad=np.zeros_like), "gradient of x is zero in every entry")


def test_the_cotangents_are_never_constant():
    """A wrong backward that all-ones cotangents let pass is caught on every seed."""

    def softmax(x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def drops_everything(g, x):
        return 0 * g

    def insists(g, x):
        assert not g.any() or (np.ptp(np.abs(g)) > 0.01 and g.min() < 0 < g.max())
        y = softmax(x)
        return y * (g - (g * y).sum(axis=1, keepdims=True))

    for seed in range(10):
        assert not check(softmax, x, backward=drops_everything, seed=seed)
        assert check(softmax, x, backward=insists, seed=seed)


def test_a_wrong_gradient_that_is_zero_is_wrong_and_not_merely_dead():
    report = check(lambda x: x**2, x, backward=lambda g, x: 0 * g)
    assert report.verdict == "disagree"
    assert not any("zero in every entry" in warning for warning in report.warnings)


def test_warnings_do_not_make_a_report_wrong():
    report = check(affine, x, S, backward=right)
    assert report.warnings
    assert report.ok
    assert report.raise_if_wrong() is report
