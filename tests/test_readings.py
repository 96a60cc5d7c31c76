"""What a backward is called with is told by the count of its arguments, else their names, else the numbers."""

from itertools import count

import numpy as np
import pytest
from reading import said

from gradcheck import check

rng = np.random.default_rng(3)
x = rng.normal(size=(5, 4))
w = rng.normal(size=(5, 4))


def tanh(x):
    return np.tanh(x)


BY_NAMES = {
    "backward(dout, *inputs)": lambda dout, x: dout * (1 - np.tanh(x) ** 2),
    "backward(dout, out)": lambda dout, out: dout * (1 - out**2),
    "backward(dout, out, *inputs)": lambda dout, y, x: dout * (1 - y**2) + 0 * x,
    "backward(dout, *inputs, out)": lambda dout, x, y: dout * (1 - y**2) + 0 * x,
}


@pytest.mark.parametrize("text", BY_NAMES)
def test_names_decide_at_no_cost(text):
    calls = count()  # which cannot be put back, as a list or a number would be

    def forward(x):
        next(calls)
        return np.tanh(x)

    report = check(forward, x, backward=BY_NAMES[text])
    assert report, report
    assert report.understood == f"forward/backward pair; {text}"
    assert report.evaluations == next(calls)


BY_NUMBERS = {
    "backward(dout, *inputs)": lambda p, q: p * (1 - np.tanh(q) ** 2),
    "backward(dout, out)": lambda p, q: p * (1 - q**2),
}


@pytest.mark.parametrize("text", BY_NUMBERS)
def test_numbers_decide_where_names_do_not_and_the_report_says_so(text):
    (other,) = set(BY_NUMBERS) - {text}
    report = check(tanh, x, backward=BY_NUMBERS[text])
    assert report, report
    assert report.understood == f"forward/backward pair; {text}, which fits the numbers better than {other}"


@pytest.mark.parametrize("text", BY_NUMBERS)
def test_a_wrong_backward_is_wrong_under_every_reading_and_shown_under_the_nearest(text):
    report = check(tanh, x, backward=lambda p, q: 1.01 * BY_NUMBERS[text](p, q))
    assert report.verdict == "disagree"
    assert f"{text}, which fits" in report.understood
    assert "ratio 1.01" in said(report)


@pytest.mark.parametrize("backward", BY_NUMBERS.values())
def test_the_trial_is_counted(backward):
    calls = count()  # which cannot be put back, as a list or a number would be

    def forward(x):
        next(calls)
        return np.tanh(x)

    assert check(forward, x, backward=backward).evaluations == next(calls)


def test_the_trial_leaves_what_forward_keeps_and_draws():
    memory = {"forwards": 0}

    def forward(x):
        memory["forwards"] += 1
        memory["mask"] = np.random.random(x.shape) < 0.5  # noqa: NPY002 - as dropout is written
        return np.exp(x) * memory["mask"]

    report = check(forward, x, backward=lambda p, q: p * q * memory["mask"])
    assert report, report
    assert "backward(dout, out), which fits" in report.understood
    assert memory == {"forwards": 0}


def test_a_reading_that_cannot_run_is_not_taken():
    def log_softmax(z):
        return z - np.log(np.exp(z).sum(axis=1))[:, None]

    def backward(p, q):
        if np.any(q > 0):
            raise ValueError("log-probabilities are negative")
        return p - np.exp(q) * p.sum(axis=1)[:, None]

    report = check(log_softmax, x, backward=backward)
    assert report, report


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_numbers_decide_at_any_scale_and_precision(scale, dtype):
    point = (np.abs(x) * scale + scale).astype(dtype)
    assert "(dout, out), which" in check(np.sqrt, point, backward=lambda p, q: p / (2 * q)).understood
    assert "(dout, *inputs), which" in check(np.sqrt, point, backward=lambda p, q: p / (2 * np.sqrt(q))).understood


def test_where_no_neighbour_can_be_evaluated_the_first_reading_is_taken():
    def only_here(z):
        if not np.array_equal(z, x):
            raise ValueError("elsewhere")
        return 2 * z

    report = check(only_here, x, backward=lambda p, q: 2 * p)
    assert "backward(dout, *inputs), which" in report.understood
    assert report.verdict != "agree"


def test_a_star_stands_for_the_inputs():
    report = check(lambda x, w: x * w, x, w, backward=lambda dout, *inputs: (dout * inputs[1], dout * inputs[0]))
    assert report, report
    assert report.understood == "forward/backward pair; backward(dout, *inputs)"
    assert check(lambda x, w: x * w, x, w, backward=lambda *everything: (everything[0] * w, everything[0] * x))


@pytest.mark.parametrize("factor", [2, 1])
def test_a_cache_that_is_an_array_with_a_name_in_d(factor):
    """The second argument is no second cotangent, although it begins with a d."""

    def mean_square(x, t):
        return np.mean((x - t) ** 2), x - t

    report = check(mean_square, x, w, backward=lambda dout, diff: factor * dout * diff / diff.size)
    assert report.understood.startswith("forward/backward pair; forward returns (out, cache)")
    assert report.ok == (factor == 2)


def test_a_cache_of_several_parts():
    """``forward -> out, mask, x`` and ``backward(dout, mask, x)``."""

    def forward(x):
        mask = x > 0
        return x * x * mask, mask, x

    assert check(forward, x, backward=lambda dout, mask, x: 2 * dout * x * mask)
    assert not check(forward, x, backward=lambda dout, mask, x: dout * x * mask)


# What is left over and what is left out


def test_more_gradients_than_inputs():
    report = check(lambda x, w: x * w, x, w, backward=lambda dout, x, w: (dout * w, dout * x, dout))
    (finding,) = [finding for finding in report.conduct if not finding.ok]
    assert (finding.check, finding.cause) == ("shape", "extra-gradient")
    assert finding.message == (
        "backward returned 3 gradients, but forward has 2 float inputs, x and w; return one for each"
    )
    assert "3 gradients" in str(report).splitlines()[0]
    assert [tensor.verdict for tensor in report.tensors] == ["agree", "agree"]


def test_places_left_empty_are_no_gradients():
    assert check(lambda x, w: x * w, x, w, backward=lambda dout, x, w: (dout * w, dout * x, None, None))


def test_more_gradients_than_inputs_of_a_scalar_function():
    report = check(lambda x: np.sum(x**2), x, grad=lambda x: (2 * x, x), name="square")
    assert "grad returned 2 gradients, but forward has 1 float input, x" in said(report)
    assert not report
    report = check(lambda x: (np.sum(x**2), 2 * x, x), x, grad=True, name="square")
    assert "square returned 2 gradients, but forward has 1 float input, x" in said(report)


def test_what_is_held_constant_is_said_with_the_remedy():
    def first_only(dout, x, w, b):
        return dout * w + 0 * b

    report = check(lambda x, w, b: x * w + b, x, w, x + w, backward=first_only)
    assert report.understood.endswith("; w and b held constant (no gradient was returned; wrt='w' demands one)")
    assert "held constant" not in check(lambda x, w, b: x * w + b, x, w, x + w, backward=first_only, wrt="x").understood
    demanded = check(lambda x, w, b: x * w + b, x, w, x + w, backward=first_only, wrt=["w"])
    assert "no gradient for w" in said(demanded)
    assert not demanded


def test_a_list_of_floats_is_held_constant_and_named():
    report = check(lambda x, w: x * w, x, [1.0, 2.0, 3.0, 4.0], backward=lambda dout, x, w: dout * np.array(w))
    assert report, report
    assert report.understood.endswith("; w held constant (a list; pass np.array(w) to check it)")
    assert "held" not in check(lambda x, n: x * 2, x, [1, 2], backward=lambda dout, x, n: dout * 2).understood
