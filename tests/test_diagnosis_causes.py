"""Each mistake is named: the first diagnosis has its identifier, explains what is seen, and says the numbers."""

import numpy as np
import pytest

from gradcheck import check

rng = np.random.default_rng(7)
X, W, B = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)


def affine(x, W, b):
    return x @ W + b, (x, W)


def affine_with(**gradients):
    """A backward of which some gradients are wrong."""

    def backward(dout, cache):
        x, W = cache
        right = {"x": dout @ W.T, "W": x.T @ dout, "b": dout.sum(axis=0)}
        wrong = {name: make(dout, x, W) for name, make in gradients.items()}
        return tuple((right | wrong).values())

    return backward


AFFINE = {
    "sign": ("x", lambda dout, x, W: -dout @ W.T, "wrong sign"),
    "extra-mean": ("b", lambda dout, x, W: dout.mean(axis=0), "5 times too small"),
    "missing-mean": ("W", lambda dout, x, W: len(x) * x.T @ dout, "5 times too large"),
    "factor": ("W", lambda dout, x, W: 0.37 * x.T @ dout, "2.7027 times too small"),
    "zero": ("W", lambda dout, x, W: np.zeros_like(W), "zero in every entry"),
    "transposed": ("W", lambda dout, x, W: (dout.T @ x).reshape(W.shape), "transposed"),
    "permuted": ("x", lambda dout, x, W: (dout @ W.T)[::-1], "reversed along axis 0"),
    "shifted": ("x", lambda dout, x, W: np.roll(dout @ W.T, 1, axis=0), "by 1 on along axis 0"),
    "missing-sum": ("b", lambda dout, x, W: dout, "not summed"),
    "extra-sum": ("x", lambda dout, x, W: 0 * x + (dout @ W.T).sum(axis=0), "summed over axis 0"),
    "missing-cotangent": ("x", lambda dout, x, W: np.ones_like(dout) @ W.T, "a dout of ones"),
    "cotangent-twice": ("x", lambda dout, x, W: dout**2 @ W.T, "dout²"),
    "one-sample": ("W", lambda dout, x, W: x[:1].T @ dout[:1], "the first slice along axis 0"),
    "accumulated": ("W", lambda dout, x, W: x.T @ dout + np.arange(12.0).reshape(3, 4), "the same array"),
    "precision": ("W", lambda dout, x, W: (x.T @ dout).astype(np.float32).astype(float), "float32"),
    "missing-term": ("W", lambda dout, x, W: x.T @ dout - 0.1 * W, "0.1·W"),
}


@pytest.mark.parametrize("cause", AFFINE)
def test_a_mistake_in_an_affine_layer_is_named(cause):
    tensor, make, said = AFFINE[cause]
    diagnosis = check(affine, X, W, B, backward=affine_with(**{tensor: make})).diagnoses[0]
    assert (diagnosis.cause, diagnosis.tensor) == (cause, tensor)
    assert diagnosis.explains > 0.9999
    assert said in diagnosis.message
    assert diagnosis.remedy


def test_two_gradients_that_are_exchanged_are_both_told():
    def scaled(x, s, t):
        return x * s + x**2 * t, x

    def backward(dout, x):
        ds, dt = (dout * x).sum(axis=0), (dout * x**2).sum(axis=0)
        return dout * (S + 2 * x * T), dt, ds

    S, T = rng.normal(size=3), rng.normal(size=3)
    report = check(scaled, X, S, T, backward=backward)
    assert [(d.cause, d.tensor) for d in report.diagnoses] == [("swapped", "s"), ("swapped", "t")]


def test_two_mistakes_at_once_are_found_where_neither_explains_by_itself():
    backward = affine_with(W=lambda dout, x, W: -(dout.T @ x).reshape(W.shape))
    diagnosis = check(affine, X, W, B, backward=backward).diagnoses[0]
    assert set(diagnosis.cause.split("+")) == {"sign", "transposed"}
    assert diagnosis.explains > 0.9999


def sigmoid(x):
    y = 1 / (1 + np.exp(-x))
    return y, (x, y)


def relu(x):
    return np.maximum(x, 0), x


def batch_norm(x, gamma):
    x_hat = (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-3)
    return gamma * x_hat, (x_hat, gamma, 1 / np.sqrt(x.var(axis=0) + 1e-3))


def norm_backward(through_mean=1, through_variance=1, eps=0.0):
    def backward(dout, cache):
        x_hat, gamma, scale = cache
        if eps:
            scale = 1 / np.sqrt(1 / scale**2 - eps)
        d = dout * gamma
        dx = d - through_mean * d.mean(axis=0) - through_variance * x_hat * (d * x_hat).mean(axis=0)
        return dx * scale, (dout * x_hat).sum(axis=0)

    return backward


def lookup(table, rows):
    return table[rows], (table, rows)


def lookup_backward(dout, cache):
    table, rows = cache
    dtable = np.zeros_like(table)
    dtable[rows] = dout
    return dtable


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    return y, y


def gate(x, w):
    g = 1 / (1 + np.exp(-x * w))
    return x * g, (x, w, g)


def leaky(x, a):
    h, hs = np.zeros(len(x)), [np.zeros(len(x))]
    for t in range(x.shape[1]):
        h = a * h + x[:, t]
        hs.append(h)
    return h, (x, a, hs)


def leaky_backward(skip=0, later=0):
    def backward(dout, cache):
        x, a, hs = cache
        dx, da = np.zeros_like(x), 0.0
        for t in reversed(range(x.shape[1])):
            dx[:, t], da = dout, da + (dout @ hs[t + later] if t >= skip else 0)
            dout = dout * a
        return dx, np.array([da])

    return backward


def first_word(dout, cache):
    W, i = cache
    dW = np.zeros_like(W)
    np.add.at(dW, i[:, 0], dout / i.shape[1])
    return dW


LEAKY = (rng.normal(size=(4, 6)), np.array([0.7]))
WORDS = (rng.normal(size=(6, 3)), np.array([[1, 2], [0, 1], [4, 1]]))
NORM = (rng.normal(size=(6, 3)), rng.uniform(0.5, 1.5, size=3))
LAYERS = {
    "the derivative of the sigmoid is left out": (
        sigmoid, (X,), lambda dout, cache: dout, "missing-activation-derivative",
    ),
    "the derivative of the sigmoid is taken at the output": (
        sigmoid, (X,), lambda dout, c: dout * sigmoid(c[1])[0] * (1 - sigmoid(c[1])[0]),
        "activation-derivative-at-wrong-point",
    ),
    "the formula in terms of the output is fed with the input": (
        sigmoid, (X,), lambda dout, c: dout * c[0] * (1 - c[0]), "activation-derivative-at-wrong-point",
    ),
    "relu without its mask": (relu, (X,), lambda dout, x: dout.copy(), "missing-mask"),
    "relu with its mask inverted": (relu, (X,), lambda dout, x: dout * (x <= 0), "inverted-mask"),
    "relu with the mask of dout": (relu, (X,), lambda dout, x: dout * (dout > 0), "wrong-mask"),
    "batch norm without the path through the mean": (batch_norm, NORM, norm_backward(through_mean=0), "missing-term"),
    "batch norm without the path through the variance": (
        batch_norm, NORM, norm_backward(through_variance=0), "missing-term",
    ),
    "batch norm without its epsilon": (batch_norm, NORM, norm_backward(eps=1e-3), "missing-epsilon"),
    "softmax with the diagonal alone": (softmax, (X,), lambda dout, y: dout * y * (1 - y), "missing-term"),
    "an embedding in which repeated rows overwrite": (
        lookup, (rng.normal(size=(4, 3)), np.array([1, 1, 3, 0])), lookup_backward, "overwritten",
    ),
    "an embedding whose first rows happen to be the ones overwritten": (
        lookup, (np.linspace(-1, 1, 12).reshape(4, 3), np.array([2, 2, 2, 0])), lookup_backward, "overwritten",
    ),
    "a loop of which the oldest rounds are left out": (leaky, LEAKY, leaky_backward(skip=3), "truncated"),
    "a loop in which the state of the next round is taken": (leaky, LEAKY, leaky_backward(later=1), "shifted"),
    "a mean of which the first share alone is there": (
        lambda W, i: (W[i].mean(axis=1), (W, i)), WORDS, first_word, "missing-term",
    ),
    "one operand counted twice, the other not at all": (
        lambda x, A: (x @ A @ x, (x, A)), (X[0], rng.normal(size=(3, 3))),
        lambda dout, c: (2 * dout * (c[1] @ c[0]), dout * np.outer(c[0], c[0])), "missing-term",
    ),
    "a gradient clipped by its norm": (
        lambda x: (x**2, x), (X,), lambda dout, x: 0.1 * 2 * x * dout / np.linalg.norm(2 * x * dout), "nonlinear",
    ),
    "a gradient that is the same whatever dout is": (
        softmax, (X,), lambda dout, y: y * np.cos(3 * y), "missing-cotangent",
    ),
    "a gradient for entries that forward does not take": (
        lambda x: (x[np.arange(len(x)), np.arange(len(x)) % 2], x), (X,),
        lambda dout, x: np.where(np.arange(3) == 2, 0, dout[:, None] * np.ones(3)), "wrong-mask",
    ),
    "a gate taken for constant": (
        gate, (X, rng.normal(size=3)),
        lambda dout, c: (dout * c[2], (dout * c[0] ** 2 * c[2] * (1 - c[2])).sum(axis=0)), "missing-term",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", LAYERS)
def test_a_mistake_in_a_layer_is_named(mistake):
    forward, inputs, backward, cause = LAYERS[mistake]
    diagnosis = check(forward, *inputs, backward=backward).diagnoses[0]
    assert diagnosis.cause == cause, diagnosis.message
    assert diagnosis.explains >= 0.99


def test_the_line_of_forward_is_quoted_where_a_path_is_missing():
    forward, inputs, backward, _ = LAYERS["a gate taken for constant"]
    assert "the second operand of `x * g`" in check(forward, *inputs, backward=backward).diagnoses[0].message


def test_the_constant_that_backward_leaves_out_is_quoted():
    x = rng.uniform(0.1, 1, size=(5, 4))
    report = check(lambda x: (np.log(x + 1e-3) - x, x), x, backward=lambda dout, x: dout * (1 / x - 1))
    assert report.diagnoses[0].cause == "missing-epsilon"
    assert "the constant 0.001 that forward adds in `x + 1e-3`" in report.diagnoses[0].message


def test_a_tie_that_is_counted_twice_is_named():
    x = np.array([[1.0, 3.0, 3.0], [2.0, 0.5, 1.0]])
    report = check(
        lambda x: (x.max(axis=1), x),
        x,
        backward=lambda dout, x: dout[:, None] * (x == x.max(axis=1, keepdims=True)),
    )
    assert [d.cause for d in report.diagnoses] == ["ties"]
    assert "2 entries" in report.diagnoses[0].message


CONDUCT = {
    "mutates-cotangent": lambda dout, x: np.multiply(dout, 2 * x, out=dout),
    "wrong-shape": lambda dout, x: (dout * 2 * x)[None],
    "not-finite": lambda dout, x: dout * 2 * x / np.where(x == x[0, 0], 0, 1),
}


@pytest.mark.parametrize("cause", CONDUCT)
def test_what_conduct_finds_is_a_diagnosis_too(cause):
    with np.errstate(all="ignore"):
        report = check(lambda x: (x**2, x), X, backward=CONDUCT[cause])
    assert report.diagnoses[0].cause == cause
