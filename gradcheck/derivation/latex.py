"""A derivation in LaTeX: the chain rule, then every row, numbered and citing the rows before it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from gradcheck.derivation.derivation import Derivation
from gradcheck.derivation.languages import chosen
from gradcheck.derivation.rows import Row
from gradcheck.derivation.spelling import decimal
from gradcheck.derivation.symbols import Formula, Number
from gradcheck.derivation.tex import TeX, tex_name, tex_partial, tex_text
from gradcheck.derivation.wording import Wording

_FORMS = ("display", "inline", "document")
_LONG = 58  # letters on a line of an article, roughly
_WIDEST = 60  # numbers that are longer than a line are left out
_POWER_OF_TEN = re.compile(r"(?<=\d)e([+-]\d+)")
_VISIBLE = re.compile(r"\\[a-zA-Z]+|[{}_^\\ ]")  # what is taken away to count them


def derivation_latex(derivation: Derivation, words: Wording, form: str = "display") -> str:
    """The rows (amsmath's align*), the chain rule alone, or a whole document."""
    if form not in _FORMS:
        raise ValueError(f"form is {form!r}; there are {', '.join(_FORMS)}")
    if form == "inline":
        return _inline(derivation, words)
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
        first, *further = _on_lines(d.formulas[name], _LONG - _width(tex_name(name) + number))
        *lines, last = [rf"{tex_name(name)} &= {first}", *(rf"&\quad {{}} {term}" for term in further)]
        yield from [*lines, last + number]


def _inline(d: Derivation, words: Wording) -> str:
    """∂E/∂w = the sum of its paths = the value, to stand between dollar signs."""
    left = tex_partial(d.result, d.wrt)
    if not d.rows or d.shape:
        last = TeX().write(d.rows[-1].formula) if d.rows and d.rows[-1].formula else f"{np.max(d.value):.0f}"
        return f"{left} = {last}"
    terms = [
        r" \cdot ".join(tex_partial(b, a) for a, b in zip(path.names[-2::-1], path.names[:0:-1], strict=True))
        for path in d.paths[:4]
    ]
    if d.path_count > 1:
        direct = rf" \text{{ {tex_text(words.say('aside', text=words.say('directly')))}}}"
        terms = [term + direct if len(path.names) == 2 else term for term, path in zip(terms, d.paths, strict=False)]
    more = r" + \cdots" if d.path_count > 4 else ""
    return f"{left} = {' + '.join(terms)}{more} = {TeX()._literal(decimal(d.value))}"


def _rows(d: Derivation, words: Wording) -> Iterator[str]:
    for row in words.rows():
        yield from _line(d, words, row)
    if not d.rows:
        yield rf"{tex_partial(d.result, d.wrt)} &= {np.max(d.value):.0f}"
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
    first, *further = _on_lines(row.formula, _LONG - _width(left)) if row.formula is not None else steps[:1]
    lines = [rf"{left} &= {first}", *(rf"&\quad {{}} {term}" for term in further)]
    if len(steps) > 1 and (further or _width(left + " = ".join(steps)) > _LONG):
        lines.append(rf"&= {' = '.join(steps[1:])}")
    elif len(steps) > 1:
        lines[-1] += f" = {' = '.join(steps[1:])}"
    yield from lines[:-1]
    yield lines[-1] + tag


def _on_lines(formula: Formula, room: int) -> list[str]:
    """A formula; of a long sum, each term on a line of its own."""
    whole = TeX().write(formula)
    return [whole] if _width(whole) <= room else TeX().terms(formula)


def _width(formula: str) -> int:
    """About how many letters it is wide."""
    return len(_VISIBLE.sub("", re.sub(r" ?\\[co]dot ?", "xxx", formula)))


def row_symbols(row: Row) -> str:
    """A row's formula in LaTeX, or the rows it cites."""
    if row.formula is not None:
        return TeX().write(row.formula)
    return (" + " if row.kind == "sum" else r" \cdot ").join(f"[{k}]" for k in row.cites)


def _numbers(words: Wording, row: Row) -> str:
    text = words.numbers(row)
    if row.formula is None:
        return _POWER_OF_TEN.sub(_power_of_ten, text.replace(" * ", r" \cdot "))
    return TeX(numbers=True).write(row.formula) if text else ""


def _power_of_ten(match: re.Match[str]) -> str:
    return rf" \cdot 10^{{{int(match[1])}}}"
