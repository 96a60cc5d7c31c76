"""What is around a node of a backward: its statement, and everything at hand with its shape."""

import ast
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
    """

    statement: ast.stmt
    names: Mapping[str, ast.expr]
    shapes: Mapping[str, Shape | None]
    looped: bool

    def others(self, node: ast.expr) -> Iterator[ast.expr]:
        """What may stand in the place of a name: every number and array of its shape."""
        said = ast.unparse(node)
        if said in self.shapes:
            for name, other in self.names.items():
                if name != said and name in self.shapes and _alike(self.shapes[said], self.shapes[name]):
                    yield other

    def factors(self) -> Iterator[tuple[str, ast.expr]]:
        """What the value of the statement may be multiplied by, and keep its shape."""
        target = getattr(self.statement, "targets", [None])[0]
        shape = self.shapes.get(ast.unparse(target)) if target is not None else None
        fitting = (name for name in self.names if name in self.shapes and _broadcasts(self.shapes[name], shape))
        for name in islice(fitting, FACTORS_OF):
            yield name, self.names[name]


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
