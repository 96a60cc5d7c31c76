"""Adam and its relatives: momentum, and a learning rate for every weight."""

from math import prod, sqrt
from typing import ClassVar

import numpy as np

from gradcheck.training.optimizers.clipping import Clipping
from gradcheck.training.optimizers.optimizer import Array, Optimizer, between
from gradcheck.training.optimizers.schedules import Schedule


class Adam(Optimizer):
    """Adaptive moments: the running mean of the gradient over the root of that of its square.

    ``m ← β₁ m + dW``, ``v ← β₂ v + dW²``, ``W ← W − lr · m̂ / (√v̂ + ε)``, where m̂ = m / (1 + β₁ + … + β₁ᵗ⁻¹) and
    v̂ = v / (1 + β₂ + … + β₂ᵗ⁻¹) are means in which the gradient of k steps ago has the weight βᵏ.

    The paper keeps (1 − β₁) m and (1 − β₂) v, and has to correct them in the first steps: by 1 − β₁ᵗ, which is
    (1 − β₁) (1 + β₁ + … + β₁ᵗ⁻¹). The means are the same; sums take two passes over the weights less.

    Parameters
    ----------
    lr : float or Schedule
    beta_1, beta_2 : float
        The shares of the two means that are kept, from 0 up to but not including 1.
    epsilon : float
        Is added to √v̂, as in the paper's algorithm and in PyTorch. Keras adds it to √v ("epsilon hat"), so
        that there it weighs more in the first steps.
    clip : Clipping, optional

    Examples
    --------
    >>> params = {"W": np.array([1.0, 1.0])}
    >>> adam = Adam(lr=0.1)
    >>> adam.update(params, {"W": np.array([100.0, -0.01])})
    >>> params["W"].round(6)  # the first step is lr, whatever the size of the gradient
    array([0.9, 1.1])
    >>> sorted(adam.state_dict())
    ['m/W', 'steps', 'v/W']

    References
    ----------
    D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
    """

    keeps: ClassVar[tuple[str, ...]] = ("m", "v")

    def __init__(
        self,
        lr: float | Schedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        *,
        epsilon: float = 1e-8,
        clip: Clipping | None = None,
    ) -> None:
        super().__init__(lr, clip)
        self.beta_1, self.beta_2 = between("beta_1", beta_1, 0, 1), between("beta_2", beta_2, 0, 1)
        self.epsilon = between("epsilon", epsilon, 0)
        self.fades = self.epsilon > 0

    def _begin_step(self) -> None:
        self.weights_1, self.weights_2 = _weights(self.beta_1, self.steps), _weights(self.beta_2, self.steps)

    def _move(self, W: Array, dW: Array, scratch: Array, *kept: Array) -> None:
        m, v = kept
        m *= self.beta_1
        m += dW
        v *= self.beta_2
        v += np.multiply(dW, dW, out=scratch)
        # What v is divided by is a number, so it goes into the rate and ε: one pass over the block less.
        root = np.sqrt(v, out=scratch)
        root += self.epsilon * sqrt(self.weights_2)
        step = np.divide(m, root, out=scratch)
        step *= self.rate * sqrt(self.weights_2) / self.weights_1
        W -= step


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: first ``W ← W − lr · decay · W``, then Adam's step.

    As a penalty in the loss, L2 would be divided by √v̂ like all of the gradient, and decay the weights
    with large gradients least. Here all decay by the same share.

    Parameters
    ----------
    lr, beta_1, beta_2, epsilon, clip
        As in `Adam`.
    weight_decay : float
        The share of W, times lr, that is taken off in each step.

    Examples
    --------
    >>> params = {"W": np.array([1.0, -2.0])}
    >>> AdamW(lr=0.1, weight_decay=0.5).update(params, {"W": np.zeros(2)})
    >>> params["W"]
    array([ 0.95, -1.9 ])

    References
    ----------
    I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", ICLR 2019; with lr times decay, as in
    PyTorch and Keras.
    """

    def __init__(
        self,
        lr: float | Schedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        *,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        clip: Clipping | None = None,
    ) -> None:
        super().__init__(lr, beta_1, beta_2, epsilon=epsilon, clip=clip)
        self.weight_decay = between("weight_decay", weight_decay, 0)

    def _move(self, W: Array, dW: Array, scratch: Array, *kept: Array) -> None:
        W *= 1 - self.rate * self.weight_decay
        super()._move(W, dW, scratch, *kept)


class Adamax(Adam):
    """Adam with a running maximum in place of the root of the mean square.

    m̂ as in Adam, ``u ← max(β₂ u, |dW| + ε)``, ``W ← W − lr · m̂ / u``.

    Parameters
    ----------
    lr, beta_1, beta_2, clip
        As in `Adam`.
    epsilon : float
        Is added inside the maximum, as in PyTorch; the paper has none, Keras adds it to u.

    Examples
    --------
    >>> params = {"W": np.array([1.0, 1.0])}
    >>> Adamax(lr=0.1).update(params, {"W": np.array([100.0, -0.01])})
    >>> params["W"].round(6)
    array([0.9, 1.1])

    References
    ----------
    D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2.
    """

    keeps: ClassVar[tuple[str, ...]] = ("m", "u")

    def _move(self, W: Array, dW: Array, scratch: Array, *kept: Array) -> None:
        m, u = kept
        m *= self.beta_1
        m += dW
        u *= self.beta_2
        size = np.abs(dW, out=scratch)
        size += self.epsilon
        np.maximum(u, size, out=u)
        step = np.divide(m, u, out=scratch)
        step *= self.rate / self.weights_1
        W -= step


class Nadam(Adam):
    """Adam that looks ahead: Nesterov's momentum, with a share μ that warms up.

    m and v̂ as in Adam, and ``W ← W − lr · (μₜ₊₁ / (1 − M μₜ₊₁) · (1 − β₁) m + (1 − μₜ) / (1 − M) · dW) / (√v̂ + ε)``,
    where μₜ = β₁ (1 − 0.96^(ψ t) / 2) and M = μ₁ μ₂ … μₜ.

    Parameters
    ----------
    lr, beta_1, beta_2, epsilon, clip
        As in `Adam`.
    momentum_decay : float
        The ψ above; 0.004 as in the paper, PyTorch and Keras.

    Examples
    --------
    >>> params = {"W": np.array([1.0])}
    >>> Nadam(lr=0.1).update(params, {"W": np.array([100.0])})
    >>> print(f"{params['W'][0]:.4f}")
    0.8944

    References
    ----------
    T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016.
    """

    def __init__(
        self,
        lr: float | Schedule = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        *,
        epsilon: float = 1e-8,
        momentum_decay: float = 0.004,
        clip: Clipping | None = None,
    ) -> None:
        super().__init__(lr, beta_1, beta_2, epsilon=epsilon, clip=clip)
        self.momentum_decay = between("momentum_decay", momentum_decay, 0)
        self._product, self._product_of = 1.0, 0  # μ₁ … μₜ, and this t

    def _begin_step(self) -> None:
        super()._begin_step()
        if self._product_of != self.steps - 1:  # the state was loaded
            self._product = prod(self._share(t) for t in range(1, self.steps))
        share, following = self._share(self.steps), self._share(self.steps + 1)
        self._product, self._product_of = self._product * share, self.steps
        self._of_gradient = (1 - share) / (1 - self._product)
        self._of_sum = (1 - self.beta_1) * following / (1 - self._product * following)

    def _share(self, t: int) -> float:
        """μₜ, the share of the momentum in step t."""
        return self.beta_1 * (1 - float(0.96 ** (t * self.momentum_decay)) / 2)

    def _move(self, W: Array, dW: Array, scratch: Array, *kept: Array) -> None:
        m, v = kept
        m *= self.beta_1
        m += dW
        v *= self.beta_2
        v += np.multiply(dW, dW, out=scratch)
        step = np.multiply(m, self._of_sum, out=scratch)
        step += self._of_gradient * dW
        step *= self.rate * sqrt(self.weights_2)
        root = np.sqrt(v)
        root += self.epsilon * sqrt(self.weights_2)
        step /= root
        W -= step


def _weights(beta: float, steps: int) -> float:
    """The sum 1 + β + … + β^(steps − 1) of what the gradients so far weigh."""
    return (1 - beta**steps) / (1 - beta)
