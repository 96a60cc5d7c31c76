"""Formulas as a textbook writes them: a small algebra of sums, products and functions.

First the five kinds of formula; then `add`, `multiply` and `power`, which keep every formula in one tidy
form: numbers gathered, signs in front, nothing multiplied out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Union

import numpy as np

from gradcheck.derivation.rules import RULES

Coefficient = Fraction | float
Formula = Union["Number", "Symbol", "Sum", "Product", "Function"]


@dataclass(frozen=True)
class Number:
    """A plain number; exact where it is a short fraction."""

    value: Coefficient

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what it stands for."""
        return ()


@dataclass(frozen=True)
class Symbol:
    """A value with a name; a nameless array is known by its `content`."""

    name: str
    value: Any = field(compare=False)
    content: bytes = field(default=b"", repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what it stands for."""
        return np.shape(self.value)


@dataclass(frozen=True)
class Sum:
    """Terms in the author's order."""

    terms: tuple[Formula, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what it stands for."""
        return np.broadcast_shapes(*(term.shape for term in self.terms))


@dataclass(frozen=True)
class Product:
    """A number times powers: 2 * x / y**3 is (2, ((x, 1), (y, -3)))."""

    coefficient: Coefficient
    powers: tuple[tuple[Formula, Coefficient], ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of what it stands for."""
        return np.broadcast_shapes(*(base.shape for base, _ in self.powers))


@dataclass(frozen=True)
class Function:
    """Any other primitive of its arguments; `key` spells out `params`, which need not be hashable."""

    op: str
    arguments: tuple[Formula, ...]
    params: Mapping[str, Any] = field(compare=False)
    key: str
    shape: tuple[int, ...]


def spelled(value: Any) -> str:
    """Options as text in which no two of them look alike; `repr` would leave out most of a large array."""
    if isinstance(value, Mapping):
        return repr({k: spelled(v) for k, v in value.items()})
    if isinstance(value, tuple | list):
        return repr([spelled(v) for v in value])
    return f"{value.shape}{value.tobytes()!r}" if isinstance(value, np.ndarray) else repr(value)


ZERO, ONE = Number(Fraction(0)), Number(Fraction(1))


def number(value: Any) -> Number:
    """`value` as a number: exact if it is a fraction with a small power of two below."""
    if isinstance(value, Fraction):
        return Number(value)
    plain = float(value)
    if np.isfinite(plain) and (exact := Fraction(plain)).denominator <= 1024:
        return Number(exact)
    return Number(plain)


def factored(formula: Formula) -> tuple[Coefficient, tuple[tuple[Formula, Coefficient], ...]]:
    """Any formula as (number, powers)."""
    match formula:
        case Number(value):
            return value, ()
        case Product(coefficient, powers):
            return coefficient, powers
    return Fraction(1), ((formula, Fraction(1)),)


def product(coefficient: Coefficient, powers: Mapping[Formula, Coefficient]) -> Formula:
    """The tidiest formula for coefficient * Π base**exponent."""
    left = tuple((base, exponent) for base, exponent in powers.items() if exponent != 0)
    if not left or coefficient == 0:
        return Number(coefficient)
    if coefficient == 1 and len(left) == 1 and left[0][1] == 1:
        return left[0][0]
    return Product(coefficient, left)


def multiply(*factors: Formula) -> Formula:
    """Numbers gathered in front, equal bases joined."""
    coefficient: Coefficient = Fraction(1)
    powers: dict[Formula, Coefficient] = {}
    for factor in factors:
        c, own = factored(factor)
        coefficient = coefficient * c
        for base, exponent in own:
            powers[base] = powers.get(base, Fraction(0)) + exponent
    return product(coefficient, powers)


def power(base: Formula, exponent: Coefficient) -> Formula:
    """base**exponent; a fractional power of a product stays as it is, for the signs' sake."""
    coefficient, powers = factored(base)
    whole = Fraction(exponent).denominator == 1
    if whole and not (coefficient == 0 and exponent < 0):
        raised = coefficient ** int(exponent)
        return product(raised, {b: e * exponent for b, e in powers})
    return product(Fraction(1), {base: exponent})


def add(*terms: Formula) -> Formula:
    """Like terms joined, zeros dropped, the order kept."""
    coefficients: dict[tuple[tuple[Formula, Coefficient], ...], Coefficient] = {}
    for term in _flat(terms):
        c, powers = factored(term)
        coefficients[powers] = coefficients.get(powers, Fraction(0)) + c
    kept = [product(c, dict(powers)) for powers, c in coefficients.items() if c != 0]
    if not kept:
        return ZERO
    return kept[0] if len(kept) == 1 else Sum(tuple(kept))


def _flat(terms: Iterable[Formula]) -> Iterable[Formula]:
    for term in terms:
        if isinstance(term, Sum):
            yield from term.terms
        else:
            yield term


def evaluate(formula: Formula, read: Callable[[Symbol], Any] = lambda symbol: symbol.value) -> Any:
    """The number (or array) a formula stands for; `read` may take a symbol for another value than its own."""
    match formula:
        case Number(value):
            return float(value)
        case Symbol():
            return read(formula)
        case Sum(terms):
            return sum((evaluate(term, read) for term in terms[1:]), evaluate(terms[0], read))
        case Product(coefficient, powers):
            result = float(coefficient)
            for base, exponent in powers:
                result = _times_power(result, evaluate(base, read), exponent_of(exponent))
            return result
    arguments = (evaluate(argument, read) for argument in formula.arguments)
    return RULES[formula.op].forward(*arguments, **formula.params)


def _times_power(left: Any, base: Any, exponent: int | float) -> Any:
    return left / base**-exponent if exponent < 0 else left * base**exponent


def exponent_of(exponent: Coefficient) -> int | float:
    """An exponent as Python writes it: 2, not 2.0."""
    return int(exponent) if Fraction(exponent).denominator == 1 else float(exponent)
