"""The chain rule between named values: every local derivative, and every path through them.

An :class:`Edge` is one factor, ∂(named value)/∂(named value). Its formula comes from running the rules
backwards over the sub-expression between the two; its value is that formula evaluated; beside it stands its
own central difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.derivation.differences import measure, rerun
from gradcheck.derivation.rules import RULES
from gradcheck.derivation.simplify import Simplifier
from gradcheck.derivation.symbols import ZERO, Formula, evaluate
from gradcheck.derivation.trace import Graph, interior
from gradcheck.derivation.value import Traced

_ONE_BY_ONE = 12  # entries of an array whose slopes are measured one by one; more along directions


@dataclass(frozen=True)
class Edge:
    """One step of the chain rule, from `above` (nearer the result) to `below` (nearer the variable).

    Between scalars `value` is ∂above/∂below. Where arrays are involved it is the cotangent of `below` that
    comes through this step, δ_below = δ_above · ∂above/∂below, in the shape of `below`.
    """

    above: Traced
    below: Traced
    formula: Formula
    value: Any
    numerical: Any
    agrees: bool


@dataclass(frozen=True)
class Chain:
    """All steps between the variable and the result, and what was measured for each."""

    variable: Traced
    result: Traced
    edges: tuple[Edge, ...]
    cotangents: dict[str, Any]  # ∂result/∂(named value), by name
    scalar: bool  # whether every value on the way is a single number

    def ups(self, below: Traced) -> list[Edge]:
        """The steps from `below` towards the result."""
        return sorted((edge for edge in self.edges if edge.below is below), key=lambda edge: edge.above.order)

    def downs(self, above: Traced) -> list[Edge]:
        """The steps from `above` towards the variable."""
        return [edge for edge in self.edges if edge.above is above]

    def paths(self) -> Iterator[tuple[Edge, ...]]:
        """Every path from the result down to the variable."""
        return self._paths(self.variable)

    def _paths(self, below: Traced) -> Iterator[tuple[Edge, ...]]:
        if below is self.result:
            yield ()
        for edge in self.ups(below):
            for rest in self._paths(edge.above):
                yield (*rest, edge)

    def along(self, path: tuple[Edge, ...]) -> Any:
        """What one path contributes to the gradient: the product of its steps."""
        cotangent: Any = 1.0
        for edge in path:
            cotangent = self.push(edge, cotangent)
        return cotangent

    def push(self, edge: Edge, cotangent: Any) -> Any:
        """A cotangent of `edge.above`, taken down one step."""
        return cotangent * edge.value if self.scalar else _push(edge, cotangent)

    def count(self) -> int:
        """How many paths there are, without walking them all."""
        counts = {id(self.result): 1}
        for edge in self.edges:  # from the result down, so `above` is complete
            counts[id(edge.below)] = counts.get(id(edge.below), 0) + counts[id(edge.above)]
        return counts.get(id(self.variable), 0)


def chain(graph: Graph, variable: Traced, simplifier: Simplifier, *, measured: bool = True) -> Chain:
    """Every local derivative between `variable` and the result of `graph`; `measured`, or only computed."""
    between = _between(graph, variable)
    scalar = all(value.shape == () for value in between)
    cotangents: dict[int, Any] = {id(graph.result): np.float64(1.0)}
    edges: list[Edge] = []
    wanted = {id(value) for value in between}
    for above in reversed(between):
        if id(above) not in cotangents:
            continue  # all that is made of it is flat, as sign(above) is
        seed = _seed(above, graph.result, scalar, cotangents[id(above)])
        for below, gradient in _local_gradients(above, seed):
            if id(below) not in wanted:
                continue
            edge = _edge(above, below, seed, simplifier.derivative(gradient), scalar, measured)
            edges.append(edge)
            passed = cotangents[id(above)] * edge.value if scalar else edge.value
            cotangents[id(below)] = cotangents.get(id(below), 0.0) + passed
    names = {str(value.name): cotangents[id(value)] for value in reversed(between) if id(value) in cotangents}
    return Chain(variable, graph.result, _alive(edges, variable, graph.result), names, scalar)


def _alive(edges: list[Edge], variable: Traced, result: Traced) -> tuple[Edge, ...]:
    """The steps on some path; one that is 0 whatever the numbers, as of tanh(w * x + u * 0) by u, is none."""
    reached, descending = {id(result)}, []
    for edge in edges:  # from the result down
        if id(edge.above) in reached and edge.formula != ZERO:
            reached.add(id(edge.below))
            descending.append(edge)
    reached, kept = {id(variable)}, []
    for edge in reversed(descending):  # from the variable up
        if id(edge.below) in reached:
            reached.add(id(edge.above))
            kept.append(edge)
    return tuple(reversed(kept))


def _push(edge: Edge, cotangent: Any) -> Any:
    """A cotangent of `above`, taken down one step; the formula is linear in δ."""
    delta = f"δ_{edge.above.name}"
    value = evaluate(edge.formula, lambda symbol: cotangent if symbol.name == delta else symbol.value)
    return np.array(np.broadcast_to(value, edge.below.shape))


def _between(graph: Graph, variable: Traced) -> list[Traced]:
    """The named values on some path from `variable` to the result, in order."""
    if not graph.result.depends:
        return []
    reached: dict[int, Traced] = {}
    waiting = [graph.result]
    while waiting:
        value = waiting.pop()
        if value.depends and id(value) not in reached:
            reached[id(value)] = value
            waiting.extend(value.inputs)
    return sorted((v for v in reached.values() if v.name), key=lambda v: v.order)


def _seed(above: Traced, result: Traced, scalar: bool, cotangent: Any) -> Traced:
    """What the rules are handed: 1 for a local derivative, δ for an array's cotangent."""
    if scalar or above is result:
        return Traced(np.float64(1.0))
    return Traced(cotangent, "input", name=f"δ_{above.name}", depends=True)


def _local_gradients(above: Traced, seed: Traced) -> list[tuple[Traced, Traced]]:
    """The cotangent of each named value `above` is made of, by the rules, over its own sub-expression."""
    cotangents: dict[int, Traced] = {id(above): seed}
    leaves: dict[int, Traced] = {}
    for value in [above, *reversed(interior(above))]:
        if id(value) not in cotangents:
            continue
        for k, x in enumerate(value.inputs):
            if x.depends and (g := _pull_back(cotangents[id(value)], value, k)) is not None:
                cotangents[id(x)] = cotangents[id(x)] + g if id(x) in cotangents else g
                if x.name:
                    leaves[id(x)] = x
    return [(x, cotangents[id(x)]) for x in sorted(leaves.values(), key=lambda x: x.order)]


def _pull_back(g: Traced, value: Traced, k: int) -> Traced | None:
    cotangent = RULES[value.op].vjp(k, g, value, *value.inputs, **value.params)
    return None if cotangent is None else _unbroadcast(cotangent, value.inputs[k].shape)


def _unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which a smaller argument was repeated."""
    if g.shape == shape:
        return g
    extra = len(g.shape) - len(shape)
    axes = (*range(extra), *(k for k in range(extra, g.ndim) if shape[k - extra] == 1 != g.shape[k]))
    g = np.sum(g, axis=axes if len(axes) > 1 else axes[0], keepdims=not extra)
    return g.reshape(shape)


def _edge(above: Traced, below: Traced, seed: Traced, formula: Formula, scalar: bool, measured: bool) -> Edge:
    value = np.array(np.broadcast_to(evaluate(formula), below.shape), float)[()]
    numerical, agrees = value, True
    if measured:
        numerical, agrees = _measured(above, below, seed.value, value)
    if scalar:
        return Edge(above, below, formula, float(value), float(numerical), agrees)
    return Edge(above, below, formula, value, numerical, agrees)


def _measured(above: Traced, below: Traced, seed: Any, value: Any) -> tuple[Any, bool]:
    """The step's own difference. Of an array's entries few move at a time: only what moves is added up."""
    again = rerun(above, below)
    if np.ndim(above.value) == 0:
        return measure(lambda x: seed * again(x), below.value, value)
    floor = float(np.max(np.abs(seed * above.value), initial=0, where=np.isfinite(above.value)))

    def moved(x: Any) -> Any:
        with np.errstate(invalid="ignore"):  # what is masked by -inf does not move
            return np.sum(seed * np.nan_to_num(again(x) - above.value, nan=0.0))

    return measure(moved, below.value, value, _ONE_BY_ONE, floor)
