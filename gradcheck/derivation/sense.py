"""What a gradient says: its sign, and why it is as small or as large as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.derivation.reasons import Remark
from gradcheck.derivation.rows import Row
from gradcheck.derivation.spelling import decimal, name_parts
from gradcheck.derivation.symbols import Symbol


def sign(result: str, wrt: str, value: Any) -> Remark:
    """Which way the result goes with the variable."""
    if np.ndim(value):
        at = np.unravel_index(int(np.argmax(np.abs(value))), np.shape(value))
        index = ", ".join(str(int(i)) for i in at)
        return "sense_largest", {"entry": f"{wrt}[{index}]", "value": float(value[at]), "result": result}
    key = "sense_grows" if value > 0 else "sense_shrinks" if value < 0 else "sense_flat"
    return key, {"result": result, "wrt": wrt}


def sibling(wrt: str, rows: Sequence[Row], names: Sequence[str]) -> str | None:
    """Another variable of the same letter (w5 for w1) that stands on the way, to compare with."""
    letter = name_parts(wrt)[0]
    for row in rows:
        if isinstance(row.formula, Symbol) and row.below != wrt:
            other = row.formula.name
            if other in names and name_parts(other)[0] == letter:
                return other
    return None


def smallest_factor(rows: Sequence[Row]) -> Iterator[Remark]:
    """The local derivative that does most to make the gradient small."""
    factors = [row for row in rows if row.kind == "factor" and 0 < abs(row.value) < 0.5]
    if len(rows) > 2 and factors:
        row = min(factors, key=lambda row: abs(row.value))
        number = decimal(row.value, trim=True)
        formula = row.text if row.text == number else f"{row.text} = {number}"
        yield "sense_smallest", {"row": row.number, "above": row.above, "below": row.below, "formula": formula}


def comparison(rows: Sequence[Row], other: str, others: Sequence[Row]) -> Iterator[Remark]:
    """How many times smaller or larger than another variable's gradient, factor by factor.

    The ratio is that of the last factors (what each weight was multiplied by), times that of the δ above
    them, times what stands between; as an identity, so that the parts multiply to the whole.
    """
    if not (_has_last(rows) and _has_last(others)) or not (rows[-1].value and others[-1].value):
        return
    mine, theirs = rows[-1], others[-1]
    last, their_last = rows[mine.cites[-1] - 1], others[theirs.cites[-1] - 1]
    between = [rows[k - 1] for k in mine.cites[1:-1]] if rows[mine.cites[0] - 1].delta else []
    ratio = abs(theirs.value / mine.value)
    yield (
        "sense_smaller" if ratio > 1 else "sense_larger",
        {"ratio": max(ratio, 1 / ratio), "other": other, "result": mine.above, "wrt": mine.below},
    )
    smaller = ratio > 1
    head = mine.value / last.value / float(np.prod([row.value for row in between]))
    their_head = theirs.value / their_last.value
    yield _part(
        "sense_last",
        their_last.value / last.value,
        smaller,
        name=last.text,
        mine=last.value,
        their_name=their_last.text,
        theirs=their_last.value,
    )
    for row in between:
        yield _part("sense_between", 1 / row.value, smaller, row=row.number, value=row.value)
    cancel = _cancels(rows, mine)
    key = "sense_head_cancels" if cancel else "sense_head"
    yield _part(key, their_head / head, smaller, mine=head, theirs=their_head, **cancel)


def _has_last(rows: Sequence[Row]) -> bool:
    return bool(rows) and rows[-1].kind == "product" and bool(rows[rows[-1].cites[-1] - 1].value)


def _part(key: str, ratio: float, smaller: bool, **fields: Any) -> Remark:
    return key, {"ratio": abs(ratio) if smaller else 1 / abs(ratio), **fields}


def _cancels(rows: Sequence[Row], mine: Row) -> dict[str, Any]:
    """The sum at the head of the last product, if its terms have both signs."""
    head = rows[mine.cites[0] - 1]
    if head.kind != "sum":
        return {}
    signs = {bool(rows[k - 1].value > 0) for k in head.cites}
    return {"row": head.number, "paths": len(head.cites)} if len(signs) == 2 else {}
