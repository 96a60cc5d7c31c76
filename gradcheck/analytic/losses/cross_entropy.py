"""Cross-entropy of many classes: from scores, and from probabilities."""

from typing import Any

import numpy as np

from gradcheck.analytic.losses.loss import per_row
from gradcheck.analytic.losses.targets import WeightedClassLoss
from gradcheck.analytic.softmax import log_softmax
from gradcheck.analytic.validation import Array


class SoftmaxCrossEntropy(WeightedClassLoss):
    """Softmax and cross-entropy in one: L = −(1/N) Σ_n Σ_c t_nc log y_nc, where y = softmax(x).

    Shapes: x (N, C), the scores (logits) of C classes; t either (N,) class indices, or (N, C) one-hot rows or
    probabilities. More axes in front of C are taken as more examples. The values are (N,).

    Backward: log y_c = x_c − log Σ_k e^{x_k}, whose derivative in x_j is δ_cj − y_j. Hence, for each
    example, ∂L/∂x_j = −Σ_c t_c (δ_cj − y_j) = y_j Σ_c t_c − t_j, which is y_j − t_j where the targets sum
    to 1, divided by N for the mean. Taken together the two never divide by a probability; apart they would.

    Parameters
    ----------
    label_smoothing, class_weights, reduction
        As in `WeightedClassLoss`: by default none, none and the mean.

    Raises
    ------
    ValueError, TypeError
        If the shape of t fits neither form, or an index is no class.

    Examples
    --------
    >>> loss = SoftmaxCrossEntropy()
    >>> value = loss.forward([[0.0, 0.0], [0.0, 1e4]], [0, 0])
    >>> print(f"{value:.6f} = (log 2 + 10000) / 2")
    5000.346574 = (log 2 + 10000) / 2
    >>> loss.backward()
    array([[-0.25,  0.25],
           [-0.5 ,  0.5 ]])

    References
    ----------
    Saito, *Deep Learning from Scratch* (2017), section 5.6.3 and appendix A; Goodfellow, Bengio, Courville,
    *Deep Learning* (2016), section 6.2.2.3; Stanford CS231n, "Linear classification: softmax". Smoothing:
    Szegedy et al., "Rethinking the Inception architecture", CVPR 2016.
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        log_y = log_softmax(x)
        return -np.sum(t * np.where(t == 0, 0, log_y), axis=-1), (log_y, t)  # 0 · log 0 counts 0: a score may be −∞

    def _backward(self, dvalues: Any, cache: tuple[Array, Array]) -> Array:
        log_y, t = cache
        dx: Array = (np.exp(log_y) * t.sum(axis=-1, keepdims=True) - t) * per_row(dvalues)
        return dx


class CategoricalCrossEntropy(WeightedClassLoss):
    """Cross-entropy of probabilities: L = −(1/N) Σ_n Σ_c t_nc log x_nc.

    Shapes: x (N, C) probabilities; t and the values as in `SoftmaxCrossEntropy`, which is better where there are
    scores: it loses nothing to rounding, and its gradient never explodes.

    Backward: ∂ℓ/∂x_c = −t_c / x_c. So that neither is infinite, x is clipped from below to ε, the rounding unit
    of its dtype (1.2e-7 in single precision, the number Keras takes); below ε the loss is flat, and dx = 0. The
    rows are taken to sum to 1, and not made to.

    Examples
    --------
    >>> loss = CategoricalCrossEntropy(reduction="none")
    >>> loss.forward([[0.25, 0.75], [0.5, 0.5]], [0, 1]).round(3)
    array([1.386, 0.693])
    >>> loss.backward()
    array([[-4., -0.],
           [-0., -2.]])

    References
    ----------
    Goodfellow, Bengio, Courville, *Deep Learning* (2016), section 3.13.
    """

    def _forward(self, x: Array, t: Array) -> tuple[Any, Any]:
        return -np.sum(t * np.log(np.maximum(x, np.finfo(x.dtype).eps)), axis=-1), (x, t)

    def _backward(self, dvalues: Any, cache: tuple[Array, Array]) -> Array:
        x, t = cache
        least = np.finfo(x.dtype).eps
        dx: Array = np.where(x >= least, -t / np.maximum(x, least), 0) * per_row(dvalues)
        return dx
