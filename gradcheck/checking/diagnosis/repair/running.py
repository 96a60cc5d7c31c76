"""Which functions of the user run in a backward: methods, helpers, the layers of a network, what a wrapper wraps."""

import gc
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np

Shape = tuple[int, ...]

_OTHERS = (
    "<frozen ",
    *(str(path) for path in (Path(np.__file__).parent.parent, Path(__file__).parents[3], sysconfig.get_path("stdlib"))),
)
"""Where the code of libraries comes from, and our own."""


@dataclass
class Run:
    """A function that ran.

    Attributes
    ----------
    function : function
    shapes : dict
        Of the arrays and numbers that its variables and the attributes of its object stood for, by name: ``dx``,
        ``self.mask``; None where it ran several times with several shapes.
    """

    function: FunctionType
    shapes: dict[str, Shape | None]

    def with_inner(self, others: list["Run"]) -> "Run | None":
        """The same, knowing what those of other functions know that it makes; None where it makes none of them."""
        made = [other for other in others if self.makes(other)]
        shapes = {name: shape for other in made for name, shape in other.shapes.items()}
        return Run(self.function, {**self.shapes, **shapes}) if made else None

    def makes(self, other: "Run") -> bool:
        """Whether the other is written inside it, so that each of its calls makes one."""
        return other.function.__code__ in codes_in(self.function.__code__)


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """The code of all functions and comprehensions written inside a function, however deep."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from codes_in(inner)


def functions_run(run: Callable[[], Any]) -> list[Run]:
    """The functions with Python source, none of a library or of ours, that run in a call; in the order of their start.

    Examples
    --------
    >>> def squared(x):
    ...     return x * x
    >>> def backward():
    ...     return np.sum(squared(np.ones(3)))
    >>> [(ran.function.__name__, ran.shapes) for ran in functions_run(backward)]
    [('backward', {}), ('squared', {'x': (3,)})]
    """
    shapes: dict[CodeType, dict[str, Shape | None]] = {}
    functions: dict[CodeType, FunctionType | None] = {}

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            if frame.f_code not in shapes and not frame.f_code.co_filename.startswith(_OTHERS):
                functions[frame.f_code] = _function_of(frame)
            shapes.setdefault(frame.f_code, {})
        elif event == "return" and not frame.f_code.co_filename.startswith(_OTHERS):
            known = shapes.setdefault(frame.f_code, {})
            for name, shape in _shapes(frame.f_locals):
                known[name] = shape if known.get(name, shape) == shape else None

    before: Any = sys.getprofile()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
        if before is not None:  # cProfile's is no function
            before.enable() if hasattr(before, "enable") else sys.setprofile(before)
    hidden = [code for code, function in functions.items() if function is None]
    found = {f.__code__: f for f in (*_referring_to(hidden), *filter(None, functions.values()))}
    return [Run(found[code], shapes[code]) for code in functions if code in found]


def _shapes(variables: Mapping[str, Any]) -> Iterator[tuple[str, Shape]]:
    for name, value in _named(variables):
        if isinstance(value, np.ndarray | np.number | float | int):
            yield name, np.shape(value)


def _named(variables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The variables, the attributes of self and of others, and what those hold by key: ``self.params['W']``."""
    yield from variables.items()
    for name, value in variables.items():
        if name != "self" and hasattr(value, "__dict__") and not callable(value) and not isinstance(value, ModuleType):
            yield from ((f"{name}.{attribute}", part) for attribute, part in vars(value).items())
    owner = variables.get("self")
    attributes = dict(getattr(owner, "__dict__", {}))
    if isinstance(getattr(type(owner), "params", None), property):
        public: Any = owner.params  # type: ignore[union-attr]  # it has them
        hidden = {name: value for name, value in attributes.items() if value is not public}
        attributes = {"params": public, **hidden}
    for name, value in attributes.items():
        yield f"self.{name}", value
        if type(value) is dict:
            yield from ((f"self.{name}[{key!r}]", part) for key, part in value.items() if isinstance(key, str))


def _function_of(frame: FrameType) -> FunctionType | None:
    """The function that runs in a frame, where its name leads to it: in a class, a module, the caller."""
    code = frame.f_code
    first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    classes = first.__mro__ if isinstance(first, type) else type(first).__mro__
    caller = frame.f_back.f_locals if frame.f_back is not None else {}
    for space in (*map(vars, classes), frame.f_globals, caller):
        function = space.get(code.co_name)
        while function is not None:
            function = getattr(function, "__func__", function)  # of a static or a class method
            if isinstance(function, FunctionType) and function.__code__ is code:
                return function
            function = getattr(function, "__wrapped__", None)
    return None


def _referring_to(codes: list[CodeType]) -> list[FunctionType]:
    """The functions that run these codes, wherever they are kept: all objects there are have to be asked."""
    found = gc.get_referrers(*codes) if codes else []
    return [f for f in found if isinstance(f, FunctionType) and f.__code__ in codes]
