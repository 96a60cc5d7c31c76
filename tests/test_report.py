"""What a report holds: its data, its text, its HTML, its JSON, and that they say the same."""

import json
import pickle
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from gradcheck import GradientError, Report, check

rng = np.random.default_rng(4)
x = rng.normal(size=(5, 4))
w = rng.normal(size=(4, 3))
b = rng.normal(size=3)


def affine(x, w, b):
    return x @ w + b


def right(dout, x, w, b):
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def wrong_in_two(dout, x, w, b):
    dx, dw, db = right(dout, x, w, b)
    dw[1, 2] *= -1
    dw[3, 0] += 0.5 * np.abs(dw).max()
    return dx, dw, db


AGREES = check(affine, x, w, b, backward=right)
WRONG = check(affine, x, w, b, backward=wrong_in_two, seed=3)
EXHAUSTIVE = check(affine, x, w, b, backward=right, exhaustive=True)
KINKS = check(lambda x: np.maximum(x, 0), np.array([-1.0, 0.0, 2.0]), backward=lambda g, x: g * (x > 0))
NAN = check(np.log, np.array([1.0, np.nan]), backward=lambda g, x: g / x)
MISSING = check(affine, x, w, b, backward=lambda dout, x, w, b: (dout @ w.T, None, dout.sum(axis=0)))
RANDOM = check(lambda x: x + np.random.default_rng().normal(), x, backward=lambda g: g, name="a_layer_with_a_long_name")
NONLINEAR = check(lambda x: x**2, x, backward=lambda g, x: 2 * x * np.abs(g), name="a_layer_with_a_long_name")
WARNED = check(lambda x, w: x @ w, x[:1], np.eye(4), backward=lambda g, x, w: (g @ w, x.T @ g))
REPORTS = {
    "agrees": AGREES,
    "wrong": WRONG,
    "exhaustive": EXHAUSTIVE,
    "kinks": KINKS,
    "nan": NAN,
    "missing": MISSING,
    "random": RANDOM,
    "nonlinear": NONLINEAR,
    "warned": WARNED,
}
each = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


# Data


@each
def test_the_fields_of_a_report(report):
    assert isinstance(report, Report)
    assert report.ok is bool(report)
    assert report.ok == (report.verdict == "agree")
    assert report.verdict in {"agree", "disagree", "undecided"}
    assert isinstance(report.evaluations, int)
    assert report.evaluations > 0
    assert all(isinstance(items, list) for items in (report.tensors, report.conduct, report.diagnoses, report.warnings))
    assert report.seed == (3 if report is WRONG else 0)


@each
def test_the_fields_of_a_comparison(report):
    for tensor in report.tensors:
        assert report[tensor.name] is tensor
        assert tensor.verdict in {"agree", "disagree", "undecided"}
        assert tensor.wrong.shape == tensor.kinks.shape == tensor.noticeable.shape == tensor.shape
        assert tensor.wrong.dtype == tensor.kinks.dtype == bool
        assert (tensor.numerical is None) == (tensor.error is None)
        for array in (tensor.analytic, tensor.numerical, tensor.error):
            assert array is None or array.shape == tensor.shape
        assert tensor.worst is None or np.zeros(tensor.shape, bool)[tensor.worst] is not None
        assert tensor.resolution >= 0 or np.isnan(tensor.resolution)
        assert tensor.verdict != "agree" or not tensor.wrong.any()


@each
def test_the_verdict_is_the_worst_of_the_tensors_and_the_conduct(report):
    verdicts = {tensor.verdict for tensor in report.tensors}
    if "disagree" in verdicts or not all(finding.ok for finding in report.conduct):
        assert report.verdict == "disagree"
    else:
        assert report.verdict == ("undecided" if "undecided" in verdicts else "agree")


def test_a_right_gradient():
    assert AGREES
    assert [tensor.name for tensor in AGREES.tensors] == ["x", "w", "b"]
    for tensor in AGREES.tensors:
        assert tensor.analytic is not None
        assert (tensor.numerical, tensor.error) == (None, None)
        assert tensor.resolution < 1e-5
        assert np.all(tensor.noticeable < 1e-4 * np.abs(tensor.analytic).max())


def test_a_wrong_gradient():
    assert not WRONG
    assert [tensor.verdict for tensor in WRONG.tensors] == ["agree", "disagree", "agree"]
    dw = WRONG["w"]
    assert np.argwhere(dw.wrong).tolist() == [[1, 2], [3, 0]]
    assert dw.worst in {(1, 2), (3, 0)}
    assert np.abs(dw.numerical - dw.analytic)[~dw.wrong].max() < 1e-8
    assert np.all(dw.error >= 0)
    assert dw.analytic[1, 2] == pytest.approx(-dw.numerical[1, 2])


def test_exhaustive_measures_every_entry():
    for tensor in EXHAUSTIVE.tensors:
        assert np.isfinite(tensor.numerical).all()
        assert np.isfinite(tensor.error).all()
        assert np.all(np.abs(tensor.numerical - tensor.analytic) <= 2 * tensor.error + 1e-14)
        assert tensor.resolution <= 1e-7


def test_kinks_are_counted_and_are_right():
    assert KINKS
    assert KINKS["x"].kinks.tolist() == [False, True, False]
    assert not KINKS["x"].wrong.any()


def test_an_unknown_tensor_is_named_with_what_there_is():
    with pytest.raises(KeyError, match=r"'W' was not checked; there are x, w, b"):
        AGREES["W"]


def test_a_report_of_nothing_is_not_true():
    assert not Report("nothing", "understood", [], [])


def test_the_seed_repeats_the_report_and_another_draws_another_cotangent():
    again = check(affine, x, w, b, backward=wrong_in_two, seed=3)
    assert again.to_dict() == WRONG.to_dict()
    other = check(affine, x, w, b, backward=wrong_in_two, seed=4)
    assert not np.array_equal(other["w"].analytic, WRONG["w"].analytic)
    assert np.array_equal(other["w"].wrong, WRONG["w"].wrong)


# rtol


def off_by(relative):
    def backward(dout, x, w, b):
        dx, dw, db = right(dout, x, w, b)
        return dx * (1 + relative), dw, db

    return backward


@pytest.mark.parametrize("rtol", [1e-6, 1e-4, 1e-3, 1e-2, 0.05, 0.5])
@pytest.mark.parametrize("exhaustive", [False, True])
def test_rtol_accepts_smaller_errors_and_no_larger_ones(rtol, exhaustive):
    def verdict(relative, **options):
        return check(affine, x, w, b, backward=off_by(relative), exhaustive=exhaustive, **options).verdict

    assert verdict(0.5 * rtol) == "disagree"
    assert verdict(0.5 * rtol, rtol=rtol) == "agree"
    assert verdict(0, rtol=rtol) == "agree"
    assert verdict(2 * rtol, rtol=rtol) == "disagree"


def test_resolution_knows_of_rtol():
    assert check(affine, x, w, b, backward=right, rtol=1e-3)["x"].resolution >= 1e-3


# raise_if_wrong


def test_raise_if_wrong_returns_what_is_right():
    assert AGREES.raise_if_wrong() is AGREES


@pytest.mark.parametrize("report", [WRONG, NAN, MISSING])
def test_raise_if_wrong_raises_what_is_not(report):
    with pytest.raises(GradientError) as raised:
        report.raise_if_wrong()
    assert isinstance(raised.value, AssertionError)
    assert raised.value.report is report
    assert str(raised.value) == str(report)


def test_the_error_survives_pickling():
    error = pickle.loads(pickle.dumps(GradientError(WRONG)))
    assert type(error) is GradientError
    assert str(error) == str(WRONG)
    assert error.report.to_dict() == WRONG.to_dict()
    assert np.array_equal(error.report["w"].numerical, WRONG["w"].numerical)


@each
def test_reports_survive_pickling(report):
    again = pickle.loads(pickle.dumps(report))
    assert str(again) == str(report)
    assert again.ok == report.ok


# JSON


@each
def test_to_dict_is_plain_json(report):
    data = report.to_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["ok"] is report.ok
    assert data["verdict"] == report.verdict
    assert [tensor["name"] for tensor in data["tensors"]] == [tensor.name for tensor in report.tensors]
    assert len(data["conduct"]) == len(report.conduct)
    assert {"diagnoses", "warnings", "evaluations", "seed", "schema"} <= set(data)


def test_numbers_survive_json_to_the_last_bit():
    (data,) = [tensor for tensor in json.loads(json.dumps(WRONG.to_dict()))["tensors"] if tensor["name"] == "w"]
    dw = WRONG["w"]
    for key in ("analytic", "numerical", "error", "wrong", "kinks", "noticeable"):
        assert np.array_equal(np.array(data[key]), getattr(dw, key)), key
    assert tuple(data["worst"]) == dw.worst
    assert data["resolution"] == dw.resolution


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_other_widths_become_json_too(dtype):
    report = check(lambda x: x**2, x.astype(dtype), backward=lambda g, x: 3 * x * g)
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False)) == report.to_dict()


def test_to_dict_hands_out_copies():
    WRONG.to_dict()["warnings"].append("mine")
    WRONG.to_dict()["conduct"][0]["ok"] = None
    assert "mine" not in WRONG.warnings
    assert WRONG.conduct[0].ok is True


# Text


def squeezed(report):
    """The text with its line breaks and columns taken out."""
    return " ".join(str(report).split())


@each
def test_the_text_is_no_wider_than_a_screen(report):
    too_wide = [line for line in str(report).splitlines() if len(line) > 100]
    assert not too_wide
    assert "\t" not in str(report)
    assert not [line for line in str(report).splitlines() if line != line.rstrip()]


def test_the_text_of_a_wrong_gradient():
    text, dw = str(WRONG), WRONG["w"]
    first, *rest = text.splitlines()
    assert first.startswith("affine: dw is wrong in 2 of 12 entries")
    assert f"{WRONG.evaluations} evaluations" in text
    assert "seed 3" in text
    at = dw.worst
    (worst,) = [line for line in rest if line.startswith("  worst ")]
    assert f"dw[{at[0]}, {at[1]}]" in worst
    assert f"analytic {dw.analytic[at]:.9g}" in worst
    assert f"numerical {dw.numerical[at]:.9g} ± {dw.error[at]:.1g}" in worst
    assert re.search(r"^  w +\(4, 3\) +WRONG ", text, re.M)
    assert re.search(r"^  x +\(5, 4\) +agrees ", text, re.M)


def test_the_text_of_a_right_gradient():
    text = str(AGREES)
    assert re.match(r"affine agrees; an error of \S+ of a typical entry would have been noticed", text)
    assert f"{AGREES.evaluations} evaluations, seed 0" in text
    assert all(re.search(rf"^  {name} +\(.*\) +agrees ", text, re.M) for name in "xwb")
    assert "WRONG" not in text
    assert "BAD" not in text


def test_the_text_of_kinks_says_what_was_chosen():
    assert re.search(r"1; at \[1\] -?0 was chosen between the slopes -?[\d.]+ and -?[\d.]+", str(KINKS))


def test_the_text_of_a_0d_tensor_has_no_empty_index():
    report = check(lambda a: a**2, 3.0, grad=lambda a: a)
    assert "worst    da  analytic 3 " in str(report)
    assert "in 1 of 1 entry" in str(report)
    assert "[]" not in str(report)


def test_every_finding_and_warning_is_in_the_text():
    report = WARNED
    assert len(report.warnings) == 2
    assert all(warning in squeezed(report) for warning in report.warnings)
    assert all(finding.message in squeezed(report) for finding in report.conduct)


def test_repr_is_one_line():
    assert repr(WRONG) == "<Report affine: dw is wrong in 2 of 12 entries>"
    assert all("\n" not in repr(report) and len(repr(report)) < 240 for report in REPORTS.values())


def test_the_error_is_called_by_its_public_name():
    assert f"{GradientError.__module__}.{GradientError.__qualname__}" == "gradcheck.GradientError"


@each
def test_columns_of_which_nothing_is_to_be_said_are_left_out(report):
    (head,) = [line for line in str(report).splitlines() if line.startswith("  tensor ")]
    assert ("kinks" in head) == any(tensor.kinks.any() for tensor in report.tensors)
    assert ("worst error" in head) == any(tensor.worst_error is not None for tensor in report.tensors)


def test_the_worst_error_is_measured_as_the_resolution_is():
    x = np.array([1.0, -1.0, 1.0, -1.0, 1e6])
    slightly = np.array([1, 1, 1, 1, 1.001])
    small = check(lambda x: np.sum(x**2), np.append(x, 1e-6), grad=lambda x: 2 * x + 0.02 * (x == 1e-6))["x"]
    large = check(lambda x: np.sum(x**2), x, grad=lambda x: 2 * x * slightly)["x"]
    assert (small.worst, large.worst) == ((5,), (4,))
    assert small.worst_error == pytest.approx(0.01, rel=1e-3), "by a typical entry, not 10,000 times the entry itself"
    assert large.worst_error == pytest.approx(0.001, rel=1e-3), "by the entry itself, not 1,000 times a typical one"


# HTML


class Nesting(HTMLParser):
    """Collects the text, and complains of tags that do not nest."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def parsed(report):
    page = Nesting()
    page.feed(report._repr_html_())
    page.close()
    assert page.open == []
    return page


@each
def test_the_html_is_well_formed_and_says_the_same(report):
    page = parsed(report)
    assert str(report) in page.text
    assert all(tensor.name in page.text and tensor.verdict in page.text for tensor in report.tensors)


def test_the_html_needs_nothing_from_elsewhere():
    html = WRONG._repr_html_()
    assert "http" not in html
    assert "<script" not in html


def test_names_are_escaped_in_html():
    report = check(affine, x, w, b, backward=right, name="<b>&'\"")
    assert "<b>" not in report._repr_html_()
    assert "<b>&'\"" in parsed(report).text
