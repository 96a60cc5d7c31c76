"""Formulas, names and sentences in LaTeX; the mathematics needs no package."""

from __future__ import annotations

import unicodedata

from gradcheck.derivation.notation import ADDITIVE, COMPARISONS, Python
from gradcheck.derivation.spelling import name_parts
from gradcheck.derivation.symbols import Formula, Number

_COMPARED = {"greater_equal": r"\ge", "less_equal": r"\le", "not_equal": r"\ne", "equal": "="}
_KNOWN = {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "max"}
_IN_TEXT = {
    **{c: "\\" + c for c in "_#%&${}"},
    "∂": r"$\partial$",
    "→": r"$\to$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "⊙": r"$\odot$",
    "ᵀ": r"${}^{\top}$",
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    ">": "$>$",
    "<": "$<$",
}


class TeX(Python):
    """Formulas in LaTeX's mathematics; needs no package."""

    below_binds = ADDITIVE  # a fraction bar is bracket enough
    times, hadamard = r" \cdot ", r" \odot "

    def _name(self, text: str) -> str:
        return tex_name(text)

    def _literal(self, text: str) -> str:
        if text == "inf":
            return r"\infty"
        mantissa, _, exponent = text.partition("e")
        if exponent and exponent.lstrip("+-").isdigit():
            return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
        return text

    def _brackets(self, text: str) -> str:
        return rf"\left({text}\right)"

    def _quotient(self, above: list[str], below: list[str], times: str = "") -> str:
        times = times or self.times
        top = times.join(above)
        return rf"\frac{{{top}}}{{{times.join(below)}}}" if below else top

    def _power(self, base: str, exponent: str) -> str:
        return f"{{{base}}}^{{{exponent}}}"

    def _exponent(self, formula: Formula) -> str:
        return self.write(formula)

    def _comparison(self, op: str, sides: list[str]) -> str:
        return f" {_COMPARED.get(op, COMPARISONS[op])} ".join(sides)

    def _matmul(self, sides: list[str]) -> str:
        return r" \, ".join(sides)

    def _transpose(self, text: str) -> str:
        return rf"{{{text}}}^{{\top}}"

    def _entry(self, text: str, index: str) -> str:
        return f"{{{text}}}_{{[{index}]}}"

    def _placed(self, text: str, index: str) -> str:
        return rf"{text} \text{{ at }} [{index}]"

    def _uniform(self, entry: Number, shape: tuple[int, ...]) -> str:
        size = r" \times ".join(map(str, shape))
        ones = rf"\mathbf{{1}}_{{{size}}}"
        return ones if entry.value == 1 else rf"{self.write(entry)} \, {ones}"

    def _call(self, op: str, arguments: list[str], keywords: list[str]) -> str:
        if op == "sqrt":
            return rf"\sqrt{{{arguments[0]}}}"
        if op == "abs":
            return rf"\left|{arguments[0]}\right|"
        if op == "sum":
            axis = "".join(rf"_{{\mathrm{{{_escaped(k)}}}}}" for k in keywords if k.startswith("axis"))
            return rf"\sum{axis} " + self._brackets(arguments[0])
        name = rf"\{op}" if op in _KNOWN else rf"\mathrm{{{_escaped(op)}}}"
        options = [rf"\mathrm{{{_escaped(keyword)}}}" for keyword in keywords]
        texts = [rf"\mathrm{{{_escaped(x)}}}" if x.startswith("'") else x for x in arguments]
        return name + self._brackets(", ".join([*texts, *options]))


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
    """A name within mathematics; what a program may put between quotes must not end a group."""
    return "".join(rf"\{c}" if c in "_#%&${}" else r"\backslash " if c == "\\" else c for c in text)


def tex_text(text: str) -> str:
    """A sentence as LaTeX's text."""
    greek = {c: f"${_greek(c)}$" for c in set(text) if _greek(c)}
    return "".join(greek.get(c) or _IN_TEXT.get(c, c) for c in text)


def tex_partial(above: str, below: str) -> str:
    """∂above/∂below as a fraction."""
    return rf"\frac{{\partial {tex_name(above)}}}{{\partial {tex_name(below)}}}"
