"""A derivation as plain data: dicts, lists, strings and numbers, for ``json.dumps`` and other programs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.derivation.derivation import Check, Derivation, Path
from gradcheck.derivation.notation import Python
from gradcheck.derivation.rows import Row

SCHEMA = "gradcheck.derivation/1"


def plain_data(d: Derivation) -> dict[str, Any]:
    """Everything of a derivation; ``schema`` changes its number when a key changes its meaning or goes."""
    return {
        "schema": SCHEMA,
        "function": d.function,
        "result": d.result,
        "wrt": d.wrt,
        "ok": d.ok,
        "at": {name: plain(value) for name, value in d.at.items()},
        "forward": [
            {"name": name, "formula": Python().write(d.formulas[name]), "value": plain(value)}
            for name, value in d.forward.items()
        ],
        "value": plain(d.value),
        "numerical": plain(d.numerical),
        "error": plain(d.error),
        "rate": d.rate,
        "updated": plain(d.updated),
        "gradients": {name: plain(value) for name, value in d.gradients.items()},
        "path_count": d.path_count,
        "paths": [_path(path) for path in d.paths],
        "rows": [_row(row) for row in d.rows],
        "checks": [_check(check) for check in d.checks],
    }


def _path(path: Path) -> dict[str, Any]:
    factors = [
        {
            "symbol": factor.symbol,
            "rule": factor.rule,
            "value": plain(factor.value),
            "numerical": plain(factor.numerical),
            "agrees": factor.agrees,
        }
        for factor in path.factors
    ]
    return {"names": list(path.names), "value": plain(path.value), "factors": factors}


def _row(row: Row) -> dict[str, Any]:
    return {
        "number": row.number,
        "kind": row.kind,
        "above": row.above,
        "below": row.below,
        "formula": row.text,
        "cites": list(row.cites),
        "value": plain(row.value),
        "numerical": plain(row.numerical),
        "agrees": row.agrees,
        "delta": row.delta,
        "via": row.via,
        "note": row.note,
        "reasons": [
            {"key": key, **{name: plain(value) for name, value in fields.items()}} for key, fields in row.reasons
        ],
    }


def _check(check: Check) -> dict[str, Any]:
    return {"name": check.name, "value": plain(check.value), "agrees": check.agrees, "count": check.count}


def plain(value: Any) -> Any:
    """A value as JSON knows it; what is not finite is null."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, int | str | bool | None) else repr(value)
