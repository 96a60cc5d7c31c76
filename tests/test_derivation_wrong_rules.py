"""A wrong rule does not get through: the factor's own central difference contradicts it, and the page says so."""

import numpy as np
import pytest

from gradcheck import explain
from gradcheck.derivation.rules import RULES, Rule
from gradcheck.derivation.value import apply
from gradcheck.derivation.worked_example import AT, error

A, B = np.array([[0.3, 0.7, 1.1], [1.3, 0.9, 0.4]]), np.array([[0.6, 1.2, 0.8], [0.5, 1.4, 1.0]])
USES = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: y - x,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: y / x,
    "power": lambda x, y: y**x,
    "negative": lambda x, y: -x,
    "positive": lambda x, y: +x,
    "reciprocal": lambda x, y: np.reciprocal(x),
    "square": lambda x, y: np.square(x),
    "exp": lambda x, y: np.exp(x),
    "exp2": lambda x, y: np.exp2(x),
    "expm1": lambda x, y: np.expm1(x),
    "log": lambda x, y: np.log(x),
    "log2": lambda x, y: np.log2(x),
    "log10": lambda x, y: np.log10(x),
    "log1p": lambda x, y: np.log1p(x),
    "logaddexp": lambda x, y: np.logaddexp(y, x),
    "sqrt": lambda x, y: np.sqrt(x),
    "cbrt": lambda x, y: np.cbrt(x),
    "sin": lambda x, y: np.sin(x),
    "cos": lambda x, y: np.cos(x),
    "tan": lambda x, y: np.tan(x),
    "arcsin": lambda x, y: np.arcsin(x / 2),
    "arccos": lambda x, y: np.arccos(x / 2),
    "arctan": lambda x, y: np.arctan(x),
    "arctan2": lambda x, y: np.arctan2(y, x),
    "hypot": lambda x, y: np.hypot(y, x),
    "sinh": lambda x, y: np.sinh(x),
    "cosh": lambda x, y: np.cosh(x),
    "tanh": lambda x, y: np.tanh(x),
    "arcsinh": lambda x, y: np.arcsinh(x),
    "arccosh": lambda x, y: np.arccosh(x + 1),
    "arctanh": lambda x, y: np.arctanh(x / 2),
    "absolute": lambda x, y: np.abs(x),
    "maximum": lambda x, y: np.maximum(y, x),
    "minimum": lambda x, y: np.minimum(y, x),
    "clip": lambda x, y: np.clip(x, 0.5, 1.2),
    "where": lambda x, y: np.where(y > 1, x**2, 3 * x),
    "max": lambda x, y: np.max(x, axis=1),
    "min": lambda x, y: np.min(x, axis=1),
    "remainder": lambda x, y: np.remainder(y, x),
    "deg2rad": lambda x, y: np.radians(x),
    "erf": lambda x, y: apply("erf", x),
    "expit": lambda x, y: apply("expit", x),
    "trace": lambda x, y: np.trace(x @ y.T),
    "det": lambda x, y: np.linalg.det(x @ y.T),
    "inv": lambda x, y: np.linalg.inv(x @ y.T),
    "solve": lambda x, y: np.linalg.solve(x @ y.T, x),
    "sum": lambda x, y: np.sum(x, axis=0),
    "prod": lambda x, y: np.prod(x, axis=1),
    "matmul": lambda x, y: y.T @ x,
    "outer": lambda x, y: np.outer(y, x),
    "transpose": lambda x, y: x.T,
    "reshape": lambda x, y: x.reshape(3, 2),
    "broadcast_to": lambda x, y: np.broadcast_to(x, (4, 2, 3)),
    "getitem": lambda x, y: x[:, 1:],
    "concatenate": lambda x, y: np.concatenate([x, y]),
    "stack": lambda x, y: np.stack([y, x]),
    "assembled": lambda x, y: written(y, x[0]),
    "move": lambda x, y: np.pad(np.tile(x, 2), 1)[:, ::2],
    "cumsum": lambda x, y: np.cumsum(x, axis=1),
    "cumprod": lambda x, y: np.cumprod(x, axis=1),
    "cholesky": lambda x, y: np.linalg.cholesky(x @ x.T),
    "eigvalsh": lambda x, y: np.linalg.eigvalsh(x @ x.T),
    "eigenvectors": lambda x, y: np.linalg.eigh(x @ x.T)[1],
    "einsum": lambda x, y: np.einsum("ij,kj->ik", x, y),
}
FLAT = {name for name, rule in RULES.items() if rule.vjps and not any(rule.vjps)}


def written(whole, row):
    """The first row of a copy of `whole` written anew."""
    out = np.copy(whole)
    out[0] = row
    return out


def use(name):
    """A function of x in which every entry of the primitive's result weighs differently."""

    def f(x, y):
        value = USES[name](x, y)
        weights = 1 + np.arange(float(np.size(value))).reshape(np.shape(value))
        return np.sum(value * weights)

    return f


def bent(rule):
    """The rule, off by one part in a thousand."""

    def bend(vjp):
        return None if vjp is None else (lambda *args, **params: vjp(*args, **params) * 1.001)

    return Rule(rule.forward, tuple(map(bend, rule.vjps)), bend(rule.each))


def test_every_rule_is_in_this_table():
    only_in_cotangents = {"scatter", "put", "gather", "lower", "inverse_gaps", "product_of_others"}
    assert set(USES) | FLAT | only_in_cotangents == set(RULES)


@pytest.mark.parametrize("name", USES)
def test_a_rule_is_right(name):
    derivation = explain(use(name), wrt="x", at={"x": A, "y": B})
    assert derivation.ok, str(derivation)
    assert "WRONG" not in str(derivation)


@pytest.mark.parametrize("name", USES)
def test_a_rule_off_by_a_thousandth_is_caught(name, monkeypatch):
    monkeypatch.setitem(RULES, name, bent(RULES[name]))
    derivation = explain(use(name), wrt="x", at={"x": A, "y": B})
    assert not derivation.ok
    assert any(not row.agrees for row in derivation.rows)


def test_the_wrong_factor_is_named_and_the_right_ones_are_not(monkeypatch):
    monkeypatch.setitem(RULES, "exp", Rule(np.exp, (lambda g, ans, x: g,)))  # exp' = exp forgotten
    derivation = explain(error, wrt="w5", at=AT)
    wrong = [factor.symbol for factor in derivation.paths[0].factors if not factor.agrees]
    assert wrong == ["∂out_o1/∂net_o1"]
    assert not derivation.ok
    text = str(derivation)
    assert "WRONG: [3] is not what was measured; do not rely on this derivation." in text
    assert text.count("DISAGREES with what was measured") == 1
    assert "3 of 4" in text
    assert "disagrees with what was measured" in derivation.to_html()
    assert "disagrees with what was measured" in derivation.latex()
    assert "DISAGREES" in repr(derivation)


def test_two_errors_that_cancel_are_caught_factor_by_factor(monkeypatch):
    monkeypatch.setitem(RULES, "sin", Rule(np.sin, (lambda g, ans, x: 2 * g * np.cos(x),)))
    monkeypatch.setitem(RULES, "tanh", Rule(np.tanh, (lambda g, ans, x: g * (1 - ans**2) / 2,)))

    def f(x):
        a = np.sin(x)
        return np.tanh(a)

    derivation = explain(f, wrt="x", at={"x": 0.4})
    assert derivation.value == pytest.approx(derivation.numerical)
    assert not derivation.ok


def test_a_wrong_sum_is_caught_by_the_total(monkeypatch):
    from gradcheck.derivation import paths

    right = paths._local_gradients
    monkeypatch.setattr(paths, "_local_gradients", lambda above, seed: right(above, seed)[-1:])  # a path forgotten

    def f(x):
        a = x**2
        return a * x

    derivation = explain(f, wrt="x", at={"x": 0.4})
    assert all(row.agrees for row in derivation.rows)
    assert not derivation.ok
    assert "WRONG: the checks below do not agree" in str(derivation)
