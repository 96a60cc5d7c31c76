"""Every array of floats that an object holds, by the path to it: ``W``, ``params['W']``, ``layers[0].w.data``.

Paths are followed anew at each reading, as arrays and the containers they are in may be replaced at any time.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import is_variable

Step = tuple[str, Any]
"""An attribute or an item, and its name, key or index."""

_DEEPEST = 6
_LONGEST_LIST = 200
_SHOWN_BY_PROPERTIES = ("params", "grads", "parameters", "gradients")
_NOT_LOOKED_INTO = (type, ModuleType, FunctionType, MethodType, np.generic, str, bytes, int, float, complex)
_FOREIGN = ("builtins", "numpy", "random", "torch", "jax", "jaxlib", "threading", "logging")


@dataclass(frozen=True, eq=False)
class Place:
    """Where something is held: the attributes and keys that lead to it from an object."""

    root: Any
    steps: tuple[Step, ...]

    def __eq__(self, other: object) -> bool:
        """Of the very same object, which need not be able to compare itself: a data class that holds arrays is not."""
        return isinstance(other, Place) and self.root is other.root and self.steps == other.steps

    def __hash__(self) -> int:
        return hash((id(self.root), self.steps))

    @property
    def path(self) -> str:
        """As one writes it in code."""
        text = "".join(f".{key}" if kind == "attribute" else f"[{key!r}]" for kind, key in self.steps)
        return text.removeprefix(".")

    @property
    def keys(self) -> tuple[str, ...]:
        """The names and indices on the way, as text."""
        return tuple(str(key) for _, key in self.steps)

    def read(self) -> Any:
        """What is there now, or None."""
        return _follow(self.root, self.steps)

    def beside(self, fits: Callable[[str, str], bool]) -> "Place | None":
        """The attribute of the same object whose name fits this one's."""
        kind, key = self.steps[-1]
        owner = _follow(self.root, self.steps[:-1])
        names = vars(owner) if kind == "attribute" and hasattr(owner, "__dict__") else ()
        found = next((name for name in names if fits(name, key)), None)
        return None if found is None else Place(self.root, (*self.steps[:-1], ("attribute", found)))

    def write(self, value: Any) -> None:
        """Write into the array itself, so that every alias of it sees the change; rebind where that cannot be."""
        live = self.read()
        if isinstance(live, np.ndarray) and live.flags.writeable and live.shape == np.shape(value):
            live[...] = value
        else:
            self.rebind(float(value) if isinstance(live, float) else np.array(value))

    def rebind(self, value: Any) -> None:
        """Let the last name or key on the path stand for something else."""
        kind, key = self.steps[-1]
        owner = _follow(self.root, self.steps[:-1])
        setattr(owner, key, value) if kind == "attribute" else owner.__setitem__(key, value)


def _follow(thing: Any, steps: tuple[Step, ...]) -> Any:
    for kind, key in steps:
        try:
            thing = getattr(thing, key) if kind == "attribute" else thing[key]
        except (AttributeError, KeyError, IndexError, TypeError):
            return None
    return thing


def places(root: Any) -> list[Place]:
    """Where an object holds arrays of floats, and single floats; the nearest first, aliases too."""
    return [place for place, value in walk(root) if is_variable(value) or isinstance(value, float)]


def walk(root: Any) -> Iterator[tuple[Place, Any]]:
    """Everything that an object holds, the nearest first; each object is looked into once."""
    seen, pending = {id(root)}, deque([Place(root, ())])
    while pending:
        place = pending.popleft()
        for step, value in _inside(place.read()):
            onward = Place(root, (*place.steps, step))
            yield onward, value
            if id(value) not in seen and len(onward.steps) < _DEEPEST and _may_hold(value):
                seen.add(id(value))
                pending.append(onward)


def objects(root: Any) -> Iterator[Any]:
    """The object itself, and those it is made of: its layers, its optimisers."""
    yield root
    seen = {id(root)}
    for _, value in walk(root):
        if id(value) not in seen and _may_hold(value) and not isinstance(value, Mapping | list | tuple):
            seen.add(id(value))
            yield value


def _may_hold(value: Any) -> bool:
    if isinstance(value, Mapping | list | tuple):
        return True
    if isinstance(value, np.ndarray):  # of a kind that has attributes, where it may keep its gradient
        return bool(getattr(value, "__dict__", None)) and not _is_foreign(value)
    return not (value is None or isinstance(value, _NOT_LOOKED_INTO) or _is_foreign(value))


def _is_foreign(value: Any) -> bool:
    return type(value).__module__.partition(".")[0] in _FOREIGN


def _inside(thing: Any) -> Iterator[tuple[Step, Any]]:
    """What an object, a dictionary or a list holds directly."""
    if isinstance(thing, Mapping):
        yield from ((("item", key), value) for key, value in list(thing.items()) if isinstance(key, str | int))
    elif isinstance(thing, list | tuple):
        yield from ((("item", i), value) for i, value in enumerate(thing[:_LONGEST_LIST]))
    elif _may_hold(thing):
        yield from ((("attribute", name), value) for name, value in _attributes(thing).items())


def _attributes(thing: Any) -> dict[str, Any]:
    """Attributes, slots, and the properties under which parameters and gradients are usually shown."""
    own = dict(getattr(thing, "__dict__", {}))
    slots = [name for cls in type(thing).__mro__ for name in _as_tuple(vars(cls).get("__slots__", ()))]
    shown = [name for name in _SHOWN_BY_PROPERTIES if isinstance(getattr(type(thing), name, None), property)]
    for name in (*slots, *shown):
        try:
            own.setdefault(name, getattr(thing, name))
        except Exception:
            continue
    return own


def _as_tuple(names: Any) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def container(place: Place) -> str:
    """The dictionary or list that an array is kept in; empty for an attribute."""
    return Place(place.root, place.steps[:-1]).path if place.steps[-1][0] == "item" else ""
