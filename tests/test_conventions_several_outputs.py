"""Of several things that forward returns some are outputs, with a cotangent each, others are kept for backward."""

from itertools import count

import numpy as np
import pytest

from gradcheck import check
from gradcheck.checking.conventions.layers.plan import plans

X = np.random.default_rng(0).normal(size=(4, 5))
FACTORS = (1, 2, -1, 1.0001)


class Scaled:
    """A layer whose gradient is so many times the right one."""

    def __init__(self, factor):
        self.factor = factor


class KeepsOutput(Scaled):
    def forward(self, x):
        return np.tanh(x), np.tanh(x)

    def backward(self, d, y):
        return self.factor * d * (1 - y * y)


class KeepsSlope(Scaled):
    def forward(self, x):
        return np.tanh(x), 1 - np.tanh(x) ** 2

    def backward(self, grad_output, local):
        return self.factor * grad_output * local


class KeepsMask(Scaled):
    def forward(self, x):
        return x * (x > 0), x > 0

    def backward(self, dout, m):
        return self.factor * dout * m


class KeepsDictionary(Scaled):
    def forward(self, x):
        return np.tanh(x), {"y": np.tanh(x)}

    def backward(self, dout, stuff):
        return self.factor * dout * (1 - stuff["y"] ** 2)


class KeepsPreactivation(Scaled):
    """What is called z stands for no input, though an input may be called so."""

    def forward(self, x):
        z = 2 * x
        return np.tanh(z), z

    def backward(self, dout, z):
        return self.factor * dout * 2 * (1 - np.tanh(z) ** 2)


class KeepsTwo(Scaled):
    """Beside the output, what belongs to two gradients."""

    def __init__(self, factor):
        super().__init__(factor)
        self.W = np.random.default_rng(1).normal(size=(5, 3))

    def forward(self, x):
        y = np.tanh(x @ self.W)
        return y, x, y

    def backward(self, dout, inp, act):
        dz = dout * (1 - act * act)
        return self.factor * dz @ self.W.T, self.factor * inp.T @ dz


class Cell(Scaled):
    """Two outputs and a cache."""

    def forward(self, x):
        return np.tanh(x), x**2, (x, np.tanh(x))

    def backward(self, dh, dc, cache):
        x, h = cache
        return self.factor * (dh * (1 - h * h) + dc * 2 * x)


class CellKeepsTwo(Scaled):
    """Two outputs and two things more, by names that say nothing."""

    def forward(self, x):
        return np.tanh(x), x**2, x, np.tanh(x)

    def backward(self, dh, dc, point, there):
        return self.factor * (dh * (1 - there**2) + dc * 2 * point)


class TwoOutputs(Scaled):
    """Two cotangents, whose names say nothing, or what is not so."""

    def forward(self, x):
        self.x = x
        return np.tanh(x), x**2

    def backward(self, a, b):
        return self.factor * (a * (1 - np.tanh(self.x) ** 2) + b * 2 * self.x)


class OptionalCache(Scaled):
    """A cache that backward could be called without."""

    def forward(self, x):
        return np.tanh(x), np.tanh(x)

    def backward(self, dout, cache=None):
        return self.factor * dout * (1 - cache**2)


class TakesTuple(TwoOutputs):
    """The cotangents in one argument."""

    def backward(self, douts):
        return super().backward(*douts)


class TakesList(TwoOutputs):
    """A list of outputs, and one of cotangents, called by a name that says nothing."""

    def forward(self, x):
        return list(super().forward(x))

    def backward(self, upper):
        return super().backward(upper[0], upper.pop())


class TakesAny(TwoOutputs):
    """However many cotangents there are."""

    def backward(self, *cotangents):
        return super().backward(*cotangents)


class Attention(Scaled):
    """Beside its output, weights to look at, which have no cotangent."""

    def forward(self, x):
        self.x, e = x, np.exp(x)
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p * x, self.p

    def backward(self, dout):
        g = dout * self.x
        return self.factor * (dout * self.p + self.p * (g - (g * self.p).sum(axis=1, keepdims=True)))


LAYERS = (
    KeepsOutput, KeepsSlope, KeepsMask, KeepsDictionary, KeepsPreactivation, KeepsTwo, Cell, CellKeepsTwo, TwoOutputs,
    OptionalCache, TakesTuple, TakesList, TakesAny, Attention,
)  # fmt: skip


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_is_read_as_it_is_meant_whatever_its_mistake(layer, factor):
    report = check(layer(factor), X)
    assert report.verdict == ("agree" if factor == 1 else "disagree"), str(report)
    assert all(finding.ok for finding in report.conduct), "another reading is not linear in the cotangent"


def test_it_is_said_how_the_layer_was_read():
    assert "backward(dout, cache), which fits the numbers best" in str(check(KeepsSlope(1), X))
    assert "backward(dout, dout, cache)" in str(check(Cell(1), X))
    assert "backward(douts), which fits the numbers best" in str(check(TakesTuple(1), X))


def test_where_names_tell_nothing_is_tried():
    assert check(Attention(1), X).evaluations <= 40


def test_what_a_plan_takes_of_what_forward_returned():
    (plan,) = plans(Cell(1).backward, {"x": X}, True, 3)
    assert plan.split(("h", "c", "kept")) == (("h", "c"), ("kept",))
    assert plan.split((("h", "c"), "kept")) == (("h", "c"), ("kept",)), "the outputs may be a tuple of their own"
    assert plan.split("h") == ("h", ())


def pair(name, factor):
    """A pair of functions, the names of whose arguments say nothing."""
    held = {}

    def two(x):
        held["x"] = x
        return np.tanh(x), x**2

    return {
        "an optional output": (
            lambda x: (np.tanh(x), np.tanh(x)),
            lambda dout, cache=None: factor * dout * (1 - cache**2),
        ),
        "an output": (lambda x: (np.tanh(x), np.tanh(x)), lambda a, b: factor * a * (1 - b * b)),
        "a slope": (lambda x: (np.tanh(x), 1 - np.tanh(x) ** 2), lambda a, b: factor * a * b),
        "a sign": (lambda x: (np.maximum(x, 0), x), lambda a, b: factor * a * (b > 0)),
        "nothing": (two, lambda a, b: factor * (a * (1 - np.tanh(held["x"]) ** 2) + b * 2 * held["x"])),
    }[name]


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("kept", ["an output", "an optional output", "a slope", "a sign", "nothing"])
def test_a_pair_is_read_as_it_is_meant_whatever_its_mistake(kept, factor):
    forward, backward = pair(kept, factor)
    report = check(forward, X, backward=backward)
    assert report.verdict == ("agree" if factor == 1 else "disagree"), str(report)
    assert all(finding.ok for finding in report.conduct)


@pytest.mark.parametrize("kept", ["an output", "a sign", "nothing"])
def test_the_trials_of_a_pair_are_counted(kept):
    forward, backward = pair(kept, 1)
    calls = count()  # which cannot be put back

    def counted(x):
        next(calls)
        return forward(x)

    assert check(counted, X, backward=backward).evaluations == next(calls)


def test_the_trials_of_a_layer_are_counted():
    calls = count()

    class Counted(KeepsOutput):
        def forward(self, x):
            next(calls)
            return super().forward(x)

    assert check(Counted(1), X).evaluations == next(calls)
