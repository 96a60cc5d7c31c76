"""The usual slips of loops, indices and formulas are undone by an edit; none of the edits fails on any backward."""

import ast
import sys
from pathlib import Path

import numpy as np
import pytest

from gradcheck import check
from gradcheck.checking.diagnosis.repair.edits import edits
from gradcheck.checking.diagnosis.repair.wider import ALL, RAREST

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import bug_corpus

rng = np.random.default_rng(3)


def correlate(x, w):
    K = w.shape[-1]
    T = (x.shape[1] - K) // 2 + 1
    return np.stack([(x[:, 2 * t : 2 * t + K] * w).sum(axis=1) for t in range(T)], axis=1), (x, w, 2)


def without_the_stride(dout, cache):
    x, w, stride = cache
    dx, dw, K = np.zeros_like(x), np.zeros_like(w), len(w)
    for t in range(dout.shape[1]):
        dx[:, t : t + K] += dout[:, t, None] * w
        dw += (dout[:, t, None] * x[:, t * stride : t * stride + K]).sum(axis=0)
    return dx, dw


def bilinear(x, W, y):
    return np.einsum("ni,kij,nj->nk", x, W, y), (x, W, y)


def with_two_subscripts_exchanged(d, cache):
    x, W, y = cache
    dx, dy = np.einsum("nk,kij,nj->ni", d, W, y), np.einsum("nk,kij,ni->nj", d, W, x)
    return dx, np.einsum("nk,ni,nj->kji", d, x, y), dy


def recurrent(x, h, W):
    hs = [h]
    for row in x:
        hs.append(np.tanh(row + hs[-1] @ W))
    return np.array(hs[1:]), (hs, W)


def parentheses_forgotten(dout, cache):
    hs, W = cache
    dx, dW, carried = np.zeros_like(dout), np.zeros_like(W), np.zeros_like(hs[0])
    for t in range(len(dout) - 1, -1, -1):
        da = dout[t] * (1 - hs[t + 1] ** 2) + carried
        dx[t] = da
        dW += np.outer(hs[t], da)
        carried = da @ W.T
    return dx, carried, dW


def inverse(A):
    return np.linalg.inv(A), np.linalg.inv(A)


def one_matrix_too_few(d, Y):
    return -Y.T @ d


def running(x):
    t = np.arange(1, x.shape[1] + 1)
    return np.cumsum(x, axis=1) / t, t


def summed_from_the_same_end(d, t):
    return np.cumsum(d / t, axis=1)


def rolled(x):
    return x + np.roll(x**2, 1, axis=1), x


def rolled_the_same_way(d, x):
    return d + 2 * x * np.roll(d, 1, axis=1)


def interpolated(x, z):
    x, z = np.asarray(x), np.asarray(z)  # as plain arrays, which cannot be followed through forward
    return z * x**3 + (1 - z) * np.tanh(x), (x, z)


def weights_exchanged(d, cache):
    x, z = cache
    return d * (z * 3 * x**2 + z * (1 - np.tanh(x) ** 2)), d * (x**3 - np.tanh(x))


def margins(W, X, t):
    loss, dW = 0.0, np.zeros_like(W)
    for i in range(len(X)):
        scores = X[i] @ W
        for j in range(W.shape[1]):
            if j != t[i] and scores[j] - scores[t[i]] + 1 > 0:
                loss += scores[j] - scores[t[i]] + 1
                dW[:, j] += X[i]
    return loss, dW


def standardised(x):
    mean, std = x.mean((2, 3), keepdims=True), np.sqrt(x.var((2, 3), keepdims=True) + 1e-5)
    return (x - mean) / std, ((x - mean) / std, std)


def averaged_over_samples_too(d, cache):
    y, std = cache
    return (d - d.mean((0, 2, 3), keepdims=True) - y * (d * y).mean((2, 3), keepdims=True)) / std


A = rng.normal(size=(4, 4))
MATRIX, LABELS = rng.normal(size=(5, 4)), np.array([0, 2, 1, 2, 0])
X, Y = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))

UNDONE = {
    "a stride left out in a loop": (
        (correlate, rng.normal(size=(2, 9)), rng.normal(size=3)), without_the_stride,
        "shifted", "dx[:, t * stride:t * stride + K] += ",
    ),
    "subscripts of einsum": (
        (bilinear, rng.normal(size=(5, 3)), rng.normal(size=(2, 3, 3)), rng.normal(size=(5, 3))),
        with_two_subscripts_exchanged, "transposed", "",
    ),
    "parentheses": (
        (recurrent, X, rng.normal(size=5), rng.normal(size=(5, 5))), parentheses_forgotten,
        "missing-term", "da = (dout[t] + carried) * (1 - hs[t + 1] ** 2)",
    ),
    "a square matrix": ((inverse, A + 4 * np.eye(4)), one_matrix_too_few, "missing-term", "return -Y.T @ d @ Y.T"),
    "a running sum": (
        (running, X), summed_from_the_same_end, "permuted", "np.cumsum((d / t)[:, ::-1], axis=1)[:, ::-1]",
    ),
    "a roll": ((rolled, X), rolled_the_same_way, "permuted", "np.roll(d, -1, axis=1)"),
    "a complement": ((interpolated, X, Y), weights_exchanged, "permuted", "(1 - z) * (1 - np.tanh(x) ** 2)"),
    "the other half of a difference": (
        (margins, rng.normal(size=(4, 3)), MATRIX, LABELS), None,
        "missing-term", "dW[:, j] += X[i]; dW[:, t[i]] -= X[i]",
    ),
    "one axis too many": (
        (standardised, rng.normal(size=(2, 3, 4, 5))), averaged_over_samples_too,
        "extra-sum", "d.mean((2, 3), keepdims=True)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("slip", UNDONE)
def test_what_belongs_there_is_quoted(slip):
    given, backward, cause, instead = UNDONE[slip]
    report = check(*given, backward=backward) if backward else check(*given, grad=True, wrt=["W"])
    first = report.diagnoses[0]
    assert first.cause == cause
    assert instead in first.remedy


class Value:
    """A number that knows what it was made of; its backwards are written inside its operations."""

    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents, self.back = data, 0.0, parents, lambda: None

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def back():
            self.grad += other.data * out.grad
            other.grad = self.data * out.grad

        out.back = back
        return out

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))

        def back():
            self.grad += out.grad
            other.grad += out.grad

        out.back = back
        return out

    def backward(self):
        order = []

        def visit(value):
            if value not in order:
                for parent in value.parents:
                    visit(parent)
                order.append(value)

        visit(self)
        self.grad = 1.0
        for value in reversed(order):
            value.back()


def test_a_backward_inside_its_forward_is_read_as_well():
    report = check(lambda a, b: a * b + (a + b) * b, Value(2.0), Value(3.0))
    assert [(d.cause, d.tensor) for d in report.diagnoses] == [("overwritten", "b")]
    assert "`other.grad = self.data * out.grad`" in report.diagnoses[0].message
    assert report.diagnoses[0].remedy == "Write `other.grad += self.data * out.grad`."


def corpus_sources():
    for family in bug_corpus.FAMILIES:
        tree = ast.parse(Path(family.__file__).read_text())
        yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_no_edit_fails_on_any_backward():
    """Whatever the shapes of what is at hand are, each edit is Python again."""
    count = 0
    for i, function in enumerate(corpus_sources()):
        names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} - {"np"}
        shapes = {name: ((), (3,), (3, 3), (3, 2, 4), None)[k % 5] for k, name in enumerate(sorted(names))}
        for kind in [kind for kinds in ALL for kind in kinds] + [RAREST] if i % 4 == 0 else []:
            for edit in edits(function, kind, shapes):
                count += 1
                if count % 50 == 0:
                    body = "pass" if edit.after.endswith(":") else ""
                    assert ast.parse(f"def f():\n  while 1:\n    {edit.after} {body}")
    assert count > 10_000


def test_the_statements_that_spoil_something_right_come_last():
    """Only the last line can be at fault, as the others reach a gradient that is right."""

    def backward(dout, cache):
        x, w, stride = cache
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for t in range(dout.shape[1]):
            dx[:, t * stride : t * stride + len(w)] += dout[:, t, None] * w
            dw += (dout[:, t, None] * x[:, t : t + len(w)]).sum(axis=0)
        return dx, dw

    report = check(correlate, rng.normal(size=(2, 9)), rng.normal(size=3), backward=backward)
    assert [(d.cause, d.tensor) for d in report.diagnoses] == [("shifted", "w")]
    assert "x[:, t * stride:t * stride + len(w)]" in report.diagnoses[0].remedy
