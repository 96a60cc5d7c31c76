"""Losses that compare each score with that of the labelled class: the label's own entry is off."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.hypotheses.terms import are_labels
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]


def labelled(clues: Clues) -> Iterator[Explanation]:
    """All is right but the label's entry in each row; the right rows add up to 0."""
    shape = clues.value.shape
    if clues.claimed.shape != shape or len(shape) != 2:
        return
    for name, t in clues.bureau.runner.inputs.items():
        if are_labels(t, shape) and all(
            _is_off_at_the_label(clues, trial, name) for trial in (clues.given, *clues.fresh)
        ):
            cause, what, remedy = _said(clues.claimed, clues.right, np.asarray(t).astype(int))
            yield Explanation(
                cause,
                partial(Trial.claimed, name=clues.tensor),  # what stands there instead follows no rule that is known
                f"{clues.d} is right everywhere but in the column of the label, {name}: {what}.",
                remedy,
                2,
            )


def _said(claimed: Array, right: Array, labels: Array) -> tuple[str, str, str]:
    """What the label's entries have instead."""
    places = np.arange(len(labels)), labels
    off = claimed[places] - right[places]
    if not np.any(claimed[places]):
        return "missing-term", "there it is 0", "At the label, subtract what is added in the other columns."
    if np.ptp(off) <= 1e-6 * np.max(np.abs(off)):
        return (
            "missing-term",
            f"there it is too {'large' if off[0] > 0 else 'small'} by {abs(off[0]):.4g}, always",
            f"{'Subtract' if off[0] > 0 else 'Add'} {abs(off[0]):.4g} at the label.",
        )
    row = int(np.argmax(np.abs(off)))
    return (
        "missing-sum",
        "forward compares every other score with the label's, so that each row adds up to 0, but "
        f"row {row} adds up to {claimed[row].sum():.4g}",
        "At the label, put minus the sum of the other entries of the row: as much is taken off there as is added "
        "elsewhere.",
    )


def _is_off_at_the_label(clues: Clues, trial: Trial, name: str) -> bool:
    """Whether it is wrong there alone, in a gradient of which each row adds up to 0."""
    claimed, right = trial.claimed(clues.tensor), trial.right(clues.tensor)
    labels = np.asarray(trial.point.get(name, clues.bureau.runner.inputs[name])).astype(int)
    elsewhere = np.arange(right.shape[1]) != labels[:, None]
    size = float(np.max(np.abs(right), initial=0.0))
    same = np.allclose(claimed[elsewhere], right[elsewhere], rtol=1e-6, atol=1e-7 * size)
    return bool(same and np.allclose(right.sum(axis=1), 0, atol=1e-6 * size) and not np.allclose(claimed, right))
