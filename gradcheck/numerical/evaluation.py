"""Evaluating a function near a point: counted, never changing the point, over processes if wanted."""

import pickle
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


OUTSIDE_ITS_DOMAIN = (ArithmeticError, ValueError, AssertionError, LookupError, RuntimeError)
"""What a function raises where it has no value: left of a logarithm's 0, beyond what it asserts or has a table for."""


class Neighbourhood:
    """A function around `x`: give displacements, get outputs.

    Where the function has no value (it raises one of :data:`OUTSIDE_ITS_DOMAIN`, as ``math.log`` does left of 0),
    the outputs are NaN: the edge of a domain is an answer. At `x` itself it must have one.

    Parameters
    ----------
    f : callable
        Takes an array like `x`, returns an array of floats of any shape.
    x : ndarray of floats
        The point; every call of `f` gets an array of its own.
    executor : concurrent.futures.Executor, optional
        Where to evaluate; `f` must then be picklable.
    base : ndarray, optional
        The outputs at `x`, where they are known already.
    """

    def __init__(
        self, f: Callable[[Array], Any], x: Array, executor: Executor | None = None, base: Array | None = None
    ) -> None:
        require_floats("x", x)
        self.f, self.x, self.executor = f, np.asarray(x), executor
        self.evaluations, self.evaluations_elsewhere = int(base is None), 0
        self._payload = b"" if executor is None else _pickled(f)
        with np.errstate(all="ignore"):
            self.base = real_floats(f(_own(self.x)) if base is None else base)

    @cached_property
    def eps(self) -> float:
        """The unit roundoff of what f computes: the coarser of the precisions of its input and output."""
        return float(max(np.finfo(self.base.dtype).eps, np.finfo(self.x.dtype).eps))

    @cached_property
    def coarsest(self) -> "np.dtype[Any]":
        """The coarser of the dtypes of input and output; it decides how large the steps must be."""
        return max(self.base.dtype, self.x.dtype, key=lambda dtype: float(np.finfo(dtype).eps))

    def __call__(self, displacements: Iterable[Array]) -> list[Array]:
        """The outputs at ``x + displacement`` for each displacement, taken one by one."""
        points = (np.asarray(self.x + displacement) for displacement in displacements)
        if self.executor is None:
            with np.errstate(all="ignore"):
                outputs = [_value_or_nan(self.f, point, self.base) for point in points]
        else:
            futures = [self.executor.submit(_evaluate_pickled, self._payload, point, self.base) for point in points]
            outputs = [future.result() for future in futures]
            self.evaluations_elsewhere += len(outputs)
        self.evaluations += len(outputs)
        return outputs


def _pickled(f: Callable[[Array], Any]) -> bytes:
    try:
        return pickle.dumps(f)
    except Exception as problem:
        raise TypeError(
            f"the subject cannot be sent to an executor's workers: {problem}. Define it at the top level of a module "
            "(no lambda, no local function), or leave executor out"
        ) from problem


_loaded = threading.local()
_one_at_a_time = threading.Lock()


def _evaluate_pickled(payload: bytes, point: Array, like: Array) -> Array:
    """In a worker: unpickle the function once for each thread, then evaluate."""
    with _one_at_a_time:  # threads share the global random state, modules and classes; processes never wait here
        if getattr(_loaded, "payload", None) != payload:
            _loaded.payload, _loaded.f = payload, pickle.loads(payload)
        with np.errstate(all="ignore"):
            return _value_or_nan(_loaded.f, point, like)


def _own(x: Array) -> Array:
    return np.array(x, order="K")


def _value_or_nan(f: Callable[[Array], Any], point: Array, like: Array) -> Array:
    try:
        value = real_floats(f(point))
    except OUTSIDE_ITS_DOMAIN:
        return np.full_like(like, np.nan)
    if value.shape != like.shape:
        raise TypeError(
            f"f returned shape {like.shape} at x and {value.shape} near it; "
            "a derivative needs outputs of one shape, so pad or mask them to a fixed one"
        )
    return value


def require_floats(name: str, x: Any) -> None:
    """Refuse what has no real derivative, naming the remedy."""
    if not isinstance(x, np.ndarray | np.floating):
        raise TypeError(f"{name} is {type(x).__name__}; pass a NumPy array of floats, np.asarray({name}, float)")
    if x.dtype.kind == "c":
        raise TypeError(
            f"{name} has dtype {x.dtype}; complex derivatives are not supported: "
            "differentiate with respect to the real and imaginary parts"
        )
    if x.dtype.kind != "f":
        raise TypeError(
            f"{name} has dtype {x.dtype}, which cannot be varied continuously; cast it: {name}.astype(float)"
        )


def real_floats(value: Any) -> Array:
    """Outputs as an array of floats of their own; complex ones are refused."""
    array = np.array(value)
    if array.dtype.kind == "f":
        return array
    if array.dtype.kind in "iub":
        return array.astype(float)
    raise TypeError(f"f returned {type(value).__name__} of dtype {array.dtype}; real numbers are needed")
