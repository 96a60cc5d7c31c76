"""The gate before training: a network whose gradients are wrong does not get to learn."""

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.network import Network
from gradcheck.checking import Report, check
from gradcheck.checking.precision import in_double

EXAMPLES = 8  # enough to tell a mean from a sum, and few enough to cost next to nothing
OFF_ZERO = 0.05


def gate(network: Any, x: NDArray[Any], t: NDArray[Any], *, seed: int = 0, name: str | None = None) -> Report:
    """The report on a network's gradients, checked on a few of the examples it is going to learn from.

    A network of layers is checked in a copy in double precision, whose parameters that are exactly zero, as biases
    are at first, get small random values: where a picture is black, a ReLU without bias stands on its kink, and there
    is little to be said.

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
    rng = np.random.default_rng(seed)
    few = rng.choice(len(x), size=min(EXAMPLES, len(x)), replace=False)
    x, t = x[few], t[few]
    if isinstance(network, Network):
        network, (x, t) = in_double(network, (x, t)) or (copy.deepcopy(network), (x, t))
        _move_off_zero(network, rng)
    return check(network, x, t, seed=seed, name=name)


def _move_off_zero(network: Network, rng: np.random.Generator) -> None:
    for W in network.params.values():
        W[...] = np.where(W == 0, OFF_ZERO * rng.standard_normal(W.shape), W)
