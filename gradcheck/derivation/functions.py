"""The NumPy functions a traced value understands, each written with the primitives of `rules`."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.derivation.filled import Filled
from gradcheck.derivation.linear_algebra import LINEAR_ALGEBRA
from gradcheck.derivation.moving import MOVING
from gradcheck.derivation.value import Traced, apply

Axis = int | tuple[int, ...] | None


def _sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Traced:
    return apply("sum", x, axis=axis, keepdims=bool(keepdims))


def _count(x: Traced, axis: Axis) -> int:
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis)
    return int(np.prod([x.shape[a] for a in axes]))


def _mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _sum(x, axis, keepdims) / _count(x, axis)


def _average(x: Any, axis: int | None = None, weights: Any = None) -> Any:
    if weights is None:
        return _mean(x, axis)
    weights = np.asarray(weights) if not isinstance(weights, Traced) else weights
    if axis is not None and weights.ndim == 1:
        weights = weights.reshape([-1 if k == axis % x.ndim else 1 for k in range(x.ndim)])
    return _sum(x * weights, axis) / np.sum(weights)


def _var(x: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    centred = x - _mean(x, axis, keepdims=True)
    return _sum(centred**2, axis, keepdims) / (_count(x, axis) - ddof)


def _std(x: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    return np.sqrt(_var(x, axis, ddof, keepdims))


def _median(x: Any, axis: int | None = None) -> Any:
    ordered = np.sort(x, axis)
    axis = -1 if axis is None else axis
    n = ordered.shape[axis]
    return _mean(np.take(ordered, [(n - 1) // 2, n // 2], axis), axis)


def _max(x: Any, axis: Axis = None, keepdims: bool = False) -> Traced:
    return apply("max", x, axis=axis, keepdims=bool(keepdims))


def _min(x: Any, axis: Axis = None, keepdims: bool = False) -> Traced:
    return apply("min", x, axis=axis, keepdims=bool(keepdims))


def _ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _max(x, axis, keepdims) - _min(x, axis, keepdims)


def _prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Traced:
    return apply("prod", x, axis=axis, keepdims=bool(keepdims))


def _where(condition: Any, *branches: Any) -> Any:
    return apply("where", condition, *branches) if branches else np.nonzero(condition)


def _clip(x: Any, a_min: Any = None, a_max: Any = None, **bounds: Any) -> Any:
    low, high = bounds.get("min", a_min), bounds.get("max", a_max)
    if low is not None and high is not None and not any(getattr(bound, "depends", False) for bound in (low, high)):
        return apply("clip", x, low, high)
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def _round(x: Any, decimals: int = 0) -> Any:
    return np.rint(x * 10.0**decimals) / 10.0**decimals if decimals else np.rint(x)


def _tril(x: Any, k: int = 0) -> Any:
    return x * np.tril(np.ones(x.shape), k)


def _triu(x: Any, k: int = 0) -> Any:
    return x * np.triu(np.ones(x.shape), k)


def _diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    along = (slice(None),) * (axis % x.ndim)
    return x if n == 0 else _diff(x[(*along, slice(1, None))] - x[(*along, slice(None, -1))], n - 1, axis)


def _trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    y = np.moveaxis(y, axis, -1) if axis not in (-1, np.ndim(y) - 1) else y
    return np.sum((dx if x is None else np.diff(x)) * (y[..., 1:] + y[..., :-1]) / 2, axis=-1)


def _linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True) -> Any:
    return start + (stop - start) * np.linspace(0, 1, num, endpoint)


def _select(conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0) -> Any:
    pairs = list(zip(conditions, choices, strict=True))
    return functools.reduce(lambda rest, pair: _where(*pair, rest), reversed(pairs), default)


def _quantile(x: Any, q: float, axis: int | None = None) -> Any:
    """Between the two nearest entries in order, in proportion."""
    ordered = np.sort(x, axis)
    axis = -1 if axis is None else axis
    place = q * (ordered.shape[axis] - 1)
    low, high = (np.take(ordered, int(k), axis) for k in (np.floor(place), np.ceil(place)))
    return low + (place % 1) * (high - low)


def _cumsum(x: Any, axis: int | None = None) -> Traced:
    return apply("cumsum", np.ravel(x), axis=0) if axis is None else apply("cumsum", x, axis=axis)


def _cumprod(x: Any, axis: int | None = None) -> Any:
    if axis is None:
        x, axis = np.ravel(x), 0
    if np.all(x.value != 0):
        return apply("cumprod", x, axis=axis)
    return np.stack(list(itertools.accumulate(np.moveaxis(x, axis, 0), operator.mul)), axis)  # its rule divides


def _of_this_shape(make: Callable[..., Any]) -> Callable[..., Any]:
    """A new array to be filled, in the shape of a traced one."""
    return lambda x, *args, **_: Filled(Traced(make(x.shape, *(getattr(a, "value", a) for a in args))))


def _of_the_moment(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose result, a position or a verdict, does not change as its argument moves by a little."""
    return lambda x, *args, **options: function(x.value, *args, **options)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    **MOVING,
    **LINEAR_ALGEBRA,
    np.sum: _sum,
    np.mean: _mean,
    np.average: _average,
    np.var: _var,
    np.std: _std,
    np.median: _median,
    np.max: _max,
    np.amax: _max,
    np.min: _min,
    np.amin: _min,
    np.ptp: _ptp,
    np.prod: _prod,
    np.where: _where,
    np.clip: _clip,
    np.round: _round,
    np.around: _round,
    np.copy: lambda x: Filled(x if isinstance(x, Traced) else Traced(x)),
    np.tril: _tril,
    np.triu: _triu,
    np.diff: _diff,
    np.cumsum: _cumsum,
    np.cumprod: _cumprod,
    getattr(np, "trapezoid" if hasattr(np, "trapezoid") else "trapz"): _trapezoid,  # as NumPy 2 and 1 call it
    np.linspace: _linspace,
    np.select: _select,
    np.quantile: _quantile,
    np.percentile: lambda x, q, axis=None: _quantile(x, q / 100, axis),
    np.polyval: lambda p, x: functools.reduce(lambda y, c: y * x + c, p),
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x: x.size,
    np.zeros_like: _of_this_shape(np.zeros),
    np.empty_like: _of_this_shape(np.zeros),
    np.ones_like: _of_this_shape(np.ones),
    np.full_like: _of_this_shape(np.full),
    **{
        function: _of_the_moment(function)
        for function in (
            np.argmax,
            np.argmin,
            np.argsort,
            np.nonzero,
            np.flatnonzero,
            np.argwhere,
            np.count_nonzero,
            np.any,
            np.all,
        )
    },
}
