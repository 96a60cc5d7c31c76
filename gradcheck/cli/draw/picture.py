"""From ink on paper to the picture a network sees, in the way MNIST's pictures were made."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def centred(ink: Array, side: int = 28, box: int = 20) -> Array:
    """A drawing of any size as MNIST's digits are: 20 pixels long, in a field of 28 × 28, its weight in the middle.

    The drawing is cut out, scaled with its proportions kept, so that its longer side fills the box, with the grey
    edges that this gives, and moved by whole pixels until its centre of mass is at the field's centre.

    Parameters
    ----------
    ink
        How much of it there is at each place, (H, W), 0 for none.
    side, box
        The length of the field, and of the digit's longer side in it.

    Returns
    -------
    picture
        (side, side), between 0 and 1; all 0 if there is no ink.

    Examples
    --------
    >>> ink = np.zeros((100, 60))
    >>> ink[30:90, 5:11] = 255
    >>> picture = centred(ink)
    >>> rows, columns = np.nonzero(picture)
    >>> int(rows.min()), int(rows.max()), sorted(set(columns.tolist()))
    (4, 23, [14, 15])

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
    Proceedings of the IEEE 86 (11), 1998, section III.A.
    """
    field = np.zeros((side, side))
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not rows.size:
        return field
    digit = scaled(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], box)
    h, w = digit.shape
    top, left = _offset(digit.sum(axis=1), side), _offset(digit.sum(axis=0), side)
    field[top : top + h, left : left + w] = digit / digit.max()
    return field


def scaled(ink: Array, longer: int) -> Array:
    """The picture with its longer side of this many pixels, the other in proportion, at least 1."""
    h, w = (max(1, round(size * longer / max(ink.shape))) for size in ink.shape)
    return np.asarray(_resampling(ink.shape[0], h) @ ink @ _resampling(ink.shape[1], w).T)


def _resampling(old: int, new: int) -> Array:
    """The matrix (new, old) that takes a row of pixels to one of another length, each a mean of those around it.

    The weights fall off in a triangle, as wide as a pixel of the coarser of the two grids on either side.
    """
    step = old / new
    centres = (np.arange(new) + 0.5) * step - 0.5
    distance = np.abs(centres[:, None] - np.arange(old)) / max(step, 1.0)
    weights = np.maximum(0.0, 1.0 - distance)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _offset(mass: Array, side: int) -> int:
    """Where to begin, so that the centre of this mass comes to pixel 14 of 28, as in MNIST, and nothing is lost."""
    centre = np.arange(mass.size) @ mass / mass.sum()
    return int(np.clip(round(side // 2 - centre), 0, side - mass.size))
