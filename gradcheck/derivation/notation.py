"""How numbers and formulas are written; as Python here, in LaTeX and MathML by subclasses.

:class:`Python` walks a formula and decides what needs brackets; a subclass says only how a fraction, a power
or a name looks in its own language.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from gradcheck.derivation.spelling import array_text, index_text
from gradcheck.derivation.symbols import (
    Coefficient,
    Formula,
    Function,
    Number,
    Product,
    Sum,
    Symbol,
    evaluate,
    factored,
)

COMPARISONS = {
    "greater": ">",
    "greater_equal": ">=",
    "less": "<",
    "less_equal": "<=",
    "equal": "==",
    "not_equal": "!=",
}
COMPARED, ADDITIVE, TERM, MULTIPLICATIVE, POWER, ATOM = range(6)  # how tightly a text binds
_BINDS = {**dict.fromkeys(COMPARISONS, COMPARED), "scatter": ADDITIVE, "matmul": TERM, "power": POWER}
_LARGEST_ROOT = 10_000  # a number is looked at as a root up to that of this


class Python:
    """Formulas as Python code, which can be pasted and run; with `numbers`, those stand for the names."""

    below_binds = POWER  # how tightly what is below a line must bind to go without brackets
    times, minus, plus, comma = " * ", "-", " + ", ", "
    hadamard = " * "  # between arrays, entry by entry

    def __init__(self, *, numbers: bool = False) -> None:
        self.numbers = numbers

    def write(self, formula: Formula) -> str:
        """The formula as text."""
        return self._write(formula)[0]

    def operand(self, formula: Formula) -> str:
        """The same, in brackets unless it holds together by itself."""
        return self._inside(formula, ATOM)

    def _write(self, formula: Formula) -> tuple[str, int]:
        match formula:
            case Number():
                return self._signed(
                    formula.value < 0,
                    self._number(formula.value if formula.value > 0 else -formula.value),
                    ATOM,
                )
            case Symbol() | Function(op="getitem", shape=()) if self.numbers:
                text = array_text(evaluate(formula))
                return self._signed(text.startswith("-"), self._literal(text.removeprefix("-")), ATOM)
            case Symbol(name):
                return self._name(name), ATOM
            case Sum():
                return "".join(self.terms(formula)), ADDITIVE
            case Product():
                return self._product(formula)
        return self._function(formula), _BINDS.get(formula.op, ATOM)

    def _signed(self, negative: bool, text: str, binds: int) -> tuple[str, int]:
        return (self.minus + text, ADDITIVE) if negative else (text, binds)

    def _inside(self, formula: Formula, needed: int) -> str:
        text, binds = self._write(formula)
        return text if binds >= needed else self._brackets(text)

    def terms(self, formula: Formula) -> list[str]:
        """What is added up, each term but the first with its sign; together they are the formula."""
        first, *others = formula.terms if isinstance(formula, Sum) else (formula,)
        found = [self._inside(first, ADDITIVE)]
        for term in others:
            coefficient, powers = factored(term)
            size: Formula = term
            if coefficient < 0:
                size = Product(-coefficient, powers) if powers else Number(-coefficient)
            sign = self.plus if coefficient >= 0 else self.plus.replace("+", self.minus)
            found.append(sign + self._inside(size, TERM))
        return found

    def _product(self, formula: Product) -> tuple[str, int]:
        c: Coefficient = formula.coefficient
        top, bottom = self._split(c if c > 0 else -c)
        above, below = ([top] if top else []), ([bottom] if bottom else [])
        several = bool(bottom) or sum(exponent < 0 for _, exponent in formula.powers) > 1
        for base, exponent in formula.powers:
            if exponent > 0:
                above.append(self._raised(base, exponent, MULTIPLICATIVE))
            else:
                below.append(self._raised(base, -exponent, MULTIPLICATIVE if several else self.below_binds))
        if bottom or len(above) < len(formula.powers):
            above = self._alone(formula, top) or above
        arrays = sum(base.shape != () for base, _ in formula.powers) > 1
        if arrays and top and len(above) > 1:
            above = [above[0] + self.times + above[1], *above[2:]]
        text = self._quotient(above or [self._number(Fraction(1))], below, self.hadamard if arrays else self.times)
        plain = len(formula.powers) == 1 and not top and not below
        return self._signed(c < 0, text, POWER if plain else MULTIPLICATIVE)

    def _alone(self, formula: Product, number: str) -> list[str]:
        """What stands alone above a fraction bar, which is bracket enough."""
        above = [base for base, exponent in formula.powers if exponent > 0]
        alone = self.below_binds == ADDITIVE and len(above) == 1 and not number
        return [self.write(above[0])] if alone and dict(formula.powers)[above[0]] == 1 else []

    def _split(self, c: Coefficient) -> tuple[str, str]:
        """A coefficient above and below the line; 0.5 stays above, a third goes below."""
        if isinstance(c, Fraction) and c.denominator & (c.denominator - 1):
            return ("" if c.numerator == 1 else self._literal(str(c.numerator))), self._literal(str(c.denominator))
        if (n := _root(1 / c)) is not None:
            return "", self._call("sqrt", [self._literal(str(n))], [])
        return ("" if c == 1 else self._number(c)), ""

    def _raised(self, base: Formula, exponent: Coefficient, needed: int) -> str:
        if exponent == 1:
            return self._inside(base, needed)
        return self._power(self._inside(base, ATOM), self.write(Number(exponent)))

    def _function(self, formula: Function) -> str:  # noqa: PLR0911 - one return an operation
        params, first = formula.params, formula.arguments[0]
        if formula.op in COMPARISONS:
            return self._comparison(formula.op, [self._inside(x, ADDITIVE) for x in formula.arguments])
        if formula.op == "power":
            return self._power(self._inside(first, ATOM), self._exponent(formula.arguments[1]))
        if formula.op == "matmul":
            return self._matmul([self._inside(x, ATOM) for x in formula.arguments])
        if formula.op == "transpose" and params["axes"] is None:
            return self._transpose(self._inside(first, ATOM))
        if formula.op == "broadcast_to" and isinstance(first, Number):
            return self._uniform(first, params["shape"])
        if formula.op in ("move", "gather"):
            called = params["what"] + ("_back" if formula.op == "gather" else "")
            return self._call(called, [self.write(x) for x in formula.arguments], list(params["shown"]))
        if formula.op in ("concatenate", "stack"):
            blocks = self.comma.join(map(self.write, formula.arguments))
            return self._call(formula.op, [self._literal_brackets(blocks)], options(formula))
        if formula.op == "einsum":
            return self._call("einsum", [f"'{params['subscripts']}'", *map(self.write, formula.arguments)], [])
        if formula.op == "assembled":
            return self._call("assembled", [self.write(x) for x in _pieces(formula)], [])
        if formula.op == "scatter":
            return self._placed(self._inside(first, POWER), index_text(params["index"]))
        if formula.op == "getitem":
            return self._entry(self._inside(first, ATOM), index_text(params["index"]))
        name = "abs" if formula.op == "absolute" else formula.op
        return self._call(name, [self.write(x) for x in formula.arguments], options(formula))

    # How the pieces look in this language

    def _name(self, text: str) -> str:
        return text

    def _literal(self, text: str) -> str:
        return text

    def _number(self, value: Coefficient) -> str:
        if isinstance(value, Fraction) and value.denominator & (value.denominator - 1):
            return self._quotient([self._literal(str(value.numerator))], [self._literal(str(value.denominator))])
        if (n := _root(value)) is not None:
            return self._call("sqrt", [self._literal(str(n))], [])
        return self._literal(f"{float(value):.12g}")

    def _brackets(self, text: str) -> str:
        return f"({text})"

    def _literal_brackets(self, text: str) -> str:
        return f"[{text}]"

    def _quotient(self, above: list[str], below: list[str], times: str = "") -> str:
        times = times or self.times
        if not below:
            return times.join(above)
        return f"{times.join(above)} / " + (below[0] if len(below) == 1 else f"({times.join(below)})")

    def _power(self, base: str, exponent: str) -> str:
        return f"{base}**{exponent}"

    def _exponent(self, formula: Formula) -> str:
        return self._inside(formula, ATOM)

    def _comparison(self, op: str, sides: list[str]) -> str:
        return f" {COMPARISONS[op]} ".join(sides)

    def _matmul(self, sides: list[str]) -> str:
        return " @ ".join(sides)

    def _transpose(self, text: str) -> str:
        return f"{text}.T"

    def _entry(self, text: str, index: str) -> str:
        """An entry; of δ_h, (δ_h)[1], since δ_h[1] is what arrives at h[1] from everywhere."""
        return f"({text})[{index}]" if text.startswith("δ") and text.isidentifier() else f"{text}[{index}]"

    def _placed(self, text: str, index: str) -> str:
        return f"{text} at [{index}]"

    def _uniform(self, entry: Number, shape: tuple[int, ...]) -> str:
        """An array of one number: ones(3), full((2, 3), 0.5)."""
        size = str(shape[0] if len(shape) == 1 else shape)
        return f"ones({size})" if entry.value == 1 else f"full({size}, {self.write(entry)})"

    def _call(self, op: str, arguments: list[str], keywords: list[str]) -> str:
        return f"{op}({self.comma.join([*arguments, *keywords])})"


def _pieces(formula: Function) -> tuple[Formula, ...]:
    """What was written into an array, and what was there before, unless that were plain numbers."""
    base, *pieces = formula.arguments
    nameless = isinstance(base, Symbol) and base.name.startswith("array(")
    return tuple(pieces) if nameless else formula.arguments


def _root(value: Coefficient) -> int | None:
    """n, if `value` is √n and no fraction: what a division by np.sqrt(3) leaves."""
    square = round(min(float(value) ** 2, _LARGEST_ROOT)) if isinstance(value, float) else 0
    if square == _LARGEST_ROOT or isqrt(square) ** 2 == square:
        return None
    return square if abs(value / square**0.5 - 1) < 4e-16 else None


class Shapes(Python):
    """Formulas as Python code, with the shape of every array and every transpose beside it."""

    times, hadamard = " · ", " ⊙ "

    def _write(self, formula: Formula) -> tuple[str, int]:
        if isinstance(formula, Function) and formula.op == "transpose" and formula.params["axes"] is None:
            return f"{Python()._inside(formula.arguments[0], ATOM)}ᵀ ({_by(formula.shape)})", ATOM
        text, binds = super()._write(formula)
        return (f"{text} ({_by(formula.shape)})" if isinstance(formula, Symbol) and formula.shape else text), binds


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def options(formula: Function) -> list[str]:
    """The options of a function worth showing."""
    shown = ((key, value) for key, value in formula.params.items() if value is not None and value is not False)
    return [f"{key}={value}" for key, value in shown]
