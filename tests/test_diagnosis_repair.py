"""Where one edit of the backward makes the gradient right, the report quotes the line and what belongs there."""

import numpy as np

from gradcheck import check

rng = np.random.default_rng(11)
X, W = rng.normal(size=(5, 4)), rng.normal(size=(4, 3))


def attention(q, k):
    s = q @ k.T
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    a = e / e.sum(axis=-1, keepdims=True)
    return a @ k, (q, k, a)


def only_the_diagonal(dout, cache):
    q, k, a = cache
    da = dout @ k.T
    ds = da * a * (1 - a)
    return ds @ k, ds.T @ q + a.T @ dout


def test_the_line_and_what_belongs_there_are_quoted():
    report = check(attention, X, rng.normal(size=(6, 4)), backward=only_the_diagonal)
    first = report.diagnoses[0]
    assert first.cause == "missing-term"
    assert "`ds = da * a * (1 - a)`" in first.message
    assert "of only_the_diagonal" in first.message
    assert ".sum(axis=-1, keepdims=True)" in first.remedy


class Layer:
    """A rectified layer of which backward takes its mask from dout."""

    def __init__(self):
        self.W = W.copy()

    def forward(self, x):
        self.x, self.z = x, x @ self.W
        return np.tanh(np.maximum(self.z, 0))

    def backward(self, dout):
        dout = dout * (1 - np.tanh(np.maximum(self.z, 0)) ** 2)
        dz = dout * (dout > 0)
        self.dW = self.x.T @ dz
        return dz @ self.W.T


def test_a_method_is_read_as_well_and_left_as_it_was():
    before = Layer.backward.__code__
    report = check(Layer(), X)
    assert report.diagnoses[0].cause == "wrong-mask"
    assert "dz = dout * (self.z > 0)" in report.diagnoses[0].message
    assert Layer.backward.__code__ is before


def loss(x, labels):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    p, rows = e / e.sum(axis=1, keepdims=True), np.arange(len(x))
    dx = p.copy()
    dx[rows, labels - 1] -= 1
    return -np.log(p[rows, labels]).mean(), dx / len(x)


def test_labels_counted_from_one():
    report = check(loss, X, np.array([0, 2, 3, 1, 2]), grad=True)
    assert report.diagnoses[0].cause == "shifted"
    assert "dx[rows, labels] -= 1" in report.diagnoses[0].remedy


def recurrent(x, h, W):
    hs = [h]
    for t in range(len(x)):
        hs.append(np.tanh(hs[-1] @ W + x[t]))
    return hs[-1], (x, hs, W)


def one_step_off(d, cache):
    x, hs, W = cache
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for t in range(len(x) - 1, -1, -1):
        dz = d * (1 - hs[t] ** 2)
        dx[t], dW, d = dz, dW + np.outer(hs[t], dz), dz @ W.T
    return dx, d, dW


def test_the_state_of_one_step_for_that_of_the_next():
    inputs = rng.normal(size=(4, 3)), rng.normal(size=3), rng.normal(size=(3, 3))
    first = check(recurrent, *inputs, backward=one_step_off).diagnoses[0]
    assert first.cause == "shifted"
    assert "hs[t + 1]" in first.remedy


def test_what_no_edit_makes_right_has_no_cause():
    def backward(dout, x):
        return dout * np.cos(40 * x) * x**5

    report = check(lambda x: (np.tanh(x**2), x), X, backward=backward)
    assert [d for d in report.diagnoses if d.explains >= 0.99] == []


def test_without_source_nothing_is_said():
    names = {}
    exec("def backward(dout, x):\n    return dout * abs(x) ** 1.5", names)
    report = check(lambda x: (np.tanh(x**2), x), X, backward=names["backward"])
    assert [d for d in report.diagnoses if d.explains >= 0.99] == []
