"""Numerical vector-Jacobian products, Jacobian-vector products and Jacobians, each with its error bound."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numerical.entries import Entries, agrees
from gradcheck.numerical.evaluation import Neighbourhood, require_floats
from gradcheck.numerical.line import Contraction, Line
from gradcheck.numerical.meter import EntryMeter
from gradcheck.numerical.noise import measured_noise
from gradcheck.numerical.separability import Grouping
from gradcheck.numerical.steps import ladder, scales

Array = NDArray[Any]
Function = Callable[[Array], Any]


@dataclass(frozen=True)
class Estimate:
    """A numerical derivative that knows how good it is.

    Attributes
    ----------
    value : ndarray
        The derivative; at a kink the mean of the slopes on either side.
    error : ndarray
        A bound on the error of each entry; infinite where nothing can be said, and at a kink half the gap.
    kinks : ndarray of bool
        Where the slopes from left and right differ.
    evaluations : int
        How often the function was called.
    """

    value: Array
    error: Array
    kinks: Array
    evaluations: int


@np.errstate(all="ignore")
def numerical_vjp(
    f: Function,
    x: Array,
    cotangent: Array | float = 1.0,
    *,
    seed: int | np.random.Generator = 0,
    executor: Executor | None = None,
) -> Estimate:
    """The vector-Jacobian product ``cotangentᵀ ∂f/∂x`` by extrapolated differences.

    ``g[i] = Σ_j cotangent[j] · ∂f[j]/∂x[i]``

    Entries in different slices of a separable axis (see :mod:`gradcheck.numerical.separability`) are
    measured together, so an elementwise function costs the same for one entry as for a million.

    Parameters
    ----------
    f : callable
        Takes an array like `x`, returns an array of floats.
    x : ndarray of floats
        The point; it is not changed.
    cotangent : ndarray
        In the shape of ``f(x)``; 1.0 for a scalar function gives its gradient.
    seed : int or numpy.random.Generator
        For the probes.
    executor : concurrent.futures.Executor, optional
        Where to evaluate `f`.

    Returns
    -------
    Estimate
        In the shape of `x`.

    Raises
    ------
    TypeError
        If `x` or the outputs are not real floats.
    ValueError
        If the shape of `cotangent` is not that of ``f(x)``.

    Examples
    --------
    >>> g = numerical_vjp(np.sin, np.array([0.0, 1.0]), np.array([1.0, 2.0]))
    >>> g.value.round(9).tolist(), bool(g.error.max() < 1e-8)
    ([1.0, 1.080604612], True)

    References
    ----------
    Griewank and Walther, Evaluating Derivatives, 2nd edition, 2008, section 3.2.
    """
    near = Neighbourhood(f, np.asarray(x) if isinstance(x, np.floating) else x, executor)
    if np.iscomplexobj(cotangent):
        require_floats("cotangent", np.asarray(cotangent))
    weights = np.asarray(cotangent, near.base.dtype)
    if weights.shape != near.base.shape:
        raise ValueError(f"cotangent has shape {weights.shape}, but f(x) has shape {near.base.shape}; they must agree")
    rng = np.random.default_rng(seed)
    entries = EntryMeter(near, weights, measured_noise(near, rng), rng).measure()
    error = np.where(entries.kinks, np.maximum(entries.error, (entries.high - entries.low) / 2), entries.error)
    return Estimate(entries.value, error, entries.kinks, near.evaluations)


@np.errstate(all="ignore")
def numerical_jvp(f: Function, x: Array, tangent: Array, *, seed: int | np.random.Generator = 0) -> Estimate:
    """The Jacobian-vector product ``∂f/∂x · tangent`` by extrapolated differences along one line.

    ``(d/dt) f(x + t · tangent)`` at t = 0

    Parameters
    ----------
    f, x
        As in :func:`numerical_vjp`.
    tangent : ndarray
        In the shape of `x`.
    seed : int or numpy.random.Generator
        For the measurement of rounding noise.

    Returns
    -------
    Estimate
        In the shape of ``f(x)``.

    Raises
    ------
    TypeError
        If `x`, `tangent` or the outputs are not real floats.
    ValueError
        If the shape of `tangent` is not that of `x`.

    Examples
    --------
    >>> numerical_jvp(np.square, np.array([1.0, 3.0]), np.array([1.0, -1.0])).value.round(9).tolist()
    [2.0, -6.0]

    References
    ----------
    Griewank and Walther, Evaluating Derivatives, 2nd edition, 2008, section 3.1.
    """
    near = Neighbourhood(f, x)
    require_floats("tangent", tangent)
    if tangent.shape != x.shape:
        raise ValueError(f"tangent has shape {tangent.shape}, but x has shape {x.shape}; they must agree")
    steps = ladder(near.coarsest)
    length = float(np.max(np.abs(tangent) / scales(x), initial=0.0)) or 1.0
    unit = np.asarray(2.0 ** -np.round(np.log2(length)), x.dtype)
    direction = np.where(np.isfinite(x), tangent, 0).astype(x.dtype) * unit  # as asked for; steps of it are rounded
    noise = measured_noise(near, np.random.default_rng(seed))
    line = Line(near, direction, Contraction(), noise).measure(steps.wide)
    slope = line.go_down(steps.lower).slope()
    error = np.where(slope.kink, np.maximum(slope.error, np.abs(slope.right - slope.left) / 2), slope.error)
    return Estimate(slope.value / unit, error / unit, slope.kink, near.evaluations)


@np.errstate(all="ignore")
def numerical_jacobian(f: Function, x: Array, *, seed: int | np.random.Generator = 0) -> Estimate:
    """The whole Jacobian ``J[j, i] = ∂f[j]/∂x[i]`` by extrapolated differences.

    Parameters
    ----------
    f, x, seed
        As in :func:`numerical_vjp`.

    Returns
    -------
    Estimate
        Of shape ``f(x).shape + x.shape``.

    Raises
    ------
    TypeError
        If `x` or the outputs are not real floats.

    Examples
    --------
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> numerical_jacobian(lambda x: A @ x, np.array([1.0, -1.0])).value.round(9).tolist()
    [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]

    References
    ----------
    Curtis, Powell and Reid, On the estimation of sparse Jacobian matrices, J. Inst. Maths Applics 13 (1974).
    """
    near = Neighbourhood(f, x)
    rng = np.random.default_rng(seed)
    noise = measured_noise(near, rng)
    meter = EntryMeter(near, np.ones_like(near.base), noise, rng)
    grouping = meter.propose()
    estimate = _compressed(meter, grouping)
    if grouping.pairs and not agrees(meter.random_line(), _column_sums(estimate, near.base.ndim)):
        estimate = _compressed(meter, Grouping(x.shape))
    return Estimate(*estimate, near.evaluations)


def _compressed(meter: EntryMeter, grouping: Grouping) -> tuple[Array, Array, Array]:
    """Value, error and kinks of the Jacobian, where the outputs of a group belong to known entries."""
    near = meter.near
    out, shape = near.base.shape, near.base.shape + near.x.shape
    value, error, kinks = np.zeros(shape), np.zeros(shape), np.zeros(shape, bool)
    rows = np.indices(out)
    for group in grouping:
        columns = [np.broadcast_to(0 if isinstance(i, slice) else i, out) for i in group]
        for a, b in grouping.pairs:
            columns[a] = rows[b]
        where = (*rows, *columns)
        error[where] = np.inf
        for slope, unit in meter.column(group):
            scale = unit[tuple(columns)]
            bound = np.maximum(slope.error, np.abs(slope.right - slope.left) / 2) / np.abs(scale)
            better = bound < error[where]
            for array, new in ((value, slope.value / scale), (error, bound), (kinks, slope.kink)):
                array[where] = np.where(better, new, array[where])
    return value, error, kinks


def _column_sums(estimate: tuple[Array, Array, Array], outputs: int) -> Entries:
    value, error, kinks = estimate
    axes = tuple(range(outputs))
    total = value.sum(axis=axes)
    gap = np.where(kinks, error, 0).sum(axis=axes)
    return Entries(total, error.sum(axis=axes), total - gap, total + gap, np.asarray(kinks.any(axis=axes)), gap > 0)
