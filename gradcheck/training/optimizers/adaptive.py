"""A learning rate for every weight: Adagrad, RMSprop, Adadelta.

All divide the gradient by the root of its own past squares, so that steep directions take no longer steps
than flat ones; they differ in how they forget.
"""

from typing import ClassVar

import numpy as np

from gradcheck.training.optimizers.clipping import Clipping
from gradcheck.training.optimizers.optimizer import Array, Optimizer, between
from gradcheck.training.optimizers.schedules import Schedule


class Adagrad(Optimizer):
    """Divide by the root of all squares so far, which are never forgotten.

    ``s ← s + dW²``, ``W ← W − lr · dW / (√s + ε)``.

    Parameters
    ----------
    lr : float or Schedule
    epsilon : float
        Keeps the first step of a weight without gradient from dividing by 0. It is added to the root, as
        in PyTorch; Keras has it under the root.
    initial : float
        What s begins with. (0 as in the paper and PyTorch; Keras: 0.1.)
    clip : Clipping, optional

    Examples
    --------
    >>> params = {"W": np.array([1.0, 1.0])}
    >>> adagrad = Adagrad(lr=0.5)
    >>> adagrad.update(params, {"W": np.array([100.0, -0.01])})
    >>> params["W"].round(6)  # the first step is lr, whatever the size of the gradient
    array([0.5, 1.5])

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization", JMLR 12 (2011).
    """

    keeps: ClassVar[tuple[str, ...]] = ("s",)

    def __init__(
        self,
        lr: float | Schedule = 0.01,
        *,
        epsilon: float = 1e-10,
        initial: float = 0.0,
        clip: Clipping | None = None,
    ) -> None:
        super().__init__(lr, clip)
        self.epsilon, self.initial = between("epsilon", epsilon, 0), between("initial", initial, 0)

    def _remembered(self, name: str, W: Array) -> list[Array]:
        if name not in self.state["s"]:
            self.state["s"][name] = np.full(W.shape, self.initial, W.dtype)
        return super()._remembered(name, W)

    def _move(self, W: Array, dW: Array, scratch: Array, *kept: Array) -> None:
        (s,) = kept
        s += np.multiply(dW, dW, out=scratch)
        root = np.sqrt(s, out=scratch)
        root += self.epsilon
        step = np.divide(dW, root, out=scratch)
        step *= self.rate
        W -= step


class RMSprop(Optimizer):
    """Divide by the root of a running mean of the squares, so that the far past is forgotten.

    ``s ← ρ s + (1 − ρ) dW²``, ``v ← momentum · v + dW / (√s + ε)``, ``W ← W − lr · v``. Centred, s in the
    root is lessened by the square of the running mean of dW: a running variance.

    Parameters
    ----------
    lr : float or Schedule
    rho : float
        The share of the mean that is kept, from 0 up to but not including 1. (Keras: rho = 0.9; PyTorch
        calls it alpha, and has 0.99.)
    momentum : float
    epsilon : float
        Is added to the root, as in PyTorch; Keras has it under the root.
    centered : bool
    clip : Clipping, optional

    Examples
    --------
    >>> params = {"W": np.array([1.0])}
    >>> RMSprop(lr=0.01, rho=0.75).update(params, {"W": np.array([100.0])})
    >>> params["W"]  # s is a quarter of the square, so the step is twice lr
    array([0.98])

    References
    ----------
    T. Tieleman, G. Hinton, "Lecture 6.5: RMSprop", Coursera: Neural Networks for Machine Learning, 2012.
    Centred: A. Graves, "Generating sequences with recurrent neural networks", 2013.
    """

    keeps: ClassVar[tuple[str, ...]] = ("s", "v", "mean")

    def __init__(
        self,
        lr: float | Schedule = 0.001,
        rho: float = 0.9,
        *,
        momentum: float = 0.0,
        epsilon: float = 1e-8,
        centered: bool = False,
        clip: Clipping | None = None,
    ) -> None:
        super().__init__(lr, clip)
        self.rho, self.momentum = between("rho", rho, 0, 1), between("momentum", momentum, 0, 1)
        self.epsilon, self.centered = between("epsilon", epsilon, 0), bool(centered)
        self.fades = self.epsilon > 0
        in_use = {"s": True, "v": momentum > 0, "mean": centered}
        self.state = {kept: {} for kept in self.keeps if in_use[kept]}

    def _move(self, W: Array, dW: Array, scratch: Array, *kept: Array) -> None:
        arrays = dict(zip(self.state, kept, strict=True))
        s = arrays["s"]
        running_mean(s, self.rho, np.multiply(dW, dW, out=scratch), scratch)
        root = self._root(s, dW, scratch, arrays.get("mean"))
        root += self.epsilon
        step = np.divide(dW, root, out=scratch)
        if "v" in arrays:
            arrays["v"] *= self.momentum
            arrays["v"] += step
            step = np.multiply(arrays["v"], self.rate, out=scratch)
        else:
            step *= self.rate
        W -= step

    def _root(self, s: Array, dW: Array, scratch: Array, mean: Array | None) -> Array:
        if mean is None:
            return np.asarray(np.sqrt(s, out=scratch))
        running_mean(mean, self.rho, dW, scratch)
        variance = np.subtract(s, np.multiply(mean, mean, out=scratch), out=scratch)
        return np.asarray(np.sqrt(np.maximum(variance, 0, out=scratch), out=scratch))  # rounding may leave −1e-17


class Adadelta(Optimizer):
    """Steps as long as the last ones were, by the ratio of two running roots: no learning rate to choose.

    ``s ← ρ s + (1 − ρ) dW²``, ``Δ = dW · √(u + ε) / √(s + ε)``, ``u ← ρ u + (1 − ρ) Δ²``, ``W ← W − lr · Δ``.

    Parameters
    ----------
    lr : float or Schedule
        1 is the paper's; Keras has 0.001.
    rho : float
    epsilon : float
        Stands under both roots, as in the paper, PyTorch and Keras. The first steps are about √ε long.
    clip : Clipping, optional

    Examples
    --------
    >>> params = {"W": np.array([1.0])}
    >>> Adadelta(rho=0.75, epsilon=1e-4).update(params, {"W": np.array([100.0])})
    >>> params["W"].round(6)
    array([0.98])

    References
    ----------
    M. Zeiler, "ADADELTA: an adaptive learning rate method", 2012.
    """

    keeps: ClassVar[tuple[str, ...]] = ("s", "u")

    def __init__(
        self,
        lr: float | Schedule = 1.0,
        rho: float = 0.9,
        *,
        epsilon: float = 1e-6,
        clip: Clipping | None = None,
    ) -> None:
        super().__init__(lr, clip)
        self.rho, self.epsilon = between("rho", rho, 0, 1), between("epsilon", epsilon, 0)
        self.fades = self.epsilon > 0

    def _move(self, W: Array, dW: Array, scratch: Array, *kept: Array) -> None:
        s, u = kept
        running_mean(s, self.rho, np.multiply(dW, dW, out=scratch), scratch)
        ratio = np.divide(u + self.epsilon, np.add(s, self.epsilon, out=scratch), out=scratch)
        step = np.multiply(np.sqrt(ratio, out=scratch), dW, out=scratch)
        W -= self.rate * step
        running_mean(u, self.rho, np.multiply(step, step, out=scratch), scratch)


def running_mean(mean: Array, kept: float, value: Array, scratch: Array) -> None:
    """Mean ← kept · mean + (1 − kept) · value, in place; `scratch` is overwritten, and may be `value`."""
    mean *= kept
    mean += np.multiply(value, 1 - kept, out=scratch)
