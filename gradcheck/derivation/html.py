"""A derivation as HTML: tables with captions and headers, native MathML, no script, nothing loaded."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import numpy as np

from gradcheck.derivation import mathml, wording
from gradcheck.derivation.derivation import Derivation
from gradcheck.derivation.notation import Python, decimal
from gradcheck.derivation.rows import Row
from gradcheck.derivation.symbols import Formula, Number, Symbol

_STYLE = """
.gradcheck { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; color-scheme: light dark; }
.gradcheck .wide { overflow: auto hidden; padding-block: .25rem; }
.gradcheck table { border-collapse: collapse; margin: 1rem 0; }
.gradcheck caption { text-align: start; font-weight: 600; padding: .25rem 0; }
.gradcheck th, .gradcheck td { padding: .25rem .75rem; text-align: start; vertical-align: top;
  border-block-end: 1px solid color-mix(in srgb, currentColor 25%, transparent); font-weight: normal; }
.gradcheck thead th { font-weight: 600; }
.gradcheck .amount { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
.gradcheck .sum { font-weight: 600; }
.gradcheck .note { opacity: .75; }
.gradcheck .wrong { font-weight: 700; text-decoration: underline; }
.gradcheck pre { overflow-x: auto; }
@media print { .gradcheck { font-size: 10pt; max-width: none; } .gradcheck tr { break-inside: avoid; } }
"""


def page(derivation: Derivation) -> str:
    """A whole document."""
    title = escape(wording.title(derivation))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n"
        "<style>body { margin: 1rem auto; padding: 0 1rem; max-width: 60rem; }</style>\n"
        f"</head>\n<body>\n<main>\n{fragment(derivation, heading=1)}\n</main>\n</body>\n</html>\n"
    )


def fragment(derivation: Derivation, heading: int = 3) -> str:
    """The derivation alone, for a notebook or a page of one's own."""
    parts = [
        f"<style>{_STYLE}</style>",
        f"<h{heading}>{escape(wording.title(derivation))}</h{heading}>",
        f"<p>{escape(wording.goal(derivation))}</p>",
        _warning(derivation),
        _forward(derivation),
        *_steps(derivation),
        _checks(derivation),
        _closing(derivation),
    ]
    return '<div class="gradcheck">\n' + "\n".join(part for part in parts if part) + "\n</div>"


def _warning(derivation: Derivation) -> str:
    text = wording.warning(derivation)
    return f'<p class="wrong" role="alert">{escape(text)}</p>' if text else ""


def _table(caption: str, head: Iterable[tuple[str, str]], body: Iterable[str]) -> str:
    columns = "".join(f'<th scope="col"{_class(kind)}>{escape(text)}</th>' for text, kind in head)
    rows = "\n".join(body)
    return (
        f'<div class="wide"><table>\n<caption>{escape(caption)}</caption>\n'
        f"<thead><tr>{columns}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def _forward(derivation: Derivation) -> str:
    head = [("name", ""), ("formula", ""), ("value", "amount")]
    body = (
        f'<tr><th scope="row">{mathml.math(mathml.name(name), name)}</th>'
        f"<td>{_formula(derivation.formulas[name])}</td>"
        f'<td class="amount">{_amount(value)}</td></tr>'
        for name, value in derivation.forward.items()
    )
    return _table("The forward pass", head, body)


def _steps(derivation: Derivation) -> list[str]:
    if not derivation.rows:
        return [f"<p>{escape(wording.independent(derivation))}</p>"]
    rule = [_equation(row, terms) for row, terms in wording.equations(derivation)]
    head = [
        ("row", ""),
        ("factor", ""),
        ("formula", ""),
        ("with numbers", ""),
        ("value", "amount"),
        ("measured", "amount"),
    ]
    body = (_row(derivation, row) for row in derivation.rows)
    return [*rule, _table("The chain rule, row by row", head, body)]


def _equation(left: Row, terms: list[list[Row]]) -> str:
    times, plus = mathml.MathML.times, mathml.MathML.plus
    right = plus.join(times.join(map(_factor_name, factors)) for factors in terms)
    spoken = " + ".join(" · ".join(map(wording.factor_name, factors)) for factors in terms)
    content = f"{_label(left)}<mo>=</mo>{right}"
    return f'<p class="wide">{mathml.math(content, f"{wording.label(left)} = {spoken}")}</p>'


def _factor_name(row: Row) -> str:
    return mathml.name(row.delta) if row.delta else mathml.partial(row.above, row.below)


def _label(row: Row) -> str:
    left = mathml.partial(row.above, row.below)
    return f"{mathml.name(row.delta)}<mo>=</mo>{left}" if row.delta else left


def _row(derivation: Derivation, row: Row) -> str:
    measured = "" if row.numerical is None else _amount(row.numerical)
    remark = f' <span class="note">{escape(wording.note(row))}</span>' if wording.note(row) else ""
    wrong = ' <span class="wrong">disagrees with what was measured</span>' if not row.agrees else ""
    return (
        f'<tr{_class("sum" if row.kind == "sum" else "")}><th scope="row">[{row.number}]</th>'
        f"<td>{mathml.math(_label(row), wording.label(row))}</td><td>{_symbols(row)}{remark}{wrong}</td>"
        f'<td>{_numbers(derivation, row)}</td><td class="amount">{_amount(row.value)}</td>'
        f'<td class="amount">{measured}</td></tr>'
    )


def _symbols(row: Row) -> str:
    if row.formula is None:
        return escape(row.text.replace(" * ", " · "))
    return _formula(row.formula)


def _formula(formula: Formula) -> str:
    return mathml.math(mathml.formula(formula), Python().write(formula))


def _numbers(derivation: Derivation, row: Row) -> str:
    text = wording.row_numbers(derivation, row) if np.ndim(row.value) == 0 else ""
    if row.formula is None or not text or isinstance(row.formula, Number | Symbol):
        return escape(text.replace(" * ", " · "))
    return mathml.math(mathml.formula(row.formula, numbers=True), text)


def _checks(derivation: Derivation) -> str:
    lines = [wording.check_line(derivation, check) for check in derivation.checks]
    body = (
        f'<tr><th scope="row">{escape(name)}</th><td class="amount">{escape(value)}</td>'
        f"<td>{escape(against)}</td><td>{escape(verdict)}</td></tr>"
        for name, value, against, verdict in lines
    )
    head = [("check", ""), ("value", "amount"), ("against", ""), ("verdict", "")]
    return _table("Checks", head, body)


def _closing(derivation: Derivation) -> str:
    lines = [wording.update(derivation), wording.digits_note(derivation)]
    text = "\n".join(f"<p>{escape(line)}</p>" for line in lines if line)
    if derivation.shape:
        text += f"\n<pre>{escape(np.array2string(derivation.value, precision=9, threshold=60))}</pre>"
    return text


def _amount(value: Any) -> str:
    if np.ndim(value) == 0:
        return decimal(value)
    return str(np.shape(value))
