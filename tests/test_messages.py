"""The sentences that users read: each names what failed, the value, the likely cause and what to do next."""

import re

import numpy as np
import pytest

import gradcheck
from gradcheck import GradientError, check

x = np.array([[0.7, -1.3, 2.1], [-0.4, 0.9, 1.1]])
v = np.array([0.7, -1.3, 2.1])


def says(report):
    """The text on one line."""
    return " ".join(str(report).split())


class Scale:
    def __init__(self):
        self.w, self.dw = np.array([1.5, -0.5, 2.0]), None

    def forward(self, x):
        self.x = x
        return x * self.w

    def backward(self, dout):
        self.dw = (dout * self.x).sum(axis=0)
        return dout * self.w


# Verdicts


def test_the_sentence_of_agreement():
    assert re.match(
        r"Scale agrees; an error of \de-\d\d of a typical entry would have been noticed \(\d+ evaluations, seed 0\) "
        r"layer object; parameters w as attributes, gradients beside them ",
        says(check(Scale(), x)),
    )


def test_the_sentence_of_disagreement():
    class Forgets(Scale):
        def backward(self, dout):
            super().backward(dout)
            return dout

    text = says(check(Forgets(), x))
    assert re.match(r"Forgets: dx is wrong in 6 of 6 entries \(\d+ evaluations, seed 0\) ", text)
    assert re.search(r"worst dx\[\d, \d\] analytic -?[\d.]+ numerical -?[\d.]+ ± \de-\d\d ratio -?[\d.]+", text)


def test_one_wrong_entry_is_counted_in_good_english():
    def backward(g, x):
        dx = 2 * x * g
        dx[1] *= 2
        return dx

    assert says(check(lambda x: x**2, v, backward=backward, name="square")).startswith(
        "square: dx is wrong in 1 of 3 entries"
    )
    assert "in 1 of 1 entry " in says(check(lambda a: a**2, 3.0, grad=lambda a: a))


def test_a_sign_a_factor_and_a_missing_gradient_are_readable_in_the_ratio():
    def ratio(factor):
        text = says(check(lambda x: x**2, v, backward=lambda g, x: factor * 2 * x * g))
        return float(re.search(r"ratio (\S+)", text).group(1))

    assert [ratio(-1), ratio(2), ratio(0)] == [-1, 2, 0]


@pytest.mark.parametrize("relative", [1e-5, 1e-7])
def test_a_tiny_difference_is_shown_as_one(relative):
    """`ratio 1` beside WRONG would be no help."""
    text = says(check(lambda x: x**2, v, backward=lambda g, x: 2 * x * g * (1 + relative)))
    assert "WRONG" in text
    assert not re.search(r"ratio 1(\s|$)", text)
    assert f"{relative:.0e}" in text or f"{relative:.1e}" in text
    assert "rtol" in text


def test_undecided_says_why_and_what_to_do():
    def noisy(x):
        return (1e20 + x**2).sum()

    text = says(check(noisy, v, grad=lambda x: 2 * x))
    assert "undecided for dx" in text
    assert "rounding in the forward hides errors" in text
    assert "choose another point, use float64, or a scale at which the output is not dominated by a constant" in text


def test_a_point_outside_the_domain():
    def log(x):
        with np.errstate(invalid="ignore"):
            return np.log(x)

    text = says(check(log, v, backward=lambda g, x: g / x))
    assert "the forward returns NaN or infinity at this point; choose inputs inside its domain" in text


def test_the_chosen_slope_at_a_kink_stands_between_both():
    text = says(check(np.abs, np.array([0.0, 1.0]), backward=lambda g, x: g * np.sign(x)))
    assert re.search(r"at \[0\] -?0 was chosen between the slopes -[\d.]+ and [\d.]+", text)


def test_a_wrong_value_at_a_kink_is_shown_with_both_slopes():
    def backward(g, x):
        return g * np.where(x == 0, 1.5, x > 0)

    text = says(check(lambda x: np.maximum(x, 0), np.array([0.0, 1.0]), backward=backward))
    assert re.search(r"worst dx\[0\] analytic \S+ slopes \S+ to \S+ on either side of a kink", text)


# Conduct


def finding(report, check):
    (found,) = [finding for finding in report.conduct if finding.check == check and not finding.ok]
    return found.message


def test_good_conduct_line_by_line():
    lines = [line.strip() for line in str(check(Scale(), x)).splitlines() if line.startswith("  ok ")]
    assert {line.removeprefix("ok").strip() for line in lines} == {
        "the forward gives the same output twice",
        "every gradient is there, in the shape of its tensor",
        "no gradient is of a narrower type than its tensor",
        "every gradient is finite",
        "backward is linear in the cotangent",
        "a second backward gives the same; it overwrites its gradients",
        "backward uses its own, after another forward",
        "backward uses its own, after another instance's forward",
        "inputs, cotangents and parameters are left as they were",
        "no gradient shares memory with an input or a parameter",
    }
    assert len(lines) == len(set(lines))


def test_a_function_overwrites_nothing():
    assert "overwrites" not in says(check(lambda x: x**2, v, backward=lambda g, x: 2 * x * g))


def test_nonlinear():
    report = check(lambda x: x**2, v, backward=lambda g, x: 2 * x * np.abs(g))
    assert re.fullmatch(
        r"backward is not linear in the cotangent: dx\(−2·dout\) is not −2·dx\(dout\), off by \S+ at a size of \S+",
        finding(report, "linear"),
    )


def test_changed_in_place():
    def backward(g, x):
        dx = 2 * x * g
        g[...] = 0
        return dx

    message = finding(check(lambda x: x**2, v, backward=backward), "mutation")
    assert re.fullmatch(
        r"backward changes .*(dout|cotangent).* in place, first at \[0\]: \S+ became 0; .*copy.*", message
    )
    assert "cotangent 0 " not in message


def test_wrong_shape_is_the_headline():
    report = check(lambda x: x**2, v, backward=lambda g, x: (2 * x * g)[:, None], name="square")
    assert finding(report, "shape") == "dx has shape (3, 1), but x has shape (3,); they must agree"
    assert "dx has shape (3, 1), but x has shape (3,)" in " ".join(str(report).split("\n  ")[0].split())


def test_missing():
    report = check(lambda x, w: x * w, v, v + 1, backward=lambda g, x, w: (g * w, None))
    assert finding(report, "shape") == "backward gave no gradient for w; return it, or store it beside w"


def test_narrow():
    report = check(lambda x: x**2, v, backward=lambda g, x: (2 * x * g).astype(np.float32))
    assert finding(report, "dtype") == "dx is float32, but x is float64: precision is lost on the way back"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite(value):
    def backward(g, x):
        dx = 2 * x * np.abs(g)
        dx[1] = value
        return dx

    message = finding(check(lambda x: x**2, v, backward=backward), "finite")
    assert "dx[1]" in message
    assert str(value) in message
    assert "1 of 3 entries" in message
    assert "so are" not in message


def test_complex_names_the_dtype():
    message = finding(check(lambda x: x**2, v, backward=lambda g, x: 2 * x * g + 0j), "shape")
    assert "complex128" in message
    assert "not an array of real numbers" in message


def test_not_deterministic():
    message = finding(check(lambda x: x + np.random.default_rng().normal(), v, backward=lambda g: g), "deterministic")
    assert re.fullmatch(
        r"output 0 of the forward differs between two runs from the same input, parameters and random state, "
        r"first at \[0\]: \S+ became \S+; draw randomness from a Generator the subject holds, or fix its seed",
        message,
    )


def test_a_shared_cache():
    class Shares(Scale):
        def forward(self, x):
            type(self).x = x
            return x * self.w

    assert re.fullmatch(
        r"backward does not use its own, after another instance's forward: dw differs, "
        r"first at \[0\]: \S+ became \S+; keep the cache .*",
        finding(check(Shares(), x), "interleaved"),
    )


# Misuse


MISUSE = {
    "unknown tensor": (lambda: check(Scale(), x, wrt="W"), ValueError, ["wrt", "'W'", "Scale", "x, w"]),
    "wrt is no name": (lambda: check(Scale(), x, wrt=3), TypeError, ["wrt", "3", "name"]),
    "negative seed": (lambda: check(Scale(), x, seed=-1), ValueError, ["seed is -1", "0 or more"]),
    "no seed": (lambda: check(Scale(), x, seed=None), TypeError, ["seed", "None", "integer"]),
    "fractional seed": (lambda: check(Scale(), x, seed=1.5), TypeError, ["seed", "1.5", "integer"]),
    "negative rtol": (lambda: check(Scale(), x, rtol=-0.1), ValueError, ["rtol is -0.1", "0 or more"]),
    "nan rtol": (lambda: check(Scale(), x, rtol=float("nan")), ValueError, ["rtol is nan", "0 or more"]),
    "rtol is text": (lambda: check(Scale(), x, rtol="small"), TypeError, ["rtol", "'small'", "number"]),
    "executor is a number": (lambda: check(Scale(), x, executor=3), TypeError, ["executor", "3", "submit"]),
    "both derivatives": (
        lambda: check(np.sum, v, backward=lambda d: d, grad=np.ones_like),
        (TypeError, ValueError),
        ["backward=", "grad=", "not both"],
    ),
}


@pytest.mark.parametrize(("call", "error", "words"), MISUSE.values(), ids=MISUSE)
def test_misuse_names_the_argument_the_value_and_the_remedy(call, error, words):
    with pytest.raises(error) as raised:
        call()
    text = str(raised.value)
    assert [word for word in words if word not in text] == [], text


def test_only_the_argument_at_fault_is_accused():
    with pytest.raises(ValueError, match="rtol") as raised:
        check(Scale(), x, rtol=-1)
    assert "seed" not in str(raised.value)


def test_seeds_of_numpy_will_do():
    assert check(Scale(), x, seed=np.int64(3)).to_dict() == check(Scale(), x, seed=3).to_dict()


def test_nothing_of_this_library_is_an_empty_name():
    with pytest.raises(TypeError) as raised:
        check(Scale, x)
    assert "''" not in str(raised.value)
    with pytest.raises(TypeError) as raised:
        check(object(), x)
    assert "''" not in str(raised.value)


def test_a_call_that_does_not_fit_shows_the_signature():
    with pytest.raises(TypeError) as raised:
        check(Scale())
    assert "Scale.forward(x)" in str(raised.value)
    assert "missing a required argument: 'x'" in str(raised.value)


def test_arrays_are_not_poured_into_messages():
    with pytest.raises(TypeError) as raised:
        check(np.sum, np.ones(500), grad=np.arange(500.0))
    assert len(str(raised.value)) < 400


def test_errors_are_of_few_kinds():
    assert issubclass(GradientError, AssertionError)
    assert issubclass(gradcheck.checking.NotUnderstoodError, TypeError)
