"""Why a local derivative is what it is: the operations inside one step, one after the other.

``out = 1 / (1 + exp(-net))`` is one step of a derivation, whose derivative ``out * (1 - out)`` a reader may want
to see come about: u1 = -net, u2 = exp(u1), u3 = 1 + u2, out = 1 / u3, and the four derivatives multiplied.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.derivation.notation import Python
from gradcheck.derivation.paths import Chain, Edge
from gradcheck.derivation.rows import Row
from gradcheck.derivation.rules import RULES
from gradcheck.derivation.simplify import Simplifier
from gradcheck.derivation.symbols import Formula, Number, Symbol, evaluate
from gradcheck.derivation.trace import interior
from gradcheck.derivation.value import Traced

_MOST = 8  # operations; beyond, a reader names some of them in the code


@dataclass(frozen=True)
class Link:
    """One operation: what it makes of what, and the derivative of the one with respect to the other."""

    name: str
    formula: Formula
    below: str
    derivative: Formula


@dataclass(frozen=True)
class Proof:
    """The links of one step, from the variable's side up, and the product of their derivatives."""

    above: str
    below: str
    links: tuple[Link, ...]
    product: Formula
    alike: tuple[str, ...] = ()
    """Other steps that go the same way, as ``∂out_o2/∂net_o2``."""


def proofs(chain: Chain, rows: Sequence[Row]) -> tuple[Proof, ...]:
    """One proof for each kind of step that is more than one operation, where a single line leads through it."""
    found: dict[tuple[str, ...], tuple[Edge, list[Traced], list[str]]] = {}
    edges = {(edge.above.name, edge.below.name): edge for edge in chain.edges}
    for row in rows if chain.scalar else ():
        edge = edges.get((row.above, row.below))
        if edge is None or row.kind != "factor":
            continue
        line = _line(edge.above, edge.below)
        if line and len(line) <= _MOST and not isinstance(edge.formula, Number | Symbol):
            kind = tuple(node.op for node in line)
            if kind in found:
                found[kind][2].append(f"∂{edge.above.name}/∂{edge.below.name}")
            else:
                found[kind] = edge, line, []
    return tuple(_proof(edge, line, tuple(alike)) for edge, line, alike in found.values())


def _line(above: Traced, below: Traced) -> list[Traced]:
    """The operations from `below` up to `above`, if each takes exactly one thing that varies; else nothing."""
    carries, line = {id(below)}, list[Traced]()
    for node in [*interior(above), above]:
        uses = sum(id(x) in carries for x in node.inputs)
        if uses > 1 or (uses and sum(x.depends for x in node.inputs) > 1):
            return []
        if uses:
            carries.add(id(node))
            line.append(node)
    on_line = all(any(x is a for x in b.inputs) for a, b in itertools.pairwise(line))
    return line if len(line) > 1 and on_line else []


def _proof(edge: Edge, line: list[Traced], alike: tuple[str, ...]) -> Proof:
    for k, node in enumerate(line[:-1], start=1):
        node.name = f"u{k}"
    try:
        simplifier, links = Simplifier(), []
        for below, node in zip([edge.below, *line], line, strict=False):
            formula = simplifier.define(node)
            k = next(k for k, x in enumerate(node.inputs) if x is below)
            gradient = RULES[node.op].vjp(k, Traced(np.float64(1.0)), node, *node.inputs, **node.params)
            links.append(Link(str(node.name), formula, str(below.name), simplifier.derivative(gradient)))
    finally:
        for node in line[:-1]:
            node.name = None
    return Proof(str(edge.above.name), str(edge.below.name), tuple(links), edge.formula, alike)


def multiplied(proof: Proof) -> float:
    """The product of the links' derivatives, which is the derivative of the whole step."""
    return float(np.prod([evaluate(link.derivative) for link in proof.links]))


def written(proof: Proof) -> list[tuple[str, str]]:
    """Each link as (operation, derivative), in Python."""
    python = Python()
    return [
        (f"{link.name} = {python.write(link.formula)}", f"∂{link.name}/∂{link.below} = {python.write(link.derivative)}")
        for link in proof.links
    ]
