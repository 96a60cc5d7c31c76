"""Hinge losses: right is not enough, it has to be right by a margin of 1."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.losses.loss import Loss, per_row
from gradcheck.analytic.losses.targets import ClassLoss
from gradcheck.analytic.validation import Array


class Hinge(Loss):
    """The hinge, ℓ = max(0, 1 − t x).

    Shapes: x (any), scores; t and the values the same; t is −1 or 1.

    Backward: dℓ/dx = −t where t x < 1, else 0. At the kink t x = 1 any number between the two is a subgradient; 0
    is taken: the margin is kept.

    Examples
    --------
    >>> loss = Hinge(reduction="none")
    >>> loss.forward([0.5, 0.5, 2.0], [1.0, -1.0, 1.0])
    array([0.5, 1.5, 0. ])
    >>> loss.backward()
    array([-1.,  1., -0.])

    References
    ----------
    Cortes, Vapnik, "Support-vector networks", Machine Learning 20 (1995).
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        missing = 1 - t * x
        return np.maximum(missing, 0), (missing, t)

    def _backward(self, dvalues: Any, cache: tuple[Array, Array]) -> Array:
        missing, t = cache
        dx: Array = -t * (missing > 0) * dvalues
        return dx

    def _checked_targets(self, x: Array, t: NDArray[Any]) -> Array:
        t = super()._checked_targets(x, t)
        if not np.isin(t, (-1, 1)).all():
            raise ValueError(f"{self!r}: t holds {t[~np.isin(t, (-1, 1))].flat[0]}, expected −1 and 1")
        return t


class SquaredHinge(Hinge):
    """The hinge squared, ℓ = max(0, 1 − t x)²: it has a derivative everywhere.

    Shapes: as in `Hinge`.

    Backward: dℓ/dx = −2 t max(0, 1 − t x).

    Examples
    --------
    >>> loss = SquaredHinge(reduction="none")
    >>> loss.forward([0.5, 0.5, 2.0], [1.0, -1.0, 1.0])
    array([0.25, 2.25, 0.  ])
    >>> loss.backward()
    array([-1.,  3., -0.])

    References
    ----------
    Tang, "Deep learning using linear support vector machines", 2013.
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        missing, cache = super()._forward(x, t)
        return missing * missing, cache

    def _backward(self, dvalues: Any, cache: tuple[Array, Array]) -> Array:
        missing, t = cache
        dx: Array = -2 * t * np.maximum(missing, 0) * dvalues
        return dx


class CategoricalHinge(ClassLoss):
    """The right class against the best wrong one: ℓ = max(0, 1 + max_{c ≠ t} x_c − x_t).

    Shapes: x (N, C), scores; t (N,) class indices or (N, C) one-hot rows; the values are (N,).

    Backward: where the margin is missing, 1 to the best wrong class (of several, the first) and −1 to the right one.

    Examples
    --------
    >>> loss = CategoricalHinge(reduction="none")
    >>> loss.forward([[1.0, 3.0, 2.5], [1.0, 3.0, 2.5], [9.0, 3.0, 2.5]], [2, 1, 0])
    array([1.5, 0.5, 0. ])
    >>> loss.backward()
    array([[ 0.,  1., -1.],
           [ 0., -1.,  1.],
           [ 0.,  0.,  0.]])

    References
    ----------
    Crammer, Singer, "On the algorithmic implementation of multiclass kernel-based vector machines", JMLR 2
    (2001). (Weston and Watkins sum over all wrong classes, as does CS231n.)
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        right, wrong = t.argmax(axis=-1), np.where(t > 0, -np.inf, x).argmax(axis=-1)
        missing = 1 + _at(x, wrong) - _at(x, right)
        return np.maximum(missing, 0), (missing, right, wrong, x.shape)

    def _backward(self, dvalues: Any, cache: Any) -> Array:
        missing, right, wrong, shape = cache
        dx = np.zeros(shape, missing.dtype)
        step = per_row((missing > 0) * dvalues)
        np.put_along_axis(dx, wrong[..., None], step, axis=-1)
        np.put_along_axis(dx, right[..., None], 0 - step, axis=-1)
        return dx

    def _checked_targets(self, x: Array, t: NDArray[Any]) -> Array:
        rows = super()._checked_targets(x, t)
        if x.shape[-1] < 2:
            raise ValueError(f"{self!r}: x has one score on its last axis, expected at least two classes")
        if not (np.isin(rows, (0, 1)).all() and (rows.sum(axis=-1) == 1).all()):
            raise ValueError(f"{self!r}: t has rows that are not one-hot, expected one 1 in each, else 0")
        return rows


def _at(x: Array, classes: NDArray[np.intp]) -> Array:
    """The score of one class in each row."""
    return np.asarray(np.take_along_axis(x, classes[..., None], axis=-1)[..., 0])
