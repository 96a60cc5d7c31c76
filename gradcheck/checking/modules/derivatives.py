"""A function and what claims to be its derivative: of a number, of every entry, or of the rows, at the input or output.

Nothing says whether ``sigmoid_derivative`` is to be called with x or with sigmoid(x); what agrees is what was meant.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.checking.modules.source import Source
from gradcheck.checking.modules.targets import is_target
from gradcheck.checking.report import Report
from gradcheck.checking.subject import NotUnderstoodError

Function = Callable[..., Any]


def check_derivative(f: Function, df: Function, inputs: list[Any], check: Callable[..., Report]) -> Report:
    """The report of the reading that agrees, else of the first that can be compared.

    Raises
    ------
    NotUnderstoodError
        If the derivative has neither the shape of the input nor that of a Jacobian.
    """
    i = _variable(f, inputs)
    value = np.asarray(f(*_fresh(inputs)))
    tried, failures = [], []
    for reading, back in _readings(f, df, i, inputs, value):
        try:
            report = _compare(f, back, inputs, i, value, check)
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            failures.append(error)
            continue
        report.understood = f"function with its derivative{reading}"
        tried.append(report)
        if report.ok:
            return report
    if tried:
        return next((report for report in tried if not _is_misshapen(report)), tried[0])
    raise failures[0]


def _is_misshapen(report: Report) -> bool:
    return any(not finding.ok and finding.check == "shape" for finding in report.conduct)


def _fresh(inputs: list[Any]) -> list[Any]:
    return [value.copy() if isinstance(value, np.ndarray) else value for value in inputs]


def _variable(f: Function, inputs: list[Any]) -> int:
    """Which input is differentiated: the first float array that is no target."""
    names = list(inspect.signature(f).parameters) or ["x"]
    floats = [i for i, x in enumerate(inputs) if isinstance(x, np.ndarray) and np.issubdtype(x.dtype, np.floating)]
    if not floats:
        raise NotUnderstoodError("the function takes no array of floats")
    named = [i for i in floats if i < len(names)]
    beside = [names[i] for i in range(min(len(names), len(inputs)))]
    others = [i for i in named if not is_target(names[i], [n for n in beside if n != names[i]], Source())]
    return (others or floats)[0]


def _readings(f: Function, df: Function, i: int, inputs: list[Any], value: Any) -> Iterator[tuple[str, Function]]:
    """What the derivative may be called with."""
    count, order = _required(df), _order(f, df, len(inputs))
    if count == 0:
        yield ", which remembers its input", lambda x, y, dy: df()
    if count in (0, len(inputs)):
        yield "", lambda x, y, dy: df(*[([*inputs[:i], x, *inputs[i + 1 :]])[k] for k in order])
    if count == 1 and len(inputs) > 1:
        yield "", lambda x, y, dy: df(x)
    if len(inputs) == 1 and value.shape == np.shape(inputs[0]) and value.ndim:
        yield " (called with the function's value)", lambda x, y, dy: df(y)
    if count == 1 and value.ndim:
        yield " (called with the upstream gradient)", lambda x, y, dy: ("vjp", df(dy))
    if count == 2 and len(inputs) == 1:
        yield " (called with the upstream gradient first)", lambda x, y, dy: ("vjp", df(dy, x))
        yield " (called with the upstream gradient last)", lambda x, y, dy: ("vjp", df(x, dy))


def _required(df: Function) -> int:
    """How many arguments the derivative insists on."""
    parameters = inspect.signature(df).parameters.values()
    return sum(p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters)


def _order(f: Function, df: Function, count: int) -> list[int]:
    """In which order the derivative takes the inputs of the function, as their names tell."""
    ours, theirs = list(inspect.signature(f).parameters)[:count], list(inspect.signature(df).parameters)[:count]
    return [ours.index(name) for name in theirs] if sorted(ours) == sorted(theirs) else list(range(count))


def _compare(
    f: Function, back: Function, inputs: list[Any], i: int, value: Any, check: Callable[..., Report]
) -> Report:
    variable = (list(inspect.signature(f).parameters) or ["x"])[i : i + 1] or ["x"]

    def forward(x: Any) -> Any:
        return f(*[*_fresh(inputs[:i]), x, *_fresh(inputs[i + 1 :])])

    def gradient(x: Any) -> Any:
        forward(x)
        return np.asarray(back(x, value, None), float).reshape(np.shape(x))

    def backward(dout: Any, x: Any, out: Any) -> Any:
        return _pulled(back(x, out, dout), dout, np.shape(x))

    parameter = inspect.Parameter(variable[0], inspect.Parameter.POSITIONAL_OR_KEYWORD)
    forward.__signature__ = inspect.Signature([parameter])  # type: ignore[attr-defined]
    if value.size == 1:
        return check(forward, inputs[i], grad=gradient)
    arguments = [inspect.Parameter(n, parameter.kind) for n in ("dout", variable[0], "out")]
    backward.__signature__ = inspect.Signature(arguments)  # type: ignore[attr-defined]
    return check(forward, inputs[i], backward=backward)


def _pulled(slope: Any, dout: Any, shape: tuple[int, ...]) -> Any:
    """The cotangent times the derivative: entry by entry, or through a Jacobian of the whole or of every row.

    Raises
    ------
    NotUnderstoodError
        If the shapes allow neither.
    """
    if isinstance(slope, tuple) and len(slope) == 2 and slope[0] == "vjp":
        return slope[1]
    slope = np.asarray(slope)
    if slope.shape == shape == dout.shape or slope.ndim == 0:
        return dout * slope
    if slope.shape == dout.shape + shape:
        return np.tensordot(dout, slope, axes=dout.ndim)
    if slope.shape == (*shape, shape[-1]):
        return np.einsum("...i,...ij->...j", dout, slope)
    if slope.shape == shape:  # of a loss for each row
        return dout.reshape(dout.shape + (1,) * (len(shape) - dout.ndim)) * slope
    raise NotUnderstoodError(f"the derivative has shape {slope.shape}, the input {shape} and the output {dout.shape}")
