"""What is around a node of a backward: its statement, and everything at hand with its shape."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np

from gradcheck.checking.diagnosis.repair.running import Shape

Edits = Iterator[tuple[str, ast.expr | ast.stmt]]
"""Causes, each with what should stand there."""


@dataclass(frozen=True)
class Around:
    """What is around a node.

    Attributes
    ----------
    statement : ast.stmt
        That it is a part of.
    names : dict
        Everything at hand, by how it is written.
    shapes : dict
        What of it has which shape, as far as that is known.
    looped : bool
        Whether the statement is run in a loop.
    idle : set of str
        What of the names is nowhere used.
    counting : set of int
        The nodes, by id, that are indices, bounds and shapes.
    indices : tuple of ast.expr
        What stands anywhere in the function as an index.
    arguments : set of str
        What the function is given.
    """

    statement: ast.stmt
    names: dict[str, ast.expr]
    shapes: Mapping[str, Shape | None]
    looped: bool
    idle: frozenset[str] = frozenset()
    counting: frozenset[int] = frozenset()
    indices: tuple[ast.expr, ...] = ()
    arguments: frozenset[str] = frozenset()

    def others(self, node: ast.expr) -> Iterator[ast.expr]:
        """What may stand in the place of a name: every number and array of its shape."""
        said = ast.unparse(node)
        if said in self.shapes:
            for name, other in self.names.items():
                if name != said and name in self.shapes and _alike(self.shapes[said], self.shapes[name]):
                    yield other

    def factors(self, node: ast.expr | None = None) -> Iterator[tuple[str, ast.expr]]:
        """What a value, or that of the statement, may be multiplied by: what is idle first, then what is near."""
        target = getattr(self.statement, "targets", [getattr(self.statement, "target", None)])[0]
        said = ast.unparse(node or target) if node or target else ""
        shape = self.shapes.get(said)
        known = [name for name in reversed(self.names) if name in self.shapes]
        order = sorted(known, key=lambda name: (name not in self.idle, self.shapes[name] != shape))
        fitting = ((name, form) for name in order for form in self._lined_up(name, shape))
        yield from islice(fitting, FACTORS_OF)

    def _lined_up(self, name: str, shape: Shape | None) -> Iterator[ast.expr]:
        """As it is, or with axes put behind its own: ``s[:, None]``."""
        own = self.shapes[name]
        if _broadcasts(own, shape):
            yield self.names[name]
        if own and shape is None:
            index = ", ".join([":"] * len(own) + ["None"])
            yield ast.parse(f"{name}[{index}]", mode="eval").body
        elif own and shape and shape != own and shape[: len(own)] == own:
            index = ", ".join([":"] * len(own) + ["None"] * (len(shape) - len(own)))
            yield ast.parse(f"{name}[{index}]", mode="eval").body

    def is_array(self, name: str) -> bool:
        """Whether it is more than a number, or all there is are numbers."""
        return self.shapes.get(name) != () or not any(self.shapes.values())

    def is_cotangent(self, name: str) -> bool:
        """Whether it is given to the function and called as an upstream gradient is."""
        return name in self.arguments and bool(re.match(r"(?i)d|g$|g_|grad|upstream|delta|e$|err", name))

    def computes(self, node: ast.AST) -> bool:
        """Whether it is a value rather than an index, a bound or a shape."""
        return id(node) not in self.counting


def _alike(one: Shape | None, other: Shape | None) -> bool:
    return one is None or other is None or one == other


def _broadcasts(one: Shape | None, into: Shape | None) -> bool:
    try:
        return one is None or into is None or np.broadcast_shapes(one, into) == into
    except ValueError:
        return False


Kind = Callable[[ast.AST, Around], Edits]
"""From a node and what is around it to what may stand in its place."""

FACTORS_OF = 12
"""So many of the things at hand may be missing as a factor."""
