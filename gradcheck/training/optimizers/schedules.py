"""Schedules: how the learning rate depends on the number of steps taken."""

from collections.abc import Mapping
from math import cos, inf, pi
from typing import Literal

from gradcheck.analytic.recorded import Recorded


class Schedule(Recorded):
    """The learning rate of step t, counted from 0.

    Parameters
    ----------
    lr : float
        The rate to begin with, greater than 0.

    Examples
    --------
    >>> class Halving(Schedule):
    ...     def __call__(self, t):
    ...         return self.initial / 2**t
    >>> [Halving(1.0)(t) for t in range(3)]
    [1.0, 0.5, 0.25]
    """

    def __init__(self, lr: float) -> None:
        if not 0 < lr < inf:
            raise ValueError(f"lr has to be a number greater than 0; it is {lr!r}")
        self.initial = float(lr)

    def __call__(self, t: int) -> float:
        """The rate of step t."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__(t)")

    def state(self) -> dict[str, float]:
        """What a schedule remembers beside the number of steps, for saving: nothing, as a rule."""
        return {}

    def load_state(self, state: Mapping[str, float]) -> None:
        """Remember what ``state()`` has given."""

    def __repr__(self) -> str:
        numbers = {name: value for name, value in vars(self).items() if name != "made_with"}
        return f"{type(self).__name__}({', '.join(f'{name}={value:g}' for name, value in numbers.items())})"


class Constant(Schedule):
    """Always the same rate.

    >>> Constant(0.1)(1000)
    0.1
    """

    def __call__(self, t: int) -> float:
        """The rate of step t."""
        return self.initial


class StepDecay(Schedule):
    """The rate is multiplied by `factor` every so many steps: lr · factor^⌊t / every⌋.

    >>> schedule = StepDecay(1.0, every=10, factor=0.5)
    >>> [schedule(t) for t in (0, 9, 10, 25)]
    [1.0, 1.0, 0.5, 0.25]
    """

    def __init__(self, lr: float, every: int, factor: float = 0.1) -> None:
        super().__init__(lr)
        self.every, self.factor = _steps("every", every), _share("factor", factor)

    def __call__(self, t: int) -> float:
        """The rate of step t."""
        return self.initial * float(self.factor ** (t // self.every))


class ExponentialDecay(Schedule):
    """The rate falls by `factor` in so many steps, evenly: lr · factor^(t / steps).

    >>> schedule = ExponentialDecay(1.0, steps=10, factor=0.25)
    >>> [schedule(t) for t in (0, 5, 10)]
    [1.0, 0.5, 0.25]
    """

    def __init__(self, lr: float, steps: int, factor: float) -> None:
        super().__init__(lr)
        self.steps, self.factor = _steps("steps", steps), _share("factor", factor)

    def __call__(self, t: int) -> float:
        """The rate of step t."""
        return self.initial * float(self.factor ** (t / self.steps))


class InverseTimeDecay(Schedule):
    """The rate falls as one over time: lr / (1 + decay · t).

    >>> schedule = InverseTimeDecay(1.0, decay=0.5)
    >>> [schedule(t) for t in (0, 2, 6)]
    [1.0, 0.5, 0.25]

    References
    ----------
    H. Robbins, S. Monro, "A stochastic approximation method", Annals of Mathematical Statistics 22 (1951).
    """

    def __init__(self, lr: float, decay: float) -> None:
        super().__init__(lr)
        if not 0 <= decay < inf:
            raise ValueError(f"decay has to be a number of at least 0; it is {decay!r}")
        self.decay = float(decay)

    def __call__(self, t: int) -> float:
        """The rate of step t."""
        return self.initial / (1 + self.decay * t)


class CosineDecay(Schedule):
    """Half a cosine from lr down to `least` in so many steps, and `least` from there on.

    least + (lr − least) (1 + cos(π t / steps)) / 2.

    >>> schedule = CosineDecay(1.0, steps=10)
    >>> [round(schedule(t), 12) for t in (0, 5, 10, 15)]
    [1.0, 0.5, 0.0, 0.0]

    References
    ----------
    I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017.
    """

    def __init__(self, lr: float, steps: int, least: float = 0.0) -> None:
        super().__init__(lr)
        self.steps = _steps("steps", steps)
        if not 0 <= least <= lr:
            raise ValueError(f"least has to be from 0 to lr = {lr!r}; it is {least!r}")
        self.least = float(least)

    def __call__(self, t: int) -> float:
        """The rate of step t."""
        return self.least + (self.initial - self.least) * (1 + cos(pi * min(t / self.steps, 1))) / 2


class WarmUp(Schedule):
    """The rate rises in a straight line for so many steps to where `then` begins, then follows it.

    The first step is already 1 / steps of it.

    >>> schedule = WarmUp(4, then=StepDecay(1.0, every=10, factor=0.5))
    >>> [schedule(t) for t in (0, 1, 3, 4, 14)]
    [0.25, 0.5, 1.0, 1.0, 0.5]

    References
    ----------
    P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017.
    """

    def __init__(self, steps: int, then: float | Schedule) -> None:
        self.then = then if isinstance(then, Schedule) else Constant(then)
        super().__init__(self.then(0))
        self.steps = _steps("steps", steps)

    def __call__(self, t: int) -> float:
        """The rate of step t."""
        return self.initial * (t + 1) / self.steps if t < self.steps else self.then(t - self.steps)

    def state(self) -> dict[str, float]:
        """What the schedule that follows remembers."""
        return self.then.state()

    def load_state(self, state: Mapping[str, float]) -> None:
        """Remember what ``state()`` has given."""
        self.then.load_state(state)

    def __repr__(self) -> str:
        return f"WarmUp({self.steps}, then={self.then!r})"


class ReduceOnPlateau(Schedule):
    """The rate is multiplied by `factor` when a figure has not improved for more than `patience` looks at it.

    Somebody has to look: call ``observe(value)`` after each epoch, with the loss on data held out, say.

    Parameters
    ----------
    lr, factor, patience
        The rate to begin with, what it is multiplied by, and how many looks without improvement are borne.
    least : float
        The rate is not lowered below this one.
    better : ``"lower"`` or ``"higher"``
        For a loss, or for an accuracy.
    threshold : float
        An improvement by less than this share counts as none.

    Examples
    --------
    >>> schedule = ReduceOnPlateau(1.0, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.1):
    ...     schedule.observe(loss)
    >>> schedule(0)
    0.5
    """

    def __init__(
        self,
        lr: float,
        factor: float = 0.1,
        patience: int = 10,
        *,
        least: float = 0.0,
        better: Literal["lower", "higher"] = "lower",
        threshold: float = 1e-4,
    ) -> None:
        super().__init__(lr)
        if better not in {"lower", "higher"}:
            raise ValueError(f"better has to be 'lower' or 'higher'; it is {better!r}")
        self.factor, self.patience = _share("factor", factor), _steps("patience", patience, 0)
        self.least, self.threshold = float(least), float(threshold)
        self.sign = 1 if better == "lower" else -1
        self.rate, self.best, self.waited = self.initial, inf, 0

    def __call__(self, t: int) -> float:
        """The rate now; the number of steps does not matter."""
        return self.rate

    def observe(self, value: float) -> None:
        """Take note of how well it goes."""
        figure = self.sign * value
        if figure < self.best - self.threshold * abs(self.best) if self.best < inf else figure < inf:
            self.best, self.waited = figure, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.rate, self.waited = max(self.rate * self.factor, self.least), 0

    def state(self) -> dict[str, float]:
        """The rate, the best figure, and how long it has been waited for a better one."""
        return {"rate": self.rate, "best": self.best, "waited": float(self.waited)}

    def load_state(self, state: Mapping[str, float]) -> None:
        """Remember what ``state()`` has given."""
        self.rate, self.best, self.waited = state["rate"], state["best"], int(state["waited"])


def _steps(name: str, value: int, least: int = 1) -> int:
    if isinstance(value, bool) or value != int(value) or value < least:
        raise ValueError(f"{name} has to be a whole number of at least {least}; it is {value!r}")
    return int(value)


def _share(name: str, value: float) -> float:
    if not 0 < value <= 1:
        raise ValueError(f"{name} has to be greater than 0 and at most 1; it is {value!r}")
    return float(value)
