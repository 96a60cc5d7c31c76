"""Text, LaTeX and HTML say the same, fit where they must, and every number in them can be read back."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from gradcheck import explain
from gradcheck.derivation.spelling import decimal
from gradcheck.derivation.worked_example import AT, RATE, error


def shapes(x, W, b, t):
    z = x @ W + b
    probability_of_each_class = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
    return -np.mean(np.sum(t * np.log(probability_of_each_class), axis=1))


def long_names(first_argument_of_the_function, second_argument_of_the_function):
    an_intermediate_value_with_a_long_name = first_argument_of_the_function * second_argument_of_the_function
    another_intermediate_value_with_a_long_name = np.tanh(an_intermediate_value_with_a_long_name) ** 2
    return np.exp(another_intermediate_value_with_a_long_name) / (1 + an_intermediate_value_with_a_long_name)


def tangled(x):
    a = np.sin(x)
    b = a * x
    c = a + b + x
    return a * b * c


RNG = np.random.default_rng(5)
ARRAYS = {
    "x": RNG.normal(size=(4, 3)),
    "W": RNG.normal(size=(3, 2)),
    "b": RNG.normal(size=2),
    "t": np.eye(2)[[0, 1, 1, 0]],
}
CASES = {
    "w1": lambda: explain(error, "w1", AT, rate=RATE, published=0.000438568),
    "w5": lambda: explain(error, "w5", AT, rate=RATE),
    "W": lambda: explain(shapes, "W", ARRAYS),
    "b": lambda: explain(shapes, "b", ARRAYS),
    "long": lambda: explain(
        long_names,
        "first_argument_of_the_function",
        {"first_argument_of_the_function": 0.3, "second_argument_of_the_function": 1.7e-9},
        rate=0.1,
    ),
    "tangled": lambda: explain(tangled, "x", {"x": -123456.789}),
    "small": lambda: explain(tangled, "x", {"x": 1.2e-11}),
}


@pytest.fixture(params=CASES, scope="module")
def derivation(request):
    return CASES[request.param]()


class Reader(HTMLParser):
    """Cells of every table, and what a check on accessibility needs."""

    def __init__(self):
        super().__init__()
        self.tables, self.tags, self.open = [], [], []
        self.attributes = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.append((tag, dict(attrs)))
        if tag not in ("meta", "mspace"):
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1] += data


def read(html):
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader


def test_the_text_fits_88_columns(derivation):
    assert max(map(len, derivation.text().splitlines())) <= 88
    assert max(map(len, derivation.text(ascii=True).splitlines())) <= 88


def test_the_text_has_no_trailing_spaces(derivation):
    assert [line for line in derivation.text().splitlines() if line != line.rstrip()] == []


def test_the_ascii_variant_is_ascii_and_says_the_same_numbers(derivation):
    text = derivation.text(ascii=True)
    assert text.isascii()
    numbers = r"-?\d+\.\d+(?:e[+-]\d+)?"
    assert sorted(re.findall(numbers, text)) == sorted(re.findall(numbers, derivation.text()))


def test_every_number_in_the_text_is_the_rows(derivation):
    lines = derivation.text().splitlines()
    for row in derivation.rows:
        (line,) = [line for line in lines if line.lstrip().startswith(f"[{row.number}] ")]
        if np.ndim(row.value) == 0:
            value, *measured = re.findall(r"-?\d+\.\d{4,}(?:e[+-]\d+)?(?=\s|$)", line[-28:])
            assert float(value) == pytest.approx(row.value, rel=1e-7, abs=6e-10)
            if row.numerical is not None:
                assert float(measured[0]) == pytest.approx(row.numerical, rel=1e-7, abs=6e-10)


def test_rows_cite_earlier_rows_and_come_to_what_they_say(derivation):
    rows = {row.number: row for row in derivation.rows}
    for row in derivation.rows:
        assert all(k < row.number for k in row.cites)
        if row.kind == "product":
            assert row.value == pytest.approx(np.prod([rows[k].value for k in row.cites]), rel=1e-12)
        if row.kind == "sum":
            np.testing.assert_allclose(row.value, sum(rows[k].value for k in row.cites), rtol=1e-12)
    np.testing.assert_allclose(derivation.rows[-1].value, derivation.value, rtol=1e-12)


def test_a_row_whose_last_digit_is_not_reproducible_by_hand_is_named():
    text = str(explain(error, "w1", AT))
    assert round(0.055399425 - 0.019049118, 9) == 0.036350307
    assert "0.036350306" in text
    assert "by hand, [11] may differ in the last digit" in text
    assert "every printed last digit can be reproduced" in str(explain(error, "w5", AT))


def test_the_page_is_well_formed_and_accessible(derivation):
    page = derivation.to_html()
    reader = read(page)
    assert page.startswith("<!DOCTYPE html>")
    assert reader.tags.count("caption") == reader.tags.count("table") == 3
    headers = [attributes for tag, attributes in reader.attributes if tag == "th"]
    assert {attributes["scope"] for attributes in headers} == {"col", "row"}
    assert all(attributes.get("alttext") for tag, attributes in reader.attributes if tag == "math")
    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert "http" not in page
    assert ("html", {"lang": "en"}) in reader.attributes


def test_every_number_on_the_page_is_the_rows(derivation):
    forward, rows, checks = read(derivation.to_html()).tables
    for cells, value in zip(forward[1:], derivation.forward.values(), strict=True):
        assert cells[-1] == (decimal(value) if np.ndim(value) == 0 else str(np.shape(value)))
    for cells, row in zip(rows[1:], derivation.rows, strict=True):
        assert cells[0] == f"[{row.number}]"
        if np.ndim(row.value) == 0:
            assert float(cells[4]) == pytest.approx(row.value, rel=1e-7, abs=6e-10)
    assert [cells[-1] for cells in checks[1:]] == ["agrees"] * len(derivation.checks)


def test_a_notebook_gets_the_same_tables_without_a_page_around_them(derivation):
    fragment = derivation._repr_html_()
    assert "<html" not in fragment
    assert read(fragment).tables == read(derivation.to_html()).tables


def test_names_from_the_code_cannot_break_the_page():
    def f(x):
        values = {"<b>&": x * 2}
        return values["<b>&"] ** 2

    page = explain(f, "x", {"x": 1.0}).to_html()
    assert "<b>" not in page
    read(page)


def test_every_formula_in_latex_is_understood_by_matplotlib(derivation):
    mathtext = pytest.importorskip("matplotlib.mathtext", reason="matplotlib reads LaTeX formulas")
    parser = mathtext.MathTextParser("agg")
    source = derivation.latex()
    assert source.startswith("\\begin{align*}")
    assert source.endswith("\\end{align*}")
    for line in source.splitlines()[1:-1]:
        formula = re.sub(r"\\tag\*\{.*?\}", "", line.removesuffix("\\\\").rstrip()).replace("&", "")
        parser.parse(f"${formula.strip()}$")


def test_latex_rows_carry_tags_that_other_rows_cite(derivation):
    source = derivation.latex()
    tags = re.findall(r"\\tag\*\{\[(\d+)\]\}", source)
    assert tags == [str(row.number) for row in derivation.rows]


def test_the_update_is_shown_only_with_a_rate():
    assert "w1 = 0.15 - 0.5 * 0.000438568 → 0.149780716" in str(explain(error, "w1", AT, rate=RATE)).replace("->", "→")
    assert "Step" not in str(explain(error, "w1", AT))
    assert "w_{1}^{+} &= 0.15 - 0.5 \\cdot 0.000438568 = 0.149780716" in explain(error, "w1", AT, rate=RATE).latex()


def test_an_array_shows_its_gradient_beside_the_numerical_one():
    text = str(CASES["W"]())
    assert "∂shapes/∂W, by the chain rule:" in text
    assert "by central differences:" in text
    assert "x.T @ δ_z" in text


@pytest.mark.parametrize(("encoding", "symbol"), [("ascii", "dE/dw5"), ("cp1252", "dE/dw5"), ("utf-8", "∂E/∂w5")])
def test_print_works_on_any_terminal(encoding, symbol):
    code = (
        "from gradcheck import explain; from gradcheck.derivation.worked_example import AT, error;"
        "print(explain(error, 'w5', AT))"
    )
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment, check=True)
    assert symbol in run.stdout.decode(encoding)


def test_repr_is_one_short_line(derivation):
    assert "\n" not in repr(derivation)
    assert len(repr(derivation)) < 150


def test_a_line_of_the_picture_goes_round_the_boxes_between():
    def f(x):
        a = x**2
        b = np.tanh(a)
        return a * b + x

    page = explain(f, "x", {"x": 0.5}).to_html()
    lanes = re.findall(r'<path[^>]* d="M(\d+) \d+ C[^"]* (\d+) H(\d+) ', page)
    boxes = [
        tuple(map(int, box)) for box in re.findall(r'<rect[^>]* x="(\d+)" y="(\d+)" width="148" height="58"', page)
    ]
    assert len(lanes) == 2  # x to f, a to f
    for start, lane, end in (map(int, found) for found in lanes):
        assert start < end
        assert not any(y <= lane <= y + 58 for x, y in boxes if start < x < end)
