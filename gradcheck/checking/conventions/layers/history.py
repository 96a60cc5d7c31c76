"""What grows with every forward: a layer that appends to lists, or counts its steps, is put back before the next one.

Some layers remember every input since their last update, and their backward is one for all of them. What a second
forward adds, the first one added as well; without both a layer is as it was before either.
"""

from collections.abc import Iterator
from typing import Any

from gradcheck.checking.conventions.layers.places import Place, Step, walk

Sizes = dict[tuple[Step, ...], int]


class History:
    """The lists and counters of a layer that every forward makes larger, and what they were before the first."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self._start: Sizes = {}
        self._first: Sizes = {}

    @property
    def grows(self) -> bool:
        """Whether there are any."""
        return bool(self._start)

    def note(self) -> None:
        """After a first forward."""
        self._first = sizes(self.layer)

    def compare(self) -> None:
        """After a second one."""
        second = sizes(self.layer)
        grown = {at: size - self._first[at] for at, size in second.items() if size > self._first.get(at, size)}
        self._start = {at: self._first[at] - more for at, more in grown.items() if self._first[at] >= more}

    def of(self, layer: Any) -> "History":
        """The same of a copy of the layer."""
        other = History(layer)
        other._start = self._start
        return other

    def forget(self) -> None:
        """Back to what there was before the first forward."""
        for steps, size in self._start.items():
            place = Place(self.layer, steps)
            held = place.read()
            if isinstance(held, list):
                del held[size:]
            elif isinstance(held, int):
                place.rebind(size)


def sizes(layer: Any) -> Sizes:
    """The length of every list, and every whole number."""
    return dict(_sizes(layer))


def _sizes(layer: Any) -> Iterator[tuple[tuple[Step, ...], int]]:
    for place, value in walk(layer):
        if isinstance(value, list):
            yield place.steps, len(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            yield place.steps, value
