"""What the README shows is what happens: its code runs, and prints what stands beneath it.

A ``python`` block is run, in one session from top to bottom; the ``text`` block that follows it is its output, where a
line ``...`` leaves something out. A block that begins with ``# test_<name>.py`` is a file for pytest, one that
begins with ``# layers.py`` one for ``gradcheck check``. After a change that is meant to change an output, ``python
tests/test_readme.py`` writes the new one into the README.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
LEFT_OUT = "...\n"
VOLATILE = [(r"\d[\d,]* evaluations", "N evaluations"), (r"\d(?:\.\d+)?e-(?:0[6-9]|[1-9]\d)", "tiny")]
"""How often a function was evaluated, and by how much it erred, depend on the machine's rounding."""


def blocks(text: str) -> list[tuple[str, str]]:
    """Language and content of every fenced block."""
    return FENCED.findall(text)


def examples(text: str) -> list[tuple[str, str]]:
    """Every python block, and what is shown beneath it as its output."""
    found = blocks(text)
    pairs = [(*block, *below) for block, below in zip(found, [*found[1:], ("", "")], strict=True)]
    return [(code, below if kind == "text" else "") for language, code, kind, below in pairs if language == "python"]


@cache
def outputs() -> list[str]:
    """What every python block of the README prints."""
    session: dict[str, object] = {}
    codes = [code for code, _ in examples(README.read_text(encoding="utf-8"))]
    return [_output(code, session) for code in codes]


def _output(code: str, session: dict[str, object]) -> str:
    """A file for pytest, a file for ``gradcheck check``, or a part of the session."""
    if code.startswith("# test_"):
        return run_by_pytest(code)
    return run_by_check(code) if code.startswith("# layers.py") else run(code, session)


def run(code: str, session: dict[str, object]) -> str:
    """What the code prints."""
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")  # where ∂ can be shown, it is
    with contextlib.redirect_stdout(terminal):
        exec(compile(code, "README.md", "exec"), session)
    terminal.seek(0)
    return terminal.read()


def run_by_pytest(code: str) -> str:
    """What pytest prints for this file, without the spaces at the ends of lines."""
    with tempfile.TemporaryDirectory() as folder:
        name = code.splitlines()[0].removeprefix("# ")
        (Path(folder) / name).write_text(code, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return re.sub(r" +$", "", result.stdout, flags=re.M)


def run_by_check(code: str) -> str:
    """What ``gradcheck check`` prints for this file, after the command."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "layers.py").write_text(code, encoding="utf-8")
        command = [sys.executable, "-X", "utf8", "-m", "gradcheck", "check", "layers.py"]
        wide = {**os.environ, "COLUMNS": "88"}
        result = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False, env=wide)
    return f"$ gradcheck check layers.py\n{result.stdout}"


def agree(shown: str, printed: str) -> bool:
    """Whether this was printed, but for the lines left out and the digits that vary."""
    for pattern, replacement in VOLATILE:
        shown, printed = re.sub(pattern, replacement, shown), re.sub(pattern, replacement, printed)
    lines = shown.splitlines(keepends=True)
    pattern = "".join("(?:.*\n)*?" if line == LEFT_OUT else re.escape(line) for line in lines)
    return re.fullmatch(pattern, printed) is not None


EXAMPLES = examples(README.read_text(encoding="utf-8"))


@pytest.mark.parametrize("i", range(len(EXAMPLES)), ids=[code.splitlines()[0] for code, _ in EXAMPLES])
def test_a_block_prints_what_is_shown(i):
    shown, printed = EXAMPLES[i][1], outputs()[i]
    assert agree(shown, printed), printed


def test_the_readme_shows_output_of_each_kind():
    assert sum(bool(shown) for _, shown in EXAMPLES) >= 4
    assert any(LEFT_OUT in shown for _, shown in EXAMPLES)
    assert any(code.startswith("# test_") for code, _ in EXAMPLES)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n...\n", "a\nb\n", True),
        ("a\n...\nc\n", "a\nb\nc\n", True),
        ("...\nc\n", "a\nb\nc\n", True),
        ("c\n...\na\n", "a\nb\nc\n", False),
        ("b\n...\n", "a\nc\n", False),
        ("12 evaluations, 3e-11\n", "1,400 evaluations, 8.1e-10\n", True),
        ("ratio 0.2\n", "ratio 0.3\n", False),
        ("error 1e-03\n", "error 2e-03\n", False),
    ],
)
def test_a_difference_in_output_is_seen(shown, printed, same):
    assert agree(shown, printed) is same


def test_quick_start_holds_exactly_two_commands():
    text = README.read_text(encoding="utf-8")
    section = re.search(r"^## Quick start\n(.*?)^## ", text, re.M | re.S).group(1)
    commands = [code for language, code in blocks(section) if language == "sh"]
    assert len(blocks(section)) == len(commands) == 2
    assert [command.count("\n") for command in commands] == [1, 1]
    assert "gradcheck tour" in commands[0]
    assert "pytest" in commands[1]


def test_every_folder_named_in_the_layout_is_there():
    text = README.read_text(encoding="utf-8")
    layout = re.search(r"^## Layout\n\n```text\n(.*?)^```", text, re.M | re.S).group(1)
    folders = [line.split()[0] for line in layout.splitlines()]
    wings = [f"gradcheck/{name}" for name in folders if (README.parent / "gradcheck" / name).is_dir()]
    assert {*wings, *folders} == {*wings, *(f"{Path(wing).name}/" for wing in wings), "gradcheck/"} | {
        "worked_examples/", "tests/", "benchmarks/"
    }  # fmt: skip
    assert len(wings) == 7


if __name__ == "__main__":
    refreshed = README.read_text(encoding="utf-8")
    for (code, shown), printed in zip(EXAMPLES, outputs(), strict=True):
        if LEFT_OUT not in shown:
            refreshed = refreshed.replace(f"{code}```\n\n```text\n{shown}```", f"{code}```\n\n```text\n{printed}```")
    README.write_text(refreshed, encoding="utf-8")
