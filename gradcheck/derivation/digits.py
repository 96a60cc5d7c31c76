"""Honest last digits: which printed results the printed digits do not reproduce."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.derivation.spelling import decimal
from gradcheck.derivation.symbols import evaluate

if TYPE_CHECKING:
    from gradcheck.derivation.derivation import Derivation
    from gradcheck.derivation.rows import Row


def amount(value: Any) -> str:
    """A number in the digits of the tables, or the shape of an array."""
    return decimal(value) if np.ndim(value) == 0 else str(np.shape(value))


def off_by_rounding(derivation: Derivation) -> list[int]:
    """The rows whose last printed digit the printed digits do not reproduce."""
    rows = [row for row in derivation.rows if np.ndim(row.value) == 0 and (row.formula or row.cites)]
    return [row.number for row in rows if decimal(_by_hand(derivation, row)) != decimal(row.value)]


def _by_hand(derivation: Derivation, row: Row) -> Any:
    """What a row comes to from the printed digits of what it is made of."""
    if row.formula is not None:
        return evaluate(row.formula, lambda symbol: _as_printed(symbol.value))
    values = [_as_printed(derivation.rows[k - 1].value) for k in row.cites]
    return sum(values) if row.kind == "sum" else np.prod(values)


def _as_printed(value: Any) -> Any:
    return float(decimal(value)) if np.ndim(value) == 0 else value
