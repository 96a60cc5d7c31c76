"""Windows that slide over sequences, images and volumes: what convolution and pooling have in common.

Entry (i, j) of the window at output place (p, q) is padded x at row p·stride + i·dilation, and likewise for columns and
for one or three axes. So the entries (i, j) of all windows together are one slice of padded x: forward reads these
slices, backward adds to them. Pad and read is linear, and add and crop is its transpose.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, prod
from operator import index
from typing import Any, Literal

import numpy as np

from gradcheck.analytic.validation import Array, positive_integer

Sizes = tuple[int, ...]
Margins = tuple[tuple[int, int], ...]
Padding = Literal["valid", "same"] | Margins

AXES = {1: ("steps",), 2: ("rows", "columns"), 3: ("planes", "rows", "columns")}
INPUTS = {1: "sequences (N, C, T)", 2: "images (N, C, H, W)", 3: "volumes (N, C, D, H, W)"}


@dataclass(frozen=True)
class Windows:
    """The geometry: of each a number for each axis of the image; (..., places) is its shape without N and C."""

    size: Sizes
    stride: Sizes
    padding: Padding = "valid"
    dilation: Sizes = (1, 1)

    def pad(self, x: Array, value: float = 0.0) -> Array:
        """The images x (N, C, ...) with `value` in the margins around them."""
        image = x.shape[2:]
        margins = self.margins(image)
        if not any(map(any, margins)):
            return x
        padded = np.full((*x.shape[:2], *self._padded(image)), value, x.dtype)
        padded[_inside(image, margins)] = x
        return padded

    def crop(self, padded: Array, image: Sizes) -> Array:
        """The transpose of `pad`: the images without their margins."""
        margins = self.margins(image)
        return padded[_inside(image, margins)].copy() if any(map(any, margins)) else padded

    def entries(self, padded: Array) -> Iterator[Array]:
        """For each entry of a window in reading order, that of all windows at once: a view (N, C, *places)."""
        outputs = self.outputs(padded.shape[2:])
        for entry in np.ndindex(self.size):
            every = (self._every(axis, i, outputs[axis]) for axis, i in enumerate(entry))
            yield padded[:, :, *every]

    def along(self, axis: int, padded: Array) -> Iterator[Array]:
        """The same for windows along one axis alone, which is how those of a sum or maximum can be taken in turn."""
        places = self.outputs(padded.shape[2:])[axis]
        for i in range(self.size[axis]):
            yield padded[(slice(None),) * (2 + axis) + (self._every(axis, i, places),)]

    def gather(self, x: Array) -> Array:
        """All windows of the images x (N, C, ...), as columns: (N, C, entries, *places)."""
        padded = self.pad(x)
        columns = np.empty((*x.shape[:2], prod(self.size), *self.outputs(padded.shape[2:])), x.dtype)
        for k, entry in enumerate(self.entries(padded)):
            columns[:, :, k] = entry
        return columns

    def scatter(self, columns: Array, image: Sizes) -> Array:
        """The transpose of `gather`: columns (N, C, entries, *places) added up in images (N, C, *image)."""
        padded = self.zeros(columns, image)
        for k, places in enumerate(self.entries(padded)):
            np.add(places, columns[:, :, k], out=places)
        return self.crop(padded, image)

    def zeros(self, like: Array, image: Sizes) -> Array:
        """Padded images (N, C, ...) of zeros, with the N, C and dtype of another array."""
        return np.zeros((*like.shape[:2], *self._padded(image)), like.dtype)

    def outputs(self, padded: Sizes) -> Sizes:
        """How many windows there are along each axis of a padded image."""
        sides = zip(padded, self.extents, self.stride, strict=True)
        return tuple((length - extent) // stride + 1 for length, extent, stride in sides)

    def margins(self, image: Sizes) -> Margins:
        """How much to add before and after an image along each of its axes.

        "same" makes ⌈length / stride⌉ outputs; an odd margin has its extra place after.
        """
        if self.padding == "valid":
            return ((0, 0),) * len(image)
        if self.padding == "same":
            return tuple(self._same(axis, length) for axis, length in enumerate(image))
        return self.padding

    def require(self, owner: object, shape: Sizes) -> None:
        """Raise unless there is at least one window in images of this shape."""
        dims = len(self.size)
        if len(shape) != 2 + dims:
            raise ValueError(f"{owner!r}: x has shape {shape}, expected {INPUTS[dims]}")
        sides = zip(AXES[dims], self.extents, self.margins(shape[2:]), strict=True)
        for axis, (name, extent, margin) in enumerate(sides, start=2):
            if shape[axis] + sum(margin) < extent:
                raise ValueError(
                    f"{owner!r}: x has {shape[axis]} {name} on axis {axis}, expected at least "
                    f"{extent - sum(margin)}, as a window takes {extent}"
                )

    def __str__(self) -> str:
        """The options as they are written in a call, without those that are as usual."""
        once = (1,) * len(self.size)
        padding = _shown(self.padding) if isinstance(self.padding, tuple) else self.padding
        parts = [str(_short(self.size))]
        parts += [f"stride={_short(self.stride)}"] if self.stride != once else []
        parts += [f"padding={padding!r}"] if padding not in ("valid", 0) else []
        parts += [f"dilation={_short(self.dilation)}"] if self.dilation != once else []
        return ", ".join(parts)

    @property
    def extents(self) -> Sizes:
        """The places from the first entry of a window to its last, along each axis."""
        return tuple((k - 1) * gap + 1 for k, gap in zip(self.size, self.dilation, strict=True))

    def _padded(self, image: Sizes) -> Sizes:
        return tuple(before + side + after for side, (before, after) in zip(image, self.margins(image), strict=True))

    def _same(self, axis: int, length: int) -> tuple[int, int]:
        outputs = ceil(length / self.stride[axis])
        total = max((outputs - 1) * self.stride[axis] + self.extents[axis] - length, 0)
        return total // 2, total - total // 2

    def _every(self, axis: int, entry: int, outputs: int) -> slice:
        """Where an entry of all windows lies along an axis."""
        start, stride = entry * self.dilation[axis], self.stride[axis]
        return slice(start, start + (outputs - 1) * stride + 1, stride)


def sizes(owner: str, name: str, value: Any, dims: int) -> Sizes:
    """One positive integer for all axes, or one for each."""
    each = tuple(value) if isinstance(value, tuple | list) else (value,) * dims
    if len(each) != dims:
        raise ValueError(f"{owner}: {name} = {value!r}, expected an integer or {_one_each(dims)}")
    return tuple(positive_integer(owner, name, side) for side in each)


def padding_of(owner: str, value: Any, dims: int) -> Padding:
    """A padding in normal form: a word, or the places before and after for each axis."""
    if isinstance(value, str) and value in ("valid", "same"):
        return "valid" if value == "valid" else "same"
    each = tuple(value) if isinstance(value, tuple | list) else (value,) * dims
    try:
        margins = tuple((index(a), index(b)) for a, b in map(_before_and_after, each))
    except (TypeError, ValueError):
        margins = ()
    if len(margins) != dims or any(side < 0 for side in sum(margins, ())):
        raise ValueError(
            f"{owner}: padding = {value!r}, expected 'valid', 'same', an integer from 0, or {_one_each(dims)}, "
            "each an integer or a pair (before, after)"
        )
    return margins


def require_images(owner: object, x: Array) -> None:
    """Raise unless x is (N, C, H, W) with at least one row and one column."""
    if x.ndim != 4:
        raise ValueError(f"{owner!r}: x has shape {x.shape}, expected {INPUTS[2]}")
    for axis in (2, 3):
        if x.shape[axis] == 0:
            raise ValueError(f"{owner!r}: x has 0 {AXES[2][axis - 2]} on axis {axis}, expected at least 1")


def _before_and_after(side: Any) -> tuple[Any, ...]:
    return tuple(side) if isinstance(side, tuple | list) else (side, side)


def _one_each(dims: int) -> str:
    kind = {1: "a tuple", 2: "a pair", 3: "three of them"}[dims]
    return f"{kind} ({', '.join(AXES[dims])}{',' if dims == 1 else ''})"


def _inside(image: Sizes, margins: Margins) -> tuple[slice, ...]:
    places = (slice(before, before + side) for side, (before, _) in zip(image, margins, strict=True))
    return (slice(None), slice(None), *places)


def _short(values: tuple[Any, ...]) -> Any:
    return values[0] if len(set(values)) == 1 else values


def _shown(margins: Margins) -> Any:
    """Margins as one would write them: 1, (1, 2) or ((1, 0), 2); a pair for one axis alone stays in its own tuple."""
    short = _short(tuple(map(_short, margins)))
    return (short,) if len(margins) == 1 and isinstance(short, tuple) else short
