"""Every worked example runs with public names only, prints what is stored beside it, and draws on request."""

import ast
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import gradcheck

FOLDER = Path(__file__).parent.parent / "worked_examples"
SCRIPTS = sorted(FOLDER.glob("[0-9]*.py"))
DRAWING = [script for script in SCRIPTS if '"--plot"' in script.read_text(encoding="utf-8")]
WINGS = ("numerical", "analytic", "checking", "checking.mutation", "derivation", "training", "testing")
PUBLIC = {f"gradcheck.{wing}" for wing in WINGS}


def named(scripts):
    return pytest.mark.parametrize("script", scripts, ids=lambda script: script.stem)


def stored(script):
    return (FOLDER / "expected" / f"{script.stem}.txt").read_text(encoding="utf-8")


def test_the_readme_lists_the_examples_in_their_order():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\S+\.py)`", text, flags=re.MULTILINE) == [script.name for script in SCRIPTS]


def test_the_examples_are_numbered_without_a_gap():
    assert [int(script.name[:2]) for script in SCRIPTS] == list(range(1, len(SCRIPTS) + 1))


@named(SCRIPTS)
def test_an_example_prints_what_is_stored(script, tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"}
    picture = ["--picture", "network.svg"] if '"--picture"' in script.read_text(encoding="utf-8") else []
    run = subprocess.run(
        [sys.executable, script, *picture],
        capture_output=True, encoding="utf-8", env=environment, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert run.stderr == ""
    assert run.returncode == 0
    assert run.stdout == stored(script)
    assert [path.name for path in tmp_path.iterdir()] == picture[1:]


@named(DRAWING)
def test_an_example_draws_on_request(script, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib", reason="the pictures are drawn with matplotlib, of the extra examples")
    picture = tmp_path / "picture.png"
    monkeypatch.setattr(sys, "argv", [script.name, "--plot", str(picture)])
    runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out == stored(script)
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 5_000


@named(SCRIPTS)
def test_an_example_says_how_it_is_run_and_what_one_learns(script):
    first, *more = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))).splitlines()
    assert first.endswith(".")
    assert f"python worked_examples/{script.name}" in "\n".join(more)


@named(SCRIPTS)
def test_an_example_uses_public_names_only(script):
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gradcheck"):
            assert node.module == "gradcheck" or node.module in PUBLIC
            assert [alias.name for alias in node.names if alias.name.startswith("_")] == []
            if node.module == "gradcheck":
                assert {alias.name for alias in node.names} <= set(gradcheck.__all__)


def test_no_stored_output_is_left_over():
    outputs = {path.stem for path in (FOLDER / "expected").glob("*.txt")}
    assert outputs == {script.stem for script in SCRIPTS}
