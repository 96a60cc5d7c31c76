"""A derivation in Markdown: tables, code for formulas, as GitHub and Jupyter show them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gradcheck.derivation.derivation import Derivation
from gradcheck.derivation.digits import amount
from gradcheck.derivation.notation import Python
from gradcheck.derivation.wording import Wording

_SPECIAL = str.maketrans({c: "\\" + c for c in "\\`*_{}[]<>|#"})


def derivation_markdown(d: Derivation, words: Wording) -> str:
    """The whole derivation."""
    return "\n".join(_blocks(d, words)).rstrip() + "\n"


def _blocks(d: Derivation, words: Wording) -> Iterator[str]:
    say = words.say
    yield f"## {_text(words.title())}\n"
    for text in (words.warning(), say("ask") if words.ask else "", words.goal(), words.source()):
        if text:
            yield f"{_text(text)}\n"
    if d.forward and words.detail != "brief":
        yield f"### {say('caption_forward')}\n"
        yield from _table([say("column_name"), say("column_formula"), say("column_value")], _forward(d))
    if not d.rows:
        yield f"{_text(words.independent())}\n"
    else:
        yield f"### {say('caption_rows')}\n"
        yield from _rule(words)
        numbers = ["numbers"] if any(map(words.numbers, words.rows())) else []
        heads = ["row", "factor", "formula", *numbers, words.amounts(), "measured"]
        yield from _table([say(f"column_{head}") for head in heads], _rows(words, bool(numbers)))
        yield from _list(text for row in words.rows() for text in words.reasons(row))
    yield from _list(words.departure())
    for head, links, product in words.proofs():
        yield f"{_text(head)}\n"
        yield from _list([*(f"`{a}`, `{b}`" for a, b in links)], plain=False)
        yield f"{_text(product)}\n"
    yield f"### {say('caption_checks')}\n"
    heads = ["check", "value", "against", "verdict"]
    yield from _table([say(f"column_{head}") for head in heads], (map(_text, line) for line in words.checks()))
    yield from _list([words.update(), words.together(), *words.sense(), words.digits()])
    for head, array in words.gradients():
        yield f"{_text(head)}\n\n```text\n{array}\n```\n"
    if words.answers():
        yield f"### {say('caption_answers')}\n"
        yield f"{_text(words.key())}\n"


def _forward(d: Derivation) -> Iterator[list[str]]:
    for name, value in d.forward.items():
        yield [_code(name), _code(Python().write(d.formulas[name])), amount(value)]


def _rule(words: Wording) -> Iterator[str]:
    lines = [f"{words.label(row)} = {' + '.join(map(words.term, terms))}" for row, terms in words.equations()]
    lines += words.shaped_lines()
    if lines:
        yield "```text\n" + "\n".join(lines) + "\n```\n"


def _rows(words: Wording, with_numbers: bool) -> Iterator[list[str]]:
    for row in words.rows():
        formula = _code(row.text) if row.formula is not None else _text(row.text)
        wrong = "" if row.agrees else f" **{_text(words.say('row_disagrees'))}**"
        note = f" {_text(words.note(row))}" if words.note(row) else ""
        numbers = [_code(words.numbers(row))] if with_numbers else []
        value = _text(words.amount(row))
        label = _code(words.label(row))
        yield [f"\\[{row.number}\\]", label, formula + note + wrong, *numbers, value, words.measured(row)]


def _table(heads: list[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield "| " + " | ".join(heads) + " |"
    yield "|" + " --- |" * len(heads)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def _list(texts: Iterable[str], *, plain: bool = True) -> Iterator[str]:
    lines = [f"- {_text(text) if plain else text}" for text in texts if text]
    if lines:
        yield from [*lines, ""]


def _text(text: str) -> str:
    return text.translate(_SPECIAL)


def _code(text: str) -> str:
    """Code in a cell; a bar there would end the cell, also within code."""
    ticks = "``" if "`" in text else "`"
    return f"{ticks}{text}{ticks}".replace("|", "\\|") if text else ""
