"""A derivation as plain text, to be followed with a pencil."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

import numpy as np

from gradcheck.derivation import wording
from gradcheck.derivation.derivation import Derivation
from gradcheck.derivation.notation import Python, array_text, decimal
from gradcheck.derivation.route import listing, picture
from gradcheck.derivation.rows import Row

WIDTH = 88
_NARROWEST = 80  # where a row of the table still holds a factor, a formula and two values
_HEAD = 9  # columns for the words on the left
_LABEL = 28  # at most, for what a row gives
_LETTERS = {"∂": "d", "δ": "delta", "→": "->", "−": "-", "·": "*", "─": "-", "═": "=", "×": "x"}
_LINES = (" ─┬─→ ", "  ├─→ ", "  └─→ ", "─┬─→ ", "─┤", "─┘", "─")
_ASCII_LINES = (" -+-> ", "  +-> ", "  +-> ", "-+-> ", "-+", "-+", "-")


def derivation_text(derivation: Derivation, *, ascii: bool = False, width: int = WIDTH) -> str:
    """The whole derivation; `ascii` writes d for ∂ and delta for δ."""
    page = (_AsciiPage if ascii else _Page)(derivation, max(width, _NARROWEST))
    return "\n".join(line.rstrip() for line in page.write())


def plain(text: str) -> str:
    """`text` in ASCII; Greek letters by their names."""
    return "".join(character if character.isascii() else _spelled(character) for character in text)


def _spelled(character: str) -> str:
    name = unicodedata.name(character, "").split()
    if character in _LETTERS:
        return _LETTERS[character]
    if name[:1] == ["GREEK"]:
        return name[-1].lower() if "SMALL" in name else name[-1].capitalize()
    return character.encode("ascii", "backslashreplace").decode()


class _Page:
    """Lays out one derivation."""

    arrow, lines = " → ", _LINES

    def __init__(self, derivation: Derivation, width: int) -> None:
        self.derivation, self.width = derivation, width

    def say(self, text: str) -> str:
        return text

    def write(self) -> Iterator[str]:
        d = self.derivation
        yield from self._wrapped(wording.title(d), self.width)
        yield self.say("═" * self.width)
        yield from self._wrapped(wording.warning(d), self.width)
        yield from self._section("Goal", self._wrapped(wording.goal(d), self.width - _HEAD))
        yield from self._section("Forward", self._forward())
        if not d.rows:
            yield from self._section("Result", self._wrapped(wording.independent(d), self.width - _HEAD))
        else:
            yield from self._section("Route", self._route())
            yield from self._section("Rule", self._rule())
            yield ""
            yield from self._table()
            yield ""
        yield from self._section("Checks", self._checks())
        yield from self._section("Step", self._wrapped(wording.update(d), self.width - _HEAD))
        yield from self._section("Digits", self._wrapped(wording.digits_note(d), self.width - _HEAD))
        yield from self._gradients()

    def _wrapped(self, text: str, width: int) -> list[str]:
        return _wrap(self.say(text), width) if text else []

    def _section(self, head: str, lines: Iterable[str]) -> Iterator[str]:
        for k, line in enumerate(lines):
            yield f"{'' if k else head:<{_HEAD}}{line}"

    def _forward(self) -> Iterator[str]:
        d = self.derivation
        names = {name: self.say(name) for name in d.forward}
        widest = min(max(map(len, names.values()), default=0), 20)
        for name, value in d.forward.items():
            if len(names[name]) > widest:
                yield names[name]
            formula = self._wrapped(Python().write(d.formulas[name]), self.width - _HEAD - widest - 3 - 15)
            amount = decimal(value) if np.ndim(value) == 0 else _shape(value)
            for k, line in enumerate(formula):
                left = f"{_fitting(names[name], widest):<{widest}} = " if k == 0 else " " * (widest + 3)
                room = self.width - _HEAD - len(left)
                yield left + (f"{line:<{room - 14}}{amount:>14}" if k == len(formula) - 1 else line)

    def _route(self) -> list[str]:
        d = self.derivation
        paths = [tuple(self.say(name) for name in path.names) for path in d.paths]
        drawn = picture(paths, self.arrow, self.lines, self.width - _HEAD)
        lines = drawn or [
            part for line in listing(paths, d.path_count, self.arrow) for part in _wrap(line, self.width - _HEAD)
        ]
        return lines if d.path_count == 1 else [*lines, f"{d.path_count:,} paths: multiply along each, add them up"]

    def _rule(self) -> Iterator[str]:
        for row, terms in wording.equations(self.derivation):
            left = self.say(wording.label(row))
            if len(left) > self.width // 2:
                yield from _wrap(left, self.width - _HEAD)
                left = " "
            indent = len(left) + 1
            for k, factors in enumerate(terms):
                term = " · ".join(map(wording.factor_name, factors))
                start = f"{left} = " if k == 0 else " " * indent + "+ "
                room = max(self.width - _HEAD - len(start), 20)
                for line in _wrap(self.say(term), room):
                    yield start + line
                    start = " " * len(start)

    # The table: number, what, formula over its numbers, value, measured

    def _table(self) -> Iterator[str]:
        rows = self.derivation.rows
        what = min(max(len(self._label(row)) for row in rows), _LABEL)
        room = self.width - 5 - 1 - what - 2 - 2 * 14
        yield f"{'#':>4}  {'factor':<{what}}  {'formula, with numbers':<{room}}{'value':>14}{'measured':>14}"
        for row in rows:
            yield from self._row(row, what, room)

    def _label(self, row: Row) -> str:
        """The δ alone where its derivative would be too long."""
        text = self.say(wording.label(row))
        return self.say(row.delta) if row.delta and len(text) > _LABEL else text

    def _row(self, row: Row, what: int, room: int) -> Iterator[str]:
        left = _wrap(self._label(row), what)
        middle = self._wrapped(wording.symbols(row), room)
        numbers = wording.row_numbers(self.derivation, row) if np.ndim(row.value) == 0 else ""
        if numbers and numbers != row.text:
            middle += self._wrapped(f"= {numbers}", room)
        if not row.agrees:
            middle.append("DISAGREES with what was measured")
        value, measured = _amount(row.value), _measured(row)
        for k, (a, b) in enumerate(zip_longest(left, middle, fillvalue="")):
            number = f"[{row.number}]" if k == 0 else ""
            end = f"{value:>14}{measured:>14}" if k == 0 else ""
            yield f"{number:>5} {a:<{what}}  {b:<{room}}{end}"

    def _checks(self) -> Iterator[str]:
        for check in self.derivation.checks:
            name, value, against, verdict = wording.check_line(self.derivation, check)
            room = min(self.width - _HEAD - 39, 40)
            first, *more = _wrap(against, room) or [""]
            yield f"{name:<12} {value:>14}  {first:<{room}} {verdict}".rstrip()
            yield from (" " * 29 + line for line in more)

    def _gradients(self) -> Iterator[str]:
        if self.derivation.shape:
            yield ""
            yield self.say(wording.partial(self.derivation.result, self.derivation.wrt) + ", by the chain rule:")
            yield from _array(self.derivation.value, self.width)
            yield "by central differences:"
            yield from _array(self.derivation.numerical, self.width)


class _AsciiPage(_Page):
    """The same in ASCII."""

    arrow, lines = " -> ", _ASCII_LINES

    def say(self, text: str) -> str:
        return plain(text)


def _fitting(name: str, width: int) -> str:
    return name if len(name) <= width else ""


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False)


def _shape(value: Any) -> str:
    return array_text(value).removeprefix("array") if np.size(value) > 4 else str(np.shape(value))


def _amount(value: Any) -> str:
    return decimal(value) if np.ndim(value) == 0 else str(np.shape(value))


def _measured(row: Row) -> str:
    if row.numerical is None or np.ndim(row.numerical) == 0:
        return "" if row.numerical is None else decimal(row.numerical)
    return "agrees" if row.agrees else "DISAGREES"


def _array(value: Any, width: int) -> list[str]:
    text = np.array2string(np.asarray(value), precision=9, suppress_small=False, max_line_width=width, threshold=60)
    return text.splitlines()
