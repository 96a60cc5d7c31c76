"""The NumPy functions of linear algebra that a traced value understands."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from gradcheck.derivation.einsum import spelled_out
from gradcheck.derivation.untraced import leave
from gradcheck.derivation.value import Traced, apply

Axis = int | tuple[int, ...] | None


def dot(x: Any, y: Any) -> Any:
    """``x @ y``, or the product with a number."""
    if np.ndim(x) == 0 or np.ndim(y) == 0:
        return x * y
    if np.ndim(y) > 2:
        leave("np.dot of an array with more than two axes", "is not traced", "write x @ y")
    return np.matmul(x, y)


def inner(x: Any, y: Any) -> Any:
    """The sum of products over the last axes."""
    return np.sum(x * y) if np.ndim(x) == np.ndim(y) == 1 else dot(x, np.transpose(y))


def outer(x: Any, y: Any) -> Traced:
    """The product of each entry of `x` and each of `y`."""
    return apply("outer", np.ravel(x), np.ravel(y))


def trace(x: Any) -> Any:
    """The sum of the diagonal; of several matrices, over the first two axes."""
    return apply("trace", x) if x.ndim == 2 else np.sum(np.diagonal(x), axis=-1)


def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """The Euclidean (Frobenius) norm; of vectors also the 1-norm and the largest absolute value."""
    of_vectors = not isinstance(axis, tuple) and (axis is not None or np.ndim(x) == 1)
    euclidean = ord in (None, "fro") or (ord == 2 and of_vectors)
    if euclidean:
        return np.sqrt(np.sum(x**2, axis=axis, keepdims=keepdims))
    if ord not in (1, np.inf) or not of_vectors:
        leave(f"np.linalg.norm(ord={ord!r})", "is not traced", "write the norm out, such as np.sum(np.abs(x))")
    return (np.sum if ord == 1 else np.max)(np.abs(x), axis=axis, keepdims=keepdims)


def einsum(subscripts: str, *operands: Any, **options: Any) -> Traced:
    """An Einstein sum, with the subscripts as text."""
    options.pop("optimize", None)
    if options or not isinstance(subscripts, str):
        leave("np.einsum with these options", "is not traced", "write it as np.einsum('ij,jk->ik', x, y)")
    return apply("einsum", *operands, subscripts=spelled_out(subscripts, [np.ndim(x) for x in operands]))


def tensordot(x: Any, y: Any, axes: Any = 2) -> Traced:
    """The sum of products over pairs of axes."""
    if isinstance(axes, int):
        axes = tuple(range(-axes, 0)), tuple(range(axes))
    of_x, of_y = (np.atleast_1d(a) % n for a, n in zip(axes, (np.ndim(x), np.ndim(y)), strict=True))
    letters = iter(ascii_letters)
    left = [next(letters) for _ in range(np.ndim(x))]
    right = [left[of_x[list(of_y).index(k)]] if k in of_y else next(letters) for k in range(np.ndim(y))]
    kept = [c for c in left if c not in right] + [c for c in right if c not in left]
    return einsum(f"{''.join(left)},{''.join(right)}->{''.join(kept)}", x, y)


def convolve(x: Any, y: Any, mode: str = "full") -> Any:
    """``Σ_k x[n - k] y[k]``: windows of the longer, times the shorter turned round."""
    if np.size(y) > np.size(x):
        x, y = y, x
    k = np.size(y) - 1
    margins = {"full": (k, k), "same": ((k + 1) // 2, k // 2), "valid": (0, 0)}[mode]
    padded = np.pad(_node(x), margins) if any(margins) else _node(x)
    return np.lib.stride_tricks.sliding_window_view(padded, k + 1) @ np.flip(y)


def kron(x: Any, y: Any) -> Any:
    """Every entry of `x` times the whole of `y`, block beside block."""
    if np.ndim(x) != np.ndim(y):
        leave("np.kron of arrays with different numbers of axes", "is not traced", "reshape one of them first")
    of_x, of_y = ascii_letters[: np.ndim(x)], ascii_letters[np.ndim(x) : 2 * np.ndim(x)]
    both = "".join(map("".join, zip(of_x, of_y, strict=True)))
    sizes = [k * m for k, m in zip(np.shape(x), np.shape(y), strict=True)]
    return np.reshape(einsum(f"{of_x},{of_y}->{both}", x, y), sizes)


def cross(x: Any, y: Any) -> Any:
    """The vector product, of vectors of three along the last axis."""
    if np.shape(x)[-1:] != (3,) or np.shape(y)[-1:] != (3,):
        leave("np.cross of other than three entries", "is not traced", "write it out")
    return np.roll(x, -1, -1) * np.roll(y, -2, -1) - np.roll(x, -2, -1) * np.roll(y, -1, -1)


def matrix_power(x: Any, n: int) -> Any:
    """A matrix times itself, or its inverse."""
    factor = x if n > 0 else np.linalg.inv(x)
    return functools.reduce(np.matmul, [factor] * abs(n)) if n else np.eye(len(x))


def multi_dot(arrays: Sequence[Any]) -> Any:
    """A chain of matrix products."""
    return functools.reduce(np.matmul, arrays)


def _node(x: Any) -> Traced:
    return x if isinstance(x, Traced) else Traced(np.asarray(x))


LINEAR_ALGEBRA: dict[Callable[..., Any], Callable[..., Any]] = {
    np.dot: dot,
    np.vdot: lambda x, y: inner(np.ravel(x), np.ravel(y)),
    np.inner: inner,
    np.outer: outer,
    np.trace: trace,
    np.einsum: einsum,
    np.tensordot: tensordot,
    np.convolve: convolve,
    np.linalg.norm: norm,
    np.linalg.det: lambda x: apply("det", x),
    np.linalg.slogdet: lambda x: (np.sign(np.linalg.det(x.value)), np.log(np.abs(apply("det", x)))),
    np.linalg.inv: lambda x: apply("inv", x),
    np.linalg.solve: lambda a, b: apply("solve", a, b),
    np.linalg.multi_dot: multi_dot,
    np.linalg.matrix_power: matrix_power,
    np.linalg.cholesky: lambda x: apply("cholesky", x),
    np.linalg.eigvalsh: lambda x: apply("eigvalsh", x),
    np.linalg.eigh: lambda x: (apply("eigvalsh", x), apply("eigenvectors", x)),
    np.kron: kron,
    np.cross: cross,
}
