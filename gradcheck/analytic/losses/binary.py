"""Losses of yes or no, entry by entry: x says how likely t = 1 is, against t = 0."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.activations import sigmoid
from gradcheck.analytic.losses.loss import Loss, Reduction
from gradcheck.analytic.validation import Array, real_number


class WeightedBinaryLoss(Loss):
    """A loss of the form ℓ = p t ℓ₁(x) + (1 − t) ℓ₀(x).

    Parameters
    ----------
    positive_weight : float
        The p above: what a positive counts against a negative.
    label_smoothing : float
        ε from 0 to 1: the target becomes (1 − ε) t + ε / 2.
    reduction : ``"mean"``, ``"sum"`` or ``"none"``
        Of all entries.
    """

    def __init__(
        self, positive_weight: float = 1.0, label_smoothing: float = 0.0, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(reduction)
        name = type(self).__name__
        self.positive_weight = real_number(name, "positive_weight", positive_weight, 0)
        self.label_smoothing = real_number(name, "label_smoothing", label_smoothing, 0, 1)

    def _checked_targets(self, x: Array, t: NDArray[Any]) -> Array:
        t = super()._checked_targets(x, t)
        return (1 - self.label_smoothing) * t + self.label_smoothing / 2 if self.label_smoothing else t

    def _options(self) -> str:
        weight = "" if self.positive_weight == 1 else f"positive_weight={self.positive_weight}"
        smoothing = f"label_smoothing={self.label_smoothing}" if self.label_smoothing else ""
        return ", ".join(filter(None, [weight, smoothing, super()._options()]))


class SigmoidCrossEntropy(WeightedBinaryLoss):
    """Sigmoid and binary cross-entropy in one: ℓ = −p t log σ(x) − (1 − t) log(1 − σ(x)).

    Shapes: x (any), scores (logits); t and the values the same; t from 0 to 1.

    Backward: −log σ(x) = softplus(−x) and −log(1 − σ(x)) = softplus(x), whose derivatives are −σ(−x) and
    σ(x). So dℓ/dx = −p t σ(−x) + (1 − t) σ(x), which is σ(x) − t for p = 1.

    Parameters
    ----------
    positive_weight, label_smoothing, reduction
        As in `WeightedBinaryLoss`: by default 1, none and the mean over all entries.

    Examples
    --------
    >>> loss = SigmoidCrossEntropy(reduction="none")
    >>> loss.forward([0.0, 1e4, -1e4], [1.0, 1.0, 1.0]).round(3)
    array([6.93e-01, 0.00e+00, 1.00e+04])
    >>> loss.backward()
    array([-0.5,  0. , -1. ])

    References
    ----------
    Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.2.2.2.
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        bend = np.log1p(np.exp(-np.abs(x)))  # softplus(x) = max(x, 0) + bend
        positive, negative = np.maximum(-x, 0) + bend, np.maximum(x, 0) + bend
        return self.positive_weight * t * positive + (1 - t) * negative, (x, t)

    def _backward(self, dvalues: Any, cache: tuple[Array, Array]) -> Array:
        x, t = cache
        dx: Array = ((1 - t) * sigmoid(x) - self.positive_weight * t * sigmoid(-x)) * dvalues
        return dx


class BinaryCrossEntropy(WeightedBinaryLoss):
    """Binary cross-entropy of probabilities: ℓ = −p t log x − (1 − t) log(1 − x).

    Shapes: x (any), probabilities; t and the values the same. `SigmoidCrossEntropy` is better where there are
    scores.

    Backward: dℓ/dx = −p t / x + (1 − t) / (1 − x). So that neither is infinite, x is clipped to [ε, 1 − ε], with ε
    the rounding unit of its dtype; outside the loss is flat, and dx = 0.

    Parameters
    ----------
    positive_weight, label_smoothing, reduction
        As in `WeightedBinaryLoss`: by default 1, none and the mean over all entries.

    Examples
    --------
    >>> loss = BinaryCrossEntropy(reduction="none")
    >>> loss.forward([0.25, 0.25], [1.0, 0.0]).round(3)
    array([1.386, 0.288])
    >>> loss.backward().round(3)
    array([-4.   ,  1.333])

    References
    ----------
    Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 6.2.2.2.
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        inner = self._clipped(x)
        return -self.positive_weight * t * np.log(inner) - (1 - t) * np.log1p(-inner), (x, t)

    def _backward(self, dvalues: Any, cache: tuple[Array, Array]) -> Array:
        x, t = cache
        inner = self._clipped(x)
        slope = (1 - t) / (1 - inner) - self.positive_weight * t / inner
        dx: Array = np.where(inner == x, slope, 0) * dvalues
        return dx

    @staticmethod
    def _clipped(x: Array) -> Array:
        least = np.finfo(x.dtype).eps
        return np.asarray(np.clip(x, least, 1 - least))


class FocalLoss(Loss):
    """Binary cross-entropy that all but ignores what is easily right: ℓ = −α_t (1 − p_t)^γ log p_t.

    p_t is the probability of the right answer: σ(x) for t = 1 and 1 − σ(x) = σ(−x) for t = 0; α_t is α or 1 − α.

    Shapes: x (any), scores; t and the values the same; t is 0 or 1.

    Backward: with z = x for t = 1 and −x for t = 0, p_t = σ(z) and ℓ = α_t σ(−z)^γ softplus(−z). The derivative
    of σ(−z) is −σ(−z) σ(z), that of softplus(−z) is −σ(−z); so dℓ/dz = −α_t σ(−z)^γ (γ σ(z) softplus(−z) + σ(−z)),
    and dℓ/dx is that or its negative. At γ = 0 it is α_t times that of `SigmoidCrossEntropy`.

    Parameters
    ----------
    alpha : float
        What positives count, from 0 to 1; negatives count 1 − α.
    gamma : float
        How little easy examples count, at least 0.
    reduction : ``"mean"``, ``"sum"`` or ``"none"``

    Examples
    --------
    >>> loss = FocalLoss(reduction="none")
    >>> loss.forward([0.0, 3.0], [1.0, 1.0]).round(6)  # unsure, and right
    array([4.3322e-02, 2.7000e-05])

    References
    ----------
    Lin, Goyal, Girshick, He, Dollár, "Focal loss for dense object detection", ICCV 2017.
    """

    def __init__(self, alpha: float = 0.25, gamma: float = 2.0, reduction: Reduction = "mean") -> None:
        super().__init__(reduction)
        self.alpha = real_number("FocalLoss", "alpha", alpha, 0, 1)
        self.gamma = real_number("FocalLoss", "gamma", gamma, 0)

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        sign = 2 * t - 1
        z, weight = sign * x, np.where(t == 1, self.alpha, 1 - self.alpha).astype(x.dtype)
        surprise = np.maximum(-z, 0) + np.log1p(np.exp(-np.abs(z)))  # softplus(−z) = −log p_t
        focus = weight * sigmoid(-z) ** self.gamma
        return focus * surprise, (z, sign, focus, surprise)

    def _backward(self, dvalues: Any, cache: tuple[Array, Array, Array, Array]) -> Array:
        z, sign, focus, surprise = cache
        dx: Array = -sign * focus * (self.gamma * sigmoid(z) * surprise + sigmoid(-z)) * dvalues
        return dx

    def _checked_targets(self, x: Array, t: NDArray[Any]) -> Array:
        t = super()._checked_targets(x, t)
        if not np.isin(t, (0, 1)).all():
            raise ValueError(f"{self!r}: t holds {t[~np.isin(t, (0, 1))].flat[0]}, expected 0 and 1")
        return t

    def _options(self) -> str:
        return ", ".join(filter(None, [f"{self.alpha}, {self.gamma}", super()._options()]))
