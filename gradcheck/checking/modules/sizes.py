"""Axes that have names, lengths of which no two are alike, and what an error says about which should be the same.

As every axis has a length of its own, the lengths in a message name the axes: ``shapes (3,6) and (5,4) not aligned``
says that the axis of length 6 and the axis of length 5 are one.
"""

import math
import re
from collections.abc import Iterator, Mapping

# N batch, D features in, H features out, T time, V vocabulary; C channels, F filters, Y and X height and width,
# KY and KX those of a kernel; P all parameters in one row. Two numbers in a name multiply: 4H.
USUAL = {"N": 3, "D": 6, "H": 5, "T": 4, "V": 9, "C": 2, "F": 4, "Y": 8, "X": 6, "KY": 3, "KX": 3, "S": 7, "P": 12}
_SPARE = (10, 11, 13, 14, 17, 15, 19, 23)

_LONGEST = 400

_RESHAPE = re.compile(r"cannot reshape array of size (\d+) into shape \(([\d, ]+)\)")
_SHAPES = re.compile(r"\(((?:\d+,? ?)*)\)")
_PAIRS = (
    re.compile(r"(\d+) \(dim \d+\) != (\d+) \(dim \d+\)"),
    re.compile(r"size (\d+) is different from (\d+)"),
    re.compile(r"along dimension \d+, the array at index \d+ has size (\d+) and the array at index \d+ has size (\d+)"),
    re.compile(r"size of axis is (\d+) but size of corresponding boolean axis is (\d+)"),
)


class Sizes:
    """Lengths of named axes.

    Examples
    --------
    >>> sizes = Sizes({"N": 3, "D": 6, "H": 5})
    >>> sizes.shape(("N", "D")), sizes.shape(("D", "4H", "1"))
    ((3, 6), (6, 20, 1))
    """

    def __init__(self, lengths: Mapping[str, int]) -> None:
        self.lengths = dict(lengths)

    def of(self, axis: str) -> int:
        """The length of an axis; one that is new has a length that no other has; ``H+D`` is two side by side."""
        if "+" in axis:
            return sum(map(self.of, axis.split("+")))
        factor, name = re.fullmatch(r"(\d*)(.*)", axis, re.S).groups()  # type: ignore[union-attr]
        if not name:
            return int(factor)
        if name not in self.lengths:
            self.lengths[name] = next(n for n in _SPARE if n not in self.lengths.values())
        return int(factor or 1) * self.lengths[name]

    def shape(self, axes: tuple[str, ...]) -> tuple[int, ...]:
        """The lengths of several axes."""
        return tuple(self.of(axis) for axis in axes)

    def with_length(self, **lengths: int) -> "Sizes":
        """The same with some lengths replaced."""
        return Sizes(self.lengths | lengths)

    def mended(self, message: str, used: list[str], data: tuple[str, ...] = ()) -> Iterator["Sizes"]:
        """The same with two lengths made one, for each way to read a message; the later of the axes in use yields."""
        if "P" in used and (short := _RESHAPE.search(message)):
            missing = math.prod(int(n) for n in re.findall(r"\d+", short[2])) - int(short[1])
            yield self.with_length(P=self.of("P") + missing)
        for one, other in clashes(message):
            if 0 in (one, other) or self.lengths.get("N") in (one, other):
                continue  # a batch is as long as it is: what has its length by accident is no axis of it
            named = [axis for axis in used if self.lengths.get(axis) in (one, other)]
            lengths = {self.lengths[axis] for axis in named}
            if len(lengths) == 2 and set(named) <= set(data):
                continue  # two axes of the input itself are two
            if len(lengths) == 2:
                yield self.with_length(**dict.fromkeys(named, self.lengths[named[0]]))
            elif len(lengths) == 1 and max(one, other) <= _LONGEST:
                (known,) = lengths
                yield self.with_length(**dict.fromkeys(named, other if known == one else one))


def clashes(message: str) -> list[tuple[int, int]]:
    """The pairs of lengths that should be one, as far as an error of NumPy's says.

    Examples
    --------
    >>> clashes("shapes (3,6) and (5,4) not aligned: 6 (dim 1) != 5 (dim 0)")
    [(6, 5)]
    >>> clashes("operands could not be broadcast together with shapes (3,5) (3,4) ")
    [(5, 4)]
    """
    for pattern in _PAIRS:
        if found := pattern.search(message):
            return [(int(found[1]), int(found[2]))]
    shapes = [tuple(int(n) for n in re.findall(r"\d+", text)) for text in _SHAPES.findall(message)]
    shapes = [shape for shape in shapes if shape]
    if "broadcast" not in message or len(shapes) < 2:
        return []
    ends = zip(reversed(shapes[0]), reversed(shapes[1]), strict=False)
    return [(a, b) for a, b in ends if a != b and 1 not in (a, b)]
