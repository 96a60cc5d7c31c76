"""Targets that are classes: as indices or as rows, smoothed and weighted."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradcheck.analytic.losses.loss import Loss, Reduction
from gradcheck.analytic.validation import Array, real_number


class ClassLoss(Loss):
    """A loss of x (N, C), for targets t that are either (N,) class indices, or (N, C) one-hot rows or probabilities."""

    def _checked_targets(self, x: Array, t: NDArray[Any]) -> Array:
        """The targets as rows in the shape and dtype of x."""
        if x.ndim == 0:
            raise ValueError(f"{self!r}: x is a single number, expected scores (N, C)")
        if t.shape == x.shape:
            return t.astype(x.dtype, copy=False)
        if t.shape != x.shape[:-1]:
            raise ValueError(
                f"{self!r}: t has shape {t.shape}, expected {x.shape[:-1]} for class indices "
                f"or {x.shape} for one-hot rows or probabilities"
            )
        return self._one_hot(t, x)

    def _one_hot(self, t: NDArray[Any], x: Array) -> Array:
        """Class indices (N,) as rows (N, C) that are 1 at the class and 0 elsewhere."""
        C = x.shape[-1]
        if not np.issubdtype(t.dtype, np.integer):
            raise TypeError(
                f"{self!r}: t has dtype {t.dtype}, expected integers, as its shape is that of class indices"
            )
        if t.min() < 0 or t.max() >= C:
            wrong = t[(t < 0) | (t >= C)].flat[0]
            raise ValueError(f"{self!r}: t holds the class {wrong}, expected 0 to {C - 1}, as x has C = {C} scores")
        rows: Array = (t[..., None] == np.arange(C)).astype(x.dtype)
        return rows


class WeightedClassLoss(ClassLoss):
    """A loss linear in its targets, which can therefore be smoothed and weighted beforehand.

    Parameters
    ----------
    label_smoothing : float
        ε from 0 to 1: the target becomes (1 − ε) t + ε / C.
    class_weights : array_like (C,), optional
        What each class counts: the target becomes w_c t_c. The mean is still over the examples, as in Keras
        (PyTorch divides by the sum of their weights).
    reduction : ``"mean"``, ``"sum"`` or ``"none"``
        Of the examples.
    """

    def __init__(
        self,
        label_smoothing: float = 0.0,
        class_weights: ArrayLike | None = None,
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__(reduction)
        name = type(self).__name__
        self.label_smoothing = real_number(name, "label_smoothing", label_smoothing, 0, 1)
        self.class_weights = None if class_weights is None else np.array(class_weights, np.float64)
        if self.class_weights is not None and not _are_weights(self.class_weights):
            raise ValueError(f"{name}: class_weights = {class_weights!r}, expected numbers of at least 0, one a class")

    def _checked_targets(self, x: Array, t: NDArray[Any]) -> Array:
        rows = super()._checked_targets(x, t)
        C = x.shape[-1]
        if self.label_smoothing:
            rows = (1 - self.label_smoothing) * rows + self.label_smoothing / C
        if self.class_weights is not None:
            if len(self.class_weights) != C:
                raise ValueError(
                    f"{self!r}: there are {len(self.class_weights)} class_weights, but x has C = {C} scores"
                )
            rows = rows * self.class_weights.astype(x.dtype)
        return rows

    def _options(self) -> str:
        smoothing = f"label_smoothing={self.label_smoothing}" if self.label_smoothing else ""
        weights = "" if self.class_weights is None else f"class_weights={self.class_weights.tolist()}"
        return ", ".join(filter(None, [smoothing, weights, super()._options()]))


def _are_weights(weights: Array) -> bool:
    return weights.ndim == 1 and bool((np.isfinite(weights) & (weights >= 0)).all())
