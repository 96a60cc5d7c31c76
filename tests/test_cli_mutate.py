"""``gradcheck mutate``: the survivors are named with the reason, and nobody's files are touched."""

import ast
import json
from argparse import ArgumentParser
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from gradcheck.checking.mutation.trial import trial_of
from gradcheck.cli import main
from gradcheck.cli.mutate import _counting, add_mutate

LAYERS = '''"""Layers."""


def scale_backward(dout, w):
    return [d * w for d in dout]


def bias_backward(dout):
    db = 0.0
    for d in dout:
        db += d
    return db
'''

TESTS = """from layers import bias_backward, scale_backward


def test_scale():
    assert scale_backward([1.0], 3.0) == [3.0]


def test_bias():
    assert bias_backward([1.0, 2.0]) == 3.0
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project")
    (folder / "pyproject.toml").touch()
    (folder / "layers.py").write_text(LAYERS, encoding="utf-8")
    (folder / "test_layers.py").write_text(TESTS, encoding="utf-8")
    (folder / "test_failing.py").write_text("import layers\n\n\ndef test():\n    assert False\n", encoding="utf-8")
    (folder / "test_other.py").write_text("def test():\n    pass\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def outcomes(project):
    """What the tests make of every mistake, as JSON; and what the folder held before and after."""
    before = {path.name: path.read_bytes() for path in project.iterdir()}
    parser = ArgumentParser()
    add_mutate(parser.add_subparsers())
    target, tests = str(project / "layers.py"), str(project / "test_layers.py")
    options = parser.parse_args(["mutate", target, "--test", tests, "--jobs", "2", "--json"])
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("builtins.print", lambda text, **_: said.append(text))
        status = options.run(options)
    after = {path.name: path.read_bytes() for path in project.iterdir()}
    return status, json.loads(said[0]), before == after


def test_survivors_are_told_with_the_reason(outcomes):
    status, found, _ = outcomes
    survived = {(m["before"], m["after"]): m["why"] for m in found["mistakes"] if not m["noticed"]}
    assert status == 1
    assert survived == {
        ("return [d * w for d in dout]", "return [w for d in dout]"): (
            "your inputs cannot tell: both give the same in the only run of this line"
        )
    }


def test_the_others_are_noticed(outcomes):
    noticed = {(m["cause"], m["after"]) for m in outcomes[1]["mistakes"] if m["noticed"]}
    assert noticed == {
        ("missing-factor", "return [d for d in dout]"),
        ("sign", "db -= d"),
        ("missing-term", ""),
        ("overwritten", "db = d"),
    }


def test_the_files_of_the_user_are_left_alone(outcomes):
    assert outcomes[2]


def test_every_mistake_noticed_is_status_0(project, capsys):
    assert main(["mutate", f"{project / 'layers.py'}:bias_backward", "--test", str(project / "test_layers.py")]) == 0
    out = capsys.readouterr().out
    assert "3 plausible mistakes in bias_backward; 3 noticed, 0 survived" in out


MISUSE = [
    (["nowhere.py"], "there is no file 'nowhere.py'; name a Python file with a backward in it"),
    (["layers.py:missing"], "layers.py has no backward called 'missing' to make mistakes in; a backward is called"),
    (["layers.py", "--test", "absent.py"], "argument --test: there is no 'absent.py'"),
    (["layers.py", "--test", "test_failing.py"], "the test fails without any mistake made"),
    (["layers.py", "--test", "test_other.py"], "the test never imports layers.py"),
]


@pytest.mark.parametrize(("arguments", "text"), MISUSE, ids=[" ".join(arguments) for arguments, _ in MISUSE])
def test_a_trial_that_cannot_be_held_says_why(project, monkeypatch, capsys, arguments, text):
    monkeypatch.chdir(project)
    assert main(["mutate", *arguments, "--jobs", "1"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert text in err


def test_jobs_have_to_be_a_number(capsys):
    assert main(["mutate", "layers.py", "--jobs", "0"]) == 2
    assert "argument --jobs: it has to be a whole number of at least 1; it is '0'" in capsys.readouterr().err


@pytest.mark.parametrize(("options", "lean"), [("", True), ("addopts = --hypothesis-show-statistics", False)])
def test_plugins_are_loaded_only_where_the_tests_need_them(tmp_path, options, lean):
    """They take most of the time of a short test, and there are as many runs as mistakes."""
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{options}\n", encoding="utf-8")
    (tmp_path / "layers.py").write_text(LAYERS, encoding="utf-8")
    (tmp_path / "test_layers.py").write_text(TESTS, encoding="utf-8")
    copies = SimpleQueue()
    copies.put(tmp_path)
    trial, patience = trial_of(tmp_path / "layers.py")._rehearsed(copies, ast.parse(LAYERS))
    assert trial.lean is lean
    assert patience > 10
    assert copies.get(timeout=1) == tmp_path


def test_a_terminal_is_told_how_far_it_is(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with _counting() as count:
        count(SimpleNamespace(noticed=True))
        count(SimpleNamespace(noticed=False))
    written = capsys.readouterr().err
    assert "2 mistakes tried, 1 survived" in written
    assert written.endswith("\r\033[K")
