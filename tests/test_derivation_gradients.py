"""The derivation of plain NumPy code is right: its gradient is autograd's, its paths add up to it."""

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck import explain

# Each function is built for a NumPy: the plain one for the derivation, autograd's own for the reference.


def dense_sigmoid(np):
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def loss(x, W, b, t):
        z = x @ W + b
        a = sigmoid(z)
        return np.mean((a - t) ** 2)

    return loss


def softmax(np):
    def loss(x, W, t):
        z = np.dot(x, W)
        e = np.exp(z - np.max(z, axis=1, keepdims=True))
        p = e / np.sum(e, axis=1, keepdims=True)
        return -np.sum(t * np.log(p)) / len(x)

    return loss


def batch_norm(np):
    def loss(x, gamma, beta):
        mu = x.mean(axis=0)
        centred = x - mu
        var = (centred**2).mean(axis=0)
        normal = centred / np.sqrt(var + 1e-5)
        y = gamma * normal + beta
        return np.sum(y**3)

    return loss


def loop(np):
    def total(w, x):
        s = 0.0
        for k in range(3):
            s = s + np.tanh(w * x + k)
        return s

    return total


def recurrence(np):
    def last(w, x):
        for _ in range(4):
            x = np.sin(w * x)
        return x

    return last


def choices(np):
    def f(x):
        y = np.where(x > 0.7, x**2, 3 * x)
        z = np.minimum(np.clip(x, 0.4, 1.1), 0.8)
        return np.sum(y * np.maximum(x, 0.9)) + np.sum(np.abs(z - 0.5))

    return f


def shapes(np):
    def f(x):
        y = x.reshape(2, 3).T
        c = np.concatenate([y, 2 * y], axis=0)
        s = np.stack([c[:, 0], c[::-1, 1]], axis=1)
        return np.sum(s * np.sin(c)) + np.prod(x) + np.var(x) + np.std(x[1:]) + np.outer(x, x)[0, 1]

    return f


def broadcasting(np):
    def f(x, w):
        q = x / w
        r = x**w
        return np.sum(q * r) + np.sum(np.arctan(x)) + np.sum(np.expand_dims(w, 0) - np.squeeze(x[:1]))

    return f


def elementary(np):
    def f(x):
        y = np.log(x) + np.sqrt(x) + np.cos(x) * np.sin(x) + np.cosh(x) - np.sinh(x) + np.log1p(x) + np.expm1(x)
        z = np.logaddexp(x, 0.3) + np.square(x) + np.arcsin(x / 2) + np.log2(x) + np.exp2(x) + np.arctan2(x, 2.0)
        return np.sum(y * z) + np.sum(np.tan(x / 2) * np.reciprocal(x)) + np.sum(np.log10(x) + np.arccos(x / 3))

    return f


def products(np):
    def f(W, x, y):
        return np.dot(x, y) * np.sum(np.dot(W, x)) + np.sum((x @ W.T) * 2) + np.inner(x, y) ** 2 + np.max(W)

    return f


def masks(np):
    def relu(x):
        mask = (x > 0.8).astype(float)
        return np.sum((mask * x).flatten() ** 2) + np.sum(abs(x))

    return relu


def rows(np):
    def f(W):
        total = 0.0
        for row in W:
            total = total + np.max(row) ** 2 - row[0] * row[-1]
        return total

    return f


def arrays(*shape):
    return np.random.default_rng(sum(shape) + 1).uniform(0.2, 1.5, shape)


CASES = [
    *((dense_sigmoid, wrt, {"x": (5, 3), "W": (3, 2), "b": (2,), "t": (5, 2)}) for wrt in ("x", "W", "b")),
    *((softmax, wrt, {"x": (4, 3), "W": (3, 2), "t": (4, 2)}) for wrt in ("x", "W")),
    *((batch_norm, wrt, {"x": (4, 3), "gamma": (3,), "beta": (3,)}) for wrt in ("x", "gamma", "beta")),
    *((function, wrt, {"w": (), "x": ()}) for function in (loop, recurrence) for wrt in ("w", "x")),
    *((broadcasting, wrt, {"x": (3, 2), "w": (2,)}) for wrt in ("x", "w")),
    *((products, wrt, {"W": (2, 3), "x": (3,), "y": (3,)}) for wrt in ("W", "x", "y")),
    (choices, "x", {"x": (6,)}),
    (masks, "x", {"x": (3, 2)}),
    (shapes, "x", {"x": (6,)}),
    (elementary, "x", {"x": (3,)}),
    (rows, "W", {"W": (3, 4)}),
]


@pytest.mark.parametrize(("build", "wrt", "forms"), CASES, ids=lambda value: getattr(value, "__name__", str(value)[:9]))
def test_the_gradient_is_autograds(build, wrt, forms):
    at = {name: arrays(*shape, 1)[..., 0] for name, shape in forms.items()}
    derivation = explain(build(np), wrt=wrt, at=at)
    g = autograd.grad(lambda value: build(anp)(**{**at, wrt: value}))(at[wrt])
    np.testing.assert_allclose(derivation.value, g, rtol=1e-10, atol=1e-12)
    assert np.shape(derivation.value) == np.shape(at[wrt])
    assert derivation.ok, str(derivation)
    np.testing.assert_allclose(sum(path.value for path in derivation.paths), g, rtol=1e-10, atol=1e-12)
    assert len(derivation.paths) == derivation.path_count


@given(st.data())
@settings(max_examples=40)
def test_random_scalar_programs_have_autograds_gradient(data):
    operations = data.draw(
        st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6)
    )

    def build(np):
        def f(a, b):
            values = [a, b]
            for kind, i, j in operations:
                x, y = values[i % len(values)], values[j % len(values)]
                new = [
                    lambda x=x, y=y: x + y,
                    lambda x=x, y=y: x - 2 * y,
                    lambda x=x, y=y: x * y,
                    lambda x=x, y=y: x / (1 + y**2),
                    lambda x=x, y=y: np.tanh(x),
                    lambda x=x, y=y: 1 / (1 + np.exp(-x)),
                    lambda x=x, y=y: np.exp(-(x**2)),
                    lambda x=x, y=y: np.sin(x) ** 2,
                ][kind]()
                values.append(new)
            return sum(values[1:], values[0])

        return f

    at = {"a": 0.7, "b": -0.4}
    derivation = explain(build(np), wrt="a", at=at)
    g = autograd.grad(lambda a: build(anp)(a, -0.4))(0.7)
    assert derivation.value == pytest.approx(g, rel=1e-9, abs=1e-12)
    assert derivation.ok, str(derivation)
    assert sum(path.value for path in derivation.paths) == pytest.approx(g, rel=1e-9, abs=1e-12)


def test_one_entry_of_an_array_is_derived_alone():
    def determinant(W):
        n = W[0, 0] * W[1, 1] - W[0, 1] * W[1, 0]
        return n**2

    W = np.array([[0.5, 2.0], [3.0, 4.0]])
    entry = explain(determinant, wrt="W[0, 1]", at={"W": W})
    assert entry.value == explain(determinant, wrt="W", at={"W": W}).value[0, 1]
    assert entry.wrt == "W[0, 1]"
    assert [factor.rule for factor in entry.paths[0].factors] == ["2 * n", "-W[1, 0]"]
    assert entry.ok


def test_one_entry_of_an_array_used_whole_is_derived_too():
    W, x = arrays(2, 3), arrays(3)
    whole = explain(lambda W, x: np.sum(np.tanh(W @ x)), wrt="W", at={"W": W, "x": x})
    entry = explain(lambda W, x: np.sum(np.tanh(W @ x)), wrt="W[1, -1]", at={"W": W, "x": x})
    assert entry.wrt == "W[1, 2]"
    assert entry.value == pytest.approx(whole.value[1, 2], rel=1e-12)
    assert entry.ok


@pytest.mark.parametrize(
    ("f", "rule"),
    [
        (lambda x: 1 / (1 + np.exp(-x)), "f * (1 - f)"),
        (lambda x: (1 + np.exp(-x)) ** -1.0, "f * (1 - f)"),
        (lambda x: np.exp(x) / (1 + np.exp(x)), "f * (1 - f)"),
        (lambda x: np.reciprocal(np.exp(-x) + 1), "f * (1 - f)"),
        (lambda x: 1 / (1 + np.exp(x)), "-f * (1 - f)"),
        (lambda x: np.tanh(x), "1 - f**2"),
        (lambda x: np.exp(x), "f"),
        (lambda x: np.exp(2 * x), "2 * f"),
        (lambda x: np.sqrt(x), "0.5 / f"),
        (lambda x: 1 / x, "-f / x"),
        (lambda x: np.log(x), "1 / x"),
        (lambda x: x**3, "3 * x**2"),
        (lambda x: x * x, "2 * x"),
        (lambda x: 0.5 * (1.0 - x) ** 2, "-(1 - x)"),
        (lambda x: (x - 1.0) ** 2 / 2, "x - 1"),
        (lambda x: x / 3, "1 / 3"),
        (lambda x: np.maximum(0, x), "x > 0"),
        (lambda x: np.log(1 + np.exp(x)), "exp(x) / (1 + exp(x))"),
    ],
)
def test_a_derivative_is_written_as_a_textbook_does(f, rule):
    derivation = explain(f, wrt="x", at={"x": 0.3})
    assert [factor.rule for factor in derivation.paths[0].factors] == [rule]
    assert derivation.ok


def test_a_printed_rule_is_python_and_gives_the_printed_value():
    def loss(w, x, t):
        y = np.tanh(w * x) / (2 + np.exp(-x * w))
        return -(t * np.log(y) + (1 - t) * np.log(1 - y))

    at = {"w": 0.8, "x": 1.3, "t": 0.2}
    derivation = explain(loss, wrt="w", at=at)
    names = {**at, **derivation.forward, "exp": np.exp, "tanh": np.tanh, "log": np.log}
    for factor in derivation.paths[0].factors:
        assert eval(factor.rule, {}, names) == pytest.approx(factor.value, rel=1e-12)


def test_a_result_that_does_not_depend_on_the_variable_says_so():
    derivation = explain(lambda x, y: y**2, wrt="x", at={"x": 1.0, "y": 2.0})
    assert (derivation.value, derivation.paths, derivation.ok) == (0.0, (), True)
    assert "does not depend on x" in str(derivation)


def test_a_function_that_returns_its_argument():
    derivation = explain(lambda x: x, wrt="x", at={"x": 2.0})
    assert (derivation.value, derivation.path_count) == (1.0, 1)


def test_very_many_paths_are_counted_and_added_without_being_walked():
    def chain(w):
        x = w
        for _ in range(40):
            x = np.sin(x) + x / 2
            y = x * 0.5
            x = y + x * 0.25
        return x

    derivation = explain(chain, wrt="w", at={"w": 0.3})
    assert derivation.path_count == 2**40
    assert len(derivation.paths) == 1000
    assert derivation.value == pytest.approx(derivation.numerical, rel=1e-6)
    assert derivation.ok


@pytest.mark.parametrize("scale", [1e-8, 1e-3, 1e3, 1e8])
def test_the_verdict_does_not_change_with_the_scale(scale):
    def f(x, s):
        y = np.tanh(x / s)
        return s * y**2

    assert explain(f, wrt="x", at={"x": 0.4 * scale, "s": scale}).ok


def test_at_a_kink_any_slope_between_the_two_sides_is_right():
    derivation = explain(lambda x: np.maximum(x, 0), wrt="x", at={"x": 0.0})
    assert derivation.paths[0].factors[0].agrees


def test_nothing_of_the_callers_is_changed():
    W = arrays(2, 3)
    at = {"W": W, "x": 2.0}
    before = W.copy()
    explain(lambda W, x: np.sum(W**2) * x, wrt="W", at=at)
    assert np.array_equal(W, before)
    assert at == {"W": W, "x": 2.0}
