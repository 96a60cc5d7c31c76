"""A layer run once, to see what is what: which arrays forward leaves alone, and which backward writes."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradcheck.checking.conventions.layers.history import History
from gradcheck.checking.conventions.layers.places import Place, Step, places
from gradcheck.checking.state.snapshot import same_values
from gradcheck.checking.subject import Array

Held = dict[tuple[Step, ...], tuple[Any, Array]]
"""What is where: the array itself, and what was in it."""


class Rehearsal:
    """What a layer holds before and after its forward and its backward.

    Attributes
    ----------
    outputs : int
        How many outputs forward has.
    history : History
        What every forward makes larger.
    made : set
        Where the first forward made arrays that the second one left alone: parameters that are initialised lazily.
    kept : list of Place
        The arrays that forward does not replace by others.
    after, written : list of Place
        What there is after backward, and what of it is new or changed.
    """

    def __init__(self, layer: Any, forward: Callable[[], int], inputs: Iterable[Any]) -> None:
        self.layer = layer
        self.history = History(layer)
        before = _held(layer)
        self.outputs = forward()
        self.history.note()
        first = _held(layer)
        self.made: set[tuple[Step, ...]] = set()
        if not first.keys() <= before.keys():
            forward()
            self.history.compare()
            known = [value for value in inputs if isinstance(value, np.ndarray)]
            self.made = {
                steps
                for steps in _same_objects(first, _held(layer)).keys() - before.keys()
                if _is_new(first[steps][0], known)
            }
        self.kept = [Place(layer, steps) for steps in _same_objects(before | _part(first, self.made), _held(layer))]
        self.after: list[Place] = []
        self.written: list[Place] = []

    def watch(self, backward: Callable[[], Any]) -> Any:
        """Run backward after a forward and see what it writes; gives what it returned."""
        before = _held(self.layer)
        returned = backward()
        same = _unchanged(before, _held(self.layer))
        self.after = places(self.layer)
        self.written = [place for place in self.after if place.steps not in same]
        return returned

    @property
    def stepped(self) -> list[Place]:
        """What forward leaves alone and backward changes."""
        written = {place.steps for place in self.written}
        return [place for place in self.kept if place.steps in written]


def _held(layer: Any) -> Held:
    values = ((place.steps, place.read()) for place in places(layer))
    return {steps: (value, np.array(value)) for steps, value in values if value is not None}


def _part(held: Held, steps: set[tuple[Step, ...]]) -> Held:
    return {at: held[at] for at in steps}


def _is_new(value: Any, known: list[Array]) -> bool:
    """Whether an array is more than what forward was given."""
    return isinstance(value, np.ndarray) and not any(np.array_equal(value, other) for other in known)


def _same_objects(before: Held, now: Held) -> dict[tuple[Step, ...], None]:
    """Where the same array still is, whatever is in it; where the same number is."""
    return {
        steps: None
        for steps, (value, content) in now.items()
        if steps in before and (before[steps][0] is value or (isinstance(value, float) and before[steps][1] == content))
    }


def _unchanged(before: Held, now: Held) -> set[tuple[Step, ...]]:
    """Where the same array still holds the same."""
    same = _same_objects(before, now)
    return {steps for steps in same if _holds_the_same(before[steps][1], now[steps][1])}


def _holds_the_same(before: Array, now: Array) -> bool:
    return before.shape == now.shape and bool(np.all(same_values(before, now)))
