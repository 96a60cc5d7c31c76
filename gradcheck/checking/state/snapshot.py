"""Everything a subject could change by being run, so that it can be put back.

With this file one can

* take a snapshot of all state reachable from some objects: arrays, containers, attributes, globals, random generators
  and the global random states of NumPy and Python (:class:`State`);
* put it back, all of it or only what running the subject was seen to change.

What the pieces of a state are is told in ``pieces``, how they are found in ``reach``, and where the search ends in
``home``.
"""

import random
from typing import Any

import numpy as np

from gradcheck.checking.state.home import Home
from gradcheck.checking.state.pieces import ArrayPiece, Piece, RandomPiece, same_values
from gradcheck.checking.state.reach import reach

__all__ = ["ArrayPiece", "Piece", "State", "same_values"]

_LEAVES = frozenset({type(None), bool, int, float, complex, str, bytes, np.float64, np.float32, np.int64, np.bool_})


class State:
    """A snapshot of all that is reachable from `roots`, and of the global random states.

    It can be put back any number of times.

    Examples
    --------
    >>> memory = {"calls": 0}
    >>> state = State([memory])
    >>> memory["calls"] = 3
    >>> state.restore(); memory
    {'calls': 0}
    """

    def __init__(self, roots: list[Any]) -> None:
        self.pieces: list[Piece] = []
        home = Home(roots)
        seen: dict[int, Any] = {}
        # a method of each of the two global generators leads to it
        pending = [np.random.get_state, random.getstate, *roots]
        while pending:
            thing = pending.pop()
            if id(thing) not in seen:
                seen[id(thing)] = thing
                pieces, onward = reach(thing, home)
                self.pieces += pieces
                pending += [other for other in onward if type(other) not in _LEAVES]

    def changed(self) -> list[Piece]:
        """The pieces that differ from the snapshot."""
        return [piece for piece in self.pieces if piece.changed()]

    def restore(self, only: list[Piece] | None = None) -> None:
        """Put back everything that changed, or these pieces; whatever happens meanwhile, each of them is tried."""
        problems: list[BaseException] = []
        for piece in self.pieces if only is None else only:
            for _ in range(2):  # an interrupt may come between emptying and filling
                try:
                    if only is not None or piece.changed():
                        piece.restore()
                    break
                except BaseException as problem:
                    problems.append(problem)
        if problems:
            raise problems[0]

    def rewind(self, only: list[Piece] | None = None) -> None:
        """Put back the random states alone, of everything or of these pieces."""
        self.restore([piece for piece in (self.pieces if only is None else only) if isinstance(piece, RandomPiece)])
