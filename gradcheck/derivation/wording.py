"""What a derivation says, apart from how it is laid out: sentences, labels, equations."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.derivation.derivation import Check, Derivation
from gradcheck.derivation.notation import Python, decimal
from gradcheck.derivation.rows import Row
from gradcheck.derivation.symbols import Number, Symbol, evaluate


def partial(above: str, below: str) -> str:
    """∂above/∂below."""
    return f"∂{above}/∂{below}"


def title(derivation: Derivation) -> str:
    """What is derived, and where."""
    head = partial(derivation.result, derivation.wrt)
    if derivation.shape:
        return f"{head}, {derivation.wrt} of shape {derivation.shape}"
    return f"{head} at {derivation.wrt} = {decimal(derivation.point, trim=True)}"


def goal(derivation: Derivation) -> str:
    """The question the number answers."""
    if derivation.shape:
        return f"If an entry of {derivation.wrt} grows by a tiny amount, how fast does {derivation.result} grow?"
    return f"If {derivation.wrt} grows by a tiny amount, how fast does {derivation.result} grow?"


def label(row: Row) -> str:
    """What a row gives, with its δ if it has one."""
    text = partial(row.above, row.below)
    return f"{row.delta} = {text}" if row.delta else text


def equations(derivation: Derivation) -> list[tuple[Row, list[list[Row]]]]:
    """The chain rule: for each δ, and for the whole, its row and the factors of each of its terms."""
    found = []
    for row in derivation.rows if derivation.scalar else ():
        if row.kind != "factor" and (row.delta or row.number == len(derivation.rows)):
            terms = row.cites if row.kind == "sum" else (row.number,)
            found.append((row, [_factors(derivation, derivation.rows[k - 1]) for k in terms]))
    return found


def _factors(derivation: Derivation, row: Row) -> list[Row]:
    return [derivation.rows[k - 1] for k in row.cites] if row.kind == "product" else [row]


def factor_name(row: Row) -> str:
    """What a row is called within a product: its δ, or what is derived by what."""
    return row.delta or partial(row.above, row.below)


def symbols(row: Row) -> str:
    """The formula of a row, or the rows it cites."""
    return "  ".join(part for part in (row.text, note(row)) if part)


def note(row: Row) -> str:
    """What is to be said about a row besides its numbers."""
    if row.note or not row.via:
        return f"({row.note})" if row.note else ""
    return f"via {row.via}" if row.via != row.above else "directly"


def row_numbers(derivation: Derivation, row: Row) -> str:
    """The formula with its numbers; empty where that would only repeat the value."""
    if row.formula is not None:
        text = "" if isinstance(row.formula, Number | Symbol) else Python(numbers=True).write(row.formula)
        return "" if "array(" in text else text
    values = [decimal(derivation.rows[k - 1].value, trim=True) for k in row.cites]
    if row.kind == "sum":
        return " + ".join(values).replace("+ -", "- ")
    return " * ".join([values[0], *(f"({v})" if v.startswith("-") else v for v in values[1:])])


def by_hand(derivation: Derivation, row: Row) -> Any:
    """What a row comes to from the printed digits of what it is made of."""
    if row.formula is not None:
        return evaluate(row.formula, lambda symbol: _as_printed(symbol.value))
    values = [_as_printed(derivation.rows[k - 1].value) for k in row.cites]
    return sum(values) if row.kind == "sum" else np.prod(values)


def off_by_rounding(derivation: Derivation) -> list[int]:
    """The rows whose last printed digit the printed digits do not reproduce."""
    rows = [row for row in derivation.rows if np.ndim(row.value) == 0]
    return [row.number for row in rows if decimal(by_hand(derivation, row)) != decimal(row.value)]


def _as_printed(value: Any) -> Any:
    return float(decimal(value)) if np.ndim(value) == 0 else value


def digits_note(derivation: Derivation) -> str:
    """How to read the last digits."""
    rows = off_by_rounding(derivation)
    if not rows:
        return "Full precision is carried; every printed last digit can be reproduced by hand."
    which = ", ".join(f"[{k}]" for k in rows)
    return f"Full precision is carried; by hand, {which} may differ in the last digit."


def update(derivation: Derivation) -> str:
    """One step of gradient descent, w = old - rate * gradient -> new; empty without a rate."""
    if derivation.rate is None or derivation.shape:
        return ""
    old, rate, gradient, new = update_numbers(derivation)
    return f"{derivation.wrt} = {old} - {rate} * {gradient} -> {new}"


def update_numbers(derivation: Derivation) -> tuple[str, str, str, str]:
    """The old value, the rate, the gradient and the new value."""
    gradient = decimal(derivation.value)
    return (
        decimal(derivation.point, trim=True),
        decimal(derivation.rate or 0, trim=True),
        f"({gradient})" if derivation.value < 0 else gradient,
        decimal(derivation.updated),
    )


def check_line(derivation: Derivation, check: Check) -> tuple[str, str, str, str]:
    """A check as (name, value, against what, verdict)."""
    verdict = "agrees" if check.agrees else "DISAGREES"
    if check.name == "factors":
        return (
            "each factor",
            f"{check.value} of {check.against}",
            "equal their own central difference",
            verdict,
        )
    value = decimal(check.value) if np.ndim(check.value) == 0 else "as below"
    return check.name, value, check.against, verdict


def independent(derivation: Derivation) -> str:
    """Said instead of a table, where the result does not depend on the variable."""
    return f"{derivation.result} does not depend on {derivation.wrt}: the derivative is 0."


def warning(derivation: Derivation) -> str:
    """Said at the top of a derivation that its own measurements contradict; empty otherwise."""
    if derivation.ok:
        return ""
    rows = ", ".join(f"[{row.number}]" for row in derivation.rows if not row.agrees)
    if rows:
        return f"WRONG: {rows} is not what was measured; do not rely on this derivation."
    return "WRONG: the checks below do not agree; do not rely on this derivation."
