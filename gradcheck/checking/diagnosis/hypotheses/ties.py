"""Right everywhere but at ties: where two entries are equal, or one lies exactly on a kink."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.report import Diagnosis

Array = NDArray[Any]


def ties(clues: Clues) -> Iterator[Diagnosis]:
    """The wrong entries lie at kinks, and at fresh points, where there are none, the gradient is right."""
    c = clues.comparison
    if not c.kinks.any() or not c.wrong.any() or np.any(c.wrong & ~c.kinks):
        return
    if any(_residual(clues, trial) > 1e-6 for trial in clues.fresh):
        return
    x = clues.value
    equal = _share_equal(x, c.wrong)
    where = "where the entry is 0" if np.all(x[c.wrong] == 0) else "where entries are equal" if equal else "at a kink"
    yield Diagnosis(
        "ties",
        clues.tensor,
        1.0,
        f"{clues.d} is wrong in {int(c.wrong.sum())} entries, all of them exactly {where}; at {len(clues.fresh)} fresh "
        "points without ties it is right.",
        "At a tie give the gradient to one of the equal entries, or shares that add up to one; at a kink give a value "
        "between the slopes on either side.",
    )


def _residual(clues: Clues, trial: Any) -> float:
    claimed, right = trial.claimed(clues.tensor), trial.right(clues.tensor)
    known = np.isfinite(right)
    return float(np.linalg.norm((claimed - right)[known]) / (np.linalg.norm(right[known]) or 1))


def _share_equal(x: Array, wrong: Array) -> bool:
    values, counts = np.unique(x, return_counts=True)
    return bool(np.isin(x[wrong], values[counts > 1]).all())
