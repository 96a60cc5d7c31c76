"""The same subject with one row less: a factor that is the length of the batch follows it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.bench import joined
from gradcheck.checking.conduct.evidence import as_array, pulled
from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.numerical.steps import scales

Array = NDArray[Any]


def rows_of(clues: Clues, name: str) -> int:
    """The length of the first axis of an input, or of the output."""
    inputs = clues.bureau.runner.inputs
    return int(np.shape(inputs.get(name, clues.given.output))[0])


def ratio_with_fewer_rows(clues: Clues, rows: int, value: float) -> float | None:
    """Claimed slope over right slope, where every array of so many rows is one shorter; None if that cannot be run.

    None also where the ratio of slopes is not this value even with all rows: then there is another mistake besides.
    """
    if rows < 2:
        return None
    try:
        with np.errstate(all="ignore"):
            if abs(abs(_ratio(clues, rows, None)) / value - 1) > 1e-3:
                return None
            ratio = _ratio(clues, rows, -1)
    except Exception:  # nobody but us chose this batch, and a subject need not take it
        return None
    return ratio if np.isfinite(ratio) else None


def _ratio(clues: Clues, rows: int, end: int | None) -> float:
    """Along one direction, of the arrays with so many rows up to an end."""
    runner, tensor = clues.bureau.runner, clues.tensor
    shorter = {name: x[:end] for name, x in runner.inputs.items() if isinstance(x, np.ndarray) and _has(x, rows)}
    x = np.asarray(shorter.get(tensor, clues.value))
    outputs, pullback = runner.start(shorter)
    rng = np.random.default_rng(rows)
    drawn = clues.bureau.takes_cotangent
    v = [rng.uniform(0.5, 1.5, np.shape(out)) if drawn else np.ones(np.shape(out)) for out in outputs]
    claimed = np.asarray(as_array(pulled(pullback, v)[tensor]), float)
    step = 2.0**-16 * scales(x) * np.sign(claimed)
    above, below = (
        joined([np.array(o, float) for o in runner.outputs({**shorter, tensor: x + s})]) for s in (step, -step)
    )
    return float(np.sum(claimed * step)) / (float(np.sum(joined(v) * (above - below))) / 2)


def _has(x: Array, rows: int) -> bool:
    return bool(x.ndim and x.shape[0] == rows)
