"""Objects that know how they were made, so that they can be made again: what a saved network is written with."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Recorded:
    """Remembers the arguments of its constructor, as far as they are values (see `as_value`).

    >>> class Scale(Recorded):
    ...     def __init__(self, factor, offset=0):
    ...         pass
    >>> Scale(2, offset=1).made_with
    ((2,), {'offset': 1})
    """

    made_with: tuple[tuple[Any, ...], dict[str, Any]] = (), {}

    def __init_subclass__(cls) -> None:
        """Let a constructor write down what it was called with; its signature stays what it is."""
        if "__init__" in vars(cls):
            setattr(cls, "__init__", _recording(vars(cls)["__init__"]))  # noqa: B010 - a method may not be assigned to


def _recording(init: Callable[..., None]) -> Callable[..., None]:
    @wraps(init)
    def record(self: Any, *args: Any, **options: Any) -> None:
        if "made_with" not in vars(self):  # the outermost constructor comes first
            self.made_with = tuple(map(as_value, args)), {name: as_value(value) for name, value in options.items()}
        init(self, *args, **options)

    return record


class Unrecorded:
    """Stands for an argument that is no value, such as a function; only its type is known."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        return f"<{self.kind}>"


def as_value(argument: Any) -> Any:
    """The argument, if it is a number, text, type, array or recorded object, or made of such; else its type.

    A random generator is none: it is used up; what it has come to is for whoever holds it to tell.
    """
    if argument is None or isinstance(argument, bool | int | float | str | type | np.dtype | np.generic | Recorded):
        return argument
    if isinstance(argument, np.ndarray):
        return argument.copy()
    if isinstance(argument, list | tuple):
        return tuple(map(as_value, argument))
    if isinstance(argument, dict):
        return {name: as_value(value) for name, value in argument.items()}
    return None if isinstance(argument, np.random.Generator) else Unrecorded(type(argument).__name__)


def arrays_of(thing: object) -> dict[str, NDArray[Any]]:
    """The arrays that an object holds beside its parameters, such as running statistics."""
    held = {name: value for name, value in vars(thing).items() if isinstance(value, np.ndarray)}
    return {name: value for name, value in held.items() if not name.startswith("_")}
