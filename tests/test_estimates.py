"""Numerical derivatives state how wrong they may be: truly so, and not by much too much, at every scale and precision.

The derivatives are formulas, evaluated in long double.
"""

import itertools
import math

import numpy as np
import pytest

from gradcheck.numerical import numerical_jacobian, numerical_jvp, numerical_vjp

SCALES = [(1, 1), (1e-12, 1), (1e-6, 1), (1e6, 1), (1e12, 1), (1, 1e-12), (1, 1e12), (1e-4, 1e8)]
"""Of the input and of the output."""

BATTERY = {
    "sin": (np.sin, np.cos, [0.3, 1.0, 3.1, -2.0, 1e-3]),
    "cos": (np.cos, lambda x: -np.sin(x), [0.3, 1.0, 3.1, -2.0, 1e-3]),
    "sin, fast": (lambda x: np.sin(1000 * x), lambda x: 1000 * np.cos(1000 * x), [0.3, 0.001, 1.0, -0.7, 2.0]),
    "exp": (np.exp, np.exp, [0.0, 1.0, -3.0, 10.0, -30.0]),
    "expm1": (np.expm1, np.exp, [0.0, 1.0, -3.0, 10.0, 1e-9]),
    "sinh": (np.sinh, np.cosh, [0.0, 1.0, -5.0, 20.0, 1e-7]),
    "log": (np.log, lambda x: 1 / x, [1e-12, 1e-6, 1.0, 3.0, 1e12]),
    "log1p": (np.log1p, lambda x: 1 / (1 + x), [1e-9, 1.0, -0.9990234375, 5.0, -0.5]),
    "x log x": (lambda x: x * np.log(x), lambda x: np.log(x) + 1, [1e-6, 0.2, 1.0, 5.0, 100.0]),
    "sqrt": (np.sqrt, lambda x: 1 / (2 * np.sqrt(x)), [1e-12, 1e-6, 1.0, 3.0, 1e12]),
    "square": (np.square, lambda x: 2 * x, [0.0, 1.0, -3.0, 1e-9, 1e9]),
    "cube": (lambda x: x**3, lambda x: 3 * x**2, [0.1, 1.0, -3.0, 1e-6, 1e6]),
    "power": (lambda x: np.abs(x) ** 1.5, lambda x: 1.5 * np.sqrt(np.abs(x)) * np.sign(x), [0.5, 1, 4, 1e-6, -2]),
    "inverse": (lambda x: 1 / x, lambda x: -1 / x**2, [1e-6, 1.0, -3.0, 1e6, 0.1]),
    "hypot": (lambda x: np.hypot(x, 2), lambda x: x / np.hypot(x, 2), [0.5, 1.0, 4.0, 1e6, -1e-6]),
    "line": (lambda x: 3.5 * x - 1, lambda x: 3.5 + 0 * x, [0.0, 1.0, -5.0, 1e9, 1e-9]),
    "arctan": (np.arctan, lambda x: 1 / (1 + x**2), [0.0, 1.0, -5.0, 100.0, 1e-5]),
    "arcsin": (np.arcsin, lambda x: 1 / np.sqrt((1 - x) * (1 + x)), [0.0, 0.5, -0.9, 0.999, 0.25]),
    "tanh": (np.tanh, lambda x: 1 / np.cosh(x) ** 2, [0.0, 0.5, -2.0, 5.0, 1e-6]),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (2 * np.cosh(x / 2)) ** 2, [0, 2, -2, 8, -8]),
    "softplus": (lambda x: np.logaddexp(0, x), lambda x: 1 / (1 + np.exp(-x)), [0.0, 2.0, -2.0, 8.0, -8.0]),
    "bell": (lambda x: np.exp(-(x**2)), lambda x: -2 * x * np.exp(-(x**2)), [0.1, 1.0, -2.0, 3.0, 1e-4]),
    "sin x / x": (lambda x: np.sin(x) / x, lambda x: (x * np.cos(x) - np.sin(x)) / x**2, [0.5, 1, 4, 10, -2]),
    "drowned": (lambda x: 1e5 + np.sin(x), np.cos, [0.5, 1.0, 4.0, 10.0, -2.0]),
    "cancelled": (lambda x: (np.sin(x) + 1e4) - 1e4, np.cos, [0.5, 1.0, 4.0, 10.0, -2.0]),
}
CASES = [(name, point, *scale) for name, (_, _, points) in BATTERY.items() for point in points for scale in SCALES]
DTYPES = [np.float64, np.float32, np.longdouble]
by_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)


def scaled(name, s, c, dtype):
    """A function of the battery with its input and output scaled, and its derivative."""
    f, derivative, _ = BATTERY[name]
    s, c = dtype(s), dtype(c)
    wide_s, wide_c = np.longdouble(s), np.longdouble(c)
    return lambda x: c * f(x / s), lambda x: wide_c / wide_s * derivative(np.longdouble(x) / wide_s)


def share_within(estimates_and_truths):
    """The share of entries whose true error is within the bound, and the median of their quotients."""
    within, ratios = [], []
    for estimate, truth in estimates_and_truths:
        away = np.abs(np.longdouble(estimate.value) - truth)
        within.append(np.ravel((away <= estimate.error) | np.isposinf(estimate.error)))
        with np.errstate(divide="ignore", invalid="ignore"):  # nothing by nothing says nothing
            ratios.append(np.ravel(estimate.error / away))
    return np.mean(np.concatenate(within)), np.nanmedian(np.concatenate(ratios))


def vjps(dtype):
    for name, point, s, c in CASES:
        f, derivative = scaled(name, s, c, dtype)
        x = np.array([point], dtype) * dtype(s)
        yield numerical_vjp(f, x, np.ones(1, dtype)), derivative(x)


def vectors(dtype, seed):
    """All points of a function in one vector, and a random vector to multiply the derivative by."""
    rng = np.random.default_rng(seed)
    for name, (s, c) in itertools.product(BATTERY, SCALES):
        f, derivative = scaled(name, s, c, dtype)
        x = np.array(BATTERY[name][2], dtype) * dtype(s)
        yield f, x, derivative(x), rng.normal(size=x.shape).astype(dtype)


@by_dtype
def test_the_true_error_lies_within_the_bound_and_the_bound_is_of_use(dtype):
    assert len(CASES) >= 300
    share, ratio = share_within(vjps(dtype))
    assert share >= 0.999
    assert ratio <= 1e4


@by_dtype
def test_so_it_does_for_vectors_of_points(dtype):
    share, ratio = share_within(
        (numerical_vjp(f, x, v), np.longdouble(v) * slopes) for f, x, slopes, v in vectors(dtype, 0)
    )
    assert share >= 0.999
    assert ratio <= 1e4


@by_dtype
def test_so_it_does_along_a_tangent(dtype):
    share, ratio = share_within(
        (numerical_jvp(f, x, v * x), np.longdouble(v * x) * slopes) for f, x, slopes, v in vectors(dtype, 1)
    )
    assert share >= 0.999
    assert ratio <= 1e4


@by_dtype
def test_so_it_does_for_a_jacobian(dtype):
    share, ratio = share_within((numerical_jacobian(f, x), np.diag(slopes)) for f, x, slopes, _ in vectors(dtype, 2))
    assert share >= 0.999
    assert ratio >= 1


def test_so_it_does_where_every_output_depends_on_every_input():
    rng = np.random.default_rng(3)

    def cases():
        for s, c in SCALES:
            A, x = rng.normal(size=(6, 4)) / s, rng.normal(size=4) * s
            truth = c / np.cosh(np.longdouble(A) @ np.longdouble(x))[:, None] ** 2 * np.longdouble(A)
            yield numerical_jacobian(lambda x, A=A, c=c: c * np.tanh(A @ x), x), truth

    share, ratio = share_within(cases())
    assert share == 1
    assert ratio <= 1e4


def test_another_derivative_lies_outside_the_bound():
    def wrong(name, point, s, c):
        f, derivative = scaled(name, s, c, np.float64)
        x = np.array([point], float) * s
        return numerical_vjp(f, x, np.ones(1)), (1 + 1e-4) * derivative(x)

    zero = [("square", 0.0), ("line", 0.0)]  # an error relative to nothing is none
    share, _ = share_within(wrong(*case) for case in CASES[::3] if case[:2] not in zero)
    assert share < 0.02


@pytest.mark.parametrize(
    ("f", "derivative", "x"),
    [
        (np.log, lambda x: 1 / x, [1e-12, 1e-9, 1e-300, 1.0]),
        (np.sqrt, lambda x: 0.5 / np.sqrt(x), [1e-12, 1e-9, 1e-300, 1.0]),
        (np.arcsin, lambda x: 1 / np.sqrt((1 - x) * (1 + x)), [1 - 1e-9, 1 - 1e-6, 1e-9 - 1, 0.5]),
        (np.arctanh, lambda x: 1 / ((1 - x) * (1 + x)), [1 - 1e-9, 1 - 1e-6, 1e-9 - 1, 0.5]),
        (np.log1p, lambda x: 1 / (1 + x), [1e-9 - 1, 1e-6 - 1, 0.5]),
        (math.log, lambda x: 1 / x, [1e-12]),  # raises left of 0
        (lambda x: np.sqrt(x) ** 3, lambda x: 1.5 * np.sqrt(x), [0.0]),  # has one side only
        (lambda x: np.sin(x) + 0 * np.sqrt(1 - x), np.cos, [1.0]),
    ],
)
def test_close_to_the_edge_of_a_domain(f, derivative, x):
    for point in x:
        estimate = numerical_vjp(lambda x: np.array([f(x[0])]), np.array([point]), np.ones(1))
        truth = derivative(np.longdouble(point))
        assert abs(estimate.value[0] - truth) <= estimate.error[0] <= 1e-3 * max(abs(truth), 1), point
        assert not estimate.kinks[0]


@pytest.mark.parametrize(
    ("f", "value", "half"),
    [
        (np.abs, 0.0, 1.0),
        (lambda x: np.maximum(x, 0), 0.5, 0.5),
        (lambda x: np.clip(x, 0, 1), 0.5, 0.5),
        (lambda x: np.where(x > 0, x, 0.25 * x), 0.625, 0.375),
    ],
)
def test_a_kink_is_flagged_with_both_slopes_within_the_bound(f, value, half):
    x = np.array([-2.0, 0.0, 0.75])
    estimates = numerical_vjp(f, x, np.ones(3)), numerical_jvp(f, x, np.ones(3))
    jacobian = numerical_jacobian(f, x)
    for estimate in estimates:
        assert estimate.kinks.tolist() == [False, True, False]
        assert estimate.value[1] == pytest.approx(value, abs=1e-6)
        assert estimate.error[1] == pytest.approx(half, rel=1e-6)
        assert estimate.error[[0, 2]].max() < 1e-6
    assert jacobian.kinks.tolist() == np.diag([False, True, False]).tolist()
    assert jacobian.error[1, 1] == pytest.approx(half, rel=1e-6)


def test_what_is_smooth_is_no_kink():
    for name, point, s, c in CASES[::3]:
        f, _ = scaled(name, s, c, np.float64)
        assert not numerical_vjp(f, np.array([point], float) * s, np.ones(1)).kinks.any(), (name, point, s, c)


def test_complex_numbers_are_refused():
    z, x = np.array([1 + 1j]), np.array([1.0])
    for call in (
        lambda: numerical_vjp(np.sin, z, np.ones(1)),
        lambda: numerical_jvp(np.sin, z, x),
        lambda: numerical_jvp(np.sin, x, z),
        lambda: numerical_jacobian(np.sin, z),
    ):
        with pytest.raises(TypeError, match="has dtype complex128; complex derivatives are not supported: differentia"):
            call()
    with pytest.raises(TypeError, match="f returned ndarray of dtype complex128; real numbers are needed"):
        numerical_jacobian(lambda x: x * 1j, x)
    with pytest.raises(TypeError, match="cotangent has dtype complex128"):
        numerical_vjp(np.sin, x, z)


@pytest.mark.parametrize(
    "estimate",
    [
        lambda f, x: numerical_vjp(f, x, np.ones(x.shape)),
        lambda f, x: numerical_jvp(f, x, np.ones(x.shape)),
        numerical_jacobian,
    ],
    ids=["vjp", "jvp", "jacobian"],
)
def test_every_evaluation_is_counted_and_the_point_is_left_alone(estimate):
    x, calls = np.linspace(-1, 2, 7), itertools.count()
    before = x.copy()

    def f(x):
        next(calls)
        return np.abs(np.sin(x))

    count = estimate(f, x).evaluations
    assert count == next(calls) > 1
    assert x.tobytes() == before.tobytes()


def test_entries_worked_out_together_are_what_they_are_alone():
    """Every entry measured in a batch of others has the value and the bound that it has as the only input."""
    x = np.random.default_rng(3).normal(size=70) * 10.0 ** np.arange(70)  # in more than one batch, at every size
    coupled = np.sin(np.arange(70.0))  # no axis is separable
    together = numerical_vjp(lambda x: np.tanh(x / 10.0 ** np.arange(70) @ coupled), x, np.ones(()))

    for i in (0, 17, 64, 69):

        def alone(entry, i=i):
            moved = x.copy()
            moved[i] = entry[0]
            return np.tanh(moved / 10.0 ** np.arange(70) @ coupled)

        single = numerical_vjp(alone, x[i : i + 1], np.ones(()))
        assert abs(together.value[i] - single.value[0]) <= together.error[i] + single.error[0]
        assert together.error[i] > 0
