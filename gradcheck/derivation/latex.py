"""A derivation in LaTeX: the chain rule, then every row, numbered and citing the rows before it."""

from __future__ import annotations

import unicodedata

import numpy as np

from gradcheck.derivation import wording
from gradcheck.derivation.derivation import Derivation
from gradcheck.derivation.notation import ADDITIVE, COMPARISONS, Python, decimal, name_parts
from gradcheck.derivation.rows import Row
from gradcheck.derivation.symbols import Number, Symbol

_COMPARED = {"greater_equal": r"\ge", "less_equal": r"\le", "not_equal": r"\ne", "equal": "="}
_KNOWN = {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "max"}


class TeX(Python):
    """Formulas in LaTeX's mathematics; needs no package."""

    below_binds = ADDITIVE  # a fraction bar is bracket enough
    times = r" \cdot "

    def _name(self, text: str) -> str:
        return tex_name(text)

    def _literal(self, text: str) -> str:
        mantissa, _, exponent = text.partition("e")
        if exponent and exponent.lstrip("+-").isdigit():
            return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
        return text

    def _brackets(self, text: str) -> str:
        return rf"\left({text}\right)"

    def _quotient(self, above: list[str], below: list[str]) -> str:
        top = self.times.join(above)
        return rf"\frac{{{top}}}{{{self.times.join(below)}}}" if below else top

    def _power(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    def _comparison(self, op: str, sides: list[str]) -> str:
        return f" {_COMPARED.get(op, COMPARISONS[op])} ".join(sides)

    def _matmul(self, sides: list[str]) -> str:
        return r" \, ".join(sides)

    def _transpose(self, text: str) -> str:
        return rf"{text}^{{\top}}"

    def _entry(self, text: str, index: str) -> str:
        return f"{{{text}}}_{{[{index}]}}"

    def _placed(self, text: str, index: str) -> str:
        return rf"{text} \text{{ at }} [{index}]"

    def _call(self, op: str, arguments: list[str], keywords: list[str]) -> str:
        if op == "sqrt":
            return rf"\sqrt{{{arguments[0]}}}"
        name = rf"\{op}" if op in _KNOWN else rf"\mathrm{{{_escaped(op)}}}"
        options = [rf"\mathrm{{{_escaped(keyword)}}}" for keyword in keywords]
        return name + self._brackets(", ".join([*arguments, *options]))


def tex_name(name: str) -> str:
    """A name as LaTeX: w5 is w_{5}, out_h1 an upright word with a subscript."""
    base, subscript = name_parts(name)
    letter = base if len(base) == 1 else rf"\mathrm{{{_escaped(base)}}}"
    letter = _greek(base) or letter
    if not subscript:
        return letter
    below = subscript if len(subscript) == 1 else rf"\mathrm{{{_escaped(subscript)}}}"
    return rf"{letter}_{{{below}}}"


def _greek(letter: str) -> str:
    words = unicodedata.name(letter, "").split() if len(letter) == 1 else []
    return "\\" + words[-1].lower() if words[:1] == ["GREEK"] and "SMALL" in words else ""


def _escaped(text: str) -> str:
    return text.replace("_", r"\_").replace("#", r"\#")


def tex_partial(above: str, below: str) -> str:
    """∂above/∂below as a fraction."""
    return rf"\frac{{\partial {tex_name(above)}}}{{\partial {tex_name(below)}}}"


def derivation_latex(derivation: Derivation) -> str:
    """An align* environment (amsmath) with the rows of the derivation; rows are cited by their tags."""
    lines = [_line(derivation, row) for row in derivation.rows]
    if not lines:
        lines = [rf"{tex_partial(derivation.result, derivation.wrt)} &= 0"]
    lines += _update(derivation)
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def _line(derivation: Derivation, row: Row) -> str:
    left = tex_partial(row.above, row.below)
    if row.delta:
        left = f"{tex_name(row.delta)} = {left}"
    if np.ndim(row.value) or isinstance(row.formula, Number):
        steps = [row_symbols(row)]
    else:
        steps = [row_symbols(row), _numbers(derivation, row), TeX()._literal(decimal(row.value))]
        steps = list(dict.fromkeys(step for step in steps if step))
    remark = wording.note(row).strip("()") if row.agrees else "disagrees with what was measured"
    aside = rf" \quad \text{{({_escaped(remark)})}}" if remark else ""
    return rf"{left} &= {' = '.join(steps)}{aside} \tag*{{[{row.number}]}}"


def row_symbols(row: Row) -> str:
    """A row's formula in LaTeX, or the rows it cites."""
    if row.formula is not None:
        return TeX().write(row.formula)
    return (" + " if row.kind == "sum" else r" \cdot ").join(f"[{k}]" for k in row.cites)


def _numbers(derivation: Derivation, row: Row) -> str:
    if row.formula is None:
        return wording.row_numbers(derivation, row).replace(" * ", r" \cdot ")
    return "" if isinstance(row.formula, Number | Symbol) else TeX(numbers=True).write(row.formula)


def _update(derivation: Derivation) -> list[str]:
    if derivation.rate is None or derivation.shape:
        return []
    name, (old, rate, gradient, new) = tex_name(derivation.wrt), wording.update_numbers(derivation)
    return [rf"{name}^{{+}} &= {old} - {rate} \cdot {gradient} = {new}"]
