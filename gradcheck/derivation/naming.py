"""Names for the intermediate values: those the code itself gives them.

While the traced code runs, a trace function (:func:`sys.settrace`) looks at the local variables of every
frame after each line and notes which name was bound to which value; afterwards each value gets the name its
outermost frame gave it first. A name bound to several values (a loop, a helper called twice) is numbered.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from gradcheck.derivation.filled import Filled
from gradcheck.derivation.indexing import is_position
from gradcheck.derivation.spelling import SHORT
from gradcheck.derivation.untraced import is_user_code
from gradcheck.derivation.value import Traced

_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
_PLAIN_MODULES = ("builtins", "numpy", "types")
_AFTER_VARIABLES = 1000  # frames: what is an attribute takes its name from there only if no variable has it
_DEEPEST = 3  # lists of lists of lists


class NameRecorder:
    """A context in which every binding of a local name to a traced value is noted."""

    def __init__(self) -> None:
        self.bindings: dict[int, list[tuple[int, int, str]]] = {}  # of each value: (depth, when, name)
        self.values: dict[int, Traced] = {}
        self.arrays: dict[int, tuple[Any, str]] = {}  # plain ones, which become constants, with their names
        self._filled: dict[int, tuple[int, str, Filled]] = {}  # what is read of them may be bound to nothing else
        self._seen: dict[tuple[FrameType, str], int] = {}
        self._clock = itertools.count()

    def __enter__(self) -> NameRecorder:
        self._previous = sys.gettrace()
        self._outside = _depth(sys._getframe())
        sys.settrace(self._enter_frame)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        sys.settrace(self._previous)
        self._seen.clear()  # it holds frames
        for depth, local, filled in self._filled.values():
            for name, value in filled.named(local):
                self._bind(depth, name, value)

    def _enter_frame(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        if not is_user_code(frame) or frame.f_code.co_name in _COMPREHENSIONS:
            return None
        for name in frame.f_code.co_names:
            content = frame.f_globals.get(name)
            if isinstance(content, np.ndarray) and content.ndim:
                self.arrays.setdefault(id(content), (content, name))
        return self._look

    def _look(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        depth = _depth(frame) - self._outside
        for local, content in frame.f_locals.items():
            if isinstance(content, np.ndarray) and content.ndim:
                self.arrays.setdefault(id(content), (content, local))
            if isinstance(content, Filled):
                self.arrays.setdefault(id(content.base.value), (content.base.value, local))
                self._filled.setdefault(id(content), (depth, local, content))
            for name, value in _named_values(local, content):
                self._note(frame, depth, name, value)
            for name, value in _attributes(local, content):
                self._note(frame, depth + _AFTER_VARIABLES, name, value)
        return self._look

    def _note(self, frame: FrameType, depth: int, name: str, value: Traced) -> None:
        if self._seen.get((frame, name)) == id(value):
            return
        self._seen[frame, name] = id(value)
        self._bind(depth, name, value)

    def _bind(self, depth: int, name: str, value: Traced) -> None:
        self.values[id(value)] = value
        self.bindings.setdefault(id(value), []).append((depth, next(self._clock), name))


def give_names(recorder: NameRecorder, result: Traced, default: str, given: Iterable[str | None]) -> None:
    """Set `name` on every value the code named; the result is called `default` if it has no name.

    Names that were `given` before go to nobody else.
    """
    wishes = {key: min(found)[2] for key, found in recorder.bindings.items() if not recorder.values[key].name}
    unnamed = sorted((recorder.values[key] for key in wishes), key=lambda value: value.order)
    taken: set[str | None] = {*given, *(value.name for value in recorder.values.values() if value.name)}
    wanted = Counter(wishes.values())
    if result.name is None and id(result) not in wishes:
        result.name = _free(default, taken)
    for value in unnamed:
        name = wishes[id(value)]
        if (wanted[name] == 1 or value is result) and name not in taken:
            value.name = name
        else:
            value.name = position_name(value) or _numbered(name, taken)
        taken.add(value.name)


def name_constants(recorder: NameRecorder, values: list[Traced]) -> None:
    """Call a constant array as the code calls it, unless something else has that name."""
    taken = {value.name for value in values}
    for value in values:
        array, name = recorder.arrays.get(id(value.value), (None, ""))
        if value.op == "constant" and array is value.value and not value.name and name not in taken:
            value.name = name
    _tell_apart([value for value in values if value.op == "constant" and not value.name and np.ndim(value.value)])


def _tell_apart(nameless: list[Traced]) -> None:
    """Of several nameless arrays of one shape, which are shown by it, the second is array_2(3, 4), and so on."""
    contents: dict[tuple[int, ...], list[bytes]] = {}
    for value in nameless:
        known = contents.setdefault(value.shape, [])
        content = np.asarray(value.value).tobytes()
        if content not in known and np.any(value.value):
            known.append(content)
        if content in known[1:] and (value.ndim > 1 or value.size > SHORT):
            value.name = f"array_{known.index(content) + 1}({', '.join(map(str, value.shape))})"


def name_positions(values: list[Traced]) -> None:
    """Call the entry (0, 1) of a named array W by its position: W[0, 1]."""
    for value in values:
        value.name = value.name or position_name(value)


def position_name(value: Traced) -> str | None:
    """W[0, 1] for an entry of a named array, or None."""
    if value.op != "getitem" or value.inputs[0].name is None or not is_position(value.params["index"]):
        return None
    return f"{value.inputs[0].name}[{', '.join(map(str, value.params['index']))}]"


def _numbered(name: str, taken: set[str | None]) -> str:
    return next(f"{name}_{k}" for k in range(1, len(taken) + 2) if f"{name}_{k}" not in taken)


def _free(name: str, taken: set[str | None]) -> str:
    return name if name not in taken else _numbered(name, taken)


def _named_values(name: str, content: Any, depth: int = 0) -> Iterator[tuple[str, Traced]]:
    if isinstance(content, Filled):
        yield from content.named(name)
    elif isinstance(content, Traced):
        if name.strip("_"):  # _ names nothing
            yield name, content
    elif depth < _DEEPEST and isinstance(content, list | tuple | dict):
        pairs = content.items() if isinstance(content, dict) else enumerate(content)
        for key, item in pairs:
            yield from _named_values(f"{name}[{key!r}]", item, depth + 1)


def _attributes(name: str, content: Any) -> Iterator[tuple[str, Traced]]:
    """What an object keeps: ``self.h`` as h, ``net.h`` as it is."""
    if isinstance(content, Traced) or type(content).__module__ in _PLAIN_MODULES:
        return
    for key, item in list(getattr(content, "__dict__", {}).items()):
        if isinstance(item, Traced) and not key.startswith("_"):
            yield from _named_values(key if name == "self" else f"{name}.{key}", item)


def _depth(frame: FrameType | None) -> int:
    depth = 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    return depth
