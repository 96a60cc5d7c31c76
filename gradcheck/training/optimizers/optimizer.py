"""What every optimiser shares; a new one is a list of the arrays it keeps and one short method."""

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.recorded import Recorded
from gradcheck.training.aligned import aligned_copy, aligned_empty
from gradcheck.training.optimizers.clipping import Clipping
from gradcheck.training.optimizers.schedules import Constant, Schedule

Array = NDArray[Any]
Arrays = Mapping[str, Array]

BLOCK = 1 << 18  # bytes: the half dozen arrays of a block stay in the cache from the first operation to the last
OFTEN = 64  # steps between two looks for what has faded


class Optimizer(Recorded):
    """Moves parameters along their gradients, in place.

    A step of Adam is a dozen NumPy operations. Over whole arrays each would fetch them from memory anew;
    here all are done on one block of `BLOCK` bytes before the next, so a weight is fetched once a step,
    and nothing of its size is allocated after the first step.

    Parameters
    ----------
    lr : float or Schedule
        The learning rate, or how it depends on the number of steps taken.
    clip : Clipping, optional
        What is done to gradients that are too long, such as ``ClipByGlobalNorm(1.0)``.

    Attributes
    ----------
    steps : int
        How many steps have been taken.
    state : dict of dict of ndarray
        What is remembered for each parameter, such as ``state["m"]["W1"]``.

    Examples
    --------
    >>> class SignDescent(Optimizer):
    ...     def _move(self, W, dW, scratch):  # of a block, in place
    ...         W -= np.sign(dW, out=scratch) * self.rate
    >>> params = {"W": np.array([1.0, 2.0])}
    >>> SignDescent(lr=0.5).update(params, {"W": np.array([300.0, -0.1])})
    >>> params["W"]
    array([0.5, 2.5])
    """

    keeps: ClassVar[tuple[str, ...]] = ()
    """The names of the arrays remembered for each parameter; they start at zero."""

    fades: bool = False
    """Whether what is remembered fades where no gradient comes any more, until it counts for nothing."""

    def __init__(self, lr: float | Schedule, clip: Clipping | None = None) -> None:
        if not isinstance(clip, Clipping | None):
            raise TypeError(f"clip has to be a Clipping such as ClipByGlobalNorm(1.0); it is {clip!r}")
        self.schedule = lr if isinstance(lr, Schedule) else Constant(lr)
        self.clip = clip
        self.steps = 0
        self.rate = 0.0  # that of the step being taken
        self.state: dict[str, dict[str, Array]] = {kept: {} for kept in self.keeps}
        self._scratch = np.empty((0, 0))

    @property
    def lr(self) -> float:
        """The learning rate of the next step; setting it puts a constant in place of a schedule."""
        return self.schedule(self.steps)

    @lr.setter
    def lr(self, value: float) -> None:
        self.schedule = Constant(value)

    def update(self, params: Arrays, grads: Arrays) -> None:
        """Move every parameter one step, in place.

        Raises
        ------
        ValueError, TypeError
            If a parameter has no gradient, or one of another shape, or has changed its shape, or is made of whole
            numbers; nothing has moved then.
        """
        self._require_matching(params, grads)
        clipped = self.clip.prepare({name: grads[name] for name in params}) if self.clip else {}
        self.rate = self.lr
        self.steps += 1
        self._begin_step()
        for name, W in params.items():
            arrays = (W, grads[name], *self._remembered(name, W))
            for W_part, dW, *kept in _blocks(arrays):
                scratch, for_clipped = self._scratch_like(W_part)
                gradient = clipped[name](dW, for_clipped) if clipped else dW
                self._move(W_part, gradient, scratch, *kept)
                if self.fades and self.steps % OFTEN == 0:
                    _let_go(kept)

    def state_dict(self) -> dict[str, Array]:
        """All that is remembered, as a plain dict of arrays: ``"steps"``, and ``"m/W1"`` and the like.

        The arrays are copies; hyper-parameters are not among them.
        """
        kept = {f"{kept}/{name}": a.copy() for kept, arrays in self.state.items() for name, a in arrays.items()}
        schedule = {f"schedule/{name}": np.array(value) for name, value in self.schedule.state().items()}
        return {"steps": np.array(self.steps), **schedule, **kept}

    def load_state_dict(self, state: Arrays) -> None:
        """Go on from where another optimiser of this kind has stopped: its ``state_dict()``.

        Raises
        ------
        ValueError
            If it comes from an optimiser of another kind; nothing has changed then.
        """
        known = {"steps", *(f"schedule/{name}" for name in self.schedule.state())}
        kept: dict[str, dict[str, Array]] = {kept: {} for kept in self.state}
        for key, array in state.items():
            group, _, name = key.partition("/")
            if group in kept and name:
                kept[group][name] = aligned_copy(np.asarray(array))
            elif key not in known:
                raise ValueError(
                    f"{type(self).__name__} keeps no {key!r}; it keeps {', '.join(sorted(known | {*kept}))}"
                )
        if missing := known - state.keys():
            raise ValueError(f"the state lacks {', '.join(map(repr, sorted(missing)))}")
        numbers = {name: float(state[f"schedule/{name}"]) for name in self.schedule.state()}
        self.steps = int(state["steps"])
        self.schedule.load_state(numbers)
        self.state = kept

    def __repr__(self) -> str:
        clip = f", clip={self.clip!r}" if self.clip else ""
        return f"{type(self).__name__}(lr={self.lr:g}{clip})"

    def _begin_step(self) -> None:
        """Work out what depends on the number of the step alone."""

    def _move(self, W: Array, dW: Array, scratch: Array, *kept: Array) -> None:
        """Move a block of a parameter; `scratch` is an array of its size, `kept` are the arrays of ``keeps``."""
        raise NotImplementedError(f"{type(self).__name__} does not define _move(W, dW, scratch, *kept)")

    def _remembered(self, name: str, W: Array) -> list[Array]:
        """The arrays kept for this parameter."""
        for arrays in self.state.values():
            if name not in arrays or arrays[name].dtype != W.dtype:
                start = arrays[name].astype(W.dtype) if name in arrays else np.zeros(W.shape, W.dtype)
                arrays[name] = aligned_copy(start)
        return [arrays[name] for arrays in self.state.values()]

    def _scratch_like(self, block: Array) -> Array:
        """Two arrays of the size and dtype of this block, to be overwritten."""
        if self._scratch.dtype != block.dtype or self._scratch.shape[1] < block.size:
            size = max(block.size, min(BLOCK // block.itemsize, 2 * block.size))
            self._scratch = aligned_empty((2, size), block.dtype)
        return self._scratch[:, : block.size]

    def _require_matching(self, params: Arrays, grads: Arrays) -> None:
        for name, value in params.items():
            if value.dtype.kind != "f":
                raise TypeError(f"parameter {name!r} has dtype {value.dtype}; only floating-point numbers can be moved")
            if name not in grads:
                raise ValueError(f"parameter {name!r} has no gradient; there are gradients for {sorted(grads)}")
            if np.shape(grads[name]) != value.shape:
                raise ValueError(
                    f"the gradient of {name!r} has shape {np.shape(grads[name])}, the parameter has {value.shape}"
                )
            for kept, arrays in self.state.items():
                if name in arrays and arrays[name].shape != value.shape:
                    raise ValueError(
                        f"parameter {name!r} has shape {value.shape}, but what is kept of it ({kept}) has "
                        f"{arrays[name].shape}; an optimiser serves one network, so make a new one"
                    )


def _blocks(arrays: tuple[Array, ...]) -> Iterator[list[Array]]:
    """The same stretch of each of these arrays, of at most `BLOCK` bytes; what is written there, they hold."""
    W, dW, *kept = arrays
    if not W.flags.c_contiguous:
        yield from _blocks_of_a_copy(arrays)
        return
    flat = [W.reshape(-1), np.asarray(dW).reshape(-1), *(array.reshape(-1) for array in kept)]
    entries = max(1, BLOCK // W.itemsize)
    for start in range(0, W.size, entries):
        yield [array[start : start + entries] for array in flat]


def _let_go(kept: list[Array]) -> None:
    """Take as 0 what has all but faded.

    Times 0.9 again and again a number does not become 0, but subnormal, and stays there: on most processors a
    hundred times slower to work with. A pixel that is black in all but a few pictures is enough.
    """
    for array in kept:
        limits = np.finfo(array.dtype)
        least = limits.tiny / limits.eps  # 1e-31 in float32: does not fall below what is normal until the next look
        if array.itemsize > 2:  # float16 has no such numbers to spare
            array[np.abs(array) < least] = 0


def _blocks_of_a_copy(arrays: tuple[Array, ...]) -> Iterator[list[Array]]:
    """For a parameter whose entries do not lie one after the other."""
    W, *others = arrays
    copy = np.ascontiguousarray(W)
    yield from _blocks((copy, *others))
    W[...] = copy


def between(name: str, value: float, least: float, less_than: float = inf) -> float:
    """The value as a float, or the `ValueError` that says the range it has to be in."""
    if not least <= value < less_than:
        limits = "" if less_than == inf else f" and less than {less_than:g}"
        raise ValueError(f"{name} has to be at least {least:g}{limits}; it is {value!r}")
    return float(value)
