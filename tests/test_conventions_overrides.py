"""What is not understood is told what was looked for, what was found and what would do; keywords override a reading."""

import re

import numpy as np
import pytest

from gradcheck import check

rng = np.random.default_rng(4)
x = rng.normal(size=(5, 4))


class Odd:
    """Two methods and an array under names that say nothing."""

    def __init__(self, wrong=1.0):
        self.theta, self.wrong = rng.normal(size=(4, 3)), wrong
        self.store = {}

    def transmogrify(self, x):
        self.x = x
        return x @ self.theta

    def unwind(self, v):
        self.store["p"], self.store["q"] = self.x.T @ v * self.wrong, 2 * self.x.T @ v
        return v @ self.theta.T


NAMED = {"forward": "transmogrify", "backward": "unwind"}


def test_methods_may_be_named():
    report = check(Odd(), x, **NAMED)
    assert [tensor.name for tensor in report.tensors] == ["x"]
    assert "transmogrify and unwind" in report.understood


@pytest.mark.parametrize(("wrong", "gradient", "right"), [(1, "p", True), (1.001, "p", False), (1, "q", False)])
def test_parameters_and_their_gradients_may_be_named(wrong, gradient, right):
    report = check(Odd(wrong), x, **NAMED, parameters={"theta": f"store[{gradient!r}]"})
    assert [tensor.name for tensor in report.tensors] == ["x", "theta"]
    assert (report["theta"].verdict == "agree") == right
    assert f"gradient of theta in store[{gradient!r}], as given" in report.understood


def test_a_parameter_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="parameters names 'W', but there are the arrays theta"):
        check(Odd(), x, **NAMED, parameters={"W": "dW"})


def test_a_gradient_that_is_not_there_is_missing():
    report = check(Odd(), x, **NAMED, parameters={"theta": "slope"})
    assert report["theta"].verdict == "disagree"


@pytest.mark.parametrize(
    ("keywords", "text"),
    [
        ({"forward": 3}, "forward is 3; pass the name of a method"),
        ({"parameters": "theta"}, "parameters is 'theta'; pass where each parameter is"),
        ({"parameters": {"theta": 3}}, "parameters is {'theta': 3}; pass where each parameter is"),
    ],
)
def test_keywords_of_the_wrong_kind_are_refused(keywords, text):
    with pytest.raises(TypeError, match=re.escape(text)):
        check(Odd(), x, **keywords)


def test_a_method_that_is_not_there_is_not_understood():
    with pytest.raises(TypeError, match="found transmogrify, unwind and the arrays theta"):
        check(Odd(), x, forward="run", backward="unwind")


def test_what_was_found_is_listed_with_two_lines_that_would_do():
    class Thing:
        def __init__(self):
            self.theta = np.ones(3)

        def compute_it(self, x):
            return x

        def pull_back_it(self, dout):
            return dout

    with pytest.raises(TypeError) as problem:
        check(Thing(), x)
    text = str(problem.value)
    assert "it looked for methods forward (or __call__) and backward" in text
    assert "found compute_it, pull_back_it and the arrays theta" in text
    assert "check(thing, x, forward='compute_it', backward='pull_back_it')" in text
    assert text.splitlines()[1:] == [
        "    forward, backward = thing.compute_it, lambda dout: thing.pull_back_it(dout)",
        "    check(forward, x, backward=backward)",
    ]
    assert check(Thing(), x, forward="compute_it", backward="pull_back_it", wrt="x").tensors[0].verdict == "agree"


def test_the_adapter_does():
    thing = Odd()
    forward, backward = thing.transmogrify, lambda dout: thing.unwind(dout)
    assert check(forward, x, backward=backward)


class Asks(Odd):
    """A backward that wants what nobody can know."""

    def forward(self, x):
        return self.transmogrify(x)

    def backward(self, dout, weird, odd):
        return weird * odd * self.unwind(dout)


def test_the_adapter_of_a_backward_that_wants_more_does():
    with pytest.raises(TypeError, match="nor an input of forward, which has x: dout, weird and odd") as refused:
        check(Asks(), x)
    adapter = str(refused.value).splitlines()[-1].strip()
    assert adapter == "check(layer.forward, x, backward=lambda dout: layer.backward(dout, weird, odd))"
    assert eval(adapter, {"check": check, "layer": Asks(), "x": x, "weird": 2.0, "odd": 0.5})


def test_the_methods_of_something_strange_are_listed_in_an_adapter():
    with pytest.raises(TypeError, match=r"lambda dout: thing\.unwind\(dout\)"):
        check(Odd(), x)


def test_an_array_is_not_understood():
    with pytest.raises(TypeError, match="does not understand an ndarray"):
        check(np.ones(3), x)
