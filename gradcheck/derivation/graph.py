"""The graph of a derivation as a picture (SVG): the values, their gradients, the way from the variable up."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from gradcheck.derivation.derivation import Derivation
from gradcheck.derivation.spelling import decimal
from gradcheck.derivation.symbols import Formula, Function, Product, Sum, Symbol
from gradcheck.derivation.wording import Wording

_WIDE, _HIGH, _GAP, _ROW = 148, 58, 34, 20
_WAY = ' class="way" stroke-width="2.5"'
_SMALLEST = 0.75  # of its size, to fit a page; on a narrower one it is scrolled
_MOST = 60  # values; a picture of more says nothing


def svg(d: Derivation, words: Wording) -> str:
    """The picture; nothing for a derivation with too many values, or none on the way."""
    below = {name: _names(d.formulas[name]) for name in d.forward}
    shown = list(dict.fromkeys([n for names in below.values() for n in names] + list(d.forward)))
    way = {name for path in d.paths for name in path.names}
    if not 1 < len(shown) <= _MOST or not way:
        return ""
    places = _places(shown, below)
    width = max(x for x, _ in places.values()) + _WIDE + 2
    height = max(y for _, y in places.values()) + _HIGH + _ROW
    caption = escape(words.say("caption_graph", wrt=d.wrt, result=d.result))
    steps = {(a, b) for path in d.paths for a, b in zip(path.names, path.names[1:], strict=False)}
    lines = [_line(places[b], places[a], (b, a) in steps) for a in d.forward for b in below[a]]
    boxes = [_box(name, places[name], _value(d, name), _gradient(d, name), name in way) for name in shown]
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{caption}">'
        f'<svg role="img" aria-label="{caption}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'fill="none" stroke="currentColor" font-size="13" '  # so that it can be read without the style sheet
        f'style="max-width: max(100%, {width * _SMALLEST:.0f}px); height: auto">'
        f"<title>{caption}</title>{''.join(lines)}{''.join(boxes)}</svg></div>"
    )


def _names(formula: Formula) -> list[str]:
    """The names in a formula, in order."""
    match formula:
        case Symbol(name):
            return [name]
        case Sum(terms):
            parts = list(terms)
        case Product(powers=powers):
            parts = [base for base, _ in powers]
        case Function(arguments=arguments):
            parts = list(arguments)
        case _:
            return []
    return list(dict.fromkeys(name for part in parts for name in _names(part)))


def _places(shown: list[str], below: dict[str, list[str]]) -> dict[str, tuple[int, int]]:
    """Where each box stands: as far right as its longest way from an input, inputs right before their first use."""
    column: dict[str, int] = {}
    for name in shown:
        if name in below:
            column[name] = 1 + max((column[b] for b in below[name] if b in below), default=0)
    for name in shown:
        if name not in below:
            column[name] = min(column[above] for above, names in below.items() if name in names) - 1
    taken: dict[int, int] = {}
    places = {}
    for name in sorted(shown, key=lambda n: n not in below):
        k = column[name]
        places[name] = (1 + k * (_WIDE + _GAP), 1 + taken.get(k, 0) * (_HIGH + _ROW))
        taken[k] = taken.get(k, 0) + 1
    return places


def _line(start: tuple[int, int], end: tuple[int, int], on_the_way: bool) -> str:
    (x1, y1), (x2, y2) = (start[0] + _WIDE, start[1] + _HIGH // 2), (end[0], end[1] + _HIGH // 2)
    kind = _WAY if on_the_way else ""
    if x2 - x1 > _GAP:  # past other boxes: along the lane below the row
        lane, a, b = start[1] + _HIGH + _ROW // 2, x1 + _GAP, x2 - _GAP
        way = f"M{x1} {y1} C{a} {y1} {x1} {lane} {a} {lane} H{b} C{x2} {lane} {b} {y2} {x2} {y2}"
    else:
        middle = (x1 + x2) // 2
        way = f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"
    return f'<path{kind} d="{way}"/>'


def _box(name: str, place: tuple[int, int], value: str, gradient: str, on_the_way: bool) -> str:
    x, y = place
    kind = _WAY if on_the_way else ""
    lines = [name, value, gradient]
    texts = "".join(
        f'<text x="{x + 8}" y="{y + 17 + 16 * k}">{escape(text)}</text>' for k, text in enumerate(lines) if text
    )
    box = f'<rect{kind} x="{x}" y="{y}" width="{_WIDE}" height="{_HIGH}" rx="6"/>'
    return f'{box}<g fill="currentColor" stroke="none">{texts}</g>'


def _value(d: Derivation, name: str) -> str:
    value: Any = d.forward.get(name, d.at.get(name))
    if value is None or isinstance(value, str):
        return ""
    return f"= {decimal(float(value), trim=True)}" if np.ndim(value) == 0 else f"{np.shape(value)}"


def _gradient(d: Derivation, name: str) -> str:
    """∂result/∂name, where it was computed on the way."""
    value = d.gradients.get(name)
    if value is None:
        return ""
    return f"∂: {decimal(float(value), trim=True)}" if np.ndim(value) == 0 else f"∂: {np.shape(value)}"
