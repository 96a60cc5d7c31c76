"""Windows that slide over images: what convolution and pooling have in common.

Entry (i, j) of the window at output place (p, q) is padded x at row p·stride + i·dilation, and likewise for
columns. Forward gathers these entries into one array (N, C, KH, KW, OH, OW), a view that copies nothing;
backward scatters such an array back to x, adding where windows overlap. The two are each other's transpose.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from gradcheck.analytic.validation import Array, positive_integer

Pair = tuple[int, int]
Padding = Literal["valid", "same"] | Pair


@dataclass(frozen=True)
class Windows:
    """The geometry: each pair is for rows and for columns."""

    size: Pair
    stride: Pair
    padding: Padding = "valid"
    dilation: Pair = (1, 1)

    def pad(self, x: Array, value: float = 0.0) -> Array:
        """The images x (N, C, H, W) with `value` in the margins around them."""
        margins = self.margins(x.shape[2:])
        if not any(map(any, margins)):
            return x
        return np.pad(x, ((0, 0), (0, 0), *margins), constant_values=value)

    def gather(self, padded: Array) -> Array:
        """All windows of padded images, (N, C, KH, KW, OH, OW), as a view."""
        (sh, sw), (dh, dw) = self.stride, self.dilation
        every = sliding_window_view(padded, self._extents, axis=(2, 3))
        windows: Array = every[:, :, ::sh, ::sw, ::dh, ::dw].transpose(0, 1, 4, 5, 2, 3)
        return windows

    def scatter(self, windows: Array, image: tuple[int, ...]) -> Array:
        """The transpose of pad and gather: (N, C, KH, KW, OH, OW) added up in images (N, C, H, W)."""
        N, C, KH, KW, OH, OW = windows.shape
        (top, bottom), (left, right) = self.margins(image)
        H, W = image
        padded = np.zeros((N, C, top + H + bottom, left + W + right), windows.dtype)
        for i in range(KH):
            for j in range(KW):
                rows = self._every(0, i, OH)
                columns = self._every(1, j, OW)
                padded[:, :, rows, columns] += windows[:, :, i, j]
        return padded[:, :, top : top + H, left : left + W].copy()

    def margins(self, image: tuple[int, ...]) -> tuple[Pair, Pair]:
        """The rows to add above and below an image (H, W), and the columns to its left and right.

        "same" makes ⌈H / stride⌉ rows of output; an odd margin has its extra row below (and column to the
        right).
        """
        if self.padding == "valid":
            return (0, 0), (0, 0)
        if self.padding == "same":
            (top, bottom), (left, right) = (self._same(axis, length) for axis, length in enumerate(image))
            return (top, bottom), (left, right)
        rows, columns = self.padding
        return (rows, rows), (columns, columns)

    def require(self, owner: object, shape: tuple[int, ...]) -> None:
        """Raise unless there is at least one window in images of this shape."""
        if len(shape) != 4:
            raise ValueError(f"{owner!r}: x has shape {shape}, expected images (N, C, H, W)")
        names = ("rows", "columns")
        for axis, (name, extent, margin) in enumerate(
            zip(names, self._extents, self.margins(shape[2:]), strict=True), start=2
        ):
            if shape[axis] + sum(margin) < extent:
                raise ValueError(
                    f"{owner!r}: x has {shape[axis]} {name} on axis {axis}, expected at least "
                    f"{extent - sum(margin)}, as a window takes {extent}"
                )

    def __str__(self) -> str:
        """The options as they are written in a call, without those that are as usual."""
        parts = [str(_short(self.size))]
        parts += [f"stride={_short(self.stride)}"] if self.stride != (1, 1) else []
        parts += [f"padding={_short(self.padding)!r}"] if self.padding not in ("valid", (0, 0)) else []
        parts += [f"dilation={_short(self.dilation)}"] if self.dilation != (1, 1) else []
        return ", ".join(parts)

    @property
    def _extents(self) -> Pair:
        """The rows and columns from the first entry of a window to its last."""
        (KH, KW), (dh, dw) = self.size, self.dilation
        return (KH - 1) * dh + 1, (KW - 1) * dw + 1

    def _same(self, axis: int, length: int) -> Pair:
        outputs = ceil(length / self.stride[axis])
        total = max((outputs - 1) * self.stride[axis] + self._extents[axis] - length, 0)
        return total // 2, total - total // 2

    def _every(self, axis: int, entry: int, outputs: int) -> slice:
        """Where an entry of all windows lies along rows (axis 0) or columns (axis 1)."""
        start, stride = entry * self.dilation[axis], self.stride[axis]
        return slice(start, start + outputs * stride, stride)


def pair(owner: str, name: str, value: Any) -> Pair:
    """One positive integer for both directions, or two of them."""
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2:
        raise ValueError(f"{owner}: {name} = {value!r}, expected an integer or a pair (rows, columns)")
    return positive_integer(owner, name, both[0]), positive_integer(owner, name, both[1])


def padding_of(owner: str, value: Any) -> Padding:
    """A padding in normal form."""
    if value in ("valid", "same"):
        return value  # type: ignore[no-any-return]  # one of the two words
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(both) != 2 or not all(isinstance(side, int) and side >= 0 for side in both):
        raise ValueError(
            f"{owner}: padding = {value!r}, expected 'valid', 'same', an integer from 0 or a pair (rows, columns)"
        )
    return both[0], both[1]


def _short(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and value[0] == value[1] else value
