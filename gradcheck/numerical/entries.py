"""The derivatives with respect to all entries of an array, with their bounds and their kinks."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numerical.differences import Slope
from gradcheck.numerical.line import Line

Array = NDArray[Any]
Group = tuple[Any, ...]


@dataclass
class Entries:
    """The slope in every entry: value, bound on its error, and the range of subgradients at a kink.

    ``convex`` says of each kink whether the slope grows across it.
    """

    value: Array
    error: Array
    low: Array
    high: Array
    kinks: Array
    convex: Array

    @classmethod
    def empty(cls, shape: tuple[int, ...], dtype: "np.dtype[Any]") -> "Entries":
        """Room for the entries of an array; nothing is known yet."""
        value, error, low, high = (np.zeros(shape, dtype) for _ in range(4))
        error[...] = np.inf
        return cls(value, error, low, high, np.zeros(shape, bool), np.zeros(shape, bool))

    @classmethod
    def joined(cls, parts: "list[Entries]") -> "Entries":
        """The entries of several arrays in one row."""
        return cls(*(np.concatenate([getattr(part, f.name).ravel() for part in parts]) for f in fields(cls)))

    def put(self, group: Group, slope: Slope, direction: Array, where: Any = True) -> None:
        """Store the slopes of a group, which were measured in units of `direction`."""
        still = direction == 0
        unit = np.where(still, 1, direction)
        ends = slope.left / unit, slope.right / unit
        for array, new in (
            (self.value, slope.value / unit),
            (self.error, np.where(still, np.inf, slope.error / np.abs(unit))),
            (self.low, np.minimum(*ends)),
            (self.high, np.maximum(*ends)),
            (self.kinks, slope.kink),
            (self.convex, slope.right > slope.left),
        ):
            array[group] = np.where(where, new, array[group])


def agrees(line: Line, entries: Entries) -> bool:
    """Whether the entries add up to the slope along a line of the whole array."""
    slope, direction = line.slope(), line.direction
    ends = entries.low * direction, entries.high * direction
    slack = 2 * slope.error + np.sum(np.where(direction == 0, 0, entries.error * np.abs(direction)))
    low, high = np.minimum(*ends).sum() - slack, np.maximum(*ends).sum() + slack
    return bool(low <= max(slope.left, slope.right) and min(slope.left, slope.right) <= high)
