"""`gradcheck derive` writes derivations of the worked example and of functions in files, in every format."""

import json

import pytest

from gradcheck.cli import main

NET = """
import numpy as np

def error(w1, x, t):
    y = np.tanh(w1 * x)
    return np.sum((y - t) ** 2)
"""


@pytest.fixture
def net(tmp_path):
    """A file with a function, and its point."""
    (tmp_path / "my_net.py").write_text(NET, encoding="utf-8")
    (tmp_path / "values.json").write_text('{"w1": 0.5, "x": [1.0, 2.0], "t": [0.1, 0.9]}', encoding="utf-8")
    return f"{tmp_path / 'my_net.py'}:error", "--at", str(tmp_path / "values.json")


def derive(capsys, *arguments):
    status = main(["derive", *arguments])
    return (status, *capsys.readouterr())


def test_the_worked_example_without_arguments(capsys):
    status, out, err = derive(capsys)
    assert (status, err) == (0, "")
    for number in ("0.082167041", "0.358916480", "0.000438568", "0.149780716"):
        assert number in out


@pytest.mark.parametrize(("weight", "gradient"), [("w2", "0.000877135"), ("w8", "-0.022740242"), ("b1", "0.")])
def test_any_weight(capsys, weight, gradient):
    status, out, _ = derive(capsys, weight, "--detail", "brief")
    assert status == 0
    assert gradient in out
    assert f"/∂{weight}" in out or f"/d{weight}" in out


def test_a_function_in_a_file(capsys, net):
    status, out, _ = derive(capsys, *net, "--wrt", "w1", "--format", "json")
    assert status == 0
    data = json.loads(out)
    assert (data["function"], data["wrt"], data["ok"]) == ("error", "w1", True)
    status, out, _ = derive(capsys, *net, "--wrt", "x[0]", "--wrt", "w1", "--format", "json")
    assert [d["wrt"] for d in json.loads(out)["derivations"]] == ["x[0]", "w1"]


@pytest.mark.parametrize(
    ("form", "mark"),
    [("latex", r"\documentclass"), ("html", "<!DOCTYPE html>"), ("md", "## ∂E/∂w5"), ("speech", "Row 1:")],
)
def test_every_format_goes_into_a_file(capsys, tmp_path, form, mark):
    status, out, _ = derive(capsys, "w5", "--format", form, "-o", str(tmp_path / "out"))
    assert (status, out) == (0, "")
    assert mark in (tmp_path / "out").read_text(encoding="utf-8")


def test_language_worksheet_and_rate(capsys, tmp_path):
    path = tmp_path / "out.txt"
    derive(capsys, "w5", "--lang", "zh", "--ask", "-o", str(path))
    assert "答案" in path.read_text(encoding="utf-8")
    derive(capsys, "w5", "--rate", "0.25", "-o", str(path))
    assert "w5 = 0.4 - 0.25 * 0.082167041" in path.read_text(encoding="utf-8")


MISUSE = {
    ("w9",): "wrt is 'w9', but error has the arguments",
    ("nowhere.py:f", "--at", "x"): "nowhere.py: no such Python file; write FILE.py:FUNCTION",
    ("w5", "--at", "x.json"): "argument --at: it is for a function in a file",
    ("w5", "--lang", "fr"): "lang is 'fr'; there are en, zh",
    ("w5", "-o", "nowhere/out.txt"): "argument -o: nowhere/out.txt cannot be written (No such file or directory)",
}


@pytest.mark.parametrize("arguments", MISUSE, ids=" ".join)
def test_misuse_is_one_line_and_status_2(capsys, arguments):
    status, out, err = derive(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("gradcheck: ")
    assert MISUSE[arguments] in err
    assert err.count("\n") == 1


def test_a_file_without_the_function_or_the_point(capsys, net, tmp_path):
    file = net[0].rpartition(":")[0]
    assert "has no function loss; it has error" in derive(capsys, f"{file}:loss", *net[1:])[2]
    assert "a function in a file needs its point" in derive(capsys, net[0])[2]
    (tmp_path / "values.json").write_text("{", encoding="utf-8")
    assert "no JSON" in derive(capsys, *net)[2]
    assert "cannot be read (No such file" in derive(capsys, net[0], "--at", str(tmp_path / "none.json"))[2]
    (tmp_path / "values.json").write_text('{"w1": 1, "x": 2, "t": 3}', encoding="utf-8")
    assert "has no float; name a variable with --wrt" in derive(capsys, *net)[2]
    assert derive(capsys, *net, "--wrt", "w1")[0] == 0
    assert f"names no function; write {file}:error (it has error)" in derive(capsys, file, *net[1:])[2]


def test_a_file_may_import_its_neighbours_and_one_that_fails_is_told_in_a_line(capsys, net, tmp_path):
    (tmp_path / "helpers.py").write_text("def double(x):\n    y = 2 * x\n    return y\n", encoding="utf-8")
    (tmp_path / "mine.py").write_text("from helpers import double\n\n\ndef f(w1, x, t):\n    return double(w1)\n")
    status, out, _ = derive(capsys, f"{tmp_path / 'mine.py'}:f", *net[1:], "--wrt", "w1", "--detail", "brief")
    assert (status, "2.000000000" in out) == (0, True)
    (tmp_path / "mine.py").write_text("raise RuntimeError('boom')\n", encoding="utf-8")
    status, _, err = derive(capsys, f"{tmp_path / 'mine.py'}:f", *net[1:])
    assert status == 2
    assert "boom" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("rate", ["nan", "inf", "fast"])
def test_a_rate_that_is_none(capsys, rate):
    status, _, err = derive(capsys, "w5", "--rate", rate)
    assert status == 2
    assert f"argument --rate: '{rate}' is no learning rate; give a number such as 0.5" in err


def test_a_step_that_was_not_measured_so_ends_with_status_1(capsys, monkeypatch):
    import numpy as np

    from gradcheck.derivation.rules import RULES, Rule

    monkeypatch.setitem(RULES, "exp", Rule(np.exp, (lambda g, ans, x: g,)))
    assert derive(capsys, "w5")[0] == 1
