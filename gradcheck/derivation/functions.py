"""The NumPy functions a traced value understands, each written with the primitives of `rules`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from gradcheck.derivation.einsum import spelled_out
from gradcheck.derivation.filled import Filled
from gradcheck.derivation.value import Traced, apply

Axis = int | tuple[int, ...] | None


def _sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Traced:
    return apply("sum", x, axis=axis, keepdims=bool(keepdims))


def _count(x: Traced, axis: Axis) -> int:
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis)
    return int(np.prod([x.shape[a] for a in axes]))


def _mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return _sum(x, axis, keepdims) / _count(x, axis)


def _var(x: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    centred = x - _mean(x, axis, keepdims=True)
    return _sum(centred**2, axis, keepdims) / (_count(x, axis) - ddof)


def _std(x: Any, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    return np.sqrt(_var(x, axis, ddof, keepdims))


def _max(x: Any, axis: Axis = None, keepdims: bool = False) -> Traced:
    return apply("max", x, axis=axis, keepdims=bool(keepdims))


def _min(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return -_max(-x, axis, keepdims)


def _prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Traced:
    return apply("prod", x, axis=axis, keepdims=bool(keepdims))


def _dot(x: Any, y: Any) -> Any:
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return x * y
    if np.ndim(y) > 2:
        raise TypeError("np.dot of an array with more than two axes is not traced; write x @ y.")
    return np.matmul(x, y)


def _inner(x: Any, y: Any) -> Any:
    return np.sum(x * y) if np.ndim(x) == np.ndim(y) == 1 else _dot(x, np.transpose(y))


def _outer(x: Any, y: Any) -> Traced:
    return apply("outer", np.ravel(x), np.ravel(y))


def _transpose(x: Any, axes: Sequence[int] | None = None) -> Traced:
    return apply("transpose", x, axes=None if axes is None else tuple(axes))


def _swapaxes(x: Any, axis1: int, axis2: int) -> Traced:
    if x.ndim == 2:
        return _transpose(x)  # the only swap there is; x.T reads better
    axes = list(range(x.ndim))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return _transpose(x, axes)


def _reshape(x: Any, shape: Any) -> Traced:
    return apply("reshape", x, shape=np.empty(x.shape, bool).reshape(shape).shape)


def _ravel(x: Any) -> Traced:
    return x if x.ndim == 1 else _reshape(x, -1)


def _squeeze(x: Any, axis: Axis = None) -> Traced:
    return _reshape(x, np.squeeze(np.empty(x.shape, bool), axis).shape)


def _expand_dims(x: Any, axis: int | tuple[int, ...]) -> Traced:
    return _reshape(x, np.expand_dims(np.empty(x.shape, bool), axis).shape)


def _broadcast_to(x: Any, shape: Any) -> Traced:
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return x if x.shape == shape else apply("broadcast_to", x, shape=shape)


def _where(condition: Any, x: Any, y: Any) -> Traced:
    return apply("where", condition, x, y)


def _clip(x: Any, a_min: Any = None, a_max: Any = None, **bounds: Any) -> Any:
    low, high = bounds.get("min", a_min), bounds.get("max", a_max)
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def _concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Traced:
    if axis is None:
        return _concatenate([np.ravel(x) for x in arrays])
    return apply("concatenate", *arrays, axis=axis)


def _stack(arrays: Sequence[Any], axis: int = 0) -> Traced:
    return apply("stack", *arrays, axis=axis)


def _norm(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.sqrt(_sum(x**2, axis, keepdims))


def _copy(x: Any) -> Any:
    return Filled(_node(x))


def _moved(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that only moves entries: run on their numbers, it says which entry went where."""

    def traced(x: Any, *args: Any, **options: Any) -> Traced:
        numbers = np.arange(np.size(x)).reshape(np.shape(x))
        return _node(x).move(np.array(function(numbers, *map(_value, args), **options)), function.__name__)

    return traced


def _pad(x: Any, pad_width: Any, mode: str = "constant", **options: Any) -> Traced:
    numbers = np.arange(x.size).reshape(x.shape)
    fill = float(options.pop("constant_values", 0.0))
    if mode == "constant":
        return _node(x).move(np.pad(numbers, pad_width, constant_values=-1), "pad", fill)
    return _node(x).move(np.pad(numbers, pad_width, mode, **options), "pad")  # type: ignore[call-overload]  # any mode


def _diag(x: Any, k: int = 0) -> Traced:
    numbers = np.diag(np.arange(1, x.size + 1).reshape(x.shape), k)
    return _node(x).move(np.array(numbers) - 1, "diag")  # off the diagonal of a new matrix stands -1


def _trace(x: Any) -> Traced:
    return _sum(np.diagonal(x))


def _tril(x: Any, k: int = 0) -> Any:
    return x * np.tril(np.ones(x.shape), k)


def _triu(x: Any, k: int = 0) -> Any:
    return x * np.triu(np.ones(x.shape), k)


def _diff(x: Any, axis: int = -1) -> Any:
    along = (slice(None),) * (axis % x.ndim)
    return x[(*along, slice(1, None))] - x[(*along, slice(None, -1))]


def _cumsum(x: Any, axis: int | None = None) -> Traced:
    return apply("cumsum", np.ravel(x), axis=0) if axis is None else apply("cumsum", x, axis=axis)


def _split(x: Any, parts: Any, axis: int = 0) -> list[Any]:
    along = (slice(None),) * (axis % x.ndim)
    ends = [int(part[-1]) + 1 for part in np.array_split(np.arange(x.shape[axis]), parts) if part.size]
    return [x[(*along, slice(a, b))] for a, b in zip([0, *ends], ends, strict=False)]


def _einsum(subscripts: str, *operands: Any, **options: Any) -> Traced:
    options.pop("optimize", None)
    if options or not isinstance(subscripts, str):
        raise TypeError("unexpected keyword or list of axes in np.einsum; write it as 'ij,jk->ik'")
    return apply("einsum", *operands, subscripts=spelled_out(subscripts, [np.ndim(x) for x in operands]))


def _tensordot(x: Any, y: Any, axes: Any = 2) -> Traced:
    if isinstance(axes, int):
        axes = tuple(range(-axes, 0)), tuple(range(axes))
    of_x, of_y = (np.atleast_1d(a) % n for a, n in zip(axes, (np.ndim(x), np.ndim(y)), strict=True))
    letters = iter(ascii_letters)
    left = [next(letters) for _ in range(np.ndim(x))]
    right = [left[of_x[list(of_y).index(k)]] if k in of_y else next(letters) for k in range(np.ndim(y))]
    kept = [c for c in left if c not in right] + [c for c in right if c not in left]
    return _einsum(f"{''.join(left)},{''.join(right)}->{''.join(kept)}", x, y)


def _node(x: Any) -> Traced:
    return x if isinstance(x, Traced) else Traced(x)


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Traced) and not x.depends else x


_MOVING = (
    np.flip,
    np.fliplr,
    np.flipud,
    np.roll,
    np.rot90,
    np.tile,
    np.repeat,
    np.take,
    np.take_along_axis,
    np.diagonal,
    np.moveaxis,
    np.atleast_1d,
    np.atleast_2d,
    np.lib.stride_tricks.sliding_window_view,
)

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.sum: _sum,
    np.mean: _mean,
    np.average: _mean,
    np.var: _var,
    np.std: _std,
    np.max: _max,
    np.amax: _max,
    np.min: _min,
    np.amin: _min,
    np.prod: _prod,
    np.dot: _dot,
    np.vdot: lambda x, y: _inner(np.ravel(x), np.ravel(y)),
    np.inner: _inner,
    np.outer: _outer,
    np.transpose: _transpose,
    np.swapaxes: _swapaxes,
    np.reshape: _reshape,
    np.ravel: _ravel,
    np.squeeze: _squeeze,
    np.expand_dims: _expand_dims,
    np.broadcast_to: _broadcast_to,
    np.where: _where,
    np.clip: _clip,
    np.concatenate: _concatenate,
    np.stack: _stack,
    np.hstack: lambda arrays: _concatenate(arrays, axis=0 if np.ndim(arrays[0]) == 1 else 1),
    np.vstack: lambda arrays: _stack(arrays) if np.ndim(arrays[0]) == 1 else _concatenate(arrays),
    np.linalg.norm: _norm,
    np.copy: _copy,
    **{function: _moved(function) for function in _MOVING},
    np.pad: _pad,
    np.diag: _diag,
    np.trace: _trace,
    np.tril: _tril,
    np.triu: _triu,
    np.diff: _diff,
    np.cumsum: _cumsum,
    np.split: _split,
    np.array_split: _split,
    np.einsum: _einsum,
    np.tensordot: _tensordot,
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.size: lambda x: x.size,
    np.zeros_like: lambda x, **_: Filled(Traced(np.zeros(x.shape))),
    np.empty_like: lambda x, **_: Filled(Traced(np.zeros(x.shape))),
    np.ones_like: lambda x, **_: Filled(Traced(np.ones(x.shape))),
    np.full_like: lambda x, value, **_: Filled(Traced(np.full(x.shape, _value(value)))),
    np.argmax: lambda x, axis=None, **options: np.argmax(x.value, axis=axis, **options),
    np.argmin: lambda x, axis=None, **options: np.argmin(x.value, axis=axis, **options),
    np.any: lambda x, **options: np.any(x.value, **options),
    np.all: lambda x, **options: np.all(x.value, **options),
}
