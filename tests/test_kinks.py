"""At a kink every slope between those on either side is right, is counted and shown; elsewhere there is no kink."""

import math
import random
import re

import numpy as np
import pytest
from reading import said

from gradcheck import check


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def relu(x):
    return np.maximum(x, 0)


def checked(f, x, gradient, **options):
    """``Σ f(x)`` at one point, with the gradient claimed there."""
    gradient = np.asarray(gradient, float)
    return check(lambda x: np.sum(f(x)), np.asarray(x, float), grad=lambda x: gradient.copy(), **options)


def wrong(report):
    return [tuple(map(int, i)) for i in np.argwhere(report.tensors[0].wrong)]


# -------------------------------------------------------------------------------- one entry that sits on a kink

LEAKY = lambda x: np.where(x > 0, x, 0.1 * x)  # noqa: E731 - one of a row of functions
CLIP = lambda x: np.clip(x, -1, 2)  # noqa: E731 - the same
HINGE = lambda x: np.maximum(0, 1 - x)  # noqa: E731 - the same
SHRINK = lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)  # noqa: E731 - the same
TENT = lambda x: 1 - np.abs(x)  # noqa: E731 - the same: concave, with a supergradient

SUBGRADIENTS = [  # function, the kink, the slopes left and right of it
    ("relu", relu, 0.0, 0.0, 1.0),
    ("magnitude", np.abs, 0.0, -1.0, 1.0),
    ("leaky relu", LEAKY, 0.0, 0.1, 1.0),
    ("clip, lower edge", CLIP, -1.0, 0.0, 1.0),
    ("clip, upper edge", CLIP, 2.0, 1.0, 0.0),
    ("hinge at the margin", HINGE, 1.0, -1.0, 0.0),
    ("soft threshold", SHRINK, -0.5, 1.0, 0.0),
    ("tent", TENT, 0.0, 1.0, -1.0),
    ("curved on both sides", lambda x: np.where(x < 1, x**3, 2 * x - 1), 1.0, 3.0, 2.0),
    ("steep", lambda x: 1e6 * relu(x), 0.0, 0.0, 1e6),
    ("flat", lambda x: 1e-6 * relu(x), 0.0, 0.0, 1e-6),
]
AT_KINKS = pytest.mark.parametrize(
    ("f", "kink", "left", "right"), [row[1:] for row in SUBGRADIENTS], ids=[row[0] for row in SUBGRADIENTS]
)


@AT_KINKS
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_any_slope_between_the_two_is_right_and_is_shown_beside_them(f, kink, left, right, share):
    chosen = left + share * (right - left)
    report = checked(f, [kink], [chosen])
    assert report.verdict == "agree", str(report)
    assert report["x"].kinks.tolist() == [True]
    numbers = re.search(r"1; at \[0\] (\S+) was chosen between the slopes (\S+) and (\S+)", said(report)).groups()
    assert np.allclose([float(n) for n in numbers], [chosen, min(left, right), max(left, right)], rtol=1e-5, atol=1e-9)


@AT_KINKS
@pytest.mark.parametrize("share", [-0.5, -0.1, 1.1, 1.5])
def test_a_slope_outside_the_two_is_wrong_and_both_are_shown(f, kink, left, right, share):
    report = checked(f, [kink], [left + share * (right - left)])
    assert report.verdict == "disagree", str(report)
    assert wrong(report) == [(0,)]
    assert "on either side of a kink" in said(report)


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0])
def test_relu_at_0(slope):
    report = checked(relu, [0.0, 1.0, -2.0], [slope, 1.0, 0.0])
    assert report.ok
    assert report["x"].kinks.tolist() == [True, False, False]
    assert f"{slope:g} was chosen between the slopes 0 and 1" in said(report)


@pytest.mark.parametrize("slope", [1.5, -0.1, -1.0, 2.0])
def test_relu_at_0_has_its_limits(slope):
    report = checked(relu, [0.0, 1.0, -2.0], [slope, 1.0, 0.0])
    assert not report.ok
    assert wrong(report) == [(0,)]


def test_a_mistake_beside_a_kink_is_still_seen():
    report = checked(relu, [0.0, 1.0, -2.0, 3.0], [0.0, 1.0, 0.0, 1.01])
    assert wrong(report) == [(3,)]


# ----------------------------------------------------------------------------- ties: several entries on one kink

PAIRED, TRIPLE = np.array([2.0, 2.0, 1.0]), np.array([2.0, -1.0, 2.0, 2.0])

TIES = [
    ("the first takes all", np.max, PAIRED, [1, 0, 0], True),
    ("the last takes all", np.max, PAIRED, [0, 1, 0], True),
    ("equal shares", np.max, PAIRED, [0.5, 0.5, 0], True),
    ("unequal shares", np.max, PAIRED, [0.3, 0.7, 0], True),
    ("both take the whole", np.max, PAIRED, [1, 1, 0], False),
    ("nobody takes anything", np.max, PAIRED, [0, 0, 0], False),
    ("shares of more than one", np.max, PAIRED, [0.6, 0.6, 0], False),
    ("shares of less than one", np.max, PAIRED, [0.4, 0.4, 0], False),
    ("a debt", np.max, PAIRED, [1.5, -0.5, 0], False),
    ("a share for one that is not tied", np.max, PAIRED, [0.5, 0.25, 0.25], False),
    ("three equal shares", np.max, TRIPLE, [1 / 3, 0, 1 / 3, 1 / 3], True),
    ("one of three takes all", np.max, TRIPLE, [0, 0, 1, 0], True),
    ("three times the whole", np.max, TRIPLE, [1, 0, 1, 1], False),
    ("two of three take the whole", np.max, TRIPLE, [1, 0, 0, 1], False),
    ("minimum, shared", np.min, np.array([1.0, 1.0, 3.0]), [0.5, 0.5, 0], True),
    ("minimum, twice", np.min, np.array([1.0, 1.0, 3.0]), [1, 1, 0], False),
    ("difference of the tied", lambda x: abs(x[0] - x[1]), PAIRED, [1, -1, 0], True),
    ("difference of the tied, half", lambda x: abs(x[0] - x[1]), PAIRED, [0.5, -0.5, 0], True),
    ("difference of the tied, same sign", lambda x: abs(x[0] - x[1]), PAIRED, [1, 1, 0], False),
    ("sum of magnitudes at 0", lambda x: np.sum(np.abs(x)), np.zeros(3), [1, -1, 0.2], True),
    ("sum of magnitudes at 0, too steep", lambda x: np.sum(np.abs(x)), np.zeros(3), [1, -1.2, 0.2], False),
    ("length at 0", lambda x: np.sqrt(np.sum(x**2)), np.zeros(2), [0, 0], True),
    ("length at 0, a unit vector", lambda x: np.sqrt(np.sum(x**2)), np.zeros(2), [0.6, 0.8], True),
    ("length at 0, too long", lambda x: np.sqrt(np.sum(x**2)), np.zeros(2), [1, 1], False),
    ("largest magnitude", lambda x: np.max(np.abs(x)), np.array([2.0, -2.0, 1.0]), [0.5, -0.5, 0], True),
    ("largest magnitude, twice", lambda x: np.max(np.abs(x)), np.array([2.0, -2.0, 1.0]), [1, -1, 0], False),
]


@pytest.mark.parametrize(("f", "x", "gradient", "right"), [row[1:] for row in TIES], ids=[row[0] for row in TIES])
def test_a_tie_is_shared_in_any_way_but_not_given_out_twice(f, x, gradient, right):
    report = checked(f, x, gradient)
    assert report.verdict == ("agree" if right else "disagree"), str(report)
    assert report["x"].kinks.sum() >= 2


OPPOSED = [
    ("both off", [0, 0], True),
    ("both on", [1, -1], True),
    ("half", [0.5, -0.5], True),
    ("one on", [1, 0], True),
    ("too steep", [1.2, 0], False),
    ("wrong sign", [0, 0.5], False),
]


@pytest.mark.parametrize(("gradient", "right"), [row[1:] for row in OPPOSED], ids=[row[0] for row in OPPOSED])
def test_kinks_of_opposite_curvature_are_independent_of_each_other(gradient, right):
    """Along (1, -1) this is a straight line of slope 1; that does not make it wrong to call both of them off."""
    report = checked(lambda x: relu(x[0]) - relu(x[1]), [0.0, 0.0], gradient)
    assert report.verdict == ("agree" if right else "disagree"), str(report)


def max_pool(x):
    N, H, W = x.shape
    return x.reshape(N, H // 2, 2, W // 2, 2).max(axis=(2, 4))


def max_pool_backward(g, x, share):
    """What `share` makes of each window's maxima, which it gets as 0 and 1."""
    N, H, W = x.shape
    windows = x.reshape(N, H // 2, 2, W // 2, 2).transpose(0, 1, 3, 2, 4).reshape(*g.shape, 4)
    dx = share(1.0 * (windows == windows.max(-1, keepdims=True))) * g[..., None]
    return dx.reshape(*g.shape, 2, 2).transpose(0, 1, 3, 2, 4).reshape(N, H, W)


def first_only(maxima):
    return maxima * (np.cumsum(maxima, -1) == 1)


POOLED = np.random.default_rng(0).integers(0, 3, (2, 4, 6)).astype(float)  # full of ties


@pytest.mark.parametrize(
    ("share", "right"),
    [(first_only, True), (lambda m: m / m.sum(-1, keepdims=True), True), (lambda m: m, False)],
    ids=["first", "equal", "each the whole"],
)
def test_max_pooling_with_ties(share, right):
    report = check(max_pool, POOLED, backward=lambda g, x: max_pool_backward(g, x, share))
    assert report.verdict == ("agree" if right else "disagree"), str(report)
    assert report["x"].kinks.sum() > 10


@pytest.mark.parametrize(
    ("above", "right"),
    [(lambda x, y: x > y, True), (lambda x, y: x >= y, False)],
    ids=["the second takes the tie", "both take the tie"],
)
def test_a_tie_between_two_inputs(above, right):
    x, y = np.array([1.0, 2.0, -1.0]), np.array([1.0, 0.0, -1.0])

    def backward(g, x, y):
        return g * above(x, y), g * (y >= x)

    report = check(np.maximum, x, y, backward=backward)
    assert report.verdict == ("agree" if right else "disagree"), str(report)


# ----------------------------------------------------------------------------------------- what is no kink

SMOOTH = [
    ("fast oscillation", lambda x: np.sin(1000 * x), [0.3, 0.7], lambda x: 1000 * np.cos(1000 * x)),
    ("faster still", lambda x: np.sin(1e5 * x), [0.3, 0.7], lambda x: 1e5 * np.cos(1e5 * x)),
    ("a bend in the second derivative", lambda x: relu(x) ** 2, [0.0, 1.0], lambda x: 2 * relu(x)),
    ("x |x|", lambda x: x * np.abs(x), [0.0, -1.0], lambda x: 2 * np.abs(x)),
    ("huber at its edge", lambda x: np.where(abs(x) < 1, x**2 / 2, abs(x) - 0.5), [1.0, -1.0], np.sign),
    ("elu", lambda x: np.where(x > 0, x, np.expm1(x)), [0.0, -1.0], lambda x: np.where(x > 0, 1, np.exp(x))),
    ("sharp softplus", lambda x: np.logaddexp(0, 100 * x) / 100, [0.0, 0.01], lambda x: 1 / (1 + np.exp(-100 * x))),
    ("steep sigmoid", lambda x: np.tanh(1e4 * x), [0.0, 1e-5], lambda x: 1e4 / np.cosh(1e4 * x) ** 2),
    ("a straight line", lambda x: 3 * x, [0.0, 2.0], lambda x: 3 + 0 * x),
    ("a constant", lambda x: 0 * x + 5, [0.0, 2.0], lambda x: 0 * x),
    ("an inflection", lambda x: x**3, [0.0, 1.0], lambda x: 3 * x**2),
    ("large curvature", lambda x: np.exp(50 * x), [0.5, -0.2], lambda x: 50 * np.exp(50 * x)),
]


@pytest.mark.parametrize(("f", "x", "slope"), [row[1:] for row in SMOOTH], ids=[row[0] for row in SMOOTH])
@pytest.mark.parametrize("exhaustive", [False, True], ids=["directions", "entries"])
def test_what_is_smooth_has_no_kink(f, x, slope, exhaustive):
    x = np.array(x)
    report = checked(f, x, slope(x), exhaustive=exhaustive)
    assert report.verdict == "agree", str(report)
    assert not report["x"].kinks.any()
    off = slope(x) + np.array([0.01 * np.max(np.abs(slope(x))) + 1e-3, 0])
    assert wrong(checked(f, x, off)) == [(0,)]


DISTANCES = [1e-3, 1e-6, 1e-9]


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("company", [[], [1.0, -2.0, 0.7, 3.0]], ids=["alone", "in company"])
def test_a_kink_nearby_is_no_kink_here(distance, side, company):
    x = np.array([side * distance, *company])
    report = checked(relu, x, x > 0)
    assert report.verdict == "agree", str(report)
    assert not report["x"].kinks.any()
    for slope in (0.5, 1.0 - (side > 0)):
        report = checked(relu, x, [slope, *(x[1:] > 0)])
        assert wrong(report) == [(0,)], str(report)


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("kink", [1.0, -3.0, 100.0])
def test_a_kink_near_a_place_other_than_0(distance, kink):
    x = np.array([kink + distance, kink - distance, kink + 1])
    slope = (x > kink) * 1.0
    report = checked(lambda x: relu(x - kink), x, slope)
    assert report.verdict == "agree", str(report)
    assert not report["x"].kinks.any()
    assert wrong(checked(lambda x: relu(x - kink), x, [0.0, *slope[1:]])) == [(0,)]


def test_a_kink_a_thousandth_away_costs_nothing():
    x = normal(64, 128)
    x[np.abs(x) < 2e-3] = 1e-3
    far = np.where(np.abs(x) < 0.5, 0.5, x)

    def evaluations(x):
        return check(relu, x, backward=lambda g, x: g * (x > 0)).evaluations

    assert evaluations(x) == evaluations(far)
    assert evaluations(x) <= 40


@pytest.mark.parametrize("distance", [1e-6, 1e-9])
def test_a_kink_close_by_costs_little(distance):
    x = normal(64, 128)
    x[3, :5] = distance
    report = check(relu, x, backward=lambda g, x: g * (x > 0))
    assert report.verdict == "agree", str(report)
    assert report.evaluations <= 110
    assert not report["x"].kinks.any()


# ------------------------------------------------------------------------------------- noise is called noise


def unrepeatable(x):
    dice = random.SystemRandom()  # has no state that could be put back
    return np.sum(x**2) + 1e-9 * dice.random()


def pseudo_noise(x):
    """Something between 0 and 1 that depends on every bit of x."""
    return np.modf(np.abs(np.sin(x * 1e12) * 43758.5453))[0]


def test_a_forward_that_gives_two_answers_is_called_not_deterministic_and_nothing_else_is_claimed():
    report = check(unrepeatable, np.array([1.0, 2.0]), grad=lambda x: 2 * x)
    (finding,) = report.conduct
    assert (finding.check, finding.ok) == ("deterministic", False)
    assert report.verdict == "disagree"
    assert report["x"].verdict == "undecided"
    assert not report["x"].kinks.any()
    assert "differs between two runs from the same input" in said(report)


NOISY = [1e-12, 1e-9, 1e-6]


@pytest.mark.parametrize("size", NOISY)
@pytest.mark.parametrize("exhaustive", [False, True], ids=["directions", "entries"])
def test_noise_is_no_kink_and_a_right_gradient_is_not_called_wrong(size, exhaustive):
    x = normal(20)
    report = checked(lambda x: x**2 + size * pseudo_noise(x), x, 2 * x, exhaustive=exhaustive)
    assert not report["x"].kinks.any()
    assert report.verdict in ("agree", "undecided"), str(report)
    if report.verdict == "undecided":
        assert "rounding in the forward hides errors below" in said(report)


@pytest.mark.parametrize("size", NOISY)
def test_through_noise_a_gross_mistake_is_still_seen(size):
    x = normal(20)
    assert checked(lambda x: x**2 + size * pseudo_noise(x), x, 3 * x).verdict == "disagree"


def test_a_kink_under_noise_is_not_made_a_mistake():
    report = checked(lambda x: relu(x) + 1e-9 * pseudo_noise(x), [0.0, 1.0], [0.0, 1.0])
    assert report.verdict in ("agree", "undecided"), str(report)


@pytest.mark.parametrize("away", [1e-3, 1e-5, 1e-6, 1e-7, -1e-7, -1e-5, -1e-3])
def test_what_stands_still_beside_a_kink_is_not_called_noisy(away):
    """Beyond the edge of a clip nothing moves; a look further out meets the edge, which is no staircase."""
    x = np.array([1 + away, -1 - away, 0.2, 5.0, 0.7])
    inside = np.abs(x) < 1
    for seed in range(3):
        assert check(lambda x: np.clip(x, -1, 1), x, backward=lambda g, x: g * inside, seed=seed).verdict == "agree"
        wrong = check(lambda x: np.clip(x, -1, 1), x, backward=lambda g, x: g * (1.001 * inside), seed=seed)
        assert wrong.verdict == "disagree"


# ---------------------------------------------------------------------------------- where there is no slope at all

JUMPS = [
    ("a step", lambda x: np.heaviside(x, 0.5), 0.0),
    ("a floor", np.floor, 3.0),
    ("a rounding", np.round, 0.5),
    ("a jump in a slope line", lambda x: np.where(x < 1, x, x + 1), 1.0),
    ("a point apart", lambda x: np.where(x == 1, 2.0, 5.0), 1.0),
]


@pytest.mark.parametrize(("f", "x"), [row[1:] for row in JUMPS], ids=[row[0] for row in JUMPS])
@pytest.mark.parametrize("gradient", [0.0, 1.0])
def test_at_a_jump_nothing_is_decided_and_the_report_says_so(f, x, gradient):
    report = checked(f, [x], [gradient])
    assert report.verdict != "agree", str(report)
    assert "the function jumps, climbs in steps," in said(report)
    assert "choose another point" in said(report)


@pytest.mark.parametrize("f", [lambda x: np.sqrt(np.abs(x)), np.cbrt], ids=["cusp", "vertical tangent"])
def test_an_infinite_slope_is_no_slope(f):
    for gradient in (0.0, 1.0, 1e6):
        assert checked(f, [0.0], [gradient]).verdict != "agree"


# ------------------------------------------------------------------------------------------------- whole layers


def test_a_relu_layer_with_a_few_exact_zeros():
    x = normal(64, 128)
    zeros = [(0, 0), (5, 77), (63, 127)]
    for i in zeros:
        x[i] = 0.0
    for slope in (lambda x: x > 0, lambda x: x >= 0, lambda x: np.heaviside(x, 0.5)):
        report = check(relu, x, backward=lambda g, x, slope=slope: g * slope(x))
        assert report.verdict == "agree", str(report)
        assert [tuple(map(int, i)) for i in np.argwhere(report["x"].kinks)] == zeros
        assert "3; at [0, 0]" in said(report)
        assert report.evaluations <= 150
    report = check(relu, x, backward=lambda g, x: g * np.where(x == 0, 1.5, x > 0))
    assert wrong(report) == zeros


def dense_relu(x, W, b):
    return relu(x @ W + b)


def dense_relu_backward(g, x, W, b, on=np.greater):
    g = g * on(x @ W + b, 0)
    return g @ W.T, x.T @ g, g.sum(0)


def zero_preactivations():
    """x, W, b of small whole numbers, so that a few entries of ``x W + b`` are exactly 0."""
    rng = np.random.default_rng(13)
    x, W, b = rng.integers(-3, 4, (6, 4)), rng.integers(-3, 4, (4, 5)), rng.integers(-3, 4, 5)
    return x.astype(float), W.astype(float), b.astype(float)


def test_relu_after_a_dense_layer_with_preactivations_of_exactly_zero():
    x, W, b = zero_preactivations()
    assert np.sum(x @ W + b == 0) >= 2
    for on in (np.greater, np.greater_equal):
        report = check(dense_relu, x, W, b, backward=lambda g, x, W, b, on=on: dense_relu_backward(g, x, W, b, on))
        assert report.verdict == "agree", str(report)
        assert all(comparison.kinks.any() for comparison in report.tensors)


def test_a_mistake_in_a_dense_relu_layer_is_seen_past_its_kinks():
    x, W, b = zero_preactivations()

    def forgotten(g, x, W, b):
        return g @ W.T, x.T @ g, g.sum(0)

    def whole(g, x, W, b):
        return dense_relu_backward(g, x, W, b, lambda z, _: 1.2 * (z > 0))

    for backward in (forgotten, whole):
        assert check(dense_relu, x, W, b, backward=backward).verdict == "disagree"


def test_the_zero_state_of_a_network_is_a_kink_in_every_parameter():
    """All weights 0, so every pre-activation is exactly 0: whatever the hidden units claim must fit together."""

    def loss(W, v):
        return np.sum(relu(X @ W) @ v)

    def gradient(W, v, on):
        Z = X @ W
        return X.T @ (on(Z) * v), relu(Z).sum(0)

    X, v = np.abs(normal(2, 3)), np.array([1.0, -2.0])
    for on, right in ((lambda Z: Z > 0, True), (lambda Z: Z >= 0, True), (lambda Z: 2.0 * (Z >= 0), False)):
        report = check(loss, np.zeros((3, 2)), v, grad=lambda W, v, on=on: gradient(W, v, on))
        assert report.verdict == ("agree" if right else "disagree"), str(report)


def test_how_much_a_kink_may_hide_is_stated():
    """The smallest error that would have been noticed is honest about the gap between the slopes."""
    comparison = checked(relu, [0.0, 1.0], [0.5, 1.0])["x"]
    assert comparison.noticeable[0] >= 1
    assert comparison.noticeable[1] < 1e-6
    assert math.isfinite(comparison.resolution)


def test_how_much_kinks_everywhere_may_hide_is_stated():
    report = checked(np.abs, np.zeros(3), [0.0, 1.0, -1.0])
    assert report.verdict == "agree"
    assert report["x"].resolution >= 1


@pytest.mark.parametrize("seed", range(3))
def test_joint_subgradients_are_measured_no_better_than_differences_allow(seed):
    def f(b):
        return np.exp(np.sum(np.abs(b)))

    def gradient(b, right=1.0):
        return right * f(b) * np.where(b >= 0, 1.0, -1.0)

    assert check(f, np.zeros(4), grad=gradient, seed=seed).verdict == "agree"
    assert check(f, np.zeros(4), grad=lambda b: gradient(b, 1.001), seed=seed).verdict == "disagree"


@pytest.mark.parametrize("distance", [5e-4, 5.83e-4, 7e-4])
def test_a_kink_closer_than_single_precision_can_step_accuses_nobody(distance):
    """A curve bends it away at large steps, and at small ones it drowns."""

    def f(x):
        z = x.astype(np.float32) - np.float32(1)
        bent = 0.00347 * z - 0.1186 * z * z + 0.01368 * np.maximum(z - np.float32(distance), 0)
        return np.float32(1.017) + np.sum(bent, dtype=np.float32)

    def gradient(x, off=0.0):
        return np.full_like(x, 0.00347 + off)

    x = np.ones(1, np.float32)
    assert check(f, x, grad=gradient).verdict != "disagree"
    assert check(f, x, grad=lambda x: gradient(x, 0.1)).verdict == "disagree"
