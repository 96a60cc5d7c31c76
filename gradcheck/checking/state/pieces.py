"""The pieces of a state: each is one thing that can change, and knows how to put it back.

With this file one can note, and later restore as often as one likes,

* the contents of arrays and buffers (:class:`ArrayPiece`, :class:`BytesPiece`);
* which objects a container holds (:class:`DictPiece`, :class:`ItemsPiece`);
* which objects names stand for: globals, slots, class attributes, closures (:class:`BindingsPiece`);
* where a random generator stands (:class:`RandomPiece`).

Objects are compared by identity and contents by their bytes, and no method that a user's class may have overridden
is called: neither looking nor restoring runs any code of the subject.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from operator import is_
from types import CellType, MemberDescriptorType, ModuleType
from typing import Any

import numpy as np

_NOTHING: Any = object()


class Piece(ABC):
    """One thing that can change."""

    @abstractmethod
    def changed(self) -> bool:
        """Whether it differs from the snapshot."""

    @abstractmethod
    def restore(self) -> None:
        """Put it back."""


class ArrayPiece(Piece):
    """The contents of an array, its shape, and whether it may be written."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array, self.writeable = array, array.flags.writeable
        on_disk = isinstance(array, np.memmap) and not self.writeable  # cannot change, and may be huge
        self.kept = array if on_disk else np.asarray(array).copy(order="K")

    def changed(self) -> bool:
        """Byte by byte, so that NaN equals itself and objects are compared by identity."""
        now = self.array
        if now is self.kept:
            return False
        same_form = now.shape == self.kept.shape and now.flags.writeable == self.writeable
        return not same_form or np.asarray(now).tobytes() != self.kept.tobytes()

    def restore(self) -> None:
        """Copy the contents back."""
        array = self.array
        if not array.flags.writeable:
            with suppress(ValueError):  # the memory is somebody else's, who restores it
                array.flags.writeable = True
        if array.shape != self.kept.shape:
            array.resize(self.kept.shape, refcheck=False)
        if array.flags.writeable:
            np.asarray(array)[...] = self.kept
            array.flags.writeable = self.writeable


def same_values(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> Any:
    """Entry by entry whether two arrays hold the same, NaN counting as equal to NaN."""
    with np.errstate(invalid="ignore"):
        return (a == b) | ((a != a) & (b != b))  # noqa: PLR0124 - only NaN differs from itself


class BytesPiece(Piece):
    """The contents of a bytearray or of an array of the standard library."""

    def __init__(self, buffer: Any, kind: Any) -> None:
        self.buffer, self.kind = buffer, kind
        self.kept = kind.__getitem__(buffer, slice(None))

    def changed(self) -> bool:
        """Byte by byte."""
        return memoryview(self.buffer).tobytes() != memoryview(self.kept).tobytes()

    def restore(self) -> None:
        """The same bytes."""
        self.kind.__setitem__(self.buffer, slice(None), self.kept)


class DictPiece(Piece):
    """Which objects a dictionary holds, in order; the attributes of an object are one too."""

    def __init__(self, mapping: dict[Any, Any], kind: Any = dict) -> None:
        self.mapping, self.kind = mapping, kind
        self.kept = dict(kind.items(mapping))

    def changed(self) -> bool:
        """By identity of keys and values, in order."""
        mapping, kept = self.mapping, self.kept
        return not (_identical(self.kind.keys(mapping), kept) and _identical(self.kind.values(mapping), kept.values()))

    def restore(self) -> None:
        """The same objects under the same keys, in the same order."""
        self.kind.clear(self.mapping)
        self.kind.update(self.mapping, self.kept)


class ItemsPiece(Piece):
    """Which objects a list, a deque or a set holds."""

    def __init__(self, items: Any, kind: Any) -> None:
        self.items, self.kind = items, kind
        self.kept = list(kind.__iter__(items))

    def changed(self) -> bool:
        """By identity, in order."""
        return not _identical(self.kind.__iter__(self.items), self.kept)

    def restore(self) -> None:
        """The same objects in the same places."""
        self.kind.clear(self.items)
        (self.kind.update if self.kind is set else self.kind.extend)(self.items, self.kept)


def _identical(these: Iterable[Any], those: Iterable[Any]) -> bool:
    these, those = list(these), list(those)
    return len(these) == len(those) and all(map(is_, these, those))


class BindingsPiece(Piece):
    """Which objects some names stand for, where those are not kept in a dictionary of their own.

    Parameters
    ----------
    now : callable
        Gives the names that are bound, with what they are bound to.
    bind, unbind : callable
        ``bind(name, value)`` lets a name stand for a value, ``unbind(name)`` for nothing.
    """

    def __init__(
        self, now: Callable[[], dict[Any, Any]], bind: Callable[[Any, Any], Any], unbind: Callable[[Any], Any]
    ) -> None:
        self.now, self.bind, self.unbind, self.kept = now, bind, unbind, now()

    def changed(self) -> bool:
        """By identity."""
        return bool(self._changes())

    def restore(self) -> None:
        """Bind again what was bound, unbind what was not; a name that stands for the same is not touched."""
        for name in self._changes():
            if name in self.kept:
                self.bind(name, self.kept[name])
            else:
                self.unbind(name)

    def _changes(self) -> list[Any]:
        now, kept = self.now(), self.kept
        return [name for name in {**kept, **now} if now.get(name, _NOTHING) is not kept.get(name, _NOTHING)]


def globals_piece(space: dict[str, Any], names: set[str]) -> BindingsPiece:
    """Some global names, in the dictionary of their module; an import cannot be taken back, and is left."""

    def now() -> dict[str, Any]:
        return {name: space[name] for name in names if name in space}

    def unbind(name: str) -> None:
        if not issubclass(type(space[name]), ModuleType):
            del space[name]

    return BindingsPiece(now, space.__setitem__, unbind)


def class_piece(cls: type) -> BindingsPiece:
    """The attributes of a class."""

    def now() -> dict[str, Any]:
        return {name: value for name, value in vars(cls).items() if not name.startswith("__")}

    return BindingsPiece(now, partial(type.__setattr__, cls), partial(type.__delattr__, cls))


def slots_piece(owner: Any, slots: list[MemberDescriptorType]) -> BindingsPiece:
    """The slots of an object, by their descriptors: a frozen dataclass can be restored in no other way."""

    def now() -> dict[MemberDescriptorType, Any]:
        values = {}
        for slot in slots:
            with suppress(AttributeError):  # an empty slot
                values[slot] = slot.__get__(owner)
        return values

    return BindingsPiece(now, lambda slot, value: slot.__set__(owner, value), lambda slot: slot.__delete__(owner))


def cell_piece(cell: CellType) -> BindingsPiece:
    """What a variable of an enclosing function stands for."""

    def now() -> dict[str, Any]:
        try:
            return {"cell_contents": cell.cell_contents}
        except ValueError:  # an empty cell: the variable is not bound yet
            return {}

    return BindingsPiece(now, partial(setattr, cell), partial(delattr, cell))


class RandomPiece(Piece):
    """The state of a random generator, behind its own getter and setter."""

    def __init__(self, get: Callable[[], Any], put: Callable[[Any], Any]) -> None:
        self.get, self.put, self.kept = get, put, get()

    def changed(self) -> bool:
        """By value; states are numbers, and dictionaries of arrays."""
        return not _same_state(self.get(), self.kept)

    def restore(self) -> None:
        """Rewind."""
        self.put(self.kept)


def _same_state(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same_state(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray):
        return bool(a.tobytes() == b.tobytes())
    try:
        return bool(a == b)
    except ValueError:  # arrays somewhere inside: to rewind once too often does no harm
        return False
