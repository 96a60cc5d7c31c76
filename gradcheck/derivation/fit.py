"""Text in columns: how wide it is on a terminal, filled up and broken into lines, in any script.

A Chinese character takes two columns, and a line of Chinese may break after any character but not before a
full stop.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata

_CLOSING = "\u3002\uff0c\uff1b\uff1a\uff1f\uff01\u3001\uff09\u2026"  # 。，；：？！、）…
_PIECE = re.compile(r"\s+|[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]|[^\s\u2e80-\u9fff\uf900-\uffef]+")


def columns(text: str) -> int:
    """How many columns a terminal needs.

    Examples
    --------
    >>> columns("δ = 1"), columns("梯度")
    (5, 4)
    """
    if text.isascii():
        return len(text)
    return sum((unicodedata.east_asian_width(c) in "WF") + (not unicodedata.combining(c)) for c in text)


def left(text: str, width: int) -> str:
    """`text` filled up on the right."""
    return text + " " * (width - columns(text))


def right(text: str, width: int) -> str:
    """`text` filled up on the left."""
    return " " * (width - columns(text)) + text


def lines(text: str, width: int) -> list[str]:
    """`text` in lines of so many columns at most, all but the first indented."""
    if columns(text) == len(text):
        return textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)
    return _wide_lines(text, width)


def _wide_lines(text: str, width: int) -> list[str]:
    found, line = [], ""
    for piece in _pieces(text):
        if line.strip() and columns(line) + columns(piece.rstrip()) > width:
            found.append(line.rstrip())
            line = "  " + piece.lstrip()
        else:
            line += piece
        while columns(line) > width and " " not in line.strip():
            found.append(line[:width])
            line = "  " + line[width:]
    return [*found, line.rstrip()] if line.strip() else found


def _pieces(text: str) -> list[str]:
    """Words and single wide characters, each with the closing punctuation that must not begin a line."""
    pieces: list[str] = []
    for piece in _PIECE.findall(text):
        if pieces and piece[0] in _CLOSING:
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return pieces
