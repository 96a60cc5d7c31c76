"""The table of a derivation: numbered rows, each citing the rows before it.

A stretch of the chain rule between two forks is a run of local factors followed by their product; where
stretches meet, their products are added and the sum is named δ. So what two paths share is computed once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.derivation.notation import Python
from gradcheck.derivation.paths import Chain, Edge
from gradcheck.derivation.reasons import Remark, reasons
from gradcheck.derivation.symbols import Formula, Symbol
from gradcheck.derivation.value import Traced


@dataclass(frozen=True)
class Row:
    """One line of the table.

    `kind` is "factor" (a local derivative, with its own central difference in `numerical`), "product" (a
    path, or the stretch of it up to the next fork) or "sum". `above` and `below` name what is derived with
    respect to what; `formula` is in symbols, `cites` lists the rows a product or a sum is made of. `note` is
    "old value" for a weight that the update will change too, "measured" for a slope without a formula; `reasons` say
    where a transpose or a sum comes from.
    """

    number: int
    kind: str
    above: str
    below: str
    formula: Formula | None
    cites: tuple[int, ...]
    value: Any
    numerical: Any = None
    agrees: bool = True
    delta: str = ""
    via: str = ""
    note: str = ""
    reasons: tuple[Remark, ...] = ()

    @property
    def text(self) -> str:
        """The formula in symbols, or the rows it is made of."""
        if self.formula is not None:
            return Python().write(self.formula)
        return (" + " if self.kind == "sum" else " * ").join(f"[{k}]" for k in self.cites)


@dataclass(frozen=True)
class Stretch:
    """The local factors between one fork and the next, from the result's side down."""

    head: Traced
    edges: tuple[Edge, ...]


def stretches(chain: Chain, below: Traced, forks: set[int]) -> list[Stretch]:
    """The ways up from `below`, each as far as the next fork or the result."""
    found = []
    for first in chain.ups(below):
        edges = [first]
        while id(edges[-1].above) not in forks and edges[-1].above is not chain.result:
            edges.append(chain.ups(edges[-1].above)[0])
        found.append(Stretch(edges[-1].above, tuple(reversed(edges))))
    return found


def forks(chain: Chain) -> list[Traced]:
    """Where paths split or meet, and the variable itself; from the result down."""
    between = {id(edge.below): edge.below for edge in chain.edges}
    ordered = sorted(between.values(), key=lambda value: -value.order)

    def is_fork(value: Traced) -> bool:
        several = len(chain.ups(value)) > 1 or len(chain.downs(value)) > 1
        return value is chain.variable or several or not chain.scalar

    return [value for value in ordered if is_fork(value)]


class Table:
    """Writes the rows of a chain, in the order in which a pencil would."""

    def __init__(self, chain: Chain, old: set[str]) -> None:
        self.chain = chain
        self.old = old  # parameters that the update will change too
        self.rows: list[Row] = []
        self.forks = forks(chain)
        self.deltas = self._name_deltas()
        self._row_of: dict[int, int] = {}  # of each fork: the row with its δ

    def write(self) -> tuple[Row, ...]:
        """Every row."""
        for fork in self.forks:
            self._fork(fork)
        return tuple(self.rows)

    def _name_deltas(self) -> dict[int, str]:
        inner = [fork for fork in self.forks if fork is not self.chain.variable and not self._is_one_step(fork)]
        if not self.chain.scalar:
            return {id(fork): f"δ_{fork.name}" for fork in inner}
        if len(inner) == 1:
            return {id(inner[0]): "δ"}
        return {id(fork): f"δ{k}" for k, fork in enumerate(inner, start=1)}

    def _is_one_step(self, fork: Traced) -> bool:
        """Whether ∂result/∂fork is a single factor, which needs no other name; among arrays all are called δ."""
        ups = self.chain.ups(fork)
        return self.chain.scalar and len(ups) == 1 and ups[0].above is self.chain.result

    def _fork(self, fork: Traced) -> None:
        ways = stretches(self.chain, fork, {id(f) for f in self.forks})
        parts = [self._stretch(fork, way, alone=len(ways) == 1) for way in ways]
        if len(parts) > 1:
            self._sum(fork, parts)
        self._row_of[id(fork)] = len(self.rows)

    def _stretch(self, fork: Traced, way: Stretch, *, alone: bool) -> int:
        cites = [self._row_of[id(way.head)]] if self.chain.scalar and way.head is not self.chain.result else []
        cites += [self._factor(edge, fork, alone) for edge in way.edges]
        if len(cites) > 1:
            value = float(np.prod([self.rows[k - 1].value for k in cites]))
            self._add(
                kind="product",
                above=str(self.chain.result.name),
                below=str(fork.name),
                formula=None,
                cites=tuple(cites),
                value=value,
                delta=self.deltas.get(id(fork), "") if alone else "",
                via="" if alone else str(way.edges[-1].above.name),
            )
        return len(self.rows)

    def _factor(self, edge: Edge, fork: Traced, alone: bool) -> int:
        whole = not self.chain.scalar and alone
        return self._add(
            kind="factor",
            above=str((edge.above if self.chain.scalar else self.chain.result).name),
            below=str(edge.below.name),
            formula=edge.formula,
            cites=(),
            value=edge.value,
            numerical=edge.numerical,
            agrees=edge.agrees,
            note="old value" if self._is_old(edge) else "",
            reasons=() if self.chain.scalar else reasons(edge.above, edge.below),
            delta=self.deltas.get(id(fork), "") if whole else "",
            via=str(edge.above.name) if self._is_part(edge, fork, alone) else "",
        )

    def _is_part(self, edge: Edge, fork: Traced, alone: bool) -> bool:
        """Whether the step is by itself one of several ways; among numbers, one straight from the result."""
        straight = edge.above is self.chain.result and edge.below is fork
        return not alone and (straight or not self.chain.scalar)

    def _is_old(self, edge: Edge) -> bool:
        """A weight that carries δ backwards will be updated too; its value before the update is meant."""
        named = isinstance(edge.formula, Symbol) and edge.formula.name in self.old
        return named and edge.below is not self.chain.variable

    def _sum(self, fork: Traced, parts: list[int]) -> None:
        self._add(
            kind="sum",
            above=str(self.chain.result.name),
            below=str(fork.name),
            formula=None,
            cites=tuple(parts),
            value=sum((self.rows[k - 1].value for k in parts[1:]), self.rows[parts[0] - 1].value),
            delta=self.deltas.get(id(fork), ""),
        )

    def _add(self, **fields: Any) -> int:
        row = Row(number=len(self.rows) + 1, **fields)
        self.rows.append(row)
        return row.number
