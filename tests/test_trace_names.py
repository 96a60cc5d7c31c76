"""Intermediate values carry the names the code itself gives them."""

# ruff: noqa: RET504, PLC2401 - the names of the local variables, in any alphabet, are what is tested

import sys

import numpy as np
import pytest

from gradcheck import explain


def names(f, wrt="x", **at):
    return list(explain(f, wrt=wrt, at=at or {"x": 0.5}).forward)


def test_local_variables_name_the_values():
    def f(x):
        a = x**2
        b = np.sin(a)
        return a * b

    assert names(f) == ["a", "b", "f"]


def test_the_result_has_its_own_name_where_it_has_one():
    def f(x):
        loss = x**2
        return loss

    assert names(f) == ["loss"]
    assert names(lambda x: x**2) == ["f"]


def test_a_name_bound_again_is_numbered_and_the_last_one_is_the_result():
    def f(x):
        total = 0.0
        for k in range(3):
            total += x**k
        return total

    assert names(f) == ["total_1", "total_2", "total"]


def test_an_argument_bound_again_keeps_its_name_for_the_argument():
    def f(x):
        for _ in range(2):
            x = np.sin(x)
        return x

    assert names(f) == ["x_1", "x_2"]


def test_helpers_name_what_their_caller_does_not():
    def activation(z):
        out = np.tanh(z)
        return out

    def f(x):
        a = activation(x * 2)
        b = activation(a * 3)
        return b

    assert names(f) == ["z_1", "a", "z_2", "b"]


def test_the_outermost_name_wins():
    def square(v):
        s = v * v
        return s

    def f(x):
        y = x + 1
        area = square(y)
        return area * 2

    assert names(f) == ["y", "area", "f"]


def test_entries_of_lists_and_dicts_are_named_by_their_place():
    def f(x):
        hidden = [np.tanh(k * x) for k in (1.0, 2.0)]
        out = {"sum": hidden[0] + hidden[1]}
        return out["sum"] ** 2

    assert names(f) == ["hidden[0]", "hidden[1]", "out['sum']", "f"]


def test_entries_of_arrays_are_variables_of_their_own():
    def f(W):
        y = W[0, 1] * W[1, 0]
        return y * W[0, 1]

    derivation = explain(f, wrt="W", at={"W": np.array([[1.0, 2.0], [3.0, 4.0]])})
    assert {path.names[1] for path in derivation.paths} == {"W[0, 1]", "W[1, 0]"}
    assert list(derivation.forward) == ["y", "f"]


def test_a_local_name_goes_before_a_place():
    def f(W):
        w = W[0]
        y = w**2
        return y

    assert explain(f, wrt="W", at={"W": np.array([2.0, 3.0])}).paths[0].names == ("W", "w", "y")


def test_defaults_and_whole_numbers_and_words_are_passed_on():
    def f(x, n=3, kind="power", *, gain=2.0):
        y = 0.0
        for _ in range(n):
            y = y + x
        return gain * y if kind == "power" else y

    derivation = explain(f, wrt="x", at={"x": 0.5})
    assert derivation.value == 6.0
    assert derivation.paths[0].factors[0].rule == "gain"


def test_indices_may_be_arrays_of_whole_numbers():
    labels = np.array([2, 0])
    z = np.arange(6.0).reshape(2, 3)
    derivation = explain(lambda z, labels: np.sum(z[np.arange(2), labels] ** 2), wrt="z", at={"z": z, "labels": labels})
    np.testing.assert_allclose(derivation.value, [[0, 0, 4], [6, 0, 0]])


def test_conditions_on_constants_are_no_matter():
    assert explain(lambda x, n: x**2 if n > 1 else x, wrt="x", at={"x": 3.0, "n": 2.0}).value == 6.0


def test_names_in_other_alphabets_survive_everywhere():
    def verlust(σ, größe):
        Δ = σ * größe
        return np.tanh(Δ)

    derivation = explain(verlust, wrt="σ", at={"σ": 0.3, "größe": 0.4})
    assert list(derivation.forward) == ["Δ", "verlust"]
    assert derivation.text(ascii=True).isascii()
    assert "dDelta/dsigma" in derivation.text(ascii=True)
    assert derivation.latex().isascii() or "größe" in derivation.latex()


def test_the_trace_function_in_place_before_is_in_place_afterwards():
    seen = []

    def tracer(frame, event, arg):
        seen.append(event)

    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        explain(lambda x: x**2, wrt="x", at={"x": 1.0})
        assert sys.gettrace() is tracer
        with pytest.raises(TypeError):
            explain(lambda x: float(x), wrt="x", at={"x": 1.0})
        assert sys.gettrace() is tracer
    finally:
        sys.settrace(before)


def test_a_long_sum_is_no_deep_recursion():
    x = np.linspace(0.1, 1, 3000)
    derivation = explain(lambda x: sum(v * 2 for v in x), wrt="x[7]", at={"x": x})
    assert derivation.value == 2.0
