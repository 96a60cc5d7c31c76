"""How numbers, arrays, indices and names are written, whatever the language of the formulas."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

DIGITS = 9  # decimals in every table
SHORT = 4  # entries; an array of no more is written out


def decimal(value: float, *, trim: bool = False) -> str:
    """`value` to nine decimals (fewer beyond 100), very small and large ones to seven significant digits.

    Examples
    --------
    >>> decimal(0.15), decimal(0.15, trim=True), decimal(1.5e-7, trim=True)
    ('0.150000000', '0.15', '1.5e-07')
    """
    plain = float(value) + 0.0  # no -0
    if plain != 0 and not 1e-4 <= abs(plain) < 1e6:
        text = f"{plain:.{DIGITS - 3}e}"
        return re.sub(r"\.?0+e", "e", text) if trim else text
    text = f"{plain:.{DIGITS - max(0, len(str(int(abs(plain)))) - 2)}f}"
    return text.rstrip("0").rstrip(".") if trim else text


def array_text(value: Any) -> str:
    """A number, a small array on one line, or a large one by its shape."""
    if np.ndim(value) == 0:
        return decimal(float(value), trim=True)
    if np.size(value) > SHORT:
        return "array(" + ", ".join(map(str, np.shape(value))) + ")"
    return "[" + ", ".join(array_text(item) for item in value) + "]"


def index_text(index: Any) -> str:
    """An index as it stands between the brackets."""
    if isinstance(index, tuple):
        return ", ".join(map(index_text, index))
    if isinstance(index, slice):
        ends = ["" if end is None else str(end) for end in (index.start, index.stop)]
        return ":".join(ends) + ("" if index.step is None else f":{index.step}")
    if index is None or index is Ellipsis:
        return "None" if index is None else "..."
    return str(index) if np.ndim(index) == 0 else "[" + ", ".join(map(str, np.ravel(index))) + "]"


def name_parts(name: str) -> tuple[str, str]:
    """A name as a letter with a subscript.

    Examples
    --------
    >>> name_parts("out_h1"), name_parts("w5"), name_parts("W[0, 1]"), name_parts("one_hot")
    (('out', 'h1'), ('w', '5'), ('W', '0, 1'), ('one_hot', ''))
    """
    indexed = re.fullmatch(r"(.+?)\[(.+)\]", name)
    if indexed:
        base, subscript = name_parts(indexed[1])
        return base, f"{subscript}, {indexed[2]}" if subscript else indexed[2]
    numbered = re.fullmatch(r"(\w*?[^\W\d_])_?(\d+)", name)
    if numbered and "_" not in numbered[1]:
        return numbered[1], numbered[2]
    base, _, subscript = name.strip("_").partition("_")
    words = subscript.split("_")
    if not base or (len(base) > 1 and subscript.isalpha() and len(subscript) > 2):
        return name, ""  # one_hot is a word, out_h1 has an index
    return base, ", ".join(words) if max(map(len, words)) <= 2 else subscript
