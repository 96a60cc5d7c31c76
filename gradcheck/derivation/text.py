"""A derivation as plain text, to be followed with a pencil."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

import numpy as np

from gradcheck.derivation.derivation import Derivation
from gradcheck.derivation.fit import columns, left, lines, right
from gradcheck.derivation.notation import Python
from gradcheck.derivation.route import listing, picture
from gradcheck.derivation.rows import Row
from gradcheck.derivation.spelling import decimal
from gradcheck.derivation.wording import Wording, signed

WIDTH = 88
_NARROWEST = 80  # where a row of the table still holds a factor, a formula and two values
_HEAD = 9  # columns for the words on the left
_AMOUNT = 14  # columns for a value, at least
_LABEL = 28  # at most, for what a row gives
_LETTERS = {
    "∂": "d",
    "δ": "delta",
    "→": "->",
    "−": "-",
    "·": "*",
    "⊙": "*",
    "─": "-",
    "═": "=",
    "×": "x",
    "ᵀ": ".T",
    "…": "...",
}
_LINES = (" ─┬─→ ", "  ├─→ ", "  └─→ ", "─┬─→ ", "─┤", "─┘", "─")
_ASCII_LINES = (" -+-> ", "  +-> ", "  +-> ", "-+-> ", "-+", "-+", "-")


def derivation_text(derivation: Derivation, wording: Wording, width: int = WIDTH) -> str:
    """The whole derivation in so many columns."""
    page = (_AsciiPage if wording.ascii else _Page)(derivation, wording, max(width, _NARROWEST))
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

    def __init__(self, derivation: Derivation, wording: Wording, width: int) -> None:
        self.derivation, self.words, self.width = derivation, wording, width
        self.room = width - _HEAD

    def put(self, text: str) -> str:
        """`text` as the stream can take it."""
        return text

    def write(self) -> Iterator[str]:
        d, words = self.derivation, self.words
        yield from self._wrapped(words.title(), self.width)
        yield self.put("═" * self.width)
        yield from self._wrapped(words.warning(), self.width)
        yield from self._wrapped(words.say("ask") if words.ask else "", self.width)
        yield from self._section("goal", self._sentences([words.goal(), words.source()]))
        if words.detail != "brief":
            yield from self._section("forward", self._forward())
        if not d.rows:
            yield from self._section("result", self._wrapped(words.independent()))
        else:
            if words.detail != "brief":
                yield from self._section("route", self._route())
            yield from self._section("rule", self._rule())
            yield ""
            yield from self._table()
            yield ""
        yield from self._section("departs", self._sentences(words.departure()))
        yield from self._section("why", self._proofs())
        yield from self._section("checks", self._checks())
        yield from self._section("step", self._sentences([words.update(), words.together()]))
        yield from self._section("sense", self._sentences(words.sense()))
        yield from self._section("digits", self._wrapped(words.digits()))
        yield from self._gradients()
        yield from self._section("answers", self._answers())

    def _wrapped(self, text: str, width: int | None = None) -> list[str]:
        return lines(self.put(text), width or self.room) if text else []

    def _sentences(self, texts: Iterable[str]) -> list[str]:
        return [line for text in texts for line in self._wrapped(text)]

    def _section(self, head: str, content: Iterable[str]) -> Iterator[str]:
        for k, line in enumerate(content):
            yield left("" if k else self.words.say(f"head_{head}"), _HEAD) + line

    def _forward(self) -> Iterator[str]:
        d = self.derivation
        names = {name: self.put(name) for name in d.forward}
        widest = min(max(map(columns, names.values()), default=0), 20)
        for name, value in d.forward.items():
            if columns(names[name]) > widest:
                yield names[name]
            amount = decimal(value) if np.ndim(value) == 0 else _shape(value)
            end = max(_AMOUNT, columns(amount))
            formula = self._wrapped(Python().write(d.formulas[name]), self.room - widest - 3 - end - 1)
            for k, line in enumerate(formula):
                start = left(_fitting(names[name], widest), widest) + " = " if k == 0 else " " * (widest + 3)
                room = self.room - columns(start)
                yield start + (f"{left(line, room - end)}{right(amount, end)}" if k == len(formula) - 1 else line)

    def _route(self) -> list[str]:
        d = self.derivation
        paths = [tuple(self.put(name) for name in path.names) for path in d.paths]
        drawn = picture(paths, self.arrow, self.lines, self.room)
        more = self.put(self.words.say("more_paths", count="{count}"))
        found = drawn or [
            part for line in listing(paths, d.path_count, self.arrow, more) for part in lines(line, self.room)
        ]
        return [*found, *self._wrapped(self.words.paths())]

    def _rule(self) -> Iterator[str]:
        for row, ways in self.words.equations():
            yield from self._equation(self.words.label(row), list(map(self.words.term, ways)))
        for name, terms in self.words.shaped():
            yield from self._equation(name, terms)

    def _equation(self, name: str, terms: list[str]) -> Iterator[str]:
        name = self.put(name)
        if columns(name) > self.width // 2:
            yield from lines(name, self.room)
            name = " "
        indent = columns(name) + 1
        for k, term in enumerate(terms):
            sign, text = ("=", term) if k == 0 else signed(term).split(" ", 1)
            start = f"{name if k == 0 else ' ' * (indent - 1)} {sign} "
            for line in lines(self.put(text), max(self.room - columns(start), 20)):
                yield start + line
                start = " " * columns(start)

    # The table: number, what, formula over its numbers, value, measured

    def _table(self) -> Iterator[str]:
        rows, say = self.words.rows(), self.words.say
        what = max(min(max(columns(self._label(row)) for row in rows), _LABEL), columns(say("column_factor")))
        end = max(_AMOUNT, *(columns(_short(self.words.amount(row))) + 1 for row in rows))
        room = self.width - 5 - 1 - what - 2 - end - _AMOUNT
        both = any(self.words.numbers(row) for row in rows) and columns(say("column_both")) <= room
        formula = say("column_both" if both else "column_formula")
        value = say(f"column_{self.words.amounts()}")
        yield (
            f"{'#':>4}  {left(say('column_factor'), what)}  {left(formula, room)}"
            f"{right(value, end)}{right(say('column_measured'), _AMOUNT)}"
        )
        for row in rows:
            yield from self._row(row, what, room, end)

    def _label(self, row: Row) -> str:
        """The δ alone where its derivative would be too long."""
        text = self.put(self.words.label(row))
        return self.put(row.delta) if row.delta and columns(text) > _LABEL else text

    def _row(self, row: Row, what: int, room: int, end: int) -> Iterator[str]:
        first = lines(self._label(row), what)
        middle = self._wrapped(self.words.symbols(row), room)
        numbers = self.words.numbers(row)
        middle += self._wrapped(f"= {numbers}" if numbers else "", room)
        if not row.agrees:
            middle += self._wrapped(self.words.say("row_disagrees"), room)
        amounts = right(_short(self.words.amount(row)), end) + right(self.words.measured(row), _AMOUNT)
        for k, (a, b) in enumerate(zip_longest(first, middle, fillvalue="")):
            number = f"[{row.number}]" if k == 0 else ""
            yield f"{number:>5} {left(a, what)}  {left(b, room)}{'' if k else amounts}"
        for reason in self.words.reasons(row):
            for line in self._wrapped(reason, self.width - 6):
                yield " " * 6 + line

    # Below the table

    def _proofs(self) -> Iterator[str]:
        for head, links, product in self.words.proofs():
            yield from self._wrapped(head)
            first = max(columns(self.put(operation)) for operation, _ in links)
            for operation, derivative in links:
                yield f"  {left(self.put(operation), first)}   {self.put(derivative)}"
            yield from ("  " + line for line in self._wrapped(product, self.room - 2))

    def _checks(self) -> Iterator[str]:
        for name, value, against, verdict in self.words.checks():
            room = min(self.room - 39, 40)
            first, *more = lines(against, room) or [""]
            yield f"{left(name, 12)} {right(value, 14)}  {left(first, room)} {verdict}".rstrip()
            yield from (" " * 29 + line for line in more)

    def _gradients(self) -> Iterator[str]:
        found = self.words.gradients(self.width)
        yield from [""] if found else []
        for head, array in found:
            yield self.put(head)
            yield from self.put(array).splitlines()

    def _answers(self) -> list[str]:
        key = self.words.key("\N{NO-BREAK SPACE}")
        return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines(key, self.room)]


class _AsciiPage(_Page):
    """The same in ASCII."""

    arrow, lines = " -> ", _ASCII_LINES

    def put(self, text: str) -> str:
        return plain(text)


def _fitting(name: str, width: int) -> str:
    return name if columns(name) <= width else ""


def _shape(value: Any) -> str:
    return _short(str(np.shape(value)))


def _short(amount: str) -> str:
    return amount if len(amount) < _AMOUNT else amount.replace(" ", "")
