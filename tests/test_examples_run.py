"""Every worked example runs with public names only and prints what is stored beside it."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gradcheck

FOLDER = Path(__file__).parent.parent / "worked_examples"
SCRIPTS = sorted(FOLDER.glob("[0-9]*.py"))
WINGS = {f"gradcheck.{wing}" for wing in ("numerical", "analytic", "checking", "derivation", "training", "testing")}


def test_there_are_examples_and_each_is_in_the_readme():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert len(SCRIPTS) >= 2
    assert [script.name for script in SCRIPTS if script.name not in text] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_prints_what_is_stored(script, tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"}
    run = subprocess.run(
        [sys.executable, script], capture_output=True, encoding="utf-8", env=environment, cwd=tmp_path, check=False
    )
    assert run.stderr == ""
    assert run.returncode == 0
    assert run.stdout == (FOLDER / "expected" / f"{script.stem}.txt").read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_uses_public_names_only(script):
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gradcheck"):
            assert node.module == "gradcheck" or node.module in WINGS
            assert [alias.name for alias in node.names if alias.name.startswith("_")] == []
            if node.module == "gradcheck":
                assert {alias.name for alias in node.names} <= set(gradcheck.__all__)


def test_no_stored_output_is_left_over():
    stored = {path.stem for path in (FOLDER / "expected").glob("*.txt")}
    assert stored == {script.stem for script in SCRIPTS}
