"""From a case to its derivation: trace, chain rule, table, checks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from gradcheck.derivation import sense
from gradcheck.derivation.case import Case, at_point
from gradcheck.derivation.derivation import Check, Derivation, Factor, Path
from gradcheck.derivation.differences import measure, textbook
from gradcheck.derivation.naming import position_name
from gradcheck.derivation.notation import Python
from gradcheck.derivation.paths import Chain, Edge, chain
from gradcheck.derivation.proofs import proofs
from gradcheck.derivation.reasons import Remark
from gradcheck.derivation.rows import Row, Table
from gradcheck.derivation.second_opinion import autograd_gradient
from gradcheck.derivation.simplify import Simplifier
from gradcheck.derivation.trace import Graph
from gradcheck.derivation.value import Traced

MOST_PATHS = 1000
_DATA = re.compile(r"(x|i|in|inputs?|data|t|targets?|labels?|y_true|dy|mask|lengths)_?\d*", re.IGNORECASE)
_MOST_ARRAY_PATHS = 64  # each is a chain of matrix products of its own


def derive(asked: Case, *, rate: float | None = None, published: float | None = None) -> Derivation:
    """The derivation of a case."""
    graph, variable = asked.trace()
    simplifier = Simplifier()
    formulas = {str(value.name): simplifier.define(value) for value in _computed(graph)}
    steps = chain(graph, variable, simplifier)
    value = steps.cotangents.get(str(variable.name), np.zeros(variable.shape))
    rows = Table(steps, _weights(asked) if rate is not None else set()).write()
    numerical, whole = _whole(asked, variable, value)
    return Derivation(
        function=asked.called,
        wrt=str(variable.name),
        result=str(graph.result.name),
        at={**asked.point, str(variable.name): variable.value},
        value=_plain(value),
        numerical=_plain(numerical),
        error=float(np.nanmax(np.abs(value - numerical), initial=0)),
        paths=_paths(steps),
        path_count=steps.count(),
        rows=rows,
        forward={str(v.name): v.value for v in _computed(graph)},
        formulas=formulas,
        checks=(whole, *_checks(asked, steps, value, published)),
        scalar=steps.scalar,
        rate=rate,
        remarks=tuple(_remarks(asked, steps, rows, value)),
        proofs=proofs(steps, rows),
        gradients=steps.cotangents,
    )


def steps_of(asked: Case, *, measured: bool = True) -> Chain:
    """The chain rule of a case, without table and checks."""
    graph, variable = asked.trace()
    simplifier = Simplifier()
    for value in _computed(graph):
        simplifier.define(value)
    return chain(graph, variable, simplifier, measured=measured)


def _computed(graph: Graph) -> list[Traced]:
    """The named values that are computed, and are not merely an entry of another."""
    return [v for v in graph.named if v.inputs and v.op != "put" and v.name != position_name(v)]


def _weights(asked: Case) -> set[str]:
    """The other parameters, which an update would change as well: a layer's, or what is not called as data are."""
    known = getattr(asked.f, "parameters", None)
    named = set(known) if known is not None else {name for name in asked.point if not _DATA.fullmatch(name)}
    return named - {asked.name}


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value


def _paths(steps: Chain) -> tuple[Path, ...]:
    factors = {id(edge): _factor(edge) for edge in steps.edges}
    found = []
    for path in islice(steps.paths(), MOST_PATHS if steps.scalar else _MOST_ARRAY_PATHS):
        names = (str(steps.variable.name), *(str(edge.above.name) for edge in reversed(path)))
        found.append(Path(names, tuple(factors[id(edge)] for edge in path), _plain(steps.along(path))))
    return tuple(found)


def _factor(edge: Edge) -> Factor:
    symbol = f"∂{edge.above.name}/∂{edge.below.name}"
    return Factor(symbol, Python().write(edge.formula), edge.value, edge.numerical, edge.agrees)


def _whole(asked: Case, variable: Traced, value: Any) -> tuple[Any, Check]:
    """The numerical gradient of the whole function, and whether it is `value`."""
    numerical, agrees = measure(asked.run, variable.value, value, entries=8)
    if np.size(value) <= 8:
        numerical = textbook(asked.run, variable.value, value)
    some = int(np.count_nonzero(~np.isnan(numerical)))
    if some < np.size(value):
        return numerical, Check("directions", numerical, agrees, count=some)
    return numerical, Check("numerical", numerical, agrees)


def _checks(asked: Case, steps: Chain, value: Any, published: float | None) -> Iterator[Check]:
    if steps.edges:
        good = sum(edge.agrees for edge in steps.edges)
        yield Check("factors", good, good == len(steps.edges), count=len(steps.edges))
        second = autograd_gradient(asked.f, asked.point, asked.name)
        if second is not None:
            second = second if asked.index is None else second[asked.index]
            size = max(float(np.max(np.abs(value), initial=0)), float(np.max(np.abs(second), initial=0)))
            agrees = bool(np.all(np.abs(value - second) <= 1e-9 * size))
            yield Check("autograd", _plain(second), agrees)
    if published is not None:
        places = len(f"{published:.12g}".partition(".")[2])
        agrees = round(float(value), places) == published
        yield Check("published", published, agrees, count=places)


def _remarks(asked: Case, steps: Chain, rows: tuple[Row, ...], value: Any) -> Iterator[Remark]:
    if not steps.edges:
        if steps.result is steps.variable:
            yield "itself", {"result": str(steps.result.name)}
        elif steps.result.depends:
            yield "flat", {"result": str(steps.result.name), "wrt": str(steps.variable.name)}
        return
    yield sense.sign(str(steps.result.name), str(steps.variable.name), value)
    other = sense.sibling(str(steps.variable.name), rows, list(asked.point)) if steps.scalar else None
    if other is not None and np.ndim(asked.point[other]) == 0 and asked.index is None:
        theirs = steps_of(at_point(asked.f, other, asked.point), measured=False)
        yield from sense.comparison(rows, other, Table(theirs, set()).write())
    elif steps.scalar:
        yield from sense.smallest_factor(rows)
