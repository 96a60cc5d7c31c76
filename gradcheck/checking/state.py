"""Everything a subject could change by being run, so that it can be put back.

With this file one can

* take a snapshot of all state reachable from some objects: arrays, containers, attributes, random generators
  and the global random state of NumPy and Python (:class:`State`);
* put it back, all of it or only what running the subject was seen to change.
"""

import random
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Protocol

import numpy as np


class Piece(Protocol):
    """One thing that can change."""

    def changed(self) -> bool:
        """Whether it differs from the snapshot."""
        ...

    def restore(self) -> None:
        """Put it back."""
        ...


class ArrayPiece:
    """The contents of an array."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.array, self.kept = array, array.copy()

    def changed(self) -> bool:
        """By value; NaN equals itself."""
        return self.array.shape != self.kept.shape or not bool(np.all(same_values(self.array, self.kept)))

    def restore(self) -> None:
        """Copy the contents back."""
        if self.array.shape != self.kept.shape:
            self.array.resize(self.kept.shape, refcheck=False)
        if self.array.flags.writeable:
            self.array[...] = self.kept


def same_values(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> Any:
    """Entry by entry whether two arrays hold the same, NaN counting as equal to NaN."""
    with np.errstate(invalid="ignore"):
        return (a == b) | ((a != a) & (b != b))  # noqa: PLR0124 - only NaN differs from itself


class DictPiece:
    """Which objects a dictionary holds; the attributes of an object are one too."""

    def __init__(self, mapping: dict[Any, Any]) -> None:
        self.mapping, self.kept = mapping, dict(mapping)

    def changed(self) -> bool:
        """By identity, in order."""
        now = self.mapping
        return list(now) != list(self.kept) or any(now[key] is not self.kept[key] for key in self.kept)

    def restore(self) -> None:
        """The same objects under the same keys, in the same order."""
        self.mapping.clear()
        self.mapping.update(self.kept)


class ListPiece:
    """Which objects a list holds."""

    def __init__(self, items: list[Any]) -> None:
        self.items, self.kept = items, list(items)

    def changed(self) -> bool:
        """By identity."""
        return len(self.items) != len(self.kept) or any(a is not b for a, b in zip(self.items, self.kept, strict=True))

    def restore(self) -> None:
        """The same objects in the same places."""
        self.items[:] = self.kept


class NamespacePiece:
    """Named attributes of an object that has them elsewhere than in a dictionary: a class, or slots."""

    def __init__(self, owner: Any, names: list[str]) -> None:
        self.owner, self.names = owner, names
        self.kept = {name: getattr(owner, name) for name in names if hasattr(owner, name)}

    def changed(self) -> bool:
        """By identity."""
        missing = object()
        return any(getattr(self.owner, name, missing) is not self.kept.get(name, missing) for name in self.names)

    def restore(self) -> None:
        """Set what was there, delete what was not."""
        for name in self.names:
            if name in self.kept:
                setattr(self.owner, name, self.kept[name])
            elif hasattr(self.owner, name):
                delattr(self.owner, name)


class RandomPiece:
    """The state of a random generator, behind its own getter and setter."""

    def __init__(self, get: Callable[[], Any], put: Callable[[Any], Any]) -> None:
        self.get, self.put, self.kept = get, put, get()

    def changed(self) -> bool:
        """By value; states are nested tuples and dictionaries, with arrays in them."""
        return not _same(self.get(), self.kept)

    def restore(self) -> None:
        """Rewind."""
        self.put(self.kept)


class State:
    """A snapshot of all that is reachable from `roots`, and of the global random states.

    Examples
    --------
    >>> memory = {"calls": 0}
    >>> state = State([memory])
    >>> memory["calls"] = 3
    >>> state.restore(); memory
    {'calls': 0}
    """

    def __init__(self, roots: list[Any]) -> None:
        self.pieces: list[Piece] = [
            RandomPiece(np.random.get_state, np.random.set_state),
            RandomPiece(random.getstate, random.setstate),
        ]
        seen: dict[int, Any] = {}
        pending = list(roots)
        while pending:
            thing = pending.pop()
            if id(thing) not in seen:
                seen[id(thing)] = thing
                pending.extend(self._visit(thing))

    def changed(self) -> list[Piece]:
        """The pieces that differ from the snapshot."""
        return [piece for piece in self.pieces if piece.changed()]

    def restore(self, only: list[Piece] | None = None) -> None:
        """Put back everything, or `only` these pieces."""
        for piece in self.pieces if only is None else only:
            piece.restore()

    def rewind(self) -> None:
        """Put back the random states alone."""
        self.restore([piece for piece in self.pieces if isinstance(piece, RandomPiece)])

    def _visit(self, thing: Any) -> Iterator[Any]:
        """Note the state of one object; yield what it leads to."""
        match thing:
            case np.ndarray():
                self.pieces.append(ArrayPiece(thing))
                if thing.dtype == object:
                    yield from thing.ravel()
            case np.random.Generator() | np.random.BitGenerator():
                source: Any = getattr(thing, "bit_generator", thing)
                self.pieces.append(RandomPiece(lambda: source.state, lambda kept: setattr(source, "state", kept)))
            case np.random.RandomState():
                self.pieces.append(RandomPiece(thing.get_state, thing.set_state))
            case random.Random():
                self.pieces.append(RandomPiece(thing.getstate, thing.setstate))
            case dict():
                self.pieces.append(DictPiece(thing))
                yield from thing.values()
            case list():
                self.pieces.append(ListPiece(thing))
                yield from thing
            case tuple() | set() | frozenset():
                yield from thing
            case MethodType():
                yield from (thing.__self__, thing.__func__)
            case FunctionType():
                yield from _state_of_function(thing)
            case type():
                yield from self._visit_class(thing)
            case _:
                yield from self._visit_instance(thing)

    def _visit_instance(self, thing: Any) -> Iterator[Any]:
        if isinstance(thing, ModuleType | BuiltinFunctionType | str | bytes | int | float | complex | None):
            return
        attributes = getattr(thing, "__dict__", None)
        if isinstance(attributes, dict):
            self.pieces.append(DictPiece(attributes))
            yield from attributes.values()
        slots = [name for cls in type(thing).__mro__ for name in _slots(cls)]
        if slots and _is_users(type(thing)):
            self.pieces.append(NamespacePiece(thing, slots))
            yield from (getattr(thing, name) for name in slots if hasattr(thing, name))
        yield from (cls for cls in type(thing).__mro__ if _is_users(cls))
        yield from (getattr(thing, name) for name in ("func", "args", "keywords") if type(thing).__name__ == "partial")

    def _visit_class(self, cls: type) -> Iterator[Any]:
        """A class may keep state for all its instances, as a cache or a counter."""
        if not _is_users(cls):
            return
        data = [name for name, value in vars(cls).items() if not name.startswith("__") and not _is_code(value)]
        self.pieces.append(NamespacePiece(cls, data))
        yield from (vars(cls)[name] for name in data)


def _state_of_function(function: FunctionType) -> Iterator[Any]:
    """What a function can reach: its closure, its defaults, and the globals its code names."""
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # an empty cell: the name is not bound yet
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    yield vars(function)
    if not _is_users_module(function.__module__):
        return
    for name in _names(function.__code__):
        value = function.__globals__.get(name)
        if not isinstance(value, type | ModuleType):
            yield value


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


_LIBRARIES = {
    "numpy",
    "scipy",
    "autograd",
    "torch",
    "jax",
    "jaxlib",
    "builtins",
    "functools",
    "random",
    "typing",
}


def _is_users_module(name: str | None) -> bool:
    return (name or "builtins").partition(".")[0] not in _LIBRARIES


def _is_users(cls: type) -> bool:
    return cls is not object and _is_users_module(cls.__module__) and not cls.__module__.startswith("_")


def _is_code(value: Any) -> bool:
    return callable(value) or isinstance(value, property | classmethod | staticmethod)


def _slots(cls: type) -> list[str]:
    slots = vars(cls).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [name for name in names if name not in ("__dict__", "__weakref__")]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return bool(np.array_equal(a, b))
    if isinstance(a, tuple):
        return all(_same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return all(_same(a[key], b[key]) for key in a)
    return bool(a == b)
