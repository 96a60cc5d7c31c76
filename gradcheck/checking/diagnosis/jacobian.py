"""Derivatives for a diagnosis: two evaluations for each group of entries, which is all that naming a mistake takes.

The error is that of one step, about 1e-9 of a typical entry in double precision: no verdict rests on it, only the
choice between explanations that lie far apart.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numerical.evaluation import Neighbourhood
from gradcheck.numerical.separability import Grouping, propose_grouping
from gradcheck.numerical.steps import exact_direction, ladder, random_direction, scales

Array = NDArray[Any]
Function = Callable[[Array], Any]

LARGEST = 2**21
"""Jacobians with more entries than this are not written down."""


class TooLargeError(Exception):
    """A Jacobian with more entries than is worth its memory; an explanation that needs it is left out."""


class _Differences:
    """Central differences of a function, by groups of entries."""

    def __init__(self, f: Function, x: Array, most: int, first: Array) -> None:
        self.near, self.x, self.most, self.first = Neighbourhood(f, x), x, max(1, most), first
        exponent = ladder(self.near.coarsest).wide[1]
        self.step = exact_direction(x, scales(x), exponent) * np.asarray(2.0**exponent, x.dtype)
        self.rng = np.random.default_rng(x.size)
        self.grouping = (
            propose_grouping(self.near, self.near.base, self.step, self.rng) if x.size > 1 else Grouping(x.shape)
        )

    def groups(self) -> list[Any]:
        """As many as may be measured, those with the entries that matter first."""
        if len(self.grouping) <= self.most:
            return list(self.grouping)
        together = {a for a, _ in self.grouping.pairs}
        matter = self.first.any(axis=tuple(together), keepdims=True)
        order = self.rng.permutation(matter.size)
        first = matter.ravel()[order]
        chosen = [*order[first][: (self.most + 1) // 2], *order[~first][: self.most]][: self.most]
        places = zip(*np.unravel_index(chosen, matter.shape), strict=True)
        return [tuple(slice(None) if a in together else int(i) for a, i in enumerate(place)) for place in places]

    def __iter__(self) -> Iterator[tuple[Any, Array, tuple[Any, ...]]]:
        """For each group the change of every output, and the entry to which each output belongs."""
        out = self.near.base.shape
        rows = np.indices(out)
        for group in self.groups():
            columns = [np.broadcast_to(0 if isinstance(i, slice) else i, out) for i in group]
            for a, b in self.grouping.pairs:
                columns[a] = rows[b]
            moved = np.zeros_like(self.step)
            moved[group] = self.step[group]
            above, below = self.near([moved, -moved])
            yield group, (above - below) / (2 * self.step[tuple(columns)]), tuple(columns)

    def proved(self, known: Array, along: Callable[[Array], Array], weigh: Callable[[Array], Array]) -> bool:
        """Whether what was measured adds up along a random direction, which a wrong grouping would not let it."""
        direction = np.where(known, self.step, 0) * random_direction(self.x, self.rng)
        above, below = self.near([direction, -direction])
        measured = weigh((above - below) / 2)
        return bool(np.linalg.norm(measured - along(direction)) <= 1e-3 * np.linalg.norm(measured))


@np.errstate(all="ignore")
def measured_jacobian(f: Function, x: Array, most: int, first: Array | None = None) -> Array:
    """``J[j, i] = ∂f[j]/∂x[i]`` by central differences, at most so many groups of entries; NaN elsewhere.

    Raises
    ------
    TooLargeError
        If it would take too much memory.

    Examples
    --------
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> measured_jacobian(lambda x: A @ x, np.array([1.0, -1.0]), 10).round(6).tolist()
    [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    """
    differences = _Differences(f, x, most, np.zeros(x.shape, bool) if first is None else first)
    out = differences.near.base
    if out.size * x.size > LARGEST:
        raise TooLargeError
    jacobian = _written_down(differences)
    if differences.grouping.pairs:
        known = np.asarray(np.isfinite(jacobian).all(axis=tuple(range(out.ndim))))
        if not differences.proved(known, lambda d: _times(np.where(known, jacobian, 0), d), np.asarray):
            differences.grouping = Grouping(x.shape)
            jacobian = _written_down(differences)
    return jacobian


def _written_down(differences: _Differences) -> Array:
    out = differences.near.base.shape
    rows = np.indices(out)
    jacobian = np.full(out + differences.x.shape, np.nan)
    for group, slope, columns in differences:
        jacobian[(..., *group)] = 0.0
        jacobian[(*rows, *columns)] = slope
    return jacobian


def _times(jacobian: Array, direction: Array) -> Array:
    return np.asarray(np.tensordot(jacobian, direction, axes=direction.ndim))


@np.errstate(all="ignore")
def measured_gradient(f: Function, x: Array, cotangent: Array, most: int, first: Array | None = None) -> Array:
    """``cotangentᵀ ∂f/∂x`` without its Jacobian, at most so many groups of entries; NaN elsewhere.

    Examples
    --------
    >>> measured_gradient(np.square, np.array([1.0, 2.0]), np.array([1.0, 10.0]), 5).round(6).tolist()
    [2.0, 40.0]
    """
    differences = _Differences(f, x, most, np.zeros(x.shape, bool) if first is None else first)
    gradient = _added_up(differences, cotangent)
    if differences.grouping.pairs:
        known = np.isfinite(gradient)
        total = lambda d: np.sum(np.where(known, gradient, 0) * d)  # noqa: E731 - one line
        if not differences.proved(known, total, lambda change: np.sum(cotangent * change)):
            differences.grouping = Grouping(x.shape)
            gradient = _added_up(differences, cotangent)
    return gradient


def _added_up(differences: _Differences, cotangent: Array) -> Array:
    gradient = np.full(differences.x.shape, np.nan)
    for group, slope, columns in differences:
        gradient[group] = 0.0
        np.add.at(gradient, columns, cotangent * slope)
    return gradient
