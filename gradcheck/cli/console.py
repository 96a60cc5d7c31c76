"""How things are shown: plain text for files, pipes and simple terminals; colour and bars where they help.

Both show the same words. What colour adds is never said by colour alone.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

Show = Callable[[str, int, int], None]

WIDEST = 88

# Where a stream cannot show a character, the nearest that ASCII has.
ASCII = str.maketrans(
    {"∂": "d", "δ": "delta", "σ": "sigma", "×": "x", "·": "*", "−": "-", "–": "-", "—": "-", "─": "-", "═": "="}
    | {"→": "->", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "±": "+-", "…": "...", "ᵀ": "^T", "²": "^2"}
)

# Verdicts are coloured wherever they stand; so are titles, and the words that label a line from its left margin.
COLOURS = {
    r"\b(agrees?|ok)\b": "green",
    r"\b(WRONG|raises)\b": "bold red",
    r"\bundecided\b": "yellow",
    r"(?m)^.+(?=\n═{3})": "bold",
    r"(?m)^(?=.{8,9} \S)[A-Z][a-z]+(?=  )": "cyan",
    r"[─═]{3,}": "dim",
}


class Console:
    """Plain text on a stream.

    Parameters
    ----------
    stream
        Where to; None, as in a process without output, is nowhere.
    """

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.encoding = getattr(stream, "encoding", None) or "utf-8"
        self.ascii = not _can_show("∂δ×→═", self.encoding)

    @property
    def width(self) -> int:
        """How many columns to fill."""
        return min(shutil.get_terminal_size((88, 24)).columns, WIDEST)

    def write(self, text: str = "", style: str = "") -> None:
        """Write a line, or several."""
        if self.stream is not None:
            self._print(self._shown(text), style)

    def heading(self, text: str) -> None:
        """Write the title of a part, ruled to the full width."""
        self.write()
        self.write(f"── {text} ".ljust(self.width, "─"), "bold")
        self.write()

    def progress(self) -> AbstractContextManager[Show]:
        """A progress bar while it is open: call it with a label, how much is done, and of how much (0: unknown)."""
        return self._no_progress()

    def _print(self, text: str, style: str) -> None:
        print(text, file=self.stream, flush=True)

    @contextmanager
    def _no_progress(self) -> Iterator[Show]:
        yield lambda label, done, total: None

    def _shown(self, text: str) -> str:
        text = text.translate(ASCII) if self.ascii else text
        return text.encode(self.encoding, "backslashreplace").decode(self.encoding)


class ColourConsole(Console):
    """The same with rich's colours and progress bars."""

    def __init__(self, stream: Any) -> None:
        from rich.console import Console as Rich  # an optional package

        super().__init__(stream)
        self.rich = Rich(file=stream, highlight=False)

    def progress(self) -> AbstractContextManager[Show]:
        """A progress bar while it is open; it leaves nothing behind."""
        return self._progress()

    def _print(self, text: str, style: str) -> None:
        from rich.text import Text

        coloured = Text(text, style)
        for pattern, colour in COLOURS.items():
            coloured.highlight_regex(pattern, colour)
        self.rich.print(coloured, soft_wrap=True)

    @contextmanager
    def _progress(self) -> Iterator[Show]:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
        with Progress(*columns, console=self.rich, transient=True) as bars:
            bar = bars.add_task("", total=None, visible=False)

            def show(label: str, done: int, total: int) -> None:
                bars.update(bar, description=self._shown(label), completed=done, total=total or None, visible=True)

            yield show


def console(stream: Any, *, plain: bool) -> Console:
    """The console for a stream: plain if asked for, or where colour and bars are unwelcome or cannot be."""
    unwelcome = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if plain or unwelcome or stream is None or not stream.isatty():
        return Console(stream)
    try:
        return ColourConsole(stream)
    except ImportError:
        return Console(stream)


def _can_show(characters: str, encoding: str) -> bool:
    try:
        characters.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
