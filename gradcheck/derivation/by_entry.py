"""One entry of a gradient, output by output, where the code itself cannot be followed.

``∂L/∂x_j = Σ_i dy_i ∂y_i/∂x_j``: how each output moves with the one entry is measured, and each slope is
named where it is an entry of the parameters or the inputs, as it is in a convolution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.derivation.case import Case
from gradcheck.derivation.derivation import Check, Derivation, Factor, Path
from gradcheck.derivation.differences import slope, textbook
from gradcheck.derivation.notation import Python
from gradcheck.derivation.rows import Row
from gradcheck.derivation.symbols import ONE, Formula, Symbol, multiply
from gradcheck.numerical import numerical_jvp

_MOST_ROWS = 12


def derive_by_entry(asked: Case, output: Callable[..., Any], dy: Any) -> Derivation:
    """The derivation of one entry."""
    x, index = asked.point[asked.name], asked.index or ()
    slopes, errors = _column(asked, output, x, index)
    weights = np.ones_like(slopes) if dy is None else dy
    entry = Symbol(_entry_name(asked.name, index), float(x[index]))
    rows = _rows(slopes, errors, weights, entry, asked.point)
    value = float(np.sum(weights * slopes))
    numerical = float(textbook(asked.run, x[index], value))
    size = float(np.max(np.abs(x))) or 1.0
    noise = 1e-10 * abs(asked.run()) / size + 10 * float(np.sum(np.abs(weights) * errors))
    measured = slope(asked.run, float(x[index]))
    return Derivation(
        function=asked.called,
        wrt=entry.name,
        result="L",
        at={**asked.point, entry.name: entry.value},
        value=value,
        numerical=numerical,
        error=abs(value - numerical),
        paths=tuple(_path(row, entry) for row in rows if row.kind == "factor"),
        path_count=int(np.count_nonzero(slopes)),
        rows=tuple(rows),
        forward={},
        formulas={},
        checks=(Check("numerical", numerical, measured.agrees(value) or abs(value - measured.value) <= noise),),
        scalar=False,
        rate=None,
        source=("by_entry", {"outputs": int(np.count_nonzero(slopes)), "of": slopes.size, "wrt": entry.name}),
    )


def at_one_entry(asked: Case) -> Case:
    """The case at the entry it names, or at that of the largest gradient (of very many: among some)."""
    if asked.index is not None:
        return asked
    x = asked.point[asked.name]
    g = np.abs(np.nan_to_num(textbook(asked.run, x, np.zeros(x.shape))))
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(g)), x.shape))
    return replace(asked, index=index)


def _column(asked: Case, output: Callable[..., Any], x: Any, index: tuple[int, ...]) -> tuple[Any, Any]:
    """How every output moves with the one entry; what is no more than noise is 0."""
    unit = np.zeros(x.shape)
    unit[index] = 1.0
    others = {name: value for name, value in asked.point.items() if name not in (asked.name, "dy")}
    found = numerical_jvp(lambda moved: output(**{asked.name: moved}, **others), x, unit)
    seen = np.abs(found.value) > 10 * found.error + 1e-12 * np.max(np.abs(found.value), initial=0)
    return np.where(seen, found.value, 0.0), np.where(seen, found.error, 0.0)


def _rows(slopes: Any, errors: Any, weights: Any, entry: Symbol, point: Mapping[str, Any]) -> list[Row]:
    order = np.argsort(-np.abs(weights * slopes), axis=None, kind="stable")[: np.count_nonzero(slopes)]
    rows: list[Row] = []
    for k in order[:_MOST_ROWS]:
        i = tuple(int(j) for j in np.unravel_index(int(k), slopes.shape))
        rows.append(_row(len(rows) + 1, i, float(slopes[i]), float(errors[i]), float(weights[i]), entry, point))
    cites = tuple(row.number for row in rows)
    rest = float(sum((weights * slopes).ravel()[order[_MOST_ROWS:]]))
    if order.size > _MOST_ROWS:
        cites = (*cites, len(rows) + 1)
        rows.append(Row(len(rows) + 1, "rest", "L", entry.name, None, (), rest, note="rest"))
    if len(rows) > 1:
        total = sum(row.value for row in rows)
        rows.append(Row(len(rows) + 1, "sum", "L", entry.name, None, cites, total))
    return rows


def _row(number: int, i: tuple[int, ...], slope: float, error: float, weight: float, entry: Symbol, point: Any) -> Row:
    """dy_i times the slope of y_i, by its name if it has one."""
    y = _entry_name("y", i)
    named = _named(slope, error, point, entry) or Symbol(f"∂{y}/∂{entry.name}", slope)
    formula = multiply(Symbol(_entry_name("dy", i), weight), named)
    value = weight * (named.value if isinstance(named, Symbol) else 1.0)
    measured = weight * slope
    agrees = abs(value - measured) <= 1e-6 * abs(measured) + 10 * abs(weight) * error
    return Row(number, "factor", "L", entry.name, formula, (), value, measured, bool(agrees), via=y)


def _named(slope: float, error: float, point: Mapping[str, Any], entry: Symbol) -> Formula | None:
    """The one entry of the inputs and parameters that has this value, or 1."""
    bound = 1e-9 * abs(slope) + 10 * error
    if abs(slope - 1) <= bound:
        return ONE
    found = []
    for name, value in point.items():
        if name != "dy" and isinstance(value, np.ndarray) and value.dtype.kind == "f":
            near = [tuple(int(j) for j in i) for i in np.argwhere(np.abs(value - slope) <= bound)[:2]]
            found += [Symbol(_entry_name(name, i), float(value[i])) for i in near]
    return found[0] if len(found) == 1 and found[0].name != entry.name else None


def _entry_name(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def _path(row: Row, entry: Symbol) -> Path:
    rule = Python().write(row.formula) if row.formula is not None else ""
    factor = Factor(f"∂L/∂{entry.name} via {row.via}", rule, row.value, row.numerical, row.agrees)
    return Path((entry.name, row.via, "L"), (factor,), row.value)
