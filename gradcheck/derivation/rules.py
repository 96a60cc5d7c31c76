"""The primitives: what each computes, and its derivative, one line for every argument.

Every rule is a vector-Jacobian product (Griewank and Walther, *Evaluating Derivatives*, chapter 3), written
once and in NumPy: ``g`` is the cotangent of the result, ``ans`` the result, ``x`` and ``y`` the arguments;
the sum over axes along which a smaller argument was repeated is the caller's. Applied to traced values, the
same line yields the number *and* the formula, so the two cannot drift apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.derivation import assembled, decompositions, einsum

Vjp = Callable[..., Any]


@dataclass(frozen=True)
class Rule:
    """What a primitive computes (`forward`) and its VJP for each argument; None where it is flat."""

    forward: Callable[..., Any]
    vjps: tuple[Vjp | None, ...] = ()
    each: Vjp | None = None  # for any number of arguments: each(k, g, ans, *inputs)

    def carries(self, k: int) -> bool:
        """Whether a cotangent comes back to argument `k`: not to a condition, nor through a comparison."""
        return self.each is not None or (bool(self.vjps) and self.vjps[k] is not None)

    def vjp(self, k: int, g: Any, ans: Any, *inputs: Any, **params: Any) -> Any:
        """The cotangent of argument `k`, or None if the result does not vary with it."""
        if self.each is not None:
            return self.each(k, g, ans, *inputs, **params)
        rule = self.vjps[k] if self.vjps else None
        return None if rule is None else rule(g, ans, *inputs, **params)


def _rule(forward: Callable[..., Any], *vjps: Vjp | None) -> Rule:
    return Rule(forward, vjps)


def _matmul_x(g: Any, ans: Any, x: Any, y: Any) -> Any:
    if x.ndim == 1:  # (D,) @ (D,) or (D,) @ (D, H)
        return g * y if y.ndim == 1 else y @ g
    if y.ndim == 1:  # (N, D) @ (D,): every row of x met the same y
        return g[..., None] * y
    return g @ np.swapaxes(y, -1, -2)


def _matmul_y(g: Any, ans: Any, x: Any, y: Any) -> Any:
    if y.ndim == 1:
        return g * x if x.ndim == 1 else x.T @ g
    if x.ndim == 1:
        return x[:, None] * g[None, :]
    return np.swapaxes(x, -1, -2) @ g


def _solve_matrix(g: Any, ans: Any, a: Any, b: Any) -> Any:
    back = np.linalg.solve(a.T, g)
    return -np.outer(back, ans) if ans.ndim == 1 else -(back @ ans.T)


def _spread(g: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Hand a reduction's cotangent to every entry that was reduced."""
    if axis is not None and not keepdims:
        g = np.expand_dims(g, axis)
    return np.broadcast_to(g, x.shape)


def _sum(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.sum(x, axis=axis, keepdims=keepdims)


def _max(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.max(x, axis=axis, keepdims=keepdims)


def _min(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.min(x, axis=axis, keepdims=keepdims)


def _extreme_vjp(g: Any, ans: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """Of `max` and `min`: the entries that are it get the cotangent, and share it where they tie."""
    chosen = x == _spread(ans, x, axis, keepdims)
    ties = np.sum(chosen, axis=axis, keepdims=keepdims)
    return _spread(g / ties if np.any(ties.value > 1) else g, x, axis, keepdims) * chosen


def _prod_vjp(g: Any, ans: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    if np.any(x.value == 0):
        return _spread(g, x, axis, keepdims) * x.then("product_of_others", axis=axis)
    return _spread(g * ans, x, axis, keepdims) / x


def _product_of_others(x: Any, axis: Any) -> Any:
    """Beside every entry the product of the others along `axis`, without a division."""
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis)
    last = np.moveaxis(x, axes, range(-len(axes), 0))
    rows = last.reshape(*last.shape[: x.ndim - len(axes)], 1, -1)
    without = np.prod(np.where(np.eye(rows.shape[-1], dtype=bool), 1.0, rows), axis=-1)
    return np.moveaxis(without.reshape(last.shape), range(-len(axes), 0), axes)


def _reshape(x: Any, shape: tuple[int, ...]) -> Any:
    return np.reshape(x, shape)  # positionally: the keyword changed its name in NumPy 2.1


def _scatter(g: Any, index: Any, shape: tuple[int, ...]) -> Any:
    out = np.zeros(shape)
    np.add.at(out, index, g)
    return out


def _move(x: Any, index: Any, fill: float, what: str, shown: Any) -> Any:
    """The entries of `x` by their number in reading order, `fill` where the number is -1."""
    return np.where(index < 0, fill, np.ravel(x)[index])


def _gather(g: Any, index: Any, shape: tuple[int, ...], what: str, shown: Any) -> Any:
    """Every entry back to where it came from; what was taken several times is added up."""
    out = np.zeros(int(np.prod(shape)))
    np.add.at(out, index[index >= 0], np.broadcast_to(g, index.shape)[index >= 0])
    return out.reshape(shape)


def _gather_vjp(g: Any, ans: Any, x: Any, index: Any, shape: tuple[int, ...], what: str, shown: Any) -> Any:
    return g.move(index, what, shown=shown)


def _cumsum_vjp(g: Any, ans: Any, x: Any, axis: int) -> Any:
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


def _cumprod_vjp(g: Any, ans: Any, x: Any, axis: int) -> Any:
    return np.flip(np.cumsum(np.flip(g * ans, axis), axis=axis), axis) / x


def _put(x: Any, entry: Any, index: Any) -> Any:
    out = np.array(x, float)
    out[index] = entry
    return out


def _pick(k: int, g: Any, ans: Any, *inputs: Any, axis: int) -> Any:
    """The k-th block of a concatenation along `axis`."""
    start = sum(x.shape[axis] for x in inputs[:k])
    block = slice(start, start + inputs[k].shape[axis])
    return g[(slice(None),) * (axis % g.ndim) + (block,)]


RULES: dict[str, Rule] = {
    # arithmetic
    "add": _rule(np.add, lambda g, ans, x, y: g, lambda g, ans, x, y: g),
    "subtract": _rule(np.subtract, lambda g, ans, x, y: g, lambda g, ans, x, y: -g),
    "multiply": _rule(np.multiply, lambda g, ans, x, y: g * y, lambda g, ans, x, y: g * x),
    "divide": _rule(np.divide, lambda g, ans, x, y: g / y, lambda g, ans, x, y: -g * ans / y),
    "power": _rule(
        np.power,
        lambda g, ans, x, y: g * y * x ** (y - 1),
        lambda g, ans, x, y: g * ans * np.log(x),
    ),
    "remainder": _rule(np.remainder, lambda g, ans, x, y: g, lambda g, ans, x, y: -g * np.floor(x / y)),
    "negative": _rule(np.negative, lambda g, ans, x: -g),
    "positive": _rule(np.positive, lambda g, ans, x: g),
    "reciprocal": _rule(np.reciprocal, lambda g, ans, x: -g * ans**2),
    "square": _rule(np.square, lambda g, ans, x: g * 2 * x),
    # elementary functions
    "deg2rad": _rule(np.deg2rad, lambda g, ans, x: g * (np.pi / 180)),
    "exp": _rule(np.exp, lambda g, ans, x: g * ans),
    "exp2": _rule(np.exp2, lambda g, ans, x: g * ans * np.log(2)),
    "expm1": _rule(np.expm1, lambda g, ans, x: g * (ans + 1)),
    "log": _rule(np.log, lambda g, ans, x: g / x),
    "log2": _rule(np.log2, lambda g, ans, x: g / (x * np.log(2))),
    "log10": _rule(np.log10, lambda g, ans, x: g / (x * np.log(10))),
    "log1p": _rule(np.log1p, lambda g, ans, x: g / (1 + x)),
    "logaddexp": _rule(
        np.logaddexp,
        lambda g, ans, x, y: g * np.exp(x - ans),
        lambda g, ans, x, y: g * np.exp(y - ans),
    ),
    "erf": _rule(np.vectorize(math.erf, otypes=[float]), lambda g, ans, x: g * (2 / np.sqrt(np.pi)) * np.exp(-(x**2))),
    "expit": _rule(lambda x: 1 / (1 + np.exp(-x)), lambda g, ans, x: g * ans * (1 - ans)),  # erf and it are SciPy's
    "sqrt": _rule(np.sqrt, lambda g, ans, x: g / (2 * ans)),
    "cbrt": _rule(np.cbrt, lambda g, ans, x: g / (3 * ans**2)),
    "sin": _rule(np.sin, lambda g, ans, x: g * np.cos(x)),
    "cos": _rule(np.cos, lambda g, ans, x: -g * np.sin(x)),
    "tan": _rule(np.tan, lambda g, ans, x: g * (1 + ans**2)),
    "arcsin": _rule(np.arcsin, lambda g, ans, x: g / np.sqrt(1 - x**2)),
    "arccos": _rule(np.arccos, lambda g, ans, x: -g / np.sqrt(1 - x**2)),
    "arctan": _rule(np.arctan, lambda g, ans, x: g / (1 + x**2)),
    "arctan2": _rule(
        np.arctan2,
        lambda g, ans, x, y: g * y / (x**2 + y**2),
        lambda g, ans, x, y: -g * x / (x**2 + y**2),
    ),
    "hypot": _rule(np.hypot, lambda g, ans, x, y: g * x / ans, lambda g, ans, x, y: g * y / ans),
    "sinh": _rule(np.sinh, lambda g, ans, x: g * np.cosh(x)),
    "cosh": _rule(np.cosh, lambda g, ans, x: g * np.sinh(x)),
    "tanh": _rule(np.tanh, lambda g, ans, x: g * (1 - ans**2)),
    "arcsinh": _rule(np.arcsinh, lambda g, ans, x: g / np.sqrt(x**2 + 1)),
    "arccosh": _rule(np.arccosh, lambda g, ans, x: g / np.sqrt(x**2 - 1)),
    "arctanh": _rule(np.arctanh, lambda g, ans, x: g / (1 - x**2)),
    # kinks and choices; a tie with a constant counts as flat, as ReLU'(0) = 0 does
    "absolute": _rule(np.absolute, lambda g, ans, x: g * np.sign(x)),
    "maximum": _rule(
        np.maximum,
        lambda g, ans, x, y: g * (x >= y if y.depends else x > y),
        lambda g, ans, x, y: g * (y > x),
    ),
    "minimum": _rule(
        np.minimum,
        lambda g, ans, x, y: g * (x <= y if y.depends else x < y),
        lambda g, ans, x, y: g * (y < x),
    ),
    "clip": _rule(np.clip, lambda g, ans, x, low, high: g * (x > low) * (x < high), None, None),
    "where": _rule(
        np.where,
        None,
        lambda g, ans, c, x, y: np.where(c, g, 0),
        lambda g, ans, c, x, y: np.where(c, 0, g),
    ),
    "max": _rule(_max, _extreme_vjp),
    "min": _rule(_min, _extreme_vjp),
    # flat almost everywhere
    **{
        ufunc.__name__: _rule(ufunc, None, None)
        for ufunc in (np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal)
    },
    **{ufunc.__name__: _rule(ufunc, None, None) for ufunc in (np.logical_and, np.logical_or, np.logical_xor)},
    **{ufunc.__name__: _rule(ufunc, None, None) for ufunc in (np.bitwise_and, np.bitwise_or, np.bitwise_xor)},
    **{ufunc.__name__: _rule(ufunc, None, None) for ufunc in (np.heaviside, np.floor_divide)},
    **{ufunc.__name__: _rule(ufunc, None) for ufunc in (np.logical_not, np.invert)},
    **{ufunc.__name__: _rule(ufunc, None) for ufunc in (np.sign, np.floor, np.ceil, np.trunc, np.rint)},
    **{ufunc.__name__: _rule(ufunc, None) for ufunc in (np.isfinite, np.isnan, np.isinf)},
    # arrays
    "sum": _rule(_sum, lambda g, ans, x, axis, keepdims: _spread(g, x, axis, keepdims)),
    "prod": _rule(lambda x, axis, keepdims: np.prod(x, axis=axis, keepdims=keepdims), _prod_vjp),
    "product_of_others": _rule(_product_of_others),
    "matmul": _rule(np.matmul, _matmul_x, _matmul_y),
    "trace": _rule(np.trace, lambda g, ans, x: g * x.identity()),
    "det": _rule(np.linalg.det, lambda g, ans, x: g * ans * np.linalg.inv(x).T),
    "inv": _rule(np.linalg.inv, lambda g, ans, x: -(ans.T @ g @ ans.T)),
    "solve": _rule(np.linalg.solve, _solve_matrix, lambda g, ans, a, b: np.linalg.solve(a.T, g)),
    "cholesky": _rule(np.linalg.cholesky, decompositions.cholesky_vjp),
    "eigvalsh": _rule(np.linalg.eigvalsh, decompositions.eigenvalues_vjp),
    "eigenvectors": _rule(decompositions.eigenvectors, decompositions.eigenvectors_vjp),
    "inverse_gaps": _rule(decompositions.inverse_gaps),
    "lower": _rule(decompositions.lower),
    "outer": _rule(np.outer, lambda g, ans, x, y: g @ y, lambda g, ans, x, y: x @ g),
    "transpose": _rule(
        np.transpose,
        lambda g, ans, x, axes: np.transpose(g, None if axes is None else tuple(np.argsort(axes).tolist())),
    ),
    "reshape": _rule(_reshape, lambda g, ans, x, shape: g.reshape(x.shape)),
    "broadcast_to": _rule(np.broadcast_to, lambda g, ans, x, shape: g),
    "getitem": _rule(lambda x, index: x[index], lambda g, ans, x, index: g.then("scatter", index=index, shape=x.shape)),
    "scatter": _rule(_scatter, lambda g, ans, x, index, shape: g[index]),
    "put": _rule(_put, None, lambda g, ans, x, entry, index: g[index]),
    "move": _rule(_move, lambda g, ans, x, index, fill, what, shown: g.gather(index, x.shape, what, shown)),
    "gather": _rule(_gather, _gather_vjp),
    "cumsum": _rule(np.cumsum, _cumsum_vjp),
    "cumprod": _rule(np.cumprod, _cumprod_vjp),
    "assembled": Rule(assembled.forward, each=assembled.vjp),
    "einsum": Rule(einsum.forward, each=einsum.vjp),
    "concatenate": Rule(lambda *xs, axis: np.concatenate(xs, axis=axis), each=_pick),
    "stack": Rule(
        lambda *xs, axis: np.stack(xs, axis=axis),
        each=lambda k, g, ans, *xs, axis: g[(slice(None),) * (axis % g.ndim) + (k,)],
    ),
}

SYNONYMS = {"fabs": "absolute", "float_power": "power", "fmax": "maximum", "fmin": "minimum", "radians": "deg2rad"}
