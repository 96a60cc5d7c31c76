"""A derivation as HTML: tables with captions and headers, native MathML, no script, nothing loaded."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from gradcheck.derivation import mathml
from gradcheck.derivation.derivation import Derivation
from gradcheck.derivation.digits import amount
from gradcheck.derivation.graph import svg
from gradcheck.derivation.notation import Python
from gradcheck.derivation.rows import Row
from gradcheck.derivation.style import PAGE, STYLE
from gradcheck.derivation.symbols import Formula, Number, Symbol
from gradcheck.derivation.wording import Wording


def page(derivation: Derivation, words: Wording) -> str:
    """A whole document."""
    return _document(words, words.title(), [fragment(derivation, words, heading=1)])


def pages(derivations: Iterable[Derivation], **options: Any) -> str:
    """Several derivations in one document."""
    found = [(d, Wording(d, **options)) for d in derivations]
    title = ", ".join(f"∂{d.result}/∂{d.wrt}" for d, _ in found)
    return _document(found[0][1], title, [fragment(d, words, heading=1) for d, words in found])


def _document(words: Wording, title: str, parts: list[str]) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="{words.say("code")}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n"
        f"<style>{PAGE}</style>\n"
        "</head>\n<body>\n<main>\n" + "\n".join(parts) + "\n</main>\n</body>\n</html>\n"
    )


def fragment(derivation: Derivation, words: Wording, heading: int = 3) -> str:
    """The derivation alone, for a notebook or a page of one's own."""
    brief = words.detail == "brief"
    parts = [
        f"<style>{STYLE}</style>",
        f"<h{heading}>{escape(words.title())}</h{heading}>",
        _paragraph(words.goal()),
        _paragraph(words.source()),
        _paragraph(words.warning(), 'class="wrong" role="alert"'),
        _paragraph(words.say("ask") if words.ask else ""),
        "" if brief or not derivation.forward else _forward(derivation, words),
        "" if brief or words.ask else svg(derivation, words),
        *_steps(derivation, words),
        *(_paragraph(text) for text in words.departure()),
        *_proofs(words),
        _checks(words),
        _closing(derivation, words),
    ]
    language = f' lang="{words.say("code")}"'
    return f'<div class="gradcheck"{language}>\n' + "\n".join(part for part in parts if part) + "\n</div>"


def _paragraph(text: str, attributes: str = "") -> str:
    return f"<p{' ' if attributes else ''}{attributes}>{escape(text)}</p>" if text else ""


def _table(caption: str, head: Iterable[tuple[str, str]], body: Iterable[str]) -> str:
    columns = "".join(f'<th scope="col"{_class(kind)}>{escape(text)}</th>' for text, kind in head)
    rows = "\n".join(body)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(caption, quote=True)}"><table>\n'
        f"<caption>{escape(caption)}</caption>\n"
        f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _heads(words: Wording, *names: str) -> list[tuple[str, str]]:
    numeric = ("value", "measured", "shape")
    return [(words.say(f"column_{name}"), "amount" if name in numeric else "") for name in names]


def _forward(derivation: Derivation, words: Wording) -> str:
    body = (
        f'<tr><th scope="row">{mathml.math(mathml.name(name), name)}</th>'
        f"<td>{_formula(derivation.formulas[name])}</td>"
        f'<td class="amount">{amount(value)}</td></tr>'
        for name, value in derivation.forward.items()
    )
    return _table(words.say("caption_forward"), _heads(words, "name", "formula", "value"), body)


def _steps(derivation: Derivation, words: Wording) -> list[str]:
    if not derivation.rows:
        return [_paragraph(words.independent())]
    rule = [_equation(words, row, terms) for row, terms in words.equations()]
    rule += [f'<p class="wide"><code>{escape(line)}</code></p>' for line in words.shaped_lines()]
    numbers = [_numbers(words, row) for row in words.rows()]
    heads = _heads(
        words, "row", "factor", "formula", *(["numbers"] if any(numbers) else []), words.amounts(), "measured"
    )
    cells = [f"<td>{text}</td>" if any(numbers) else "" for text in numbers]
    body = (_row(words, row, cell) for row, cell in zip(words.rows(), cells, strict=True))
    return [*rule, _table(words.say("caption_rows"), heads, body)]


def _equation(words: Wording, left: Row, terms: list[list[Row]]) -> str:
    times, plus = mathml.MathML.times, mathml.MathML.plus
    right = plus.join(times.join(map(_factor_name, factors)) + _beside(words, factors) for factors in terms)
    spoken = " + ".join(map(words.term, terms))
    content = f"{_label(left)}<mo>=</mo>{right}"
    return f'<p class="wide">{mathml.math(content, f"{words.label(left)} = {spoken}")}</p>'


def _beside(words: Wording, factors: list[Row]) -> str:
    text = words.beside(factors)
    return f"<mtext>\N{NO-BREAK SPACE}{escape(text.strip())}</mtext>" if text else ""


def _factor_name(row: Row) -> str:
    return mathml.name(row.delta) if row.delta else mathml.partial(row.above, row.below)


def _label(row: Row) -> str:
    left = mathml.partial(row.above, row.below)
    return f"{mathml.name(row.delta)}<mo>=</mo>{left}" if row.delta else left


def _row(words: Wording, row: Row, numbers: str) -> str:
    remark = f' <span class="note">{escape(words.note(row))}</span>' if words.note(row) else ""
    wrong = f' <span class="wrong">{escape(words.say("row_disagrees").lower())}</span>' if not row.agrees else ""
    why = "".join(f'<span class="note why">{escape(reason)}</span>' for reason in words.reasons(row))
    return (
        f'<tr{_class("sum" if row.kind == "sum" else "")}><th scope="row">[{row.number}]</th>'
        f"<td>{mathml.math(_label(row), words.label(row))}</td><td>{_symbols(row)}{remark}{wrong}{why}</td>"
        f'{numbers}<td class="amount">{words.amount(row)}</td>'
        f'<td class="amount">{words.measured(row)}</td></tr>'
    )


def _symbols(row: Row) -> str:
    if row.formula is None:
        return escape(row.text.replace(" * ", " · "))
    return _formula(row.formula)


def _formula(formula: Formula) -> str:
    return mathml.math(mathml.formula(formula), Python().write(formula))


def _numbers(words: Wording, row: Row) -> str:
    text = words.numbers(row)
    if row.formula is None or not text or isinstance(row.formula, Number | Symbol):
        return escape(text.replace(" * ", " · "))
    return mathml.math(mathml.formula(row.formula, numbers=True), text)


def _proofs(words: Wording) -> list[str]:
    found = []
    for head, links, product in words.proofs():
        lines = "".join(f"<li><code>{escape(a)}</code>, <code>{escape(b)}</code></li>" for a, b in links)
        found.append(f"{_paragraph(head)}<ul>{lines}</ul>{_paragraph(product)}")
    return found


def _checks(words: Wording) -> str:
    body = (
        f'<tr><th scope="row">{escape(name)}</th><td class="amount">{escape(value)}</td>'
        f"<td>{escape(against)}</td><td>{escape(verdict)}</td></tr>"
        for name, value, against, verdict in words.checks()
    )
    return _table(words.say("caption_checks"), _heads(words, "check", "value", "against", "verdict"), body)


def _closing(derivation: Derivation, words: Wording) -> str:
    lines = [words.update(), words.together(), *words.sense(), words.digits()]
    text = "\n".join(_paragraph(line) for line in lines if line)
    for head, array in words.gradients():
        text += f'\n{_paragraph(head)}\n<pre tabindex="0">{escape(array)}</pre>'
    if words.answers():
        answers = words.key()
        text += f"\n<details><summary>{escape(words.say('head_answers'))}</summary>{_paragraph(answers)}</details>"
    return text
