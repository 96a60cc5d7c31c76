"""`explain`: from a function, a variable and a point to a derivation."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import numpy as np

from gradcheck.derivation.derivation import Check, Derivation, Factor, Path
from gradcheck.derivation.differences import measure
from gradcheck.derivation.notation import Python, decimal
from gradcheck.derivation.paths import Chain, Edge, chain
from gradcheck.derivation.rows import Table
from gradcheck.derivation.simplify import Simplifier
from gradcheck.derivation.trace import Graph, trace_inputs
from gradcheck.derivation.value import Traced, apply

MOST_PATHS = 1000
_ENTRY = re.compile(r"\s*(\w+)\s*\[([\s\d,-]+)\]\s*")


def explain(
    f: Callable[..., Any],
    wrt: str,
    at: Mapping[str, Any],
    *,
    rate: float | None = None,
    published: float | None = None,
) -> Derivation:
    """The derivation of ∂f/∂wrt at a point, every step beside its own central difference.

    ``∂f/∂w = Σ over the paths from w to f of Π over the steps of a path of ∂(next)/∂(this)``

    `f` is plain Python and NumPy code; it is run on values that remember where they came from, and the names in
    the derivation are those of its own local variables.

    Parameters
    ----------
    f : callable
        Takes the arguments named in `at`, returns one number.
    wrt : str
        The argument to derive with respect to, or one entry of it: ``"w1"``, ``"W"``, ``"W[0, 1]"``.
    at : mapping
        A number or an array for every argument of `f`; those with a default may be left out.
    rate : float, optional
        A learning rate; the derivation then ends in the update ``w - rate * ∂f/∂w``.
    published : float, optional
        A value from a book or a paper, to be compared in all the decimals it gives.

    Returns
    -------
    Derivation
        Print it, or read `value`, `numerical`, `paths` and `rows`.

    Raises
    ------
    TypeError
        If `f` leaves the traced world (``float(x)``, ``if`` on a value, a function without a rule), returns no
        number, or the variable is not made of real floats.
    ValueError
        If the names in `at` or `wrt` do not fit the arguments of `f`, or `f` is not finite there.

    Examples
    --------
    >>> def loss(w, x, t):
    ...     y = np.tanh(w * x)
    ...     return 0.5 * (y - t) ** 2
    >>> derivation = explain(loss, wrt="w", at=dict(w=0.5, x=2.0, t=1.0))
    >>> [factor.rule for factor in derivation.paths[0].factors]
    ['y - t', '2.0 * (1 - y**2)']

    References
    ----------
    Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, Nature 323, 1986.
    Baydin et al., Automatic differentiation in machine learning: a survey, JMLR 18, 2018.
    """
    name, index = _split(wrt)
    point = _point(f, at, name)
    graph, variable = _trace(f, point, name, index)
    _require_faithful(f, point, graph)
    simplifier = Simplifier()
    formulas = {str(v.name): simplifier.define(v) for v in graph.named if _is_step(v)}
    steps = chain(graph, variable, simplifier)
    return _assemble(f, graph, steps, formulas, point, index, rate, published)


def _split(wrt: str) -> tuple[str, tuple[int, ...] | None]:
    """The name and the index of a variable such as W[0, 1]."""
    match = _ENTRY.fullmatch(wrt)
    if match is None:
        return wrt, None
    return match[1], tuple(int(i) for i in match[2].split(",") if i.strip())


def _point(f: Callable[..., Any], at: Mapping[str, Any], wrt: str) -> dict[str, Any]:
    """Every argument of `f` with its value, in the order of the signature; arrays are copies."""
    called = getattr(f, "__name__", "f")
    parameters = inspect.signature(f).parameters
    kinds = {p.kind for p in parameters.values()}
    if kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY}:
        raise TypeError(
            f"{called} takes arguments without names; wrap it: def g(x, y): return {called}(x, y)"
        )
    unknown = [name for name in at if name not in parameters]
    if unknown and inspect.Parameter.VAR_KEYWORD not in kinds:
        raise ValueError(f"at has {_list(unknown)}, but the arguments of {called} are {_list(parameters)}")
    defaults = {name: p.default for name, p in parameters.items() if p.default is not p.empty}
    given = {**{name: defaults.get(name) for name in parameters if name in defaults}, **at}
    missing = [n for n, p in parameters.items() if n not in given and p.kind is not p.VAR_KEYWORD]
    if missing:
        raise ValueError(f"at has no value for {_list(missing)} of {called}; add {_list(missing)} to at")
    if wrt not in given:
        raise ValueError(
            f"wrt is {wrt!r}, but the arguments of {called} are {_list(parameters)}; name one of them"
        )
    return {
        name: _number(name, given[name], name == wrt) for name in [*parameters, *unknown] if name in given
    }


def _number(name: str, value: Any, is_variable: bool) -> Any:
    """A copy of `value` fit for tracing; what is no number (a string, None) is passed on as it is."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiuc":
        if is_variable:
            raise TypeError(f"{name} is {value!r}; a derivative needs a number or an array of floats")
        return value
    if array.dtype.kind == "c":
        raise TypeError(f"{name} is complex; derive with respect to its real and imaginary parts, as floats")
    if array.dtype.kind == "f" or (is_variable and isinstance(value, int)):
        return np.array(array, float)[()]
    if is_variable:
        raise TypeError(
            f"{name} has dtype {array.dtype}, whose values cannot vary by little; cast it: .astype(float)"
        )
    return value if array.ndim == 0 else array.copy()


def _trace(
    f: Callable[..., Any], point: dict[str, Any], wrt: str, index: tuple[int, ...] | None
) -> tuple[Graph, Traced]:
    inputs = {
        name: Traced(value, "input", name=name, depends=name == wrt and index is None)
        if _is_number(value)
        else value
        for name, value in point.items()
    }
    variable = inputs[wrt]
    if index is not None:
        inputs[wrt], variable = _with_entry(variable, index)
    return trace_inputs(f, inputs), variable


def _with_entry(whole: Traced, index: tuple[int, ...]) -> tuple[Traced, Traced]:
    """`whole` as an array of constants, but for one entry; and that entry."""
    if len(index) != whole.ndim or any(not -n <= i < n for i, n in zip(index, whole.shape, strict=True)):
        raise ValueError(f"wrt names the entry {list(index)} of {whole.name}, whose shape is {whole.shape}")
    index = tuple(i % n for i, n in zip(index, whole.shape, strict=True))
    label = f"{whole.name}[{', '.join(map(str, index))}]"
    entry = Traced(whole.value[index], "input", name=label, depends=True)
    joined = apply("put", whole, entry, index=index)
    joined.name = whole.name
    joined.items = {other: whole[other] for other in np.ndindex(whole.shape)} | {index: entry}
    return joined, entry


def _require_faithful(f: Callable[..., Any], point: dict[str, Any], graph: Graph) -> None:
    """The traced run must compute what the plain run computes."""
    called = getattr(f, "__name__", "f")
    plain, traced = float(_run(f, point)), float(graph.result.value)
    if not np.isfinite(plain):
        raise ValueError(f"{called} is {plain} at this point; choose a point at which it is finite")
    if abs(plain - traced) > 1e-9 * max(abs(plain), abs(traced)):
        raise ValueError(
            f"{called} is {plain!r} when run plainly and {traced!r} when traced: it is random, keeps state, or changes "
            "an array in place; make it a function of its arguments alone."
        )


def _run(f: Callable[..., Any], point: Mapping[str, Any]) -> Any:
    return f(
        **{name: value.copy() if isinstance(value, np.ndarray) else value for name, value in point.items()}
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number | np.ndarray) and not isinstance(value, bool)


def _is_step(value: Traced) -> bool:
    """Whether a named value is computed, and not only an entry of another."""
    return bool(value.inputs) and value.op != "put" and "[" not in str(value.name)


def _list(names: Any) -> str:
    return ", ".join(map(str, names)) or "none"


def _assemble(
    f: Callable[..., Any],
    graph: Graph,
    steps: Chain,
    formulas: dict[str, Any],
    point: dict[str, Any],
    index: tuple[int, ...] | None,
    rate: float | None,
    published: float | None,
) -> Derivation:
    variable, result = steps.variable, steps.result
    wrt = str(variable.name)
    value = steps.cotangents.get(wrt, np.zeros(variable.shape)[()])
    whole = wrt if index is None else wrt[: wrt.index("[")]

    def moved(x: Any) -> float:
        changed = dict(point)
        changed[whole] = x[()] if index is None else _changed(point[whole], index, x)
        return float(_run(f, changed))

    numerical, agrees = measure(moved, variable.value, value)
    numerical = numerical[()]
    old = set(point) - {whole} if rate is not None else set()
    paths = tuple(islice(steps.paths(), MOST_PATHS)) if steps.edges or variable is result else ()
    return Derivation(
        function=getattr(f, "__name__", "f"),
        wrt=wrt,
        result=str(result.name),
        at={**point, wrt: variable.value},
        value=value if variable.shape else float(value),
        numerical=numerical if variable.shape else float(numerical),
        error=float(np.max(np.abs(value - numerical), initial=0)),
        paths=tuple(_path(path, variable, steps.scalar) for path in paths),
        path_count=steps.count() if steps.edges else len(paths),
        rows=Table(steps, old).write(),
        forward={str(v.name): v.value for v in graph.named if _is_step(v)},
        formulas=formulas,
        checks=tuple(_checks(steps, value, numerical, agrees, published)),
        route=tuple(_names(path, variable) for path in paths),
        rate=rate,
    )


def _changed(array: Any, index: tuple[int, ...], entry: Any) -> Any:
    changed = array.copy()
    changed[index] = entry
    return changed


def _names(path: tuple[Edge, ...], variable: Traced) -> tuple[str, ...]:
    return (str(variable.name), *(str(edge.above.name) for edge in reversed(path)))


def _path(path: tuple[Edge, ...], variable: Traced, scalar: bool) -> Path:
    factors = tuple(
        Factor(f"∂{e.above.name}/∂{e.below.name}", Python().write(e.formula), e.value, e.numerical, e.agrees)
        for e in path
    )
    value = float(np.prod([factor.value for factor in factors])) if scalar else None
    return Path(_names(path, variable), factors, value)


def _checks(steps: Chain, value: Any, numerical: Any, agrees: bool, published: float | None) -> Any:
    good = sum(edge.agrees for edge in steps.edges)
    yield Check("numerical", numerical, "central difference of the whole function", agrees)
    yield Check("factors", good, f"{len(steps.edges)}", good == len(steps.edges))
    if published is not None:
        places = len(repr(published).partition(".")[2])
        yield Check("published", published, f"{places} decimals", round(float(value), places) == published)


__all__ = ["explain", "decimal"]
