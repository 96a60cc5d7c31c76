"""The NumPy functions that move entries and change none: another shape, another order, some of them, copies.

Run on the numbers 0, 1, 2, ... of the entries, such a function says itself where each came from; its derivative
sends them back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.derivation.value import Traced, apply

_MOST_SHOWN = 6  # positions

Axis = int | tuple[int, ...] | None


def transpose(x: Any, axes: Sequence[int] | None = None) -> Traced:
    """The axes in another order."""
    return apply("transpose", x, axes=None if axes is None else tuple(axis % x.ndim for axis in axes))


def swapaxes(x: Any, axis1: int, axis2: int) -> Traced:
    """Two axes exchanged; of a matrix ``x.T``, the only exchange there is, which reads better."""
    if x.ndim == 2:
        return transpose(x)
    axes = list(range(x.ndim))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return transpose(x, axes)


def reshape(x: Any, shape: Any) -> Traced:
    """The same entries in another shape, of which one axis may be -1."""
    return apply("reshape", x, shape=np.empty(x.shape, bool).reshape(shape).shape)


def ravel(x: Any) -> Traced:
    """All entries along one axis."""
    return x if x.ndim == 1 else reshape(x, -1)


def squeeze(x: Any, axis: Axis = None) -> Traced:
    """Without axes of length 1."""
    return reshape(x, np.squeeze(np.empty(x.shape, bool), axis).shape)


def expand_dims(x: Any, axis: int | tuple[int, ...]) -> Traced:
    """With more axes of length 1."""
    return reshape(x, np.expand_dims(np.empty(x.shape, bool), axis).shape)


def broadcast_to(x: Any, shape: Any) -> Traced:
    """Repeated along new axes, and along those of length 1."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return x if x.shape == shape else apply("broadcast_to", x, shape=shape)


def moved(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that only moves entries: run on their numbers, it says which entry went where."""

    def traced(x: Any, *args: Any, **options: Any) -> Traced:
        numbers = np.arange(np.size(x)).reshape(np.shape(x))
        places = np.array(function(numbers, *map(_value, args), **options))
        if function is np.lib.stride_tricks.sliding_window_view:
            return _node(x).move(places, "windows")
        return _node(x).move(places, function.__name__, shown=tuple(_shown(args, options)))

    return traced


def _shown(args: tuple[Any, ...], options: dict[str, Any]) -> Iterator[str]:
    """The other arguments as a formula shows them; of an array that is long only that there are positions."""
    for name, value in [*(("", value) for value in args), *options.items()]:
        text = "..." if np.size(value) > _MOST_SHOWN else str(np.asarray(_value(value)).tolist())
        yield f"{name}={text}" if name else text


def pad(x: Any, pad_width: Any, mode: str = "constant", **options: Any) -> Traced:
    """A margin around `x`."""
    numbers = np.arange(x.size).reshape(x.shape)
    fill = float(options.pop("constant_values", 0.0))
    if mode == "constant":
        return _node(x).move(np.pad(numbers, pad_width, constant_values=-1), "pad", fill)
    return _node(x).move(np.pad(numbers, pad_width, mode, **options), "pad")  # type: ignore[call-overload]  # any mode


def diag(x: Any, k: int = 0) -> Traced:
    """The diagonal of a matrix, or the matrix with this diagonal."""
    numbers = np.diag(np.arange(1, x.size + 1).reshape(x.shape), k)
    return _node(x).move(np.array(numbers) - 1, "diag")  # off the diagonal of a new matrix stands -1


def sort(x: Any, axis: int | None = -1) -> Traced:
    """In ascending order; near this point, the order of the entries does not change."""
    if axis is None:
        return sort(ravel(x))
    numbers = np.arange(x.size).reshape(x.shape)
    order = np.argsort(x.value, axis=axis, kind="stable")
    return _node(x).move(np.take_along_axis(numbers, order, axis), "sort")


def split(x: Any, parts: Any, axis: int = 0) -> list[Any]:
    """Several blocks along one axis."""
    along = (slice(None),) * (axis % x.ndim)
    ends = [int(part[-1]) + 1 for part in np.array_split(np.arange(x.shape[axis]), parts) if part.size]
    return [x[(*along, slice(a, b))] for a, b in zip([0, *ends], ends, strict=False)]


def concatenate(arrays: Sequence[Any], axis: int | None = 0) -> Traced:
    """One array after the other along an axis."""
    if axis is None:
        return concatenate([np.ravel(x) for x in arrays])
    return apply("concatenate", *arrays, axis=axis)


def stack(arrays: Sequence[Any], axis: int = 0) -> Traced:
    """Arrays side by side along a new axis."""
    return apply("stack", *arrays, axis=axis)


def hstack(arrays: Sequence[Any]) -> Traced:
    """Columns beside each other; vectors one after the other."""
    return concatenate(arrays, axis=0 if np.ndim(arrays[0]) <= 1 else 1)


def meshgrid(*axes: Any, indexing: str = "xy") -> list[Any]:
    """Every vector along an axis of its own, repeated along the others."""
    shape = tuple(len(x) for x in axes)
    along = [tuple(-1 if k == j else 1 for j in range(len(axes))) for k in range(len(axes))]
    grids = [broadcast_to(np.reshape(_node(x), a), shape) for x, a in zip(axes, along, strict=True)]
    return grids if indexing == "ij" or len(axes) < 2 else [np.swapaxes(grid, 0, 1) for grid in grids]


def vstack(arrays: Sequence[Any]) -> Traced:
    """Rows above each other."""
    return stack(arrays) if np.ndim(arrays[0]) == 1 else concatenate(arrays)


def column_stack(arrays: Sequence[Any]) -> Traced:
    """Vectors, and matrices, as columns."""
    return concatenate([np.reshape(x, (-1, 1)) if np.ndim(x) == 1 else x for x in arrays], axis=1)


def _compressed(condition: Any, x: Any, axis: int | None) -> Any:
    return np.take(np.ravel(x) if axis is None else x, np.flatnonzero(condition), axis or 0)


def _node(x: Any) -> Traced:
    return x if isinstance(x, Traced) else Traced(x)


def _value(x: Any) -> Any:
    return x.value if isinstance(x, Traced) and not x.depends else x


MOVING: dict[Callable[..., Any], Callable[..., Any]] = {
    **{
        function: moved(function)
        for function in (
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
    },
    np.transpose: transpose,
    np.swapaxes: swapaxes,
    np.reshape: reshape,
    np.ravel: ravel,
    np.squeeze: squeeze,
    np.expand_dims: expand_dims,
    np.broadcast_to: broadcast_to,
    np.pad: pad,
    np.diag: diag,
    np.sort: sort,
    np.split: split,
    np.array_split: split,
    np.concatenate: concatenate,
    np.stack: stack,
    np.hstack: hstack,
    np.vstack: vstack,
    np.column_stack: column_stack,
    np.meshgrid: meshgrid,
    np.compress: lambda condition, x, axis=None: _compressed(condition, x, axis),
    np.append: lambda x, values, axis=None: concatenate([x, values], axis),
}
