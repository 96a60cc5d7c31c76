"""The tour can be read everywhere: in a terminal of any width, in a file, without colour, without Unicode."""

import io
import os
import subprocess
import sys

import pytest

from gradcheck.cli.console import ColourConsole, Console, console
from gradcheck.cli.table import Table


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Stream:
    """A terminal or file of some encoding."""

    def __new__(cls, encoding):
        return io.TextIOWrapper(io.BytesIO(), encoding, write_through=True)


def written(stream):
    return stream.buffer.getvalue().decode(stream.encoding)


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return Terminal()


def test_a_terminal_gets_colour(terminal):
    chosen = console(terminal, plain=False)
    chosen.write("Dense  x  agrees")
    assert isinstance(chosen, ColourConsole)
    assert "\x1b[32magrees\x1b[0m" in terminal.getvalue()


def test_plain_is_plain_however_it_is_asked_for(terminal, monkeypatch):
    assert type(console(terminal, plain=True)) is Console
    monkeypatch.setenv("NO_COLOR", "1")
    assert type(console(terminal, plain=False)) is Console
    monkeypatch.setenv("NO_COLOR", "")
    assert type(console(terminal, plain=False)) is ColourConsole
    monkeypatch.setenv("TERM", "dumb")
    assert type(console(terminal, plain=False)) is Console


def test_a_file_is_plain(terminal):
    assert type(console(io.StringIO(), plain=False)) is Console


def test_without_rich_it_is_plain(terminal, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert type(console(terminal, plain=False)) is Console


def test_plain_and_coloured_say_the_same(terminal):
    text = "── 1  Title ───\nGoal     ∂E/∂w5 [1] * [2] agrees, WRONG, undecided"
    plain, coloured = io.StringIO(), io.StringIO()
    for chosen, stream in ((Console, plain), (ColourConsole, coloured)):
        chosen(stream).write(text)
    assert plain.getvalue() == coloured.getvalue() == text + "\n"


def test_long_lines_are_left_to_the_terminal(terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    console(terminal, plain=False).write("x" * 50)
    assert terminal.getvalue() == "x" * 50 + "\n"


def test_progress_leaves_nothing_behind_where_it_is_not_shown():
    stream = io.StringIO()
    with Console(stream).progress() as show:
        show("working", 1, 2)
    assert stream.getvalue() == ""


def test_progress_is_shown_in_a_terminal(terminal):
    with console(terminal, plain=False).progress() as show:
        show("epoch 1 of 2", 1, 2)
    assert "epoch 1 of 2" in terminal.getvalue()
    assert "50%" in terminal.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437"])
def test_what_a_stream_cannot_show_is_written_in_ascii(encoding):
    stream = Stream(encoding)
    Console(stream).write("∂E/∂w5 → δ × 3 ─ 漢")
    assert written(stream) == "dE/dw5 -> delta x 3 - \\u6f22\n"


def test_a_name_that_is_no_text_does_no_harm():
    stream = Stream("utf-8")
    Console(stream).write(os.fsdecode(b"/data/\xff"))
    assert written(stream) == "/data/\\udcff\n"


def test_no_output_at_all_does_no_harm():
    Console(None).write("nobody reads this")


NAMES = ["Dense", "SoftmaxCrossEntropy, probabilities", "BatchNormalization, inference"]


@pytest.mark.parametrize("width", [80, 88, 120])
def test_the_table_fits_its_width_and_loses_no_word(width):
    table = Table(NAMES, width)
    rows = [
        table.header(),
        *(table.row(name, "x 0.W 0.b 2.W 2.b", "1e-13", "2e-11", "106", "agrees") for name in NAMES),
    ]
    assert max(len(line) for row in rows for line in row.splitlines()) <= width
    words = " ".join(rows).split()
    assert {"verdict", "probabilities", "inference", "2.b"} <= set(words)


@pytest.mark.parametrize(("encoding", "mark", "seed"), [("ascii", "dE/dw5 at", "3"), ("utf-8", "∂E/∂w5 at", "4")])
def test_a_whole_tour_suits_its_stream_and_learns_the_digits(encoding, mark, seed):
    out = subprocess.run(
        [sys.executable, "-m", "gradcheck", "tour", "--dataset", "digits", "--seed", seed],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=True,
    )
    text = out.stdout.decode()
    assert mark in text
    assert text.isascii() == (encoding == "ascii")
    assert "\x1b" not in text
    held_out = float(text.split("Trained   ")[1].split("%")[0])
    assert held_out >= 96
