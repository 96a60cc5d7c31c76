"""Where one edit of the backward makes the gradient right, the report quotes the line and what belongs there."""

import functools
import threading

import numpy as np
import pytest

from gradcheck import check
from gradcheck.checking.diagnosis.repair.helpers import only_computes
from gradcheck.checking.diagnosis.repair.stage import Stage

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


def summed_words(W, i):
    return W[i].sum(axis=1), (W, i)


def words_assigned(dout, cache):
    W, i = cache
    dW = np.zeros_like(W)
    dW[i] = dout[:, None]
    return dW


def delayed(x):
    return np.pad(x, ((1, 0), (0, 0)))[:-1]


def advanced(x):
    return np.pad(x, ((0, 1), (0, 0)))[1:]


def delayed_again(dout, x):
    return 3 * x**2 * dout + 2 * x * delayed(dout)


def maxima_of_columns(dout, x):
    return (x == x.max(axis=0)) * dout[:, None]


def diagonal_and_not_scaled(dout, cache):
    _, k, a = cache
    ds = (dout @ k.T) * a * (1 - a)
    return ds @ k


def scaled_attention(q, k):
    s = q @ k.T / np.sqrt(k.shape[1])
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    a = e / e.sum(axis=-1, keepdims=True)
    return a @ k, (q, k, a)


WIDER = {
    "overwritten": (summed_words, words_assigned, (X, np.array([[1, 3], [1, 1]])), "np.add.at(dW, i, dout[:, None])"),
    "permuted": (lambda x: (x**3 + delayed(x * x), x), delayed_again, (X,), "advanced(dout)"),
    "wrong-mask": (lambda x: (x.max(axis=1), x), maxima_of_columns, (X,), "x.max(axis=1, keepdims=True)"),
}


@pytest.mark.parametrize("cause", WIDER)
def test_what_belongs_there_may_be_another_call(cause):
    forward, backward, inputs, instead = WIDER[cause]
    first = check(forward, *inputs, backward=backward).diagnoses[0]
    assert first.cause == cause
    assert instead in first.remedy


DEEDS = []


def noted(x):
    DEEDS.append(x)
    return np.tanh(x)


def written(x):
    np.savetxt("written.txt", x)
    return advanced(x)


def noted_inside(x):
    return advanced(noted(x))


def test_a_function_of_the_module_that_does_more_than_compute_is_not_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    forward, backward, inputs, _ = WIDER["permuted"]
    assert "advanced(dout)" in check(forward, *inputs, backward=backward).diagnoses[0].remedy
    assert [only_computes(f) for f in (advanced, scaled_attention, noted, written, noted_inside)] == [True] * 2 + [
        False
    ] * 3
    assert DEEDS == []
    assert list(tmp_path.iterdir()) == []


def test_an_edit_that_leaves_a_constant_is_half_of_two_mistakes():
    k = rng.normal(size=(6, 4))
    first = check(lambda q: scaled_attention(q, k), X, backward=diagonal_and_not_scaled).diagnoses[0]
    assert first.cause == "missing-term+factor"
    assert "2 times too large" in first.message


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


def gated(x, W):
    return np.tanh(x @ W), (x, W)


def slope_forgotten(dout, cache):
    x, W = cache
    return np.sqrt(np.abs(dout)) @ W.T, x.T @ dout


def test_other_threads_run_the_backward_as_it_is_written():
    """While one thread tries out edits, the others see none of them."""
    x, W, dout = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=(5, 4))
    expected = slope_forgotten(dout, (x, W))
    seen, done = [], threading.Event()

    def elsewhere():
        while not done.is_set():
            seen.append(all(map(np.array_equal, slope_forgotten(dout, (x, W)), expected)))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    try:
        assert not check(gated, x, W, backward=slope_forgotten)
    finally:
        done.set()
        thread.join()
    assert len(seen) > 10
    assert all(seen)


def loud(function):
    """A decorator, as people write them."""

    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


def made(W):
    """A pair that shares what encloses it."""
    helped = 0

    def forward(x):
        return np.tanh(np.maximum(x @ W, 0)) @ W.T, x

    @loud
    def backward(dout, x):
        z = x @ W + helped
        a = np.maximum(z, 0)
        da = dout @ W
        dz = da * (1 - np.tanh(a) ** 2) * (da > 0)
        return dz @ W.T

    return forward, backward


def test_a_closure_behind_a_decorator_is_read_as_well():
    forward, backward = made(W)
    first = check(forward, X, backward=backward).diagnoses[0]
    assert first.cause == "wrong-mask"
    assert "(z > 0)" in first.remedy or "(a > 0)" in first.remedy


class Network:
    """Two layers of one kind, in a list; the mistake is in neither's caller."""

    def __init__(self):
        self.layers = [Layer(), Layer()]
        self.layers[1].W = W.T.copy()

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout


def test_the_layer_at_fault_is_read_in_a_network():
    report = check(Network(), X)
    first = report.diagnoses[0]
    assert first.cause == "wrong-mask"
    assert "dz = dout * (self.z > 0)" in first.remedy


class Hidden:
    """A private attribute, and a method of the base class called by its bare name."""

    def __init__(self):
        self.__scale = 2.0

    def forward(self, x):
        self.x = x
        return np.tanh(x) * np.maximum(x, 0) * self.__scale

    def backward(self, dout):
        d = dout * self.__scale
        return d * ((1 - np.tanh(self.x) ** 2) * np.maximum(self.x, 0) + np.tanh(self.x) * (dout > 0))


def test_private_names_are_known_to_the_edits():
    first = check(Hidden(), X).diagnoses[0]
    assert first.cause == "wrong-mask"
    assert "(self.x > 0)" in first.remedy


def test_trying_edits_takes_no_forwards(monkeypatch):
    """The backward is run again and again, on what one forward has kept."""
    layer, ran = Layer(), {"forwards": 0, "edits": 0}
    tried = Stage._changed

    def counted(stage, change, anew=False):
        before = stage.runner.evaluations
        try:
            return tried(stage, change, anew)
        finally:
            ran["forwards"] += stage.runner.evaluations - before
            ran["edits"] += 1

    monkeypatch.setattr(Stage, "_changed", counted)
    assert check(layer, X).diagnoses[0].cause == "wrong-mask"
    assert ran["edits"] > 20
    assert ran["forwards"] == 0


class Affine:
    """y = x W; what forward keeps and what backward gives are attributes."""

    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ self.W.T


class Relu:
    """The mask is kept by forward, and forgotten by backward."""

    def forward(self, x):
        self.mask = x <= 0
        return np.where(self.mask, 0, x)

    def backward(self, dout):
        dx = dout
        return dx  # noqa: RET504 - as it was before the line with the mask got lost


class TwoLayers:
    """Its layers by name, its gradients put together in the end; an edit may well take its layers from it."""

    def __init__(self):
        self.params = {"W1": W.copy(), "W2": W.T.copy()}
        self.layers = {"Affine1": Affine(self.params["W1"]), "Relu": Relu(), "Affine2": Affine(self.params["W2"])}

    def loss(self, x, t):
        for layer in self.layers.values():
            x = layer.forward(x)
        self.y, self.t = x, t
        return 0.5 * np.sum((x - t) ** 2)

    def gradient(self, x, t):
        self.loss(x, t)
        dout = self.y - self.t
        layers = list(self.layers.values())
        layers.reverse()
        for layer in layers:
            dout = layer.backward(dout)
        grads = {}
        grads["W1"] = self.layers["Affine1"].dW
        grads["W2"] = self.layers["Affine2"].dW
        return grads


def test_what_forward_kept_is_at_hand_for_what_is_missing_and_the_network_is_left_whole():
    network = TwoLayers()
    layers = dict(network.layers)
    report = check(network, X, rng.normal(size=X.shape))
    assert [(d.cause, d.tensor) for d in report.diagnoses] == [("missing-mask", "W1")]
    assert "`dx = dout` (line" in report.diagnoses[0].message
    assert report.diagnoses[0].remedy == "Write `dx = dout * (1 - self.mask)`."
    assert network.layers == layers


class Gated:
    """(x W) · σ(x V); x goes two ways."""

    def __init__(self):
        self.params, self.grads = {"W": W.copy(), "V": W[::-1].copy()}, {}

    def forward(self, x):
        self.x = x = np.asarray(x)  # as a plain array, which cannot be followed through forward
        self.linear, self.gate = x @ self.params["W"], 1 / (1 + np.exp(-(x @ self.params["V"])))
        return self.linear * self.gate

    def backward(self, dy):
        dlinear, dgate = dy * self.gate, dy * self.linear * self.gate * (1 - self.gate)
        self.grads["W"], self.grads["V"] = self.x.T @ dlinear, self.x.T @ dgate
        return dlinear @ self.params["W"].T


def test_a_branch_left_out_is_written_like_the_one_that_is_there():
    assert check(Gated(), X).diagnoses[0].remedy == (
        "Write `return dlinear @ self.params['W'].T + dgate @ self.params['V'].T`."
    )


def gates(x, h):
    a = np.hstack((x, h)) @ G
    i, f, o = 1 / (1 + np.exp(-a[:, :3])), 1 / (1 + np.exp(-a[:, 3:6])), np.tanh(a[:, 6:])
    return i * o + f * h, (h, i, f, o)


G = rng.normal(size=(7, 9))


def gates_in_another_order(d, cache):
    h, i, f, o = cache
    di, df, do = d * o * i * (1 - i), d * h * f * (1 - f), d * i * (1 - o**2)
    da = np.hstack((di, do, df)) @ G.T
    return da[:, :4], da[:, 4:] + d * f


def test_what_puts_one_tensor_right_is_asked_of_the_others_first():
    report = check(gates, X, rng.normal(size=(5, 3)), backward=gates_in_another_order)
    assert {(d.cause, d.tensor) for d in report.diagnoses} == {("permuted", "x"), ("permuted", "h")}
    assert len({d.remedy for d in report.diagnoses}) == 1
    assert "df, do" in report.diagnoses[0].remedy
    assert report.evaluations < 1200


class Excited:
    """y = x σ(mean(x) W), of each channel; backward forgets that the mean is divided by the number of pixels."""

    def __init__(self):
        self.W = np.random.default_rng(3).normal(size=(4, 4))

    def forward(self, x):
        self.x, self.s = x, x.mean((2, 3))
        self.e = 1 / (1 + np.exp(-self.s @ self.W))
        return x * self.e[:, :, None, None]

    def backward(self, dout):
        de = (dout * self.x).sum((2, 3))
        da = de * self.e * (1 - self.e)
        self.dW = self.s.T @ da
        return dout * self.e[:, :, None, None] + (da @ self.W.T)[:, :, None, None]


def test_an_edit_that_spoils_what_was_right_is_no_cure():
    report = check(Excited(), rng.normal(size=(3, 4, 2, 5)))
    assert report["W"].verdict == "agree"  # which `de = (dout * self.x).mean((2, 3))` would make wrong
    assert "mean((2, 3))`" not in report.diagnoses[0].remedy
    assert report.diagnoses[0].cause == "factor"
    assert "10 times too large" in report.diagnoses[0].message
