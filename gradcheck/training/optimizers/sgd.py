"""Stochastic gradient descent, with all that may be had of it: momentum, Nesterov's look ahead, decay."""

from typing import Any, ClassVar

import numpy as np

from gradcheck.training.optimizers.clipping import Clipping
from gradcheck.training.optimizers.optimizer import Array, Optimizer, between
from gradcheck.training.optimizers.schedules import InverseTimeDecay, Schedule


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if one likes.

    ``v ← momentum · v − lr · dW``, ``W ← W + v``; without momentum that is ``W ← W − lr · dW``. With
    Nesterov's momentum the step is ``W ← W + momentum · v − lr · dW``, with the v just computed: one looks
    where momentum is going to lead.

    Parameters
    ----------
    lr : float or Schedule
        The learning rate, greater than 0.
    momentum : float
        The share of the last step that is taken again, from 0 up to but not including 1.
    nesterov : bool
        Look ahead; needs momentum.
    decay : float
        Lets the rate of step t, counted from 0, be lr / (1 + decay · t).
    weight_decay : float
        The share λ of W that is added to dW before all else: the gradient of a penalty ½ λ Σ W² on every parameter.
    clip : Clipping, optional

    Raises
    ------
    ValueError
        If one is out of its range, or ``decay`` is given beside a schedule.

    Notes
    -----
    As in Keras and the textbooks the learning rate is part of v. PyTorch keeps it apart (``v ← momentum ·
    v + dW``, ``W ← W − lr · v``): the same steps, as long as the rate does not change.

    Examples
    --------
    >>> params = {"W": np.array([1.0, 2.0])}
    >>> sgd = SGD(lr=0.1, momentum=0.5)
    >>> for _ in range(2):
    ...     sgd.update(params, {"W": np.array([1.0, -1.0])})
    >>> params["W"]
    array([0.75, 2.25])

    References
    ----------
    B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", 1964. I. Sutskever,
    J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and momentum in deep learning",
    ICML 2013.
    """

    keeps: ClassVar[tuple[str, ...]] = ("v",)
    fades = True

    def __init__(
        self,
        lr: float | Schedule = 0.01,
        momentum: float = 0.0,
        *,
        nesterov: bool = False,
        decay: float = 0.0,
        weight_decay: float = 0.0,
        clip: Clipping | None = None,
    ) -> None:
        if decay and isinstance(lr, Schedule):
            raise ValueError(f"decay = {decay!r} is for a constant rate; lr is the schedule {lr!r}")
        super().__init__(InverseTimeDecay(lr, decay) if decay and not isinstance(lr, Schedule) else lr, clip)
        self.momentum = between("momentum", momentum, 0, 1)
        self.weight_decay = between("weight_decay", weight_decay, 0)
        self.nesterov = bool(nesterov)
        if nesterov and not momentum:
            raise ValueError("nesterov=True needs a momentum greater than 0, such as 0.9")

    @property
    def velocity(self) -> dict[str, Array]:
        """The last step v of each parameter."""
        return self.state["v"]

    def _remembered(self, name: str, W: Array) -> list[Array]:
        return super()._remembered(name, W) if self.momentum else []

    def _move(self, W: Array, dW: Array, scratch: Array, *kept: Any) -> None:
        if self.weight_decay:
            dW = np.add(dW, np.multiply(W, self.weight_decay, out=scratch), out=scratch)
        step = np.multiply(dW, -self.rate, out=scratch)
        if kept:
            (v,) = kept
            v *= self.momentum
            v += step
            if self.nesterov:
                W += step
            step = np.multiply(v, self.momentum, out=scratch) if self.nesterov else v
        W += step
