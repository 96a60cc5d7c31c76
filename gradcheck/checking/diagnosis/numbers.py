"""What a constant may mean: the length of an axis, a 2 from a square, a number the subject holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from gradcheck.checking.diagnosis.clues import Clues


@dataclass(frozen=True)
class Meaning:
    """One reading of a constant.

    Attributes
    ----------
    value : float
    phrase : str
        What it is, as the end of a sentence: ``5 is the number of rows of x``.
    mean : str
        What a mean over it would be over, where it is a number of things: ``over the batch``; else empty.
    axis : tuple of (str, int) or None
        The input and its axis, where it is the length of one.
    """

    value: float
    phrase: str
    mean: str = ""
    axis: tuple[str, int] | None = None


def lengths(clues: Clues) -> Iterator[Meaning]:
    """The lengths of the axes of inputs and outputs, and their products; the batch first."""
    subject = clues.bureau.runner.subject
    arrays = {n: np.asarray(x) for n, x in subject.inputs.items() if isinstance(x, np.ndarray)}
    if len(clues.given.outputs) == 1:
        arrays["the output"] = clues.given.output
    for name, x in arrays.items():
        if x.ndim and x.shape[0] > 1:
            yield Meaning(x.shape[0], f"the number of rows of {name}, the batch", "over the batch", (name, 0))
    for name, x in arrays.items():
        if x.ndim > 1 and x.size > 1:
            yield Meaning(x.size, f"the number of entries of {name}", "over all entries", (name, 0))
    for name, x in arrays.items():
        for axes in _several(x.ndim):
            size = int(np.prod([x.shape[a] for a in axes]))
            if size > 1:
                yield _of_axes(name, x.ndim, axes, size)
    yield from _windows(clues)


def _several(ndim: int) -> Iterator[tuple[int, ...]]:
    """Every proper choice of axes but the first alone."""
    for count in range(1, ndim):
        yield from (axes for axes in combinations(range(ndim), count) if axes != (0,))


def _of_axes(name: str, ndim: int, axes: tuple[int, ...], size: int) -> Meaning:
    if ndim == 2:
        return Meaning(size, f"the number of columns of {name}, its features", "over the features")
    said = f"axis {axes[0]}" if len(axes) == 1 else f"axes {', '.join(map(str, axes))}"
    of_batch = (name, 0) if 0 in axes else None
    return Meaning(size, f"the length of {said} of {name}", f"over {said} of {name}", of_batch)


def _windows(clues: Clues) -> Iterator[Meaning]:
    """How many entries of an image belong to one of the output."""
    out = clues.given.output
    if clues.value.ndim == out.ndim == 4 and out.size and clues.value.size > out.size:
        size = clues.value.size / out.size
        yield Meaning(size, "the number of entries in each window", "over each window")


def held(clues: Clues) -> Iterator[Meaning]:
    """Numbers that the subject holds as attributes, defaults or in closures, and what is made of a probability."""
    for name, value in named_numbers(clues.bureau.bench.thing, clues.bureau.bench.options.backward):
        yield Meaning(value, name)
        yield Meaning(1 / value, f"1/{name}")
        if 0 < value < 1:
            yield Meaning(1 - value, f"1 − {name}")
            yield Meaning(1 / (1 - value), f"1/(1 − {name})")
        yield Meaning(value**2, f"{name}²")
        yield Meaning(2 * value, f"2·{name}")


def named_numbers(*things: Any) -> Iterator[tuple[str, float]]:
    """Scalars found on objects or functions, by name; none that is 0 or 1 in size."""
    for thing in things:
        for name, value in _members(thing).items():
            for key, number in value.items() if isinstance(value, Mapping) else [(name, value)]:
                plain = isinstance(number, int | float | np.number) and not isinstance(number, bool)
                if plain and np.isrealobj(number) and np.isfinite(number) and abs(number) not in (0, 1):
                    yield str(key), float(number)


def _members(thing: Any) -> dict[str, Any]:
    """What an object holds, or a function has as defaults, in its closure, and of its module."""
    members = dict(getattr(thing, "__dict__", {}))
    code = getattr(thing, "__code__", None)
    if code is not None:
        names = code.co_varnames[: code.co_argcount]
        defaults = getattr(thing, "__defaults__", None) or ()
        members |= dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
        cells = getattr(thing, "__closure__", None) or ()
        for name, cell in zip(code.co_freevars, cells, strict=True):
            try:
                members[name] = cell.cell_contents
            except ValueError:  # not filled yet
                continue
        members |= {name: thing.__globals__[name] for name in code.co_names if name in thing.__globals__}
    return members


PLAIN = (
    Meaning(2.0, "the 2 that comes from the derivative of a square"),
    Meaning(4.0, "2 × 2"),
    Meaning(3.0, "the 3 that comes from the derivative of a cube"),
)


def meanings(clues: Clues, value: float, tolerance: float = 1e-5) -> list[Meaning]:
    """Everything that a number may mean, most likely first."""
    every = [*lengths(clues), *PLAIN, *held(clues), *(Meaning(m.value**0.5, f"√({m.phrase})") for m in lengths(clues))]
    found: dict[str, Meaning] = {}
    for meaning in every:
        if abs(meaning.value / value - 1) < tolerance:
            found.setdefault(meaning.phrase, meaning)
    return list(found.values())
