"""The gate before training: a network whose gradients are wrong does not get to learn."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking import Report, check

EXAMPLES = 8  # enough to tell a mean from a sum, and few enough to cost next to nothing


def gate(network: Any, x: NDArray[Any], t: NDArray[Any], *, seed: int = 0, name: str | None = None) -> Report:
    """The report on a network's gradients, checked on a few of the examples it is going to learn from.

    Parameters
    ----------
    network
        Anything with ``params``, ``loss(x, t)`` and ``gradient(x, t)``.
    x, t
        The examples, (N, D), and their targets, N of them.
    seed
        Chooses the examples and the check's own directions.
    name
        What the report calls it.

    Returns
    -------
    report
        To be asked ``report.ok``, or told ``report.raise_if_wrong()``.
    """
    few = np.random.default_rng(seed).choice(len(x), size=min(EXAMPLES, len(x)), replace=False)
    return check(network, x[few], t[few], seed=seed, name=name)
