"""Formulas with the usual mistakes in them: a factor or a term left out, a transpose too many or too few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from gradcheck.derivation.notation import Python
from gradcheck.derivation.symbols import ONE, Formula, Function, Number, Product, Sum, add, multiply, product


def left_out(formula: Formula) -> Iterator[tuple[str, Formula]]:
    """The formula without one of its factors or terms, and what is missing then."""
    write = Python().write
    if isinstance(formula, Product):
        powers, coefficient = dict(formula.powers), formula.coefficient
        if coefficient not in (1, -1):
            size = Number(coefficient if coefficient > 0 else -coefficient)
            yield write(size), product(Fraction(1 if coefficient > 0 else -1), powers)
        for base, exponent in formula.powers:
            if "δ" not in write(base):
                rest = {b: e for b, e in powers.items() if b != base}
                yield write(product(Fraction(1), {base: exponent})), product(coefficient, rest)
        if not any("δ" in write(base) for base in powers) and len(powers) > 1:
            yield write(formula), ONE
    elif isinstance(formula, Sum):
        for k, term in enumerate(formula.terms):
            yield write(term), add(*(t for j, t in enumerate(formula.terms) if j != k))
        if "δ" not in write(formula):
            yield write(formula), ONE
    elif "δ" not in write(formula) and formula != ONE:
        yield write(formula), ONE
    yield from _inside(formula)


def _inside(formula: Formula) -> Iterator[tuple[str, Formula]]:
    """The same deeper down: in a sum between brackets, and in what is multiplied or added up."""
    if isinstance(formula, Product):
        for base, exponent in formula.powers:
            rest = product(formula.coefficient, {b: e for b, e in formula.powers if b != base})
            if exponent == 1 and isinstance(base, Sum | Function) and "δ" in Python().write(base):
                for part, without in left_out(base):
                    yield part, multiply(rest, without)
    elif isinstance(formula, Function) and formula.op in ("matmul", "sum", "transpose", "reshape"):
        for k, x in enumerate(formula.arguments):
            for part, without in left_out(x):
                if without.shape == x.shape:
                    yield (
                        part,
                        replace(formula, arguments=(*formula.arguments[:k], without, *formula.arguments[k + 1 :])),
                    )


def transposed(formula: Formula) -> Iterator[tuple[str, Formula]]:
    """The formula of a matrix product with one transpose too many or too few."""
    if not (isinstance(formula, Function) and formula.op == "matmul"):
        return
    for k, x in enumerate(formula.arguments):
        if len(x.shape) == 2:
            arguments = list(formula.arguments)
            arguments[k] = _other_way(x)
            yield Python().write(x), replace(formula, arguments=tuple(arguments))


def _other_way(x: Formula) -> Formula:
    if isinstance(x, Function) and x.op == "transpose":
        return x.arguments[0]
    return Function("transpose", (x,), {"axes": None}, "transposed", x.shape[::-1])
