"""Traced values as formulas, with the values of the forward pass recognised in them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from gradcheck.derivation.indexing import as_tuple, is_position
from gradcheck.derivation.rearranged import rearranged
from gradcheck.derivation.spelling import SHORT, array_text
from gradcheck.derivation.symbols import (
    ONE,
    Coefficient,
    Formula,
    Function,
    Number,
    Product,
    Sum,
    Symbol,
    add,
    factored,
    multiply,
    number,
    power,
    product,
    spelled,
)
from gradcheck.derivation.thin import thinned, unspread
from gradcheck.derivation.tidy import has_delta, tidy
from gradcheck.derivation.trace import interior
from gradcheck.derivation.value import Traced

MINUS_ONE = number(-1)
COMPARISONS = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")


class Simplifier:
    """Formulas of traced values in terms of the named ones.

    `definitions` maps the formula of a named value to its symbol: wherever the formula turns up in a
    derivative, the symbol stands for it, since the forward pass has computed it already.
    """

    def __init__(self) -> None:
        self.definitions: dict[Formula, Symbol] = {}
        self._formulas: dict[int, Formula] = {}

    def define(self, value: Traced) -> Formula:
        """The formula of a named value, remembered as its definition."""
        for inner in interior(value):  # in order, so that a long expression is no deep recursion
            if inner.op != "add":
                self.formula(inner)
        formula = self._build(value)
        if not isinstance(formula, Number | Symbol):
            self.definitions.setdefault(formula, symbol(value))
        return formula

    def formula(self, value: Traced) -> Formula:
        """The formula of any value; a named one is its symbol."""
        if value.name is not None:
            return symbol(value)
        if value.order not in self._formulas:
            self._formulas[value.order] = self._recognise(self._build(value))
        return self._formulas[value.order]

    def derivative(self, value: Traced) -> Formula:
        """The formula of a derivative, in its usual form."""
        return tidy(self._recognise_inside(tidy(self.formula(value))))

    def _recognise_inside(self, formula: Formula) -> Formula:
        """The same in every part that a cotangent is in."""
        if not has_delta(formula) or isinstance(formula, Symbol):
            return self._recognise(formula)
        match formula:
            case Sum(terms):
                return add(*map(self._recognise_inside, terms))
            case Product(coefficient, powers):
                parts = (product(Fraction(1), {self._recognise_inside(base): e}) for base, e in powers)
                return self._recognise(multiply(number(coefficient), *parts))
            case Function(arguments=arguments):
                return replace(formula, arguments=tuple(map(self._recognise_inside, arguments)))
        return formula

    def _build(self, value: Traced) -> Formula:
        if value.op in ("constant", "input"):
            return _constant(value)
        if value.op == "add":
            return add(*map(self.formula, _terms(value)))
        arguments = [self.formula(x) for x in value.inputs]
        if value.shape == () and all(map(_is_plain, arguments)):
            return _folded(value, arguments)
        return _combine(value, arguments)

    def _recognise(self, formula: Formula) -> Formula:
        known = self.definitions.get(formula)
        if known is not None:
            return known
        if isinstance(formula, Product):
            for definition, name in self.definitions.items():
                formula = _replace(formula, definition, name)
                formula = _complement(formula, definition, name)
        return formula


def _terms(value: Traced) -> list[Traced]:
    """What a chain of additions adds up, from left to right, without the partial sums on the way."""
    found, waiting = [], list(reversed(value.inputs))
    while waiting:
        term = waiting.pop()
        if term.op == "add" and term.name is None:
            waiting.extend(reversed(term.inputs))
        else:
            found.append(term)
    return [term for k, term in enumerate(found) if not _is_nothing(term, found[:k] + found[k + 1 :])]


def _is_nothing(term: Traced, others: list[Traced]) -> bool:
    """Whether a term is the zeros that a sum begins with, as those of out[k] += x."""
    plain = term.op == "constant" and not term.name and term.shape != () and not np.any(term.value)
    return plain and any(other.shape == term.shape and other.op != "constant" for other in others)


def symbol(value: Traced) -> Symbol:
    """The symbol of a named value."""
    return Symbol(str(value.name), value.value)


def _constant(value: Traced) -> Formula:
    if np.ndim(value.value) == 0:
        return number(value.value)
    if value.name:
        return symbol(value)
    content = np.asarray(value.value)
    short = content.ndim == 1 and content.size <= SHORT
    name = array_text(content) if short else f"array({', '.join(map(str, value.shape))})"
    return Symbol(name, value.value, content.tobytes())


def _is_plain(formula: Formula) -> bool:
    """Whether a formula is made of plain numbers only."""
    match formula:
        case Symbol():
            return False
        case Sum(terms):
            return all(map(_is_plain, terms))
        case Product(powers=powers):
            return all(_is_plain(base) for base, _ in powers)
        case Function(arguments=arguments):
            return all(map(_is_plain, arguments))
    return True


def _folded(value: Traced, arguments: list[Formula]) -> Formula:
    """Arithmetic between plain numbers, exact where it can be (1 / 3 stays a third)."""
    arithmetic = value.op in ("subtract", "multiply", "divide", "negative")
    if arithmetic and all(isinstance(x, Number) for x in arguments):
        return _combine(value, arguments)
    return number(value.value)


def _combine(value: Traced, arguments: list[Formula]) -> Formula:  # noqa: PLR0911 - one return an operation
    x, y = arguments[0], arguments[-1]
    match value.op:
        case "subtract":
            return _minus(x, y)
        case "multiply":
            return thinned(multiply(x, y))
        case "divide" if y != Number(Fraction(0)):
            return thinned(multiply(x, power(y, Fraction(-1))))
        case "negative":
            return multiply(MINUS_ONE, x)
        case "positive":
            return x
        case "reciprocal":
            return power(x, Fraction(-1))
        case "square":
            return power(x, Fraction(2))
        case "power" if isinstance(y, Number):
            return power(x, y.value)
    if value.op == "broadcast_to" and isinstance(x, Function) and x.op == "reshape" and x.arguments[0].shape == ():
        arguments = [x.arguments[0]]  # a number needs no axes before it is repeated
    if value.op == "getitem" and isinstance(x, Function) and x.op == "getitem" and is_position(x.params["index"]):
        index = (*as_tuple(x.params["index"]), *as_tuple(value.params["index"]))  # R[0][1] is R[0, 1]
        return replace(x, params={"index": index}, key=spelled({"index": index}), shape=value.shape)
    if value.op in ("matmul", "reshape", "transpose"):
        return rearranged(value, arguments)
    if value.op in COMPARISONS:
        arguments = [unspread(x, [y]), unspread(y, [x])]
    return Function(value.op, tuple(arguments), value.params, spelled(value.params), value.shape)


def _minus(x: Formula, y: Formula) -> Formula:
    """A difference; what is subtracted stays in its brackets."""
    if not isinstance(y, Sum) or x == Number(Fraction(0)):
        return add(x, multiply(MINUS_ONE, y))
    return Sum((x, Product(Fraction(-1), ((y, Fraction(1)),))))


def _contained(powers: dict[Formula, Coefficient], inner: tuple[tuple[Formula, Coefficient], ...]) -> bool:
    """Whether each power of `inner` is there, with the same sign and at least as high."""
    return all(b in powers and powers[b] / e >= 1 for b, e in inner)


def _replace(formula: Formula, definition: Formula, name: Symbol) -> Formula:
    """The symbol for each occurrence of its definition among the factors of `formula`."""
    coefficient, inner = factored(definition)
    if all(isinstance(base, Symbol) for base, _ in inner):
        return formula  # x * y is as plain as its name
    outer, powers = factored(formula)
    rest = dict(powers)
    if not _contained(rest, inner):
        return formula
    for base, exponent in inner:
        rest[base] -= exponent
    rest[name] = rest.get(name, Fraction(0)) + 1
    return _replace(product(outer / coefficient, rest), definition, name)


def _complement(formula: Formula, definition: Formula, name: Symbol) -> Formula:
    """Write x / (1 + x) as 1 - out, where out = 1 / (1 + x) has been computed."""
    outer, powers = factored(formula)
    rest: dict[Formula, Coefficient] = dict(powers)
    if not isinstance(definition, Product) or rest.get(name, Fraction(0)) < 1:
        return formula
    for x in _beside_one(definition):
        coefficient, inner = factored(x)
        if _contained(rest, inner):
            for base, exponent in inner:
                rest[base] -= exponent
            rest[name] -= 1
            others = product(outer / coefficient, rest)
            return multiply(others, add(ONE, multiply(MINUS_ONE, name)))
    return formula


def _beside_one(definition: Product) -> list[Any]:
    """The x of a definition 1 / (1 + x), if it is one."""
    match definition:
        case Product(coefficient=c, powers=((Sum(terms=(a, b)), e),)) if c == 1 and e == -1:
            return [b] if a == ONE else [a] if b == ONE else []
    return []
