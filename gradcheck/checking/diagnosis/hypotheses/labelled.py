"""Losses that compare each score with that of the labelled class: the label's own entry is off."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.hypotheses.terms import are_labels
from gradcheck.checking.diagnosis.trial import Trial


def labelled(clues: Clues) -> Iterator[Explanation]:
    """All is right but the label's entry in each row, which should be minus the sum of the others."""
    shape = clues.value.shape
    if clues.claimed.shape != shape or len(shape) != 2:
        return
    for name, t in clues.bureau.runner.inputs.items():
        if are_labels(t, shape) and all(
            _is_off_at_the_label(clues, trial, name) for trial in (clues.given, *clues.fresh)
        ):
            rows = clues.claimed.sum(axis=1)
            worst = int(np.argmax(np.abs(rows)))
            yield Explanation(
                "missing-sum",
                partial(Trial.claimed, name=clues.tensor),  # what stands there instead follows no rule that is known
                f"{clues.d} is right in every column but that of the label, {name}: forward compares the other scores "
                f"with the label's, so that each row of {clues.d} adds up to 0; row {worst} adds up to "
                f"{rows[worst]:.4g}.",
                "At the label, put minus the sum of the other entries in the row: there as many are taken off as are "
                "added elsewhere.",
                2,
            )


def _is_off_at_the_label(clues: Clues, trial: Trial, name: str) -> bool:
    """Whether it is wrong there alone, in a gradient of which each row adds up to 0."""
    claimed, right = trial.claimed(clues.tensor), trial.right(clues.tensor)
    labels = np.asarray(trial.point.get(name, clues.bureau.runner.inputs[name])).astype(int)
    elsewhere = np.arange(right.shape[1]) != labels[:, None]
    size = float(np.max(np.abs(right), initial=0.0))
    same = np.allclose(claimed[elsewhere], right[elsewhere], rtol=1e-6, atol=1e-7 * size)
    return bool(same and np.allclose(right.sum(axis=1), 0, atol=1e-6 * size) and not np.allclose(claimed, right))
