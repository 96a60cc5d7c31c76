"""`depart`: where a given wrong gradient leaves the right one, shown on the derivation of the worst entry.

The given gradient is held against what comes out if one step of the chain rule is done wrongly in one of the
ways in which it is: a factor left out, a sign turned, a path forgotten, a sum taken for a mean. If one of
these gives the given array, entry for entry, that step is where it departs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from gradcheck.derivation.case import Case, at_point, case
from gradcheck.derivation.derivation import Departure, Derivation
from gradcheck.derivation.derive import derive, steps_of
from gradcheck.derivation.layers import LayerFunction, is_layer
from gradcheck.derivation.mistaken import left_out, transposed
from gradcheck.derivation.paths import Chain, Edge
from gradcheck.derivation.reasons import Remark
from gradcheck.derivation.rows import Row
from gradcheck.derivation.simplify import MINUS_ONE
from gradcheck.derivation.symbols import Formula, Function, Product, evaluate, multiply

_SAME = 1e-6
_MOST = 1000  # times
_MOST_CONSTANTS = 12  # values, of which every two are tried


def depart(
    f: Any, *inputs: Any, wrt: str, given: Any, at: Mapping[str, Any] | None = None, dy: Any = None, seed: int = 0
) -> Derivation:
    """The derivation of the worst entry of a `given` gradient, and the step at which it departs.

    ``worst = argmax |given - ∂f/∂wrt|``

    Parameters
    ----------
    f, *inputs, at
        A function and its point, or a layer and its inputs, as in :func:`~gradcheck.derivation.explain`.
    wrt : str
        The variable, as a whole: ``"W"``.
    given : float or array
        The gradient to be judged, in the shape of the variable.
    dy, seed
        The cotangent of a layer's result, as in :func:`~gradcheck.derivation.explain`.

    Returns
    -------
    Derivation
        Its `departure` says where; None if `given` is right.

    Raises
    ------
    ValueError
        If `given` has not the shape of the variable.

    Examples
    --------
    >>> import numpy as np
    >>> def loss(w, x):
    ...     y = np.tanh(w * x)
    ...     return y**2
    >>> found = depart(loss, wrt="w", at={"w": 0.5, "x": 2.0}, given=2 * np.tanh(1.0) * 2.0)
    >>> found.departure.remark[0], found.departure.row  # (1 - y**2) was forgotten
    ('departs_missing', 2)
    """
    asked = _asked(f, inputs, wrt, at, dy, seed)
    given = np.asarray(given, float)
    if given.shape != np.shape(asked.variable):
        shape = np.shape(asked.variable)
        raise ValueError(f"given has shape {given.shape}, but {wrt} has shape {shape}; they must agree")
    whole = _derived(asked)
    difference = np.abs(given - whole.value)
    if np.all(difference <= 1e-7 * _size(given, whole.value)):
        return whole
    worst = np.unravel_index(int(np.argmax(np.nan_to_num(difference, nan=np.inf))), given.shape)
    departure = Departure(0, ("departs_unknown", {}), float(given[worst]), float(np.asarray(whole.value)[worst]))
    shown = whole
    if given.shape and asked.index is None:
        shown = derive(replace(asked, index=tuple(int(i) for i in worst)))
    return replace(shown, departure=_explained(steps_of(asked, measured=False), shown, given, departure))


def _derived(asked: Case) -> Derivation:
    """The derivation of the whole gradient; of a layer in the textbook's form if it has one, else of its own code."""
    if isinstance(asked.f, LayerFunction):
        with suppress(Exception):  # what is merely called Dense, and does something else
            return derive(asked)
        asked.f.forms = False
    return derive(asked)


def _asked(f: Any, inputs: tuple[Any, ...], wrt: str, at: Any, dy: Any, seed: int) -> Case:
    if is_layer(f):
        layer = LayerFunction(f, inputs, dy, seed)
        return at_point(layer, wrt, layer.point)
    return case(f, wrt, at if at is not None else dict(*inputs))


def _explained(chain: Chain, shown: Derivation, given: Any, departure: Departure) -> Departure:
    """The departure with its reason, if one mistake gives the given gradient."""
    right = _gradient(chain, {})
    for mistake in _mistakes(chain):
        made = _gradient(chain, mistake.wrong)
        if made is not None and _same(made, given) and not _same(made, right):
            row = _row_of(shown, mistake.edge)
            if row is not None:
                edge, wrt = mistake.edge, str(chain.variable.name)
                factor = mistake.part or f"∂{edge.above.name}/∂{edge.below.name}"
                fields = {"row": row.number, "factor": factor, "wrt": wrt}
                return replace(departure, row=row.number, remark=(mistake.key, fields))
    return replace(departure, remark=_scaled(right, given) or departure.remark)


def _scaled(right: Any, given: Any) -> Remark | None:
    """The given gradient as a multiple of the right one; of a single number any would be, so only by a whole number."""
    size = float(np.sum(right * right))
    ratio = float(np.sum(right * given)) / size if size else np.nan
    whole = abs(ratio) if abs(ratio) >= 1 else 1 / abs(ratio) if ratio else np.nan
    if not np.isfinite(ratio) or not _same(ratio * right, given):
        return None
    if np.size(right) == 1 and not (abs(whole - round(whole)) < _SAME * whole and whole < _MOST):
        return None
    return "departs_scale", {"ratio": ratio}


Step = Callable[[Any], Any]


def _gradient(chain: Chain, wrong: dict[int, Step]) -> Any:
    """The gradient of the variable, with these steps done wrongly; None where the shapes do not fit then."""
    cotangents: dict[int, Any] = {id(chain.result): np.float64(1.0)}
    for edge in chain.edges:  # from the result down
        delta = cotangents.get(id(edge.above), 0.0)
        try:
            passed = wrong[id(edge)](delta) if id(edge) in wrong else chain.push(edge, delta)
        except ValueError:  # shapes that do not fit
            return None
        if np.shape(passed) != edge.below.shape:
            return None
        cotangents[id(edge.below)] = cotangents.get(id(edge.below), 0.0) + passed
    return cotangents.get(id(chain.variable), np.zeros(chain.variable.shape))


@dataclass(frozen=True)
class Mistake:
    """A way to get the chain rule wrong: where it shows, what to say, and how some steps are done then."""

    edge: Edge
    key: str
    part: str
    wrong: dict[int, Step]


def _mistakes(chain: Chain) -> Iterator[Mistake]:
    """The usual ones, the most telling first."""
    for edge in chain.edges:
        for part, formula in left_out(edge.formula):
            yield Mistake(edge, "departs_missing", part, _as(chain, edge, formula))
    for key, edges in (("departs_sign", filter(_has_minus, chain.edges)), ("departs_sign_somewhere", chain.edges)):
        for edge in edges:
            yield Mistake(edge, key, "", _as(chain, edge, multiply(MINUS_ONE, edge.formula)))
    for edge in chain.edges:
        for part, formula in transposed(edge.formula):
            yield Mistake(edge, "departs_transpose", part, _as(chain, edge, formula))
    yield from (*_paths(chain), *_constants(chain)) if chain.scalar else (*_constants(chain), *_paths(chain))
    for edge in filter(_sums, chain.edges):
        yield Mistake(edge, "departs_unsummed", "", {id(edge): partial(_mean, chain, edge)})


def _has_minus(edge: Edge) -> bool:
    return isinstance(edge.formula, Product) and edge.formula.coefficient < 0


def _paths(chain: Chain) -> Iterator[Mistake]:
    """A step that was forgotten, and with it every path through it."""
    for edge in chain.edges if chain.count() > 1 else ():
        yield Mistake(edge, "departs_path", "", {id(edge): partial(_nothing, edge)})


def _constants(chain: Chain) -> Iterator[Mistake]:
    """One or two values on the way, as the mean and the deviation of a batch, taken for constants."""
    inner = {id(edge.below): edge.below for edge in chain.edges if edge.below is not chain.variable}
    values = list(inner.values())[:_MOST_CONSTANTS] if chain.count() > 1 else []
    for count in (1, 2):
        for held in combinations(values, count):
            cut = [edge for edge in chain.edges if any(edge.below is value for value in held)]
            names = ", ".join(str(value.name) for value in reversed(held))
            yield Mistake(cut[0], "departs_constant", names, {id(edge): partial(_nothing, edge) for edge in cut})


def _as(chain: Chain, edge: Edge, formula: Formula) -> dict[int, Step]:
    """The step with another formula."""
    if chain.scalar:
        return {id(edge): lambda delta: delta * float(evaluate(formula))}
    return {id(edge): lambda delta: chain.push(replace(edge, formula=formula), delta)}


def _sums(edge: Edge) -> bool:
    """Whether this step back adds up over the batch: it sums, or multiplies from the left by something transposed."""
    formula = edge.formula
    if not isinstance(formula, Function):
        return False
    first = formula.arguments[0]
    return formula.op == "sum" or (formula.op == "matmul" and isinstance(first, Function) and first.op == "transpose")


def _nothing(edge: Edge, delta: Any) -> Any:
    return np.zeros(edge.below.shape)[()]


def _mean(chain: Chain, edge: Edge, delta: Any) -> Any:
    """The mean over the leading axis of the cotangent, where it has one."""
    return chain.push(edge, delta) / (np.shape(delta)[0] if np.ndim(delta) else 1)


def _row_of(shown: Derivation, edge: Edge) -> Row | None:
    """The row of a step: by its local derivative, or in arrays by the value it goes through."""
    for row in shown.rows:
        if row.kind == "factor" and (row.above, row.below) == (edge.above.name, edge.below.name):
            return row
    names = {edge.below.name, shown.wrt if edge.below.name == shown.wrt.partition("[")[0] else edge.below.name}
    below = [row for row in shown.rows if row.kind == "factor" and row.below in names]
    via = [row for row in below if row.via == edge.above.name]
    return next(iter(via or below), None)


def _same(a: Any, b: Any) -> bool:
    return bool(np.all(np.abs(a - b) <= _SAME * _size(a, b)))


def _size(a: Any, b: Any) -> float:
    return max(float(np.max(np.abs(a), initial=0)), float(np.max(np.abs(b), initial=0)))
