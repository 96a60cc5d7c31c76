"""One derivation, many outputs: each can be read back, recomputed, and says no more than the table."""

import json
import re

import numpy as np
import pytest

from gradcheck import explain
from gradcheck.derivation import Derivations
from gradcheck.derivation.spelling import decimal
from gradcheck.derivation.worked_example import AT, RATE, error


@pytest.fixture(scope="module")
def w1():
    return explain(error, "w1", AT, rate=RATE, published=0.000438568)


@pytest.fixture(scope="module")
def w5():
    return explain(error, "w5", AT, rate=RATE)


def dense(x, W, b, t):
    z = x @ W + b
    y = np.tanh(z)
    return np.mean((y - t) ** 2)


RNG = np.random.default_rng(3)
AT_DENSE = {
    "x": RNG.normal(size=(5, 3)),
    "W": RNG.normal(size=(3, 2)),
    "b": RNG.normal(size=2),
    "t": RNG.normal(size=(5, 2)),
}


@pytest.fixture(scope="module")
def weights():
    return explain(dense, "W", AT_DENSE)


# JSON


def test_the_data_survive_json_and_name_their_version(w1, weights):
    for d in (w1, weights):
        data = json.loads(json.dumps(d.to_dict(), allow_nan=False))
        assert data["schema"] == "gradcheck.derivation/1"
        assert data == d.to_dict()
        np.testing.assert_array_equal(data["value"], d.value)


def test_the_rows_of_the_data_can_be_recomputed(w1):
    data = json.loads(json.dumps(w1.to_dict()))
    names = {**data["at"], **{step["name"]: step["value"] for step in data["forward"]}, "exp": np.exp}
    values = {row["number"]: row["value"] for row in data["rows"]}
    for step in data["forward"]:
        assert eval(step["formula"], {}, names) == pytest.approx(step["value"], rel=1e-12)
    for row in data["rows"]:
        if row["kind"] == "factor":
            assert eval(row["formula"], {}, names) == pytest.approx(row["value"], rel=1e-12)
        else:
            made = [values[k] for k in row["cites"]]
            assert row["value"] == pytest.approx(np.prod(made) if row["kind"] == "product" else sum(made), rel=1e-12)
    assert data["updated"] == pytest.approx(0.15 - 0.5 * data["value"])


def test_what_is_not_finite_is_null():
    big = np.ones(400)
    d = explain(lambda x: np.sum(x**2), "x", {"x": big})
    numerical = d.to_dict()["numerical"]
    assert None in numerical
    assert any(value is not None for value in numerical)
    json.dumps(d.to_dict(), allow_nan=False)


# Worksheet and detail


@pytest.mark.parametrize("form", ["text", "markdown", "to_html", "latex"])
def test_a_worksheet_has_blanks_and_the_answers_at_the_end(w1, form):
    page = getattr(w1, form)(ask=True)
    blank = r"\_" if form in ("markdown", "latex") else "_"
    question, answer = page, ""
    if form != "latex":
        mark = {"text": "\nAnswers", "markdown": "### Answers", "to_html": "<details>"}[form]
        question, answer = page.split(mark)
        for row in w1.rows:
            assert decimal(row.value) in answer
        assert decimal(w1.updated) in answer
    assert question.count(blank * 8) >= len(w1.rows)
    for value in ("0.000438568", "0.036350306", "0.055399425", "0.149780716"):
        assert value not in question


def test_a_worksheet_document_has_its_answers_at_the_end(w1):
    document = w1.latex(form="document", ask=True)
    assert document.index("0.036350306") > document.index(r"\end{tabular}")


def test_brief_is_the_rule_the_last_rows_and_the_verdict(w1, w5):
    brief = w1.text(detail="brief")
    assert re.findall(r"^ *\[(\d+)\]", brief, re.M) == ["11", "12", "13", "14"]
    assert "Forward" not in brief
    assert "Rule" in brief
    assert "each factor" not in brief
    assert len(brief.splitlines()) < len(w1.text().splitlines()) / 2
    assert re.findall(r"^ *\[(\d+)\]", w5.text(detail="brief"), re.M) == ["1", "2", "3", "4", "5"]


def test_full_adds_how_a_local_derivative_comes_about(w5):
    assert "Why" not in w5.text()
    text = w5.text(detail="full")
    for line in ("u1 = -net_o1", "u2 = exp(u1)", "∂u2/∂u1 = u2", "∂out_o1/∂u3 = -out_o1 / u3"):
        assert line in text
    assert "multiplied: out_o1 * (1 - out_o1)" in text
    assert "operation by operation" in w5.to_html(detail="full")
    assert "operation by operation" in w5.markdown(detail="full")


def test_a_detail_or_form_that_is_not_there(w1):
    with pytest.raises(ValueError, match="detail is 'long'; there are brief, normal, full"):
        w1.text(detail="long")
    with pytest.raises(ValueError, match="form is 'pdf'; there are display, inline, document"):
        w1.latex(form="pdf")


# Markdown


def test_every_table_in_markdown_has_as_many_cells_in_each_row(w1, weights):
    for d in (w1, weights):
        for block in re.findall(r"(?:^\|.*\n)+", d.markdown(), re.M):
            counts = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(counts) == 1


def test_every_number_in_markdown_is_the_rows(w1):
    rows = re.findall(r"^\| \\\[(\d+)\\\] \|.* \| (\S+) \|\s*\S* \|$", w1.markdown(), re.M)
    assert len(rows) == len(w1.rows)
    for number, value in rows:
        assert float(value) == pytest.approx(w1.rows[int(number) - 1].value, abs=6e-10)


# LaTeX


def test_a_document_is_balanced_and_needs_amsmath_alone(w1, weights):
    for d in (w1, weights):
        source = d.latex(form="document", detail="full")
        assert source.startswith("\\documentclass{article}\n\\usepackage{amsmath}\n")
        assert re.findall(r"\\usepackage.*", source) == ["\\usepackage{amsmath}"]
        assert source.count("{") == source.count("}")
        begun, ended = re.findall(r"\\begin\{(.*?)\}", source), re.findall(r"\\end\{(.*?)\}", source)
        assert sorted(begun) == sorted(ended)
        assert source.isascii()
        assert not re.search(r"\\item \[", source)  # would be taken for a label
        assert not re.search(r"\\\\\s*\[", source)  # would be taken for a distance


def test_inline_is_one_formula(w1):
    mathtext = pytest.importorskip("matplotlib.mathtext", reason="matplotlib reads LaTeX formulas")
    source = w1.latex(form="inline")
    assert "\n" not in source
    assert source.endswith("= 0.000438568")
    assert source.count(r"\frac") == 13
    mathtext.MathTextParser("agg").parse(f"${source}$")


# Speech


def test_what_is_read_aloud_has_no_symbols(w1, weights):
    for d in (w1, weights):
        text = d.to_speech()
        assert not set("∂δ·×*/=_[]()→") & set(text)
        for row in d.rows:
            assert f"Row {row.number}:" in text
    assert "minus 0.019049118" in w1.to_speech()
    assert "It is called delta." in w1.to_speech()
    assert "an array of shape 3 by 2" in weights.to_speech()


# HTML


def test_the_picture_shows_values_gradients_and_the_way(w1):
    page = w1.to_html()
    (picture,) = re.findall(r"<svg.*?</svg>", page, re.S)
    assert 'role="img"' in picture
    assert "<title>" in picture
    texts = re.findall(r"<text[^>]*>(.*?)</text>", picture)
    for name, value in w1.forward.items():
        assert name in texts
        assert f"= {decimal(value, trim=True)}" in texts
    for gradient in w1.gradients.values():
        assert f"∂: {decimal(gradient, trim=True)}" in texts
    boxes = picture.count('<rect class="way"')
    assert boxes == len({name for path in w1.paths for name in path.names})
    assert picture.count("<path class") == len(
        {pair for p in w1.paths for pair in zip(p.names, p.names[1:], strict=False)}
    )


def test_the_picture_needs_no_style_sheet(w1):
    (head,) = re.findall(r"<svg[^>]*>", w1.to_html())
    assert 'fill="none" stroke="currentColor"' in head
    assert w1.to_html().count('<g fill="currentColor" stroke="none"><text') == w1.to_html().count("<rect")


def test_every_page_shows_an_arrays_gradient_beside_the_measured_one(weights):
    first = f"{weights.value[0, 0]:.9f}"
    measured = f"{weights.numerical[0, 0]:.9f}"
    for page in (weights.text(), weights.markdown(), weights.to_html(), weights.latex(form="document")):
        assert page.count(first) + (page.count(measured) if measured != first else 0) >= 2
        assert "by central differences:" in page


def test_an_arrays_worksheet_asks_for_the_shapes(weights):
    page, key = weights.text(ask=True).split("Answers")
    rule = page.split("Rule")[1].split("#")[0]
    assert "δ_z = " in rule
    assert "(5×2)" not in rule
    assert "[2] (5, 2)" in key


def test_the_page_works_on_paper_and_in_the_dark(w1):
    page = w1.to_html()
    assert "@media print" in page
    assert "size: A4" in page
    assert "color-scheme: light dark" in page
    assert not re.search(r"<script|<link|@import|url\(|https?:", page)


def test_a_quotient_in_mathml_has_a_denominator():
    page = explain(lambda x, n: np.sum(x) / n, "x[0]", {"x": np.ones(3), "n": 5.0}).to_html()
    page += explain(lambda x: x / 3, "x", {"x": 1.0}).to_html()
    assert "<mn>3</mn>" in page
    assert not re.search(r"<mrow>\d", page)  # a bare number is not shown


# Notebooks


def test_a_front_end_gets_every_form_or_those_it_asks_for(w1):
    bundle = w1._repr_mimebundle_()
    assert list(bundle) == ["text/plain", "text/markdown", "text/latex", "text/html"]
    assert bundle["text/html"] == w1._repr_html_()
    assert list(w1._repr_mimebundle_(include=["text/html", "image/png"])) == ["text/html"]
    assert "text/latex" not in w1._repr_mimebundle_(exclude=["text/latex"])


# Several at once


def test_several_variables_give_several_derivations():
    found = explain(error, ["w1", "w5"], AT, rate=RATE)
    assert isinstance(found, Derivations)
    assert [d.wrt for d in found] == ["w1", "w5"]
    assert found["w5"].value == found[1].value == pytest.approx(0.082167041, abs=5e-10)
    assert found.ok
    assert found.text(detail="brief").count("Rule") == 2
    assert found.to_html().count("<h1>") == 2
    assert found.to_html().count("<!DOCTYPE") == 1
    assert found.latex(form="document").count(r"\documentclass") == 1
    assert found.markdown().count("## ∂E") == 2
    assert [d["wrt"] for d in found.to_dict()["derivations"]] == ["w1", "w5"]
    assert "text/html" in found._repr_mimebundle_()
    with pytest.raises(KeyError, match="no derivation with respect to 'w9'; there are those of w1, w5"):
        found["w9"]


# What stands beside the numbers


def test_the_parts_of_a_comparison_multiply_to_the_whole(w1):
    whole = dict(w1.remarks)["sense_smaller"]["ratio"]
    assert whole == pytest.approx(0.082167041 / 0.000438568, rel=1e-5)
    ratios = [
        fields["ratio"] for key, fields in w1.remarks if key.startswith(("sense_last", "sense_between", "sense_head"))
    ]
    assert np.prod(ratios) == pytest.approx(whole, rel=1e-12)
    assert "187 times smaller than ∂E/∂w5" in w1.text()
    assert "partly cancel" in w1.text()


def test_a_sense_is_told_of_both_signs():
    assert "E grows with w5" in explain(error, "w5", AT).text()
    assert "E falls as w7 grows" in explain(error, "w7", AT).text()
    assert "does not change" in explain(lambda x: (x - 1) ** 2, "x", {"x": 1.0}).text()


def test_autograd_is_asked_for_a_second_opinion_where_it_can_answer(w1):
    assert [check.name for check in w1.checks] == ["numerical", "factors", "autograd", "published"]
    silent = explain(lambda x: np.copy(x) ** 2, "x", {"x": 2.0})
    assert "autograd" not in [check.name for check in silent.checks]
    assert silent.ok
