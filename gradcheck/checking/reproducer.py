"""The smallest case that still fails, as Python to paste.

Axes are shortened together where they are of one length, and values rounded to small numbers that one can compute with
by hand, for as long as the same tensors stay wrong. Each attempt costs a handful of evaluations: one line through the
tensor tells whether its gradient is still far off.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MethodType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.bench import AsFunctionOf, Bench, joined
from gradcheck.checking.report import Report
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Options
from gradcheck.numerical.evaluation import Neighbourhood
from gradcheck.numerical.line import Contraction, Line
from gradcheck.numerical.noise import Noise, norm
from gradcheck.numerical.steps import exact_direction, ladder, random_direction, scales

Array = NDArray[Any]
Inputs = tuple[Any, ...]

ENTRIES = 48
"""More numbers than these are not pasted."""

ATTEMPTS = 40
"""So many smaller cases are tried."""

SHORT = (1, 2, 3)
"""The lengths that are tried for an axis, before it is halved."""

ROUNDED = (1.0, 2.0, 4.0, 64.0)
"""Values are rounded to whole numbers, halves, quarters, then 64ths."""


@np.errstate(all="ignore")  # nobody but us chose these points
def reproducer(
    thing: Any,
    inputs: Inputs,
    options: Options,
    report: Report,
    again: Callable[[Inputs], Report],
    keywords: Mapping[str, Any],
) -> str:
    """The smallest case found in which the same tensors are wrong for the same cause; empty if there is none.

    Parameters
    ----------
    thing, inputs, options
        As given to :func:`gradcheck.check`.
    report : Report
        What it said of them.
    again : callable
        Checks other inputs in the same way.
    keywords : dict
        Whatever else it was checked with.
    """
    wrong = frozenset(c.name for c in report.tensors if c.verdict == "disagree" and c.numerical is not None)
    if not wrong or not all(map(_is_plain, inputs)):
        return ""
    search = _Search(thing, options, report.seed, wrong, keywords)
    # The shortest axes may all have one length; then a transpose, say, and a sum for a mean cannot be told any more.
    for short in (search.shortest, search.short_but_different, lambda same: same):
        smaller = search.simplest(short(inputs))
        pasteable = sum(np.size(value) for value in smaller) <= ENTRIES
        if pasteable and search.names and _charges(again(smaller)) == _charges(report):
            return _python(thing, smaller, options, report, search)
    return ""


def _is_plain(value: Any) -> bool:
    return isinstance(value, np.ndarray | int | float | str | bool | None) and not isinstance(value, np.matrix)


def _charges(report: Report) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    """The tensors that a report accuses, and of what."""
    wrong = frozenset(c.name for c in report.tensors if c.verdict == "disagree")
    return wrong, frozenset((d.cause, d.tensor) for d in report.diagnoses if d.explains >= 0.99)


@dataclass
class _Search:
    """Attempts at smaller inputs, as long as there are attempts left."""

    thing: Any
    options: Options
    seed: int
    wrong: frozenset[str]
    keywords: Mapping[str, Any]
    names: list[str] = field(default_factory=list)
    left: int = ATTEMPTS

    def shortest(self, inputs: Inputs) -> Inputs:
        """Every length of an axis made as short as it may be, the longest first."""
        for n in reversed(_lengths(inputs)):
            inputs = self._first((_shortened(inputs, n, m) for m in _shorter(n)), inputs)
        return inputs

    def short_but_different(self, inputs: Inputs) -> Inputs:
        """No two lengths made one: the shortest becomes 2, the next 3."""
        cut = inputs
        for m, n in enumerate(_lengths(inputs), start=2):
            cut = _shortened(cut, n, m) if m < n else cut
        return self._first(iter([cut]), inputs)

    def simplest(self, inputs: Inputs) -> Inputs:
        """All values rounded as coarsely as they may be, then those of each input by itself."""
        inputs = self._first((tuple(_rounded(value, unit) for value in inputs) for unit in ROUNDED), inputs)
        for i, value in enumerate(inputs):
            others = (tuple(_rounded(value, unit) if j == i else v for j, v in enumerate(inputs)) for unit in ROUNDED)
            inputs = self._first(others, inputs)
        return inputs

    def _first(self, candidates: Iterator[Inputs], otherwise: Inputs) -> Inputs:
        for candidate in candidates:
            if self.left <= 0 or _same(candidate, otherwise):
                return otherwise
            self.left -= 1
            if self._is_wrong(candidate):
                return candidate
        return otherwise

    def _is_wrong(self, inputs: Inputs) -> bool:
        state = State([self.thing, self.options.backward, self.options.grad, *inputs])
        try:
            with np.errstate(all="ignore"):
                bench = Bench(self.thing, inputs, self.options, state, self.seed, None)
                self.names = list(bench.subject.inputs)
                return self.wrong <= set(bench.evidence.names) and all(_is_far_off(bench, name) for name in self.wrong)
        except Exception:  # inputs that nobody chose; a subject need not take them
            return False
        finally:
            state.restore()


def _lengths(inputs: Inputs) -> list[int]:
    """Those of all axes, except 1; ascending."""
    return sorted({n for value in inputs if isinstance(value, np.ndarray) for n in value.shape if n > 1})


def _shorter(n: int) -> Iterator[int]:
    yield from (m for m in SHORT if m < n)
    while (n := n // 2) > SHORT[-1]:
        yield n


def _shortened(inputs: Inputs, n: int, m: int) -> Inputs:
    """The inputs with every axis of length n cut to m; labels stay below the number of classes."""
    return tuple(_cut(value, n, m) for value in inputs)


def _cut(value: Any, n: int, m: int) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    part = value[tuple(slice(m if length == n else None) for length in value.shape)].copy()
    return part % m if part.dtype.kind in "iu" and part.size and n > part.max() >= m else part


def _rounded(value: Any, unit: float) -> Any:
    """To multiples of 1/unit; numbers that become 0 stay apart from it by one of them."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return value
    whole = np.round(value * unit)
    return np.asarray(np.where((whole == 0) & (value != 0), np.copysign(1, value), whole) / value.dtype.type(unit))


def _same(one: Inputs, other: Inputs) -> bool:
    pairs = zip(one, other, strict=True)
    return all(a is b or (isinstance(a, np.ndarray) and np.array_equal(a, b)) for a, b in pairs)


def _is_far_off(bench: Bench, name: str) -> bool:
    """Whether two steps along a random line show another slope than the gradient claims."""
    evidence = bench.evidence
    x, gradient = evidence.tensors[name], np.asarray(evidence.gradients[name], float)
    near = Neighbourhood(AsFunctionOf(bench, name), x, base=joined(evidence.outputs))
    steps = ladder(near.coarsest)
    direction = exact_direction(x, scales(x) * random_direction(x, np.random.default_rng(bench.seed)), steps.lowest)
    line = Line(near, direction, Contraction(joined(evidence.cotangents)), Noise.rounding(near))
    slope = line.measure(steps.wide[:2]).slope()
    rises = gradient * direction
    low, high = min(slope.left, slope.right), max(slope.left, slope.right)
    off = max(low - rises.sum(), rises.sum() - high)
    return bool(off > 2 * slope.error + 1e-6 * (float(norm(rises)) + abs(float(slope.value))))


def _python(thing: Any, inputs: Inputs, options: Options, report: Report, search: _Search) -> str:
    """The case as a program, with the caller's own names for functions and inputs."""
    called = [name if name.isidentifier() else f"x{i}" for i, name in enumerate(search.names)]
    lines = ["import numpy as np", "from gradcheck import check", ""]
    lines += [f"{name} = {_literal(value)}" for name, value in zip(called, inputs, strict=True)]
    given = {**vars(options), **search.keywords, "name": None}  # what it is called does not matter
    keywords = [f"{key}={_name(value)}" for key, value in given.items() if value]
    keywords += [f"seed={report.seed}"] if report.seed else []
    lines.append(f"assert check({', '.join([_name(thing), *called, *keywords])})")
    return "\n".join(lines)


def _name(thing: Any) -> str:
    """How a function, an object or a plain value is written; what cannot be known is left open, as ``Dense(...)``."""
    if isinstance(thing, bool | int | float | str | list | tuple | Mapping):
        return repr(thing)
    name = getattr(thing, "__name__", None)
    if name is None:
        return f"{type(thing).__name__}({'...' if _has_to_be_given_something(type(thing)) else ''})"
    if isinstance(thing, MethodType) and not isinstance(thing.__self__, type):
        return f"{_name(thing.__self__)}.{name}"
    return "..." if name == "<lambda>" else str(name)


def _has_to_be_given_something(kind: type) -> bool:
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters)


def _literal(value: Any) -> str:
    if not isinstance(value, np.ndarray):
        return repr(value)
    if not value.size:
        return f"np.empty({value.shape}, np.{value.dtype.name})"
    text = repr(value.tolist()).replace("nan", "np.nan").replace("inf", "np.inf")
    usual = value.dtype in (np.dtype(float), np.dtype(int), np.dtype(bool))
    return f"np.array({text})" if usual else f"np.array({text}, np.{value.dtype.name})"
