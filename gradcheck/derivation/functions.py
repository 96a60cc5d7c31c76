"""The NumPy functions a traced value understands, each written with the primitives of `rules`."""

from __future__ import annotations

from collections.abc import Callable
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


def _diff(x: Any, axis: int = -1) -> Any:
    along = (slice(None),) * (axis % x.ndim)
    return x[(*along, slice(1, None))] - x[(*along, slice(None, -1))]


def _cumsum(x: Any, axis: int | None = None) -> Traced:
    return apply("cumsum", np.ravel(x), axis=0) if axis is None else apply("cumsum", x, axis=axis)


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
