"""A derivation in sentences that can be read aloud: no symbols, no layout."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.derivation.derivation import Derivation
from gradcheck.derivation.rows import Row
from gradcheck.derivation.spelling import decimal
from gradcheck.derivation.wording import Wording


def spoken(d: Derivation, words: Wording) -> str:
    """Title, paths, every row, checks and update."""
    return "\n".join(_Speaker(d, words).sentences())


class _Speaker:
    """Says one derivation in one language."""

    def __init__(self, d: Derivation, words: Wording) -> None:
        self.d, self.words, self.say = d, words, words.say

    def sentences(self) -> Iterator[str]:
        d, say = self.d, self.say
        result, wrt = self.name(d.result), self.name(d.wrt)
        if d.shape:
            yield say("say_title_array", result=result, wrt=wrt, shape=self.shape(d.value))
        else:
            point, gradient = self.number(d.point), self.number(d.value)
            yield say("say_title", result=result, wrt=wrt, value=point, gradient=gradient)
        if d.path_count > 1:
            yield say("say_paths", count=d.path_count, wrt=wrt, result=result)
        elif d.paths:
            names = say("list").join(map(self.name, d.paths[0].names))
            yield say("say_one_path", wrt=wrt, result=result, names=names)
        for row in d.rows:
            yield self.row(row)
        for name, _, against, verdict in self.words.checks():
            yield say("say_check", name=name, against=against, verdict=verdict.lower())
        if d.rate is not None and not d.shape:
            yield say("say_step", rate=self.number(d.rate), wrt=wrt, new=self.number(d.updated))

    def row(self, row: Row) -> str:
        value = (
            self.number(row.value) if np.ndim(row.value) == 0 else self.say("say_array", shape=self.shape(row.value))
        )
        rows = self.say("list").join(map(str, row.cites))
        kind = "factor" if row.formula is not None or row.kind == "factor" else row.kind
        if kind == "factor":
            kind += "_array" if np.ndim(row.value) else "_directly" if row.via and row.via == row.above else ""
        above, below = self.name(row.above), self.name(row.below)
        text = self.say(f"say_{kind}", row=row.number, rows=rows, above=above, below=below, value=value)
        called = self.say("say_called", name=self.name(row.delta)) if row.delta else ""
        return self.say("say_space").join(part for part in (text, called) if part)

    def name(self, name: str) -> str:
        """out_h1 as "out h1", W[0, 1] as "W 0 1", δ as a word."""
        return " ".join(re.sub(r"[^\w.]+|_", " ", name.replace("δ", f" {self.say('say_delta')} ")).split())

    def number(self, value: Any) -> str:
        text = decimal(value, trim=True)
        digits, _, exponent = text.partition("e")
        if exponent.lstrip("+-").isdigit():
            return self.say("say_scientific", digits=self.number(float(digits)), exponent=self.number(int(exponent)))
        return f"{self.say('say_minus')}{self.say('say_space')}{text[1:]}" if text.startswith("-") else text

    def shape(self, value: Any) -> str:
        space = self.say("say_space") or " "
        return f"{space}{self.say('say_times')}{space}".join(map(str, np.shape(value)))
