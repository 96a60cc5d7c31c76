"""A forward that returns nothing and leaves its output at the object, ``self.output``, for the next layer to fetch."""

import dis
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

OUTPUTS = ("output", "outputs", "out", "y", "a", "A", "activation", "activations", "activated", "result", "z", "Z")
_ENDS = ("RETURN_VALUE", "RETURN_CONST")


def with_its_output(run: Callable[..., Any]) -> tuple[Callable[..., Any], str]:
    """The same method, returning what it leaves behind; and where that is, empty where it returns by itself.

    Examples
    --------
    >>> class ReLU:
    ...     def forward(self, x):
    ...         self.output = x * (x > 0)
    >>> run, where = with_its_output(ReLU().forward)
    >>> where, float(run(2.0))
    ('output', 2.0)
    """
    owner = getattr(run, "__self__", None)
    where = next((name for name in OUTPUTS if name in stored(run)), "") if returns_nothing(run) else ""
    if owner is None or not where:
        return run, ""

    @functools.wraps(run)
    def running(*arguments: Any, **keywords: Any) -> Any:
        run(*arguments, **keywords)
        return getattr(owner, where)

    return running, where


def stored(method: Callable[..., Any]) -> set[str]:
    """The attributes that the code of a method writes."""
    return {step.argval for step in _steps(method) if step.opname == "STORE_ATTR"}


def returns_nothing(method: Callable[..., Any]) -> bool:
    """Whether there is no way out of it with a value."""
    steps = list(_steps(method))
    ends = [_loaded(before, step) for before, step in itertools.pairwise(steps) if step.opname in _ENDS]
    return bool(ends) and all(end is None for end in ends)


def forgets(method: Callable[..., Any]) -> bool:
    """Whether it works out something that it never uses, as one does that was meant to be returned."""
    steps = list(_steps(method))
    used = {name for step in steps if step.opname.startswith("LOAD_FAST") for name in _as_tuple(step.argval)}
    made = {name for step in steps if step.opname.startswith("STORE_FAST") for name in _as_tuple(step.argval)}
    return any(not name.startswith("_") for name in made - used)


def _as_tuple(names: Any) -> tuple[str, ...]:
    return names if isinstance(names, tuple) else (names,)


def _loaded(before: dis.Instruction, step: dis.Instruction) -> Any:
    """The constant that is returned; where it is none, something other than None."""
    constants = [s.argval for s in (step, before) if s.opname in ("RETURN_CONST", "LOAD_CONST")]
    return constants[0] if constants else ...


def _steps(method: Callable[..., Any]) -> Iterator[dis.Instruction]:
    code = getattr(inspect.unwrap(method), "__code__", None)
    return iter(() if code is None else dis.get_instructions(code))
