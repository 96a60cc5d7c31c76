"""Parameters in lists, tuples and dictionaries, nested as one likes; gradients come as these do."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import pytest

from gradcheck import check
from gradcheck.checking.conventions.common.assigning import assign_nested

rng = np.random.default_rng(0)
X, T = rng.normal(size=(4, 5)), rng.normal(size=(4, 3))
W1, b1, W2 = rng.normal(size=(5, 4)), rng.normal(size=4), rng.normal(size=(4, 3))


class Params(NamedTuple):
    """As functional code likes to keep them."""

    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray


SHAPES = {
    "list": [W1, b1, W2],
    "tuple": (W1, b1, W2),
    "dictionary": {"W1": W1, "b1": b1, "W2": W2},
    "dictionary by number": {1: W1, 2: b1, 5: W2},
    "ordered dictionary": OrderedDict(W1=W1, b1=b1, W2=W2),
    "named tuple": Params(W1, b1, W2),
    "list of tuples": [(W1, b1), (W2,)],
    "list of dictionaries": [{"W": W1, "b": b1}, {"W": W2}],
}
FACTORS = (1, 2)


def parts(nested):
    """The arrays of any of these, in order."""
    if isinstance(nested, np.ndarray):
        return [nested]
    inside = nested.values() if isinstance(nested, dict) else nested
    return [array for part in inside for array in parts(part)]


def like(nested, arrays):
    """These arrays in the same containers."""
    if isinstance(nested, np.ndarray):
        return next(arrays)
    if isinstance(nested, dict):
        return {key: like(part, arrays) for key, part in nested.items()}
    made = [like(part, arrays) for part in nested]
    return Params(*made) if isinstance(nested, Params) else type(nested)(made)


def network(params, x):
    A, b, B = parts(params)
    return np.tanh(x @ A + b) @ B


def gradients(params, x, dout, factor):
    A, b, B = parts(params)
    h = np.tanh(x @ A + b)
    dz = dout @ B.T * (1 - h * h)
    return like(params, iter([factor * x.T @ dz, dz.sum(axis=0), h.T @ dout])), dz @ A.T


def assert_right_or_wrong(report, factor, count):
    assert len(report.tensors) == count
    wrong = [tensor.name for tensor in report.tensors if tensor.verdict == "disagree"]
    assert wrong == ([] if factor == 1 else [report.tensors[0].name]), str(report)
    assert report.ok == (factor == 1)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("params", SHAPES.values(), ids=SHAPES)
def test_a_loss_and_its_gradient(params, factor):
    def loss(p, x, t):
        return ((network(p, x) - t) ** 2).sum()

    def gradient(p, x, t):
        return gradients(p, x, 2 * (network(p, x) - t), factor)[0]

    assert_right_or_wrong(check(loss, params, X, T, grad=gradient), factor, 3)
    assert_right_or_wrong(check(lambda p, x, t: (loss(p, x, t), gradient(p, x, t)), params, X, T), factor, 3)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("params", SHAPES.values(), ids=SHAPES)
def test_a_pair(params, factor):
    with_inputs = check(network, params, X, backward=lambda dout, p, x: gradients(p, x, dout, factor))
    assert_right_or_wrong(with_inputs, factor, 4)
    with_cache = check(
        lambda p, x: (network(p, x), (p, x)), params, X, backward=lambda dout, cache: gradients(*cache, dout, factor)
    )
    assert_right_or_wrong(with_cache, factor, 4)
    alone = check(network, params, X, backward=lambda dout, p, x: gradients(p, x, dout, factor)[0])
    assert_right_or_wrong(alone, factor, 3)
    assert "x held constant" in alone.understood


def test_names_are_paths():
    report = check(
        lambda p: p[0]["W"].sum() + (p[1][0] ** 2).sum(), [{"W": W1}, (b1,)],
        grad=lambda p: [{"W": np.ones_like(W1)}, (2 * p[1][0],)],
    )  # fmt: skip
    assert [tensor.name for tensor in report.tensors] == ["p[0]['W']", "p[1][0]"]
    assert report.ok


def test_single_precision_is_checked_in_double():
    narrow = [W1.astype(np.float32), b1.astype(np.float32)]
    report = check(lambda p: np.tanh(p[0] + p[1]).sum(), narrow, grad=lambda p: slopes(*p))
    assert report.ok
    assert max(tensor.resolution for tensor in report.tensors) < 1e-5


def slopes(W, b):
    d = 1 - np.tanh(W + b) ** 2
    return [d, d.sum(axis=0)]


def test_what_is_changed_in_a_list_is_named():
    params = [W1.copy(), b1.copy()]

    def forward(p, x):
        p[1][2] = 7.0
        return x @ p[0] + p[1]

    report = check(forward, params, X, backward=lambda d, p, x: ([x.T @ d, d.sum(axis=0)], d @ p[0].T))
    (finding,) = [finding for finding in report.conduct if not finding.ok]
    assert finding.message.startswith("forward changes p[1] in place, first at [2]")
    assert np.array_equal(params[1], b1)


def test_a_gradient_left_out_is_missing():
    report = check(lambda p: p[0].sum() + p[1].sum(), [W1, b1], grad=lambda p: [np.ones_like(W1), None])
    assert report["p[1]"].verdict == "disagree"
    assert any("no gradient for p[1]" in finding.message for finding in report.conduct)


@pytest.mark.parametrize(
    ("returned", "assigned"),
    [
        ([1.5 * W1, b1], {"p[0]": 1.5 * W1, "p[1]": b1}),
        (([W1, b1], X), {"p[0]": W1, "p[1]": b1, "x": X}),
        ((None, X), {"x": X}),
        ((W1, b1, X), {"p[0]": W1, "p[1]": b1, "x": X}),
        ({"p": [W1, b1], "x": X}, {"p[0]": W1, "p[1]": b1, "x": X}),
        ({"dp": [W1, b1]}, {"p[0]": W1, "p[1]": b1}),
        (X, {"x": X}),
    ],
)
def test_gradients_are_given_to_what_they_look_like(returned, assigned):
    found = assign_nested(returned, {"p": [W1, b1], "x": X, "labels": [0, 1]})
    assert found.keys() == assigned.keys()
    assert all(np.array_equal(found[name], assigned[name]) for name in assigned)


def test_what_holds_itself_is_held_constant():
    settings = {"scale": np.array([2.0])}
    settings["self"] = settings
    report = check(lambda x, c: x * c["scale"], X, settings, backward=lambda dout, x, c: dout * c["scale"])
    assert [tensor.name for tensor in report.tensors] == ["x"]
    assert report.ok


def test_gradients_of_the_other_inputs_are_not_taken_for_those_of_a_list():
    states = [b1, b1 + 1]

    def forward(x, W, states):
        return x @ W + states[0] * states[1], (x, W)

    report = check(forward, X, W1, states, backward=lambda dout, cache: (dout @ cache[1].T, cache[0].T @ dout))
    assert [tensor.name for tensor in report.tensors] == ["x", "W"]
    assert report.ok
    assert "states[0] and states[1] held constant" in report.understood
