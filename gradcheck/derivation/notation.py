"""How formulas and numbers are written: as Python, in LaTeX, in MathML."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from html import escape
from typing import Any

import numpy as np

from gradcheck.derivation.symbols import (
    Coefficient,
    Formula,
    Function,
    Number,
    Product,
    Sum,
    Symbol,
    factored,
)

DIGITS = 9  # decimals in every table
_COMPARISONS = {
    "greater": ">",
    "greater_equal": ">=",
    "less": "<",
    "less_equal": "<=",
    "equal": "==",
    "not_equal": "!=",
}
_ADDITIVE, _MULTIPLICATIVE, _POWER, _ATOM = range(4)


def decimal(value: float, *, trim: bool = False) -> str:
    """`value` to nine decimals, or to eight significant digits where those would say nothing."""
    plain = float(value)
    if plain != 0 and not 1e-4 <= abs(plain) < 1e5:
        text = f"{plain:.{DIGITS - 2}e}"
        return re.sub(r"\.?0+e", "e", text) if trim else text
    text = f"{plain:.{DIGITS}f}"
    return text.rstrip("0").rstrip(".") if trim else text


def array_text(value: Any) -> str:
    """A small array on one line, a large one by its shape."""
    if np.ndim(value) == 0:
        return decimal(float(value), trim=True)
    if np.size(value) > 4:
        return "array(" + ", ".join(map(str, np.shape(value))) + ")"
    return "[" + ", ".join(array_text(item) for item in value) + "]"


class Python:
    """Formulas as Python code, which can be pasted and run."""

    times, minus = " * ", "-"

    def name(self, text: str) -> str:
        return text

    def symbol(self, symbol: Symbol) -> str:
        return self.name(symbol.name)

    def number(self, value: Coefficient) -> str:
        if isinstance(value, Fraction) and value.denominator & (value.denominator - 1) == 0:
            value = float(value)
        if isinstance(value, Fraction):
            return f"{value.numerator} / {value.denominator}"
        return f"{value:.{12}g}"

    def write(self, formula: Formula) -> str:
        return self._write(formula)[0]

    def _write(self, formula: Formula) -> tuple[str, int]:
        """The text and how tightly it binds."""
        match formula:
            case Number(value):
                return self.number(value), (_ATOM if value >= 0 else _ADDITIVE)
            case Symbol():
                text = self.symbol(formula)
                return text, (_ADDITIVE if text.startswith(("-", "−")) else _ATOM)
            case Sum(terms):
                return self._sum(terms), _ADDITIVE
            case Product():
                return self._product(formula)
        return self.function(formula), (_ADDITIVE if formula.op in _COMPARISONS else _ATOM)

    def _inside(self, formula: Formula, needed: int) -> str:
        text, binds = self._write(formula)
        return text if binds >= needed else self.brackets(text)

    def brackets(self, text: str) -> str:
        return f"({text})"

    def _sum(self, terms: tuple[Formula, ...]) -> str:
        text = self._inside(terms[0], _ADDITIVE)
        for term in terms[1:]:
            coefficient, powers = factored(term)
            negative = coefficient < 0
            size: Formula = term
            if negative:
                size = Product(-coefficient, powers) if powers else Number(-coefficient)
            text += f" {self.minus if negative else '+'} " + self._inside(size, _MULTIPLICATIVE)
        return text

    def _product(self, formula: Product) -> tuple[str, int]:
        c = formula.coefficient
        above = [(b, e) for b, e in formula.powers if e > 0]
        below = [(b, -e) for b, e in formula.powers if e < 0]
        top, bottom = self._split(abs(c))
        needed = _MULTIPLICATIVE
        numerators = ([top] if top else []) + [self.power(b, e, needed) for b, e in above]
        denominators = ([bottom] if bottom else []) + [self.power(b, e, _POWER) for b, e in below]
        text = self.quotient(self.times.join(numerators) or "1", denominators)
        single = c == 1 and not denominators and len(numerators) == 1
        binds = _POWER if single else _MULTIPLICATIVE
        return (self.minus + text, _ADDITIVE) if c < 0 else (text, binds)

    def _split(self, c: Coefficient) -> tuple[str, str]:
        """A coefficient above and below the line; 0.5 stays above, a third goes below."""
        if isinstance(c, Fraction) and c.denominator & (c.denominator - 1):
            return ("" if c.numerator == 1 else str(c.numerator)), str(c.denominator)
        return ("" if c == 1 else self.number(c)), ""

    def quotient(self, above: str, below: list[str]) -> str:
        if not below:
            return above
        return f"{above} / " + (below[0] if len(below) == 1 else self.brackets(self.times.join(below)))

    def power(self, base: Formula, exponent: Coefficient, needed: int) -> str:
        if exponent == 1:
            return self._inside(base, max(needed, _MULTIPLICATIVE))
        return f"{self._inside(base, _ATOM)}**{self.number(exponent)}"

    def function(self, formula: Function) -> str:
        params = dict(formula.params)
        first = formula.arguments[0]
        if formula.op in _COMPARISONS:
            return f" {self.name(_COMPARISONS[formula.op])} ".join(
                self._inside(x, _MULTIPLICATIVE) for x in formula.arguments
            )
        if formula.op == "matmul":
            return self.brackets(" @ ".join(self._inside(x, _ATOM) for x in formula.arguments))
        if formula.op == "transpose" and params["axes"] is None:
            return f"{self._inside(first, _ATOM)}.T"
        if formula.op == "getitem":
            return f"{self._inside(first, _ATOM)}[{index_text(params['index'])}]"
        return self.call(formula.op, [self.write(x) for x in formula.arguments], options(formula))

    def call(self, op: str, arguments: list[str], keywords: list[str]) -> str:
        return f"{op}({', '.join([*arguments, *keywords])})"


def options(formula: Function) -> list[str]:
    """The options of a function worth showing."""
    dull: tuple[Callable[[Any], bool], ...] = (lambda v: v is None, lambda v: v is False)
    shown = ((k, v) for k, v in formula.params if not any(test(v) for test in dull))
    return [f"{key}={index_text(value) if key == 'index' else value}" for key, value in shown]


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


class Numbers(Python):
    """The same formulas with numbers in place of the names."""

    def symbol(self, symbol: Symbol) -> str:
        return array_text(symbol.value)


__all__ = ["DIGITS", "Numbers", "Python", "array_text", "decimal", "escape", "index_text"]
