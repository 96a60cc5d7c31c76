"""What several entries may claim together at a kink that they share."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.verdict.tolerance import Tolerance, outside
from gradcheck.numerical.entries import Entries
from gradcheck.numerical.line import Contraction, Line
from gradcheck.numerical.meter import EntryMeter
from gradcheck.numerical.noise import norm
from gradcheck.numerical.steps import exact_direction

Array = NDArray[Any]


def joint_subgradients(meter: EntryMeter, tolerance: Tolerance, entries: Entries) -> Array:
    """The kinked entries that cannot all be right together.

    Each entry of ``max(a, b)`` at a tie may claim any share, but all shares must add up: along ``a + t, b + t`` there
    is no kink. Entries whose kinks bend the same way form a convex function (or a concave one), and a subgradient of
    it lies between its slopes along every line; every output may choose between its own two. Kinks that bend
    opposite ways may hide each other, so they are looked at apart.

    References
    ----------
    Rockafellar, Convex Analysis, 1970, section 23 (the directional derivative supports the subdifferential).
    """
    wrong = np.zeros(entries.kinks.shape, bool)
    for bent_alike in (entries.kinks & entries.convex, entries.kinks & ~entries.convex):
        if bent_alike.sum() > 1 and any(
            _outside_along(meter, tolerance, direction)
            for direction in _joint_directions(meter, bent_alike, tolerance.analytic)
        ):
            wrong |= bent_alike
    return wrong


def _joint_directions(meter: EntryMeter, among: Array, claimed: Array) -> Iterator[Array]:
    """All entries by the same amount, in which a tie stays one; by amounts of their own; the way the gradient points.

    Along its own signs a gradient claims the steepest rise it can.
    """
    length = np.median(meter.direction[among])
    signs = np.where(claimed == 0, meter.rng.choice([-1.0, 1.0], among.shape), np.sign(claimed))
    yield np.where(among, length, 0)
    yield np.where(among, length * meter.rng.uniform(0.5, 1.5, among.shape), 0)
    yield np.where(among, length * signs, 0)


def _outside_along(meter: EntryMeter, tolerance: Tolerance, direction: Array) -> bool:
    exact = exact_direction(meter.near.x, direction.astype(meter.near.x.dtype), meter.ladder.lowest)
    line = Line(meter.near, exact, Contraction(), meter.noise)
    slope = line.measure(meter.ladder.wide[:2]).slope()  # smaller steps have confirmed these kinks already
    ends = meter.cotangent * slope.left, meter.cotangent * slope.right
    error = norm(meter.cotangent * slope.error)
    claimed = np.sum(tolerance.analytic * exact)
    return bool(outside(claimed, np.minimum(*ends).sum(), np.maximum(*ends).sum()) > tolerance.of_line(line, error))
