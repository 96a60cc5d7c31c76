"""A derivative is written as a textbook has it: softmax, transposes, branches, roots, no path that carries nothing."""

import numpy as np
import pytest

from gradcheck import explain

RNG = np.random.default_rng(3)


def softmax(s, t):
    p = np.exp(s) / np.sum(np.exp(s), axis=1, keepdims=True)
    return np.sum(p * t)


def last(f, wrt, **at):
    derivation = explain(f, wrt, at)
    assert derivation.ok
    return derivation.rows[-1].text


def test_softmax_is_p_times_delta_less_what_all_share():
    text = last(softmax, "s", s=RNG.normal(size=(2, 3)), t=RNG.normal(size=(2, 3)))
    assert text == "p * (δ_p - sum(δ_p * p, axis=1, keepdims=True))"


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda q, k, t: np.sum((q @ k.T) * t), "t.T @ q"),
        (lambda q, k, t: np.sum((q @ k.T / np.sqrt(3)) * t), "(t.T @ q) / sqrt(3)"),
        (lambda q, k, t: np.sum((k @ q.T) * t.T), "t.T @ q"),
    ],
)
def test_two_transposes_cancel(f, expected):
    at = {"q": RNG.normal(size=(2, 3)), "k": RNG.normal(size=(4, 3)), "t": RNG.normal(size=(2, 4))}
    assert last(f, "k", **at) == expected


def test_a_transposed_factor_has_a_reason_of_its_own():
    def f(q, k):
        s = q @ k.T
        return np.sum(s**2)

    derivation = explain(f, "k", {"q": RNG.normal(size=(2, 3)), "k": RNG.normal(size=(4, 3))})
    assert "why_transposed_right" in [key for key, _ in derivation.rows[-1].reasons]
    assert "why_rearranged" not in [key for key, _ in derivation.rows[-1].reasons]


@pytest.mark.parametrize("z", [-0.5, 0.5])
def test_two_branches_are_one_choice(z):
    assert last(lambda z: np.where(z > 0, z, 0.1 * z), "z", z=z) == "where(z > 0, 1, 0.1)"
    assert last(lambda z, w: np.where(z > 0, w * z, w * z**2), "z", z=z, w=2.0) == "w * where(z > 0, 1, 2 * z)"


def test_absolute_values_and_powers_are_written_as_such():
    derivation = explain(lambda a, x: np.abs(a) ** x, "a", {"a": -2.0, "x": 1.5})
    assert derivation.formulas == {} or "abs(a)**x" in derivation.text()
    assert r"\left|" in derivation.latex(form="document")
    assert "<mo>|</mo>" in derivation.to_html()


@pytest.mark.parametrize(("c", "text"), [(1 / np.sqrt(3), "x / sqrt(3)"), (0.1, "0.1 * x"), (1.7321, "1.7321 * x")])
def test_a_root_is_called_one_only_where_it_is(c, text):
    assert last(lambda w, x: c * w * x, "w", w=1.0, x=2.0) == text


def test_a_path_that_carries_nothing_is_none():
    def recurrent(u, w, x):
        h = 0.0
        for xk in x:
            h = np.tanh(w * xk + u * h)
        return h

    derivation = explain(recurrent, "u", {"u": 0.8, "w": 0.5, "x": np.array([1.0, -0.5, 2.0])})
    assert [path.names for path in derivation.paths] == [("u", "h_2", "h"), ("u", "h")]
    assert derivation.ok


def test_what_is_flat_all_over_is_independent():
    derivation = explain(lambda x: np.sign(np.sign(x) * 2.0) + 0.0 * x, "x", {"x": 0.7})
    assert derivation.value == 0
    assert derivation.ok


def test_only_parameters_have_old_values():
    def f(w, v, x, t):
        h = w * x
        y = h * v
        return y * t

    text = explain(f, "w", {"w": 1.0, "v": 2.0, "x": 3.0, "t": 0.5}, rate=0.1).text()
    assert text.count("(old value)") == 1
    assert "v  (old value)" in text
