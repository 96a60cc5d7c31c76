"""Where rounding makes a staircase of a function, no right gradient is called wrong, and a gross mistake is seen."""

import numpy as np
import pytest
from reading import said

from gradcheck import check

SEEDS = range(4)


def verdicts(forward, backward, x):
    """What is said of a gradient by several seeds."""
    return {check(forward, x, backward=backward, seed=seed).verdict for seed in SEEDS}


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("saturation", [20, 30, 36, 40])
def test_the_last_digits_of_a_sum_hide_the_slope_of_what_is_added(saturation):
    """Softplus as one should not write it: ``log(1 + tiny)`` climbs in steps of the last digit of 1."""

    def backward(dout, x):
        return dout / (1 + np.exp(saturation - x))

    assert "disagree" not in verdicts(lambda x: np.log(1 + np.exp(x - saturation)), backward, normal(8, 5))


@pytest.mark.parametrize("size", [1e-5, 1e-7, 1e-8])
def test_a_difference_that_loses_all_digits(size):
    x = normal(5) * size
    assert "disagree" not in verdicts(lambda x: 1 - np.cos(x), lambda dout, x: dout * np.sin(x), x)


@pytest.mark.parametrize("digits", [3, 4, 5, 6, 8, 12])
def test_neither_of_two_meanings_of_a_rounded_function_is_called_wrong(digits):
    """0 is the derivative of the staircase almost everywhere, the cosine the slope of what was rounded."""

    def forward(x):
        return np.round(np.sin(x), digits)

    assert "disagree" not in verdicts(forward, lambda dout, x: dout * np.cos(x), normal(5))
    if digits < 8:  # of finer steps nobody could mean the treads
        assert "disagree" not in verdicts(forward, lambda dout, x: 0 * dout, normal(5))
    assert "agree" not in verdicts(forward, lambda dout, x: 1.5 * dout * np.cos(x), normal(5))


def test_the_report_says_that_there_are_steps():
    report = check(lambda x: np.round(np.sin(x), 3), normal(5), backward=lambda dout, x: dout * np.cos(x))
    assert report.verdict == "undecided"
    assert "climbs in steps" in said(report)
    assert "check what comes before it is rounded" in said(report)


def quantised(x):
    return np.round(8 * x) / 8


def test_a_straight_through_gradient_of_wide_steps_is_wrong():
    assert verdicts(quantised, lambda dout, x: 0 * dout, normal(5) * 3) == {"agree"}
    assert verdicts(quantised, lambda dout, x: dout, normal(5) * 3) == {"disagree"}
    first = check(quantised, normal(5) * 3, backward=lambda dout, x: dout).diagnoses[0]
    assert "a straight-through estimator is none" in first.message


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: np.sin(x).astype(np.float32).astype(float),
        lambda x: (np.sin(x) + 1e8) - 1e8,
        lambda x: np.sin(x) + 1e8,
        lambda x: np.maximum(np.sin(x), -2),
    ],
    ids=["single precision inside", "cancelled", "drowned", "smooth"],
)
def test_a_gradient_left_out_is_wrong_however_the_arithmetic_rounds(forward):
    assert verdicts(forward, lambda dout, x: 0 * dout, normal(5)) == {"disagree"}


def test_a_dead_branch_is_no_staircase():
    x = -1 - np.abs(normal(5))
    assert verdicts(lambda x: np.maximum(x, 0), lambda dout, x: dout, x) == {"disagree"}
    assert verdicts(lambda x: np.clip(x, 0, 1), lambda dout, x: dout, x) == {"disagree"}


def test_lines_that_are_blind_accuse_nobody():
    """Kinks among the steps of single precision: every line is off, no entry is wrong, and nothing can be seen."""
    rng = np.random.default_rng(104)
    x = np.sign(rng.normal(size=50)) * (1 + rng.normal(size=50) * 1e-5)

    def forward(x):
        return np.clip(x.astype(np.float32), -1, 1).astype(float)

    for seed in range(8):
        assert check(forward, x, backward=lambda dout, x: dout * (np.abs(x) < 1), seed=seed).verdict != "disagree"


def half(x):
    """The derivative of ``(exp(x) - 1) / x`` next to 0."""
    return 0.5 + x / 3 + x**2 / 8


@pytest.mark.parametrize("size", [1e-4, 1e-5, 1e-6, 1e-7, 1e-8])
def test_a_sawtooth_that_rounding_makes_accuses_nobody(size):
    """Between two values of ``exp(x)`` the quotient falls steeply, and rises again at the step."""
    x = np.array([0.8, -1.3, 0.6, 1.1, -0.7]) * size
    assert "disagree" not in verdicts(lambda x: (np.exp(x) - 1) / x, lambda dout, x: dout * half(x), x)
    assert "disagree" not in verdicts(lambda x: np.log(1 + x) / x, lambda dout, x: dout * (2 * x / 3 - 0.5), x)


def test_a_sawtooth_where_digits_are_left_is_told_from_a_mistake():
    x = np.array([0.8, -1.3, 0.6, 1.1, -0.7]) * 1e-3
    assert verdicts(lambda x: (np.exp(x) - 1) / x, lambda dout, x: dout * half(x), x) == {"agree"}
    assert verdicts(lambda x: (np.exp(x) - 1) / x, lambda dout, x: 1.1 * dout * half(x), x) == {"disagree"}


@pytest.mark.parametrize("away", [1e-3, 1e-5, 1e-7])
def test_steps_of_the_functions_own_next_to_x_accuse_nobody(away):
    """Of ``floor`` and of a remainder the slope is that between the steps, however near the next one is."""
    x, other = np.array([0.7, 1.3, 2.9, 0.4]), np.array([46.2, -90.1, 7.7, 31.4])
    other[2] = x[2] * (66 - away)
    floor, remainder = (lambda x: np.floor(other / x)), (lambda x: np.mod(other, x))
    assert "disagree" not in verdicts(floor, lambda dout, x: 0 * dout, x)
    assert "disagree" not in verdicts(remainder, lambda dout, x: -dout * floor(x), x)
    assert "agree" not in verdicts(floor, lambda dout, x: 20 * dout, x)
    assert verdicts(remainder, lambda dout, x: dout * (20 - floor(x)), x) == {"disagree"}
