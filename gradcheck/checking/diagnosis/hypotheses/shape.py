"""Gradients of the wrong shape: an axis not summed, one summed too many, or the axes exchanged."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.trial import Trial
from gradcheck.checking.report import Diagnosis

Array = NDArray[Any]


def wrong_shape(clues: Clues) -> Iterator[Explanation | Diagnosis]:
    """What a gradient of another shape than its tensor would have to undergo to be right."""
    claimed, right = clues.claimed, clues.right
    if claimed.shape == right.shape or not claimed.size:
        return
    shapes = f"{clues.d} has shape {claimed.shape}, but {clues.tensor} has shape {right.shape}"
    yield from _not_summed(clues, shapes)
    if claimed.size < right.size:
        yield from _summed(clues, shapes)
    if sorted(claimed.shape) == sorted(right.shape) and right.ndim > 1:
        axes = tuple(reversed(range(right.ndim)))
        yield Explanation(
            "transposed",
            lambda trial: trial.right(clues.tensor).transpose(axes),
            f"{shapes}: it is the right gradient, transposed.",
            "Exchange the factors of the product, or transpose it.",
        )
    elif claimed.size == right.size:
        yield Explanation(
            "wrong-shape",
            lambda trial: trial.right(clues.tensor).reshape(claimed.shape),
            f"{shapes}: the numbers are right, only the shape is not.",
            f"Reshape it to the shape of {clues.tensor}.",
        )


def _not_summed(clues: Clues, shapes: str) -> Iterator[Diagnosis]:
    """Summing some axes of what was claimed gives the right gradient, at fresh points too."""
    claimed, shape = clues.claimed, clues.value.shape
    for count in range(1, claimed.ndim + 1):
        for axes in combinations(range(claimed.ndim), count):
            if _sums(clues.given.claimed(clues.tensor), axes, shape) is None:
                continue
            for factor, cause in ((1.0, "missing-sum"), (-1.0, "missing-sum+sign")):
                if all(_matches(clues, trial, axes, factor) for trial in (clues.given, *clues.fresh)):
                    said = f"ax{'is' if count == 1 else 'es'} {', '.join(map(str, axes))}"
                    if all(claimed.shape[a] == 1 for a in axes) and factor > 0:
                        yield Diagnosis(
                            "wrong-shape",
                            clues.tensor,
                            1.0,
                            f"{shapes}: the numbers are right, but {said}, of length 1, is too many.",
                            f"Give {clues.d} the shape of {clues.tensor}: {clues.d}.reshape({clues.tensor}.shape).",
                        )
                        return
                    yield Diagnosis(
                        cause,
                        clues.tensor,
                        1.0,
                        f"{shapes}: {clues.tensor} was broadcast along {said} in forward; {clues.d} is not summed "
                        f"over that; summed, it is right{'' if factor > 0 else ' but for its sign'}.",
                        f"Sum over {said}: {clues.d} = {clues.d}.sum(axis={axes[0] if count == 1 else axes}).",
                    )
                    return


def _sums(array: Array, axes: tuple[int, ...], shape: tuple[int, ...]) -> Array | None:
    for keep in (False, True):
        total = array.sum(axis=axes, keepdims=keep)
        if total.shape == shape:
            return np.asarray(total)
    total = array.sum(axis=axes)
    return np.asarray(total.reshape(shape)) if total.size == int(np.prod(shape)) == max(shape, default=1) else None


def _matches(clues: Clues, trial: Trial, axes: tuple[int, ...], factor: float) -> bool:
    total, right = _sums(trial.claimed(clues.tensor), axes, clues.value.shape), trial.right(clues.tensor)
    if total is None:
        return False
    known = np.isfinite(right)
    return bool(
        np.allclose(total[known], factor * right[known], rtol=1e-5, atol=1e-7 * np.abs(right[known]).max(initial=0))
    )


def _summed(clues: Clues, shapes: str) -> Iterator[Explanation]:
    """Some axes of the right gradient summed away, or averaged."""
    right, target = clues.right, clues.claimed.shape
    for count in range(1, right.ndim + 1):
        for axes in combinations(range(right.ndim), count):
            for keep in (False, True):
                if right.sum(axis=axes, keepdims=keep).shape != target:
                    continue
                said = f"ax{'is' if count == 1 else 'es'} {', '.join(map(str, axes))}"
                scalar = int(np.prod(target)) == 1
                for cause, how in (("extra-sum", "summed"), ("extra-mean", "averaged")):

                    def predict(trial: Trial, axes: Any = axes, keep: bool = keep, how: str = how) -> Array:
                        g = trial.right(clues.tensor)
                        return np.asarray((g.sum if how == "summed" else g.mean)(axis=axes, keepdims=keep))

                    yield Explanation(
                        "wrong-shape" if scalar else cause,
                        predict,
                        f"{shapes}: it is {how} over {said}, which it should keep.",
                        f"Do not reduce over {said}.",
                    )
