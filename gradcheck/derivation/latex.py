"""A derivation in LaTeX: the chain rule, then every row, numbered and citing the rows before it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from gradcheck.derivation.derivation import Derivation
from gradcheck.derivation.languages import chosen
from gradcheck.derivation.notation import ADDITIVE, COMPARISONS, Python
from gradcheck.derivation.rows import Row
from gradcheck.derivation.spelling import decimal, name_parts
from gradcheck.derivation.symbols import Formula, Number, Symbol
from gradcheck.derivation.wording import Wording

_COMPARED = {"greater_equal": r"\ge", "less_equal": r"\le", "not_equal": r"\ne", "equal": "="}
_KNOWN = {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "max"}
_FORMS = ("display", "inline", "document")
_LONG = 58  # letters on a line of an article, roughly
_WIDEST = 60  # numbers that are longer than a line are left out
_POWER_OF_TEN = re.compile(r"(?<=\d)e([+-]\d+)")
_VISIBLE = re.compile(r"\\[a-zA-Z]+|[{}_^\\ ]")  # what is taken away to count them
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


def derivation_latex(derivation: Derivation, words: Wording, form: str = "display") -> str:
    """The rows (amsmath's align*), the chain rule alone, or a whole document."""
    if form not in _FORMS:
        raise ValueError(f"form is {form!r}; there are {', '.join(_FORMS)}")
    if form == "inline":
        return _inline(derivation)
    if form == "document":
        return document([_sections(derivation, words)], words.lang)
    return _align(_rows(derivation, words))


def document(parts: Iterable[str], lang: str | None) -> str:
    """An article (in Chinese a ctexart) that needs amsmath alone."""
    kind = "ctexart" if chosen(lang) == "zh" else "article"
    width = "\\setlength{\\textwidth}{159mm}\n\\setlength{\\oddsidemargin}{0pt}\n"
    head = rf"\documentclass{{{kind}}}" + "\n\\usepackage{amsmath}\n" + width
    head += "\\allowdisplaybreaks\n\\begin{document}\n"
    return head + "\n\n".join(parts) + "\n\\end{document}\n"


def sections(derivation: Derivation, **options: Any) -> str:
    """One derivation as a section of a document."""
    return _sections(derivation, Wording(derivation, **options))


def _sections(d: Derivation, words: Wording) -> str:
    parts = [rf"\section*{{{tex_text(words.title())}}}"]
    parts += [tex_text(text) for text in (words.warning(), words.goal(), words.source()) if text]
    if d.forward and words.detail != "brief":
        parts += [_head(words, "forward"), _align(_forward(d))]
    if d.rows:
        parts += [_head(words, "rule"), _align(_rows(d, words))]
        parts += [_items(text for row in words.rows() for text in words.reasons(row))]
    else:
        parts.append(tex_text(words.independent()))
    for head, links, product in words.proofs():
        parts.append(_items([head, *("; ".join(link) for link in links), product]))
    checks = (rf"{tex_text(a)} & {tex_text(b)} & {tex_text(c)} & {tex_text(d)}" for a, b, c, d in words.checks())
    parts.append("\\begin{flushleft}\n\\begin{tabular}{@{}lrp{0.4\\linewidth}l@{}}\n")
    parts[-1] += " \\\\\n".join(checks) + "\n\\end{tabular}\n\\end{flushleft}"
    closing = [*words.departure(), words.together(), *words.sense(), words.digits(), words.key()]
    parts += [tex_text(text) for text in closing if text]
    for head, array in words.gradients():
        parts.append(f"{tex_text(head)}\n{_verbatim(array)}")
    return "\n\n".join(part for part in parts if part)


def _verbatim(text: str) -> str:
    plain = text.encode("ascii", "backslashreplace").decode()  # the typewriter font may lack more
    return "\\begin{small}\n\\begin{verbatim}\n" + plain + "\n\\end{verbatim}\n\\end{small}"


def _head(words: Wording, key: str) -> str:
    return rf"\paragraph{{{tex_text(words.say(f'head_{key}'))}}}"


def _items(texts: Iterable[str]) -> str:
    found = "\n".join(rf"\item {{}}{tex_text(text)}" for text in texts)
    return f"\\begin{{itemize}}\n{found}\n\\end{{itemize}}" if found else ""


def _align(lines: Iterable[str]) -> str:
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"


def _forward(d: Derivation) -> Iterator[str]:
    for name, value in d.forward.items():
        number = f" = {TeX()._literal(decimal(value))}" if np.ndim(value) == 0 else ""
        yield rf"{tex_name(name)} &= {TeX().write(d.formulas[name])}{number}"


def _inline(d: Derivation) -> str:
    """∂E/∂w = the sum of its paths = the value, to stand between dollar signs."""
    left = tex_partial(d.result, d.wrt)
    if not d.rows or d.shape:
        last = TeX().write(d.rows[-1].formula) if d.rows and d.rows[-1].formula else "0"
        return f"{left} = {last}"
    terms = [
        r" \cdot ".join(tex_partial(b, a) for a, b in zip(path.names[-2::-1], path.names[:0:-1], strict=True))
        for path in d.paths[:4]
    ]
    more = r" + \cdots" if d.path_count > 4 else ""
    return f"{left} = {' + '.join(terms)}{more} = {TeX()._literal(decimal(d.value))}"


def _rows(d: Derivation, words: Wording) -> Iterator[str]:
    for row in words.rows():
        yield from _line(d, words, row)
    if not d.rows:
        yield rf"{tex_partial(d.result, d.wrt)} &= 0"
    if d.rate is not None and not d.shape:
        old, rate, gradient, new = (text.replace("_", r"\_") for text in words.update_numbers())
        yield rf"{tex_name(d.wrt)}^{{+}} &= {old} - {rate} \cdot {gradient} = {new}"


def _line(d: Derivation, words: Wording, row: Row) -> Iterator[str]:
    """A row; its numbers on a line of their own where they are long."""
    left = tex_partial(row.above, row.below)
    if row.delta:
        left = f"{tex_name(row.delta)} = {left}"
    steps = [row_symbols(row)]
    if not np.ndim(row.value) and not isinstance(row.formula, Number):
        steps += ["" if words.ask else _numbers(words, row), TeX()._literal(words.amount(row).replace("_", r"\_"))]
    steps = list(dict.fromkeys(step for step in steps if step and (step == steps[0] or _width(step) <= _WIDEST)))
    remark = words.note(row).strip("()（）") if row.agrees else words.say("row_disagrees").lower()
    aside = rf" \quad \text{{{tex_text(words.say('aside', text=remark))}}}" if remark else ""
    tag = rf"{aside} \tag*{{[{row.number}]}}"
    if _width(left + " = ".join(steps)) > _LONG and len(steps) > 1:
        yield rf"{left} &= {steps[0]}"
        yield rf"&= {' = '.join(steps[1:])}{tag}"
    else:
        yield rf"{left} &= {' = '.join(steps)}{tag}"


def _width(formula: str) -> int:
    """About how many letters it is wide."""
    return len(_VISIBLE.sub("", re.sub(r" ?\\[co]dot ?", "xxx", formula)))


def row_symbols(row: Row) -> str:
    """A row's formula in LaTeX, or the rows it cites."""
    if row.formula is not None:
        return TeX().write(row.formula)
    return (" + " if row.kind == "sum" else r" \cdot ").join(f"[{k}]" for k in row.cites)


def _numbers(words: Wording, row: Row) -> str:
    if row.formula is None:
        return _POWER_OF_TEN.sub(_power_of_ten, words.numbers(row).replace(" * ", r" \cdot "))
    return "" if isinstance(row.formula, Number | Symbol) else TeX(numbers=True).write(row.formula)


def _power_of_ten(match: re.Match[str]) -> str:
    return rf" \cdot 10^{{{int(match[1])}}}"
