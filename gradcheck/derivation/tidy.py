"""Derivatives as a textbook writes them: what the rules leave behind, brought into the usual form.

The rules take one operation after the other, so the derivative of a softmax comes out as
``(δ / S + broadcast_to(sum(-δ * y / S))) * e``. Here constants leave a sum, repeated entries that broadcasting repeats
anyway go, common factors are taken out and two transposes cancel; it ends as ``(δ - sum(δ * y)) * e / S``.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from gradcheck.derivation.symbols import (
    ONE,
    ZERO,
    Coefficient,
    Formula,
    Function,
    Number,
    Product,
    Sum,
    add,
    factored,
    multiply,
    power,
    product,
)
from gradcheck.derivation.thin import thinned, unspread


def tidy(formula: Formula) -> Formula:  # noqa: PLR0911 - one return a kind of formula
    """The same derivative in its usual form."""
    match formula:
        case Sum(terms):
            parts = [tidy(term) for term in terms]
            thin = [_beside(part, [*parts[:k], *parts[k + 1 :]]) for k, part in enumerate(parts)]
            return join_choices(take_out(add(*thin)))
        case Product(coefficient, powers):
            factors = (
                power(tidy(base), e) if has_delta(base) else product(Fraction(1), {base: e}) for base, e in powers
            )
            return join_choices(thinned(multiply(Number(coefficient), *factors)))
        case Function(op="sum"):
            return _sum(replace(formula, arguments=(tidy(formula.arguments[0]),)))
        case Function(op="broadcast_to"):
            return _spread(replace(formula, arguments=(tidy(formula.arguments[0]),)))
        case Function(op="matmul"):
            return _matmul(replace(formula, arguments=tuple(map(tidy, formula.arguments))))
        case Function(op="transpose") if len(formula.shape) == 2:
            return _transpose(replace(formula, arguments=(tidy(formula.arguments[0]),)))
    return formula


def _beside(term: Formula, others: list[Formula]) -> Formula:
    """A term without the broadcasting that adding the others does anyway."""
    coefficient, powers = factored(term)
    return multiply(Number(coefficient), *(product(Fraction(1), {unspread(base, others): e}) for base, e in powers))


def has_delta(formula: Formula) -> bool:
    """Whether a cotangent is in it; what has none comes from the forward pass, and stays as that was written."""
    match formula:
        case Sum(terms):
            return any(map(has_delta, terms))
        case Product(powers=powers):
            return any(has_delta(base) for base, _ in powers)
        case Function(arguments=arguments):
            return any(map(has_delta, arguments))
        case Number():
            return False
    return formula.name.startswith("δ")


def _sum(formula: Function) -> Formula:
    """A sum with what is the same for all its terms in front: sum(c * x) as c * sum(x)."""
    inner = formula.arguments[0]
    coefficient, powers = factored(inner)
    axis = formula.params["axis"]
    axes = range(len(inner.shape)) if axis is None else [a % len(inner.shape) for a in _all(axis)]
    keeps = formula.params["keepdims"]

    def leaves(base: Formula) -> bool:
        shape = (1,) * (len(inner.shape) - len(base.shape)) + base.shape
        return base.shape == () or (keeps and all(shape[a] == 1 for a in axes))

    outside = {base: e for base, e in powers if leaves(base)}
    inside = product(Fraction(1), {base: e for base, e in powers if base not in outside})
    if inside.shape != inner.shape:
        return formula
    return multiply(product(coefficient, outside), replace(formula, arguments=(inside,)))


def _all(axis: int | tuple[int, ...]) -> tuple[int, ...]:
    return axis if isinstance(axis, tuple) else (axis,)


def _spread(formula: Function) -> Formula:
    """Repeated entries with the numbers in front."""
    number, inner = _scaled(formula.arguments[0])
    return formula if inner.shape == () else multiply(number, replace(formula, arguments=(inner,)))


def _matmul(formula: Function) -> Formula:
    """A product of matrices with the numbers in front."""
    numbers, matrices = zip(*map(_scaled, formula.arguments), strict=True)
    return multiply(*numbers, replace(formula, arguments=matrices))


def _scaled(formula: Formula) -> tuple[Formula, Formula]:
    """An array as a number times an array."""
    coefficient, powers = factored(formula)
    numbers = {base: e for base, e in powers if base.shape == ()}
    rest = product(Fraction(1), {base: e for base, e in powers if base not in numbers})
    return (product(coefficient, numbers), rest) if rest.shape == formula.shape else (ONE, formula)


def _transpose(formula: Function) -> Formula:
    """(Aᵀ B)ᵀ as Bᵀ A."""
    number, inner = _scaled(formula.arguments[0])
    if not (isinstance(inner, Function) and inner.op == "matmul" and any(map(_is_transposed, inner.arguments))):
        return formula
    left, right = inner.arguments
    swapped = tuple(_other_way(x, formula) for x in (right, left))
    return multiply(number, replace(inner, arguments=swapped, shape=formula.shape))


def _is_transposed(formula: Formula) -> bool:
    return isinstance(formula, Function) and formula.op == "transpose" and len(formula.shape) == 2


def _other_way(x: Formula, transpose: Function) -> Formula:
    if isinstance(x, Function) and _is_transposed(x):
        return x.arguments[0]
    return replace(transpose, arguments=(x,), shape=x.shape[::-1])


def take_out(formula: Formula) -> Formula:
    """Common factors taken out: x * a - x * b as x * (a - b), and a / x - b / x as (a - b) / x."""
    if not isinstance(formula, Sum):
        return formula
    parts = [dict(factored(term)[1]) for term in formula.terms]
    shared = {base: _common([p.get(base, Fraction(0)) for p in parts]) for base in parts[0]}
    shared = {base: exponent for base, exponent in shared.items() if exponent != 0}
    if not shared:
        return formula
    inverse = product(Fraction(1), {base: -exponent for base, exponent in shared.items()})
    terms = sorted((multiply(term, inverse) for term in formula.terms), key=_is_negative)
    return multiply(product(Fraction(1), shared), add(*terms))


def _common(exponents: list[Coefficient]) -> Coefficient:
    """The power that all of them have; none if the others would be left with a root of it."""
    common = max(exponents) if max(exponents) < 0 else max(min(exponents), Fraction(0))
    return common if all(Fraction(e - common).denominator == 1 for e in exponents) else Fraction(0)


def _is_negative(term: Formula) -> bool:
    return bool(factored(term)[0] < 0)


def join_choices(formula: Formula) -> Formula:
    """Two branches of one choice joined: where(c, a, 0) + k * where(c, 0, b) as where(c, a, k * b)."""
    if isinstance(formula, Product):
        joined = (power(join_choices(base) if e == 1 else base, e) for base, e in formula.powers)
        return multiply(Number(formula.coefficient), *joined)
    if not (isinstance(formula, Sum) and len(formula.terms) == 2):
        return formula
    first, second = map(_chosen, formula.terms)
    if first is None or second is None or first[0] != second[0]:
        return formula
    (choice, yes, no), (_, also, instead) = first, second
    if ZERO not in (yes, also) or ZERO not in (no, instead):
        return formula
    return _choice(choice, add(yes, also), add(no, instead), formula.shape)


def _chosen(term: Formula) -> tuple[Formula, Formula, Formula] | None:
    """A term as (condition, value where it holds, value where not), if it is a number or more times a choice."""
    coefficient, powers = factored(term)
    found = [base for base, e in powers if isinstance(base, Function) and base.op == "where" and e == 1]
    if len(found) != 1:
        return None
    rest = product(coefficient, {base: e for base, e in powers if base != found[0]})
    condition, yes, no = found[0].arguments
    return condition, multiply(rest, yes), multiply(rest, no)


def _choice(condition: Formula, yes: Formula, no: Formula, shape: tuple[int, ...]) -> Formula:
    """The choice between two values, what both have in common taken out."""
    mine, theirs = dict(factored(yes)[1]), dict(factored(no)[1])
    shared = product(Fraction(1), {b: e for b, e in mine.items() if theirs.get(b) == e})
    inverse = power(shared, Fraction(-1))
    inner = condition.shape if shared != ONE else shape
    choice = Function("where", (condition, multiply(yes, inverse), multiply(no, inverse)), {}, "{}", inner)
    return multiply(shared, choice)
