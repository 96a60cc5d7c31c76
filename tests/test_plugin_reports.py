"""Summary, HTML, JSON and JUnit tell the same checks, each in its way, with workers as without."""

import json
import re
import shutil
import subprocess
from html import escape, unescape
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from plugin_runs import run

from gradcheck import check
from gradcheck.testing.plugin.document import PUBLISHED, written
from gradcheck.testing.plugin.page import page
from gradcheck.testing.plugin.pictures import blocks, heat_map, pictures
from gradcheck.testing.plugin.record import record

TESTS = """
from hypothesis import given, settings, strategies as st

def test_right(gradcheck): gradcheck(Dense(), x)
def test_wrong(gradcheck): gradcheck(Halved(), x)
def test_bare(): assert check(np.sin, x, backward=lambda dout, x: dout * np.cos(x))
def test_kink(gradcheck): gradcheck(np.abs, np.array([0.0, 1.0, 2.0]), backward=lambda d, x: d * np.sign(x))
@pytest.mark.gradcheck(max_evaluations=9)
def test_undecided(gradcheck): gradcheck(Dense(), x)
@pytest.mark.xfail(reason="known")
def test_known(gradcheck): gradcheck(Halved(), x)
@settings(max_examples=3, database=None)
@given(st.integers(1, 2))
def test_given(gradcheck, n): gradcheck(np.cos, x[:n], backward=lambda dout, x: -dout * np.sin(x))
def test_nothing(): pass
"""
ROW = ("test_right", "test_wrong", "test_bare", "test_kink", "test_undecided", "test_known", "test_given")


def valid(value, schema, root):  # noqa: PLR0911 - a line for each word of the language
    """Whether a value is of the form that a JSON schema describes; the part of the language that ours uses."""
    if "$ref" in schema:
        return valid(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "anyOf" in schema:
        return any(valid(value, one, root) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return value in schema.get("enum", [schema.get("const")])
    kinds = {
        "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "integer": int,
        "number": (int, float),
    }  # fmt: skip
    wanted = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    of_kind = [kind for kind in wanted if isinstance(value, kinds[kind])]
    if not of_kind or (isinstance(value, bool) and "boolean" not in wanted):
        return False
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return (
            set(schema.get("required", ())) <= set(value)
            and (schema.get("additionalProperties", True) or set(value) <= set(known))
            and all(valid(value[name], one, root) for name, one in known.items() if name in value)
        )
    if isinstance(value, list):
        return all(valid(one, schema["items"], root) for one in value)
    return isinstance(value, str | bool | None) or schema.get("minimum", value) <= value <= schema.get("maximum", value)


@pytest.fixture(scope="module")
def schema():
    return json.loads(PUBLISHED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_every_check_is_told_once_in_every_report(pytester, schema, workers):
    if workers:
        pytest.importorskip("xdist", reason="pytest-xdist is not installed")
        pytester.runpytest = pytester.runpytest_subprocess
    options = ("--gradcheck-report=out/r.json", "--gradcheck-report=r.html", "--junitxml=r.xml")
    result = run(pytester, TESTS, *options, *workers)
    result.assert_outcomes(passed=5, failed=2, xfailed=1)
    assert [line for line in result.outlines if "= gradient checks =" in line] != []
    result.stdout.fnmatch_lines(
        [
            "*= gradient checks =*",
            "8 checks in 7 tests: 4 agree, 2 wrong, 1 undecided",
            "15 tensors, * entries, 1 kink, * evaluations",
            "resolution  *e-* of a typical entry at worst: d* in test_it.py::test_*",
            "slowest     * s  test_it.py::test_*  * evaluations",
            "undecided   test_it.py::test_undecided  Dense: undecided for dx, dW, db: max_evaluations=9 was reached *",
            "kinks       test_it.py::test_kink  dx has 1 kink",
            "gradcheck: report of 7 checks in */out/r.json",
            "gradcheck: report of 7 checks in */r.html",
        ]
    )
    data = json.loads((pytester.path / "out" / "r.json").read_text(encoding="utf-8"))
    assert valid(data, schema, schema)
    found = {entry["test"].partition("::")[2]: entry for entry in data["checks"]}
    assert sorted(found) == sorted(ROW)
    assert (found["test_wrong"]["outcome"], found["test_known"]["outcome"]) == ("failed", "xfailed")
    assert found["test_given"]["checks"] == 2
    assert found["test_wrong"]["report"]["tensors"][1]["wrong"] == [[True] * 4] * 3
    markup = (pytester.path / "r.html").read_text(encoding="utf-8")
    assert sorted(re.findall(r"<th scope=row>test_it.py::(\w+)</th>", markup)) == sorted(ROW)
    properties = {
        case.get("name"): {one.get("name"): one.get("value") for one in case.iter("property")}
        for case in ElementTree.parse(pytester.path / "r.xml").iter("testcase")
    }
    assert properties["test_wrong"].items() >= {
        "gradcheck_verdict": "disagree", "gradcheck_tensors": "x, W, b", "gradcheck_wrong_entries": "12",
        "gradcheck_entries": "31", "gradcheck_checks": "1",
    }.items()  # fmt: skip
    assert properties["test_wrong"].keys() >= {"gradcheck_evaluations", "gradcheck_resolution", "gradcheck_seed"}
    assert properties["test_nothing"] == {}
    failure = ElementTree.parse(pytester.path / "r.xml").find(".//*[@name='test_wrong']/failure").get("message")
    assert failure == "gradcheck.GradientError: Halved: dW is wrong in 12 of 12 entries: factor. Multiply by 2."


def test_a_value_of_another_form_is_not_valid(schema):
    report = check(np.sin, np.ones(3), backward=lambda dout, x: dout * np.cos(x))
    whole = {**record("t", report, whole=True), "outcome": "passed", "duration": 0.1, "checks": 1}
    good = json.loads(written([whole]))
    assert valid(good, schema, schema)
    assert not valid({**good, "schema": 2}, schema, schema)
    assert not valid({**good, "more": 1}, schema, schema)
    assert not valid({**good, "checks": [{**good["checks"][0], "outcome": "won"}]}, schema, schema)
    assert not valid({**good, "summary": {**good["summary"], "kinks": -1}}, schema, schema)


def test_the_summary_comes_when_asked_for_or_when_a_check_fails(pytester):
    right = "def test_it(gradcheck): gradcheck(Dense(), x)"
    run(pytester, right).stdout.no_fnmatch_line("*gradient checks*")
    run(pytester, right, "--gradcheck-summary").stdout.fnmatch_lines(["*= gradient checks =*", "1 check in 1 test: *"])
    run(pytester, right, "-ogradcheck_summary=true").stdout.fnmatch_lines(["*= gradient checks =*"])
    run(pytester, f"{right}\ndef test_no(): assert 0").stdout.no_fnmatch_line("*gradient checks*")
    wrong = "def test_it(gradcheck): gradcheck(Halved(), x)"
    run(pytester, wrong).stdout.fnmatch_lines(["*= gradient checks =*", "1 check in 1 test: 1 wrong"])


def test_a_failure_can_be_explained(pytester):
    result = run(pytester, "def test_it(gradcheck): gradcheck(Halved(), x)", "--gradcheck-explain")
    result.stdout.fnmatch_lines(["*gradcheck: the right gradient, step by step*", "*L/*W[[]*", "Departs *", "*given *"])
    untraceable = "def test_it(gradcheck): gradcheck(lambda x: float(np.sum(x**2)), x, grad=lambda x: x)"
    run(pytester, untraceable, "--gradcheck-explain").stdout.fnmatch_lines(["No derivation of dx: *"])


def checked(report, number):
    return {**record(f"test_{number}", report, whole=True), "outcome": "passed", "duration": 0.01, "checks": 1}


def halved(dout, cache):
    x, W = cache
    return dout @ W.T, x.T @ dout / 2


def matrices(rows, inner, columns):
    rng = np.random.default_rng(0)
    x, W = rng.normal(size=(rows, inner)), rng.normal(size=(inner, columns))
    return check(lambda x, W: (x @ W, (x, W)), x, W, backward=halved, name="product")


def test_five_hundred_checks_make_a_page_below_five_megabytes():
    report = matrices(20, 30, 25)
    assert report["W"].numerical is not None
    one = checked(report, 0)
    markup = page([{**one, "test": f"test_layers.py::test_{number}"} for number in range(500)])
    assert markup.count("<tbody class=") == 500
    assert len(markup.encode()) < 5_000_000


def test_the_page_fetches_nothing_and_every_picture_is_said():
    class Reader(HTMLParser):
        addresses, images = [], []

        def handle_starttag(self, tag, attrs):
            found = dict(attrs)
            Reader.addresses += [found[name] for name in ("src", "href") if name in found]
            Reader.images += [found["alt"]] if tag == "img" else []

    markup = page([checked(matrices(5, 3, 4), 1)])
    Reader().feed(markup)
    assert all(address.startswith("data:image/png;base64,") for address in Reader.addresses)
    assert len(Reader.images) == 4
    assert Reader.images[0].startswith("Heat map of dW, analytic: 3 by 4 entries, largest ")
    assert "12 of 12 entries wrong, worst at [" in Reader.images[0]
    assert "@import" not in markup
    assert "url(" not in markup


def test_names_from_outside_do_not_become_markup():
    report = matrices(2, 2, 2)
    report.name = "<script>alert(1)</script>"
    assert "<script>alert" not in page([checked(report, 1)])


def test_pictures_are_on_one_scale_and_keep_the_largest_of_each_block():
    table = np.zeros((60, 50))
    table[59, 3] = -7.0
    assert blocks(table).shape == (24, 24)
    assert blocks(table)[23].min() == -7
    assert np.isnan(blocks(np.full((30, 2), np.nan))).all()
    assert heat_map(np.ones((2, 2)), 1.0) != heat_map(np.ones((2, 2)), 2.0)
    told = pictures(matrices(5, 3, 4)["W"])
    assert [one["of"] for one in told["maps"]] == ["analytic", "numerical", "error"]


@pytest.fixture(scope="module")
def chromium():
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("chromium is not installed")
    return found


def test_a_browser_shows_pictures_and_filters_on_a_phone_too(chromium, tmp_path):
    markup = page([checked(matrices(5, 3, 4), 1), checked(check(np.sum, np.ones(3), grad=np.ones_like), 2)])
    choose = """<script>
    document.querySelector("input[value=agree]").click();
    const rows = [...document.querySelectorAll(".checks > tbody")];
    const visible = rows.filter(row => row.checkVisibility()).map(row => row.className);
    const drawn = [...document.images].every(image => image.complete && image.naturalWidth > 0);
    const wide = document.documentElement.scrollWidth > innerWidth;
    const focusable = document.querySelectorAll("summary, input, pre[tabindex]").length;
    document.title = JSON.stringify({visible, drawn, wide, focusable, said: shown.textContent});
    </script>"""
    phone = f"""<!doctype html><title></title><iframe width=360 height=800 srcdoc="{
        escape(markup.replace("</body>", f"{choose}</body>"))
    }" onload="document.title = this.contentDocument.title"></iframe>"""
    (tmp_path / "r.html").write_text(phone, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
    command = [chromium, *options, "--dump-dom", (tmp_path / "r.html").as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    told = json.loads(unescape(re.search(r"<title>(.*?)</title>", dom)[1]))
    assert told == {"visible": ["agree"], "drawn": True, "wide": False, "focusable": 8, "said": "1 of 2 shown"}
