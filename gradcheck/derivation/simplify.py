"""Traced values as formulas, with the values of the forward pass recognised in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

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
)
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
        """The formula of a derivative, common factors taken out."""
        return self._recognise(take_out(self.formula(value)))

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
    return found


def symbol(value: Traced) -> Symbol:
    """The symbol of a named value."""
    return Symbol(str(value.name), value.value)


def take_out(formula: Formula) -> Formula:
    """Common factors taken out: x * a - x * b as x * (a - b)."""
    if not isinstance(formula, Sum):
        return formula
    parts = [dict(factored(term)[1]) for term in formula.terms]
    shared = {base: min(p.get(base, Fraction(0)) for p in parts) for base in parts[0]}
    shared = {base: exponent for base, exponent in shared.items() if exponent > 0}
    if not shared:
        return formula
    inverse = product(Fraction(1), {base: -exponent for base, exponent in shared.items()})
    terms = sorted((multiply(term, inverse) for term in formula.terms), key=_is_negative)
    return multiply(product(Fraction(1), shared), add(*terms))


def _is_negative(term: Formula) -> bool:
    return bool(factored(term)[0] < 0)


def _constant(value: Traced) -> Formula:
    if np.ndim(value.value) == 0:
        return number(value.value)
    shape = ", ".join(map(str, value.shape))
    return Symbol(value.name or f"array({shape})", value.value)


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
            return _thinned(multiply(x, y))
        case "divide" if y != Number(Fraction(0)):
            return _thinned(multiply(x, power(y, Fraction(-1))))
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
    if value.op in ("reshape", "transpose") and isinstance(x, Function) and _is_uniform(x):
        return replace(x, params={"shape": value.shape}, key=_spelled({"shape": value.shape}), shape=value.shape)
    if value.op in COMPARISONS:
        arguments = [_unspread(x, [y]), _unspread(y, [x])]
    return Function(value.op, tuple(arguments), value.params, _spelled(value.params), value.shape)


def _is_uniform(formula: Function) -> bool:
    return formula.op == "broadcast_to" and isinstance(formula.arguments[0], Number)


def _spelled(value: Any) -> str:
    """Options as text in which no two of them look alike; `repr` would leave out most of a large array."""
    if isinstance(value, Mapping):
        return repr({k: _spelled(v) for k, v in value.items()})
    if isinstance(value, tuple | list):
        return repr([_spelled(v) for v in value])
    return f"{value.shape}{value.tobytes()!r}" if isinstance(value, np.ndarray) else repr(value)


def _minus(x: Formula, y: Formula) -> Formula:
    """A difference; what is subtracted stays in its brackets."""
    if not isinstance(y, Sum) or x == Number(Fraction(0)):
        return add(x, multiply(MINUS_ONE, y))
    return Sum((x, Product(Fraction(-1), ((y, Fraction(1)),))))


def _thinned(formula: Formula) -> Formula:
    """A product without the broadcasting that its other factors do anyway."""
    coefficient, powers = factored(formula)
    for base, exponent in powers:
        others = [b for b, _ in powers if b != base]
        inner = _unspread(base, others)
        if inner is not base:
            rest = product(coefficient, {b: e for b, e in powers if b != base})
            return _thinned(multiply(power(inner, exponent), rest))
    return formula


def _unspread(x: Formula, beside: list[Formula]) -> Formula:
    """What was broadcast to `x`, if `beside` has the full shape already."""
    if not (isinstance(x, Function) and x.op == "broadcast_to"):
        return x
    inner = x.arguments[0]
    if isinstance(inner, Function) and inner.op == "reshape" and inner.shape.count(1) == len(inner.shape) - 1:
        flat = inner.arguments[0]  # (3,) made (1, 3): NumPy adds the leading axes itself
        inner = flat if inner.shape[inner.shape.count(1) :] == flat.shape else inner
    others = [other.shape for other in beside]
    return inner if np.broadcast_shapes(inner.shape, *others) == np.broadcast_shapes(x.shape, *others) else x


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
