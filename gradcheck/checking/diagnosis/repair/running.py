"""Which functions of the user run in a backward: methods, helpers, the layers of a network, what a wrapper wraps."""

import gc
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CellType, CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np

Shape = tuple[int, ...]
Closures = dict[tuple[int, ...], list[Any]]
"""What the free variables of a function stood for, at one call and another, by what these were."""

_OTHERS = (
    "<frozen ",
    *(str(path) for path in (Path(np.__file__).parent.parent, Path(__file__).parents[3], sysconfig.get_path("stdlib"))),
)
"""Where the code of libraries comes from, and our own."""


@dataclass
class Run:
    """A function that ran, or several that a factory made of one source.

    Attributes
    ----------
    functions : sequence of function
        They share their code.
    shapes : dict
        Of the arrays and numbers that its variables and the attributes of its object stood for, by name: ``dx``,
        ``self.mask``; None where it ran several times with several shapes.
    """

    functions: Sequence[FunctionType]
    shapes: dict[str, Shape | None]

    @property
    def code(self) -> CodeType:
        """What they share."""
        return self.functions[0].__code__

    def with_inner(self, others: list["Run"]) -> "Run | None":
        """The same, knowing what those of other functions know that it makes; None where it makes none of them."""
        made = [other for other in others if self.makes(other)]
        shapes = {name: shape for other in made for name, shape in other.shapes.items()}
        return Run(self.functions, {**self.shapes, **shapes}) if made else None

    def makes(self, other: "Run") -> bool:
        """Whether the other is written inside it, so that each of its calls makes one."""
        return other.code in codes_in(self.code)


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
    >>> [(ran.code.co_name, ran.shapes) for ran in functions_run(backward)]
    [('backward', {}), ('squared', {'x': (3,)})]
    """
    shapes: dict[CodeType, dict[str, Shape | None]] = {}
    named: dict[CodeType, list[FunctionType]] = {}
    closures: dict[CodeType, Closures] = defaultdict(dict)

    def note(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if code.co_filename.startswith(_OTHERS):
            return
        if event == "call":
            if code not in named:
                named[code] = _function_of(frame)
            if not named[code]:
                closed = [frame.f_locals.get(name) for name in code.co_freevars]
                closures[code][tuple(map(id, closed))] = closed
        elif event == "return":
            known = shapes.setdefault(code, {})
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
    found = {**named, **_with_closures(closures)}
    return [Run(functions, shapes.get(code, {})) for code, functions in found.items() if functions]


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


def _function_of(frame: FrameType) -> list[FunctionType]:
    """The function that runs in a frame, where its name leads to it: in a class, a module, the caller; else none."""
    code = frame.f_code
    first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    classes = first.__mro__ if isinstance(first, type) else type(first).__mro__
    caller = frame.f_back.f_locals if frame.f_back is not None else {}
    for space in (*map(vars, classes), frame.f_globals, *([] if code.co_freevars else [caller])):
        function = space.get(code.co_name)
        while function is not None:
            function = getattr(function, "__func__", function)  # of a static or a class method
            if isinstance(function, FunctionType) and function.__code__ is code:
                return [function]
            function = getattr(function, "__wrapped__", None)
    return []


def _with_closures(called: Mapping[CodeType, Closures]) -> dict[CodeType, list[FunctionType]]:
    """The functions that ran, wherever they are kept: all objects there are have to be asked.

    A factory makes many of one code. Those that ran are told by what their free variables stood for when they were
    called; where some were bound anew since, as a counter is, by most of them.
    """
    made: dict[CodeType, list[FunctionType]] = {code: [] for code in called}
    for function in gc.get_referrers(*called) if called else ():
        if isinstance(function, FunctionType) and function.__code__ in made:
            made[function.__code__].append(function)
    return {code: _most_alike(functions, called[code]) for code, functions in made.items()}


def _most_alike(functions: Sequence[FunctionType], closures: Closures) -> list[FunctionType]:
    same = [max(_shared(function, values) for values in closures.values()) for function in functions]
    most = max(same, default=0)
    return [function for function, count in zip(functions, same, strict=True) if count == most]


def _shared(function: FunctionType, values: Sequence[Any]) -> int:
    """How many free variables of a function stand for these values."""
    return sum(_content(cell) is value for cell, value in zip(function.__closure__ or (), values, strict=True))


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # an empty cell: the variable is not bound yet
        return None
