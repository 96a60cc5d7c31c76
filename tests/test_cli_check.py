"""``gradcheck check``: what it prints, its exit statuses, and no traceback for a user's mistake."""

import json

import pytest

from gradcheck.cli import main

RIGHT = """
def double_forward(x):
    return 2 * x, x

def double_backward(dout, cache):
    return 2 * dout
"""
WRONG = (
    RIGHT + "\ndef triple_forward(x):\n    return 3 * x, x\n\ndef triple_backward(dout, cache):\n    return 2 * dout\n"
)


@pytest.fixture
def layers(tmp_path):
    def write(source):
        path = tmp_path / "layers.py"
        path.write_text(source, encoding="utf-8")
        return str(path)

    return write


def status_and_output(capsys, *arguments):
    status = main(["check", *arguments])
    return (status, *capsys.readouterr())


def test_all_right_is_0_and_a_line_each(capsys, layers):
    status, out, err = status_and_output(capsys, layers(RIGHT))
    assert (status, err) == (0, "")
    assert out.startswith("double_forward  agrees     double_forward on x 3×6")
    assert out.rstrip().endswith("1 agree  (seed 0)")


def test_one_wrong_is_1_with_its_report(capsys, layers):
    path = layers(WRONG)
    status, out, _ = status_and_output(capsys, path)
    assert status == 1
    assert "triple_forward  WRONG" in out
    assert "triple_forward: dx is wrong in 18 of 18 entries" in out
    assert "1 agree, 1 wrong" in out
    assert max(map(len, out.replace(str(path), "layers.py").splitlines())) <= 100


def test_one_name_is_checked_alone(capsys, layers):
    status, out, _ = status_and_output(capsys, f"{layers(WRONG)}:double_forward")
    assert status == 0
    assert "triple" not in out


def test_json_is_the_whole_report(capsys, layers):
    status, out, _ = status_and_output(capsys, layers(WRONG), "--json", "--seed", "4")
    data = json.loads(out)
    assert (status, data["verdict"], data["seed"]) == (1, "disagree", 4)
    assert [(r["name"], r["verdict"]) for r in data["results"]] == [
        ("double_forward", "agree"),
        ("triple_forward", "disagree"),
    ]


def test_verbose_shows_the_reports_of_what_agrees(capsys, layers):
    _, brief, _ = status_and_output(capsys, layers(RIGHT))
    _, full, _ = status_and_output(capsys, layers(RIGHT), "-v", "--exhaustive")
    assert "the forward gives the same output twice" not in brief
    assert "the forward gives the same output twice" in full


@pytest.mark.parametrize(
    ("source", "name", "told"),
    [
        ("x = 1", "", "nothing with a gradient was found"),
        (RIGHT, ":Affine", "has no 'Affine' to check; it has double_forward"),
        ("def f(:", "", "cannot be imported: SyntaxError"),
        ("import numpy as np\nnp.no_such_function()", "", "has no attribute 'no_such_function' (layers.py:2)"),
    ],
)
def test_a_file_with_nothing_to_check_is_2(capsys, layers, source, name, told):
    status, out, err = status_and_output(capsys, layers(source) + name)
    assert status == 2
    assert told in out + err
    assert "Traceback" not in out + err


@pytest.mark.parametrize("target", ["no/such/file.py", "no_such_module_anywhere", ":Affine", " "])
def test_what_is_not_there_is_2_and_one_line(capsys, target):
    status, out, err = status_and_output(capsys, target)
    assert (status, out) == (2, "")
    assert err.startswith("gradcheck: ")
    assert err.count("\n") == 1


def test_several_files_come_one_after_the_other_and_a_broken_one_does_not_end_it(tmp_path, capsys):
    names = ["right.py", "empty.py", "gone.py", "wrong.py"]
    right, empty, gone, wrong = (str(tmp_path / name) for name in names)
    for path, source in ((right, RIGHT), (empty, "x = 1"), (wrong, WRONG)):
        (tmp_path / path).write_text(source, encoding="utf-8")
    assert status_and_output(capsys, right, empty)[0] == 0
    assert status_and_output(capsys, right, gone)[0] == 2
    status, out, err = status_and_output(capsys, gone, right, wrong)
    assert status == 1
    assert err == f"gradcheck: there is no file {gone}\n"
    assert out.index(f"{right}: 1 agree") < out.index("triple_forward  WRONG") < out.index(f"{wrong}: 1 agree, 1 wrong")
    assert [file["verdict"] for file in json.loads(status_and_output(capsys, right, wrong, "--json")[1])] == [
        "agree",
        "disagree",
    ]


def test_a_folder_is_no_file(tmp_path, capsys):
    status, _, err = status_and_output(capsys, str(tmp_path))
    assert status == 2
    assert err == f"gradcheck: {tmp_path} is a folder, and no package; name the files in it: {tmp_path / '*.py'}\n"


def test_an_installed_module_goes_by_its_name(capsys):
    status, out, _ = status_and_output(capsys, "gradcheck.analytic.dense:Dense")
    assert status == 0
    assert "Dense  agrees" in out


def test_an_interrupted_import_says_that_importing_runs_the_file(tmp_path, capsys):
    path = tmp_path / "hangs.py"
    path.write_text("raise KeyboardInterrupt", encoding="utf-8")
    status, out, err = status_and_output(capsys, str(path))
    assert (status, out) == (130, "")
    assert err.startswith(f"gradcheck: interrupted while {path} was imported, which runs it")
