"""The usual layouts of data, each with what goes with it: weights, biases, states.

A file says rarely which it uses; they are tried in the order that its names and shapes speak for.
"""

import re
from dataclasses import dataclass, field, replace

from gradcheck.checking.modules.source import Source

Axes = tuple[str, ...]


@dataclass(frozen=True)
class World:
    """One layout.

    Attributes
    ----------
    name : str
        What to call it.
    data : tuple of str
        The axes of the input; see :mod:`gradcheck.checking.modules.sizes` for their names.
    weight, recurrent, bias, scale, state : tuple of str
        Those of what goes with it.
    inn, out : str
        The axes whose lengths layers are made with.
    rare : bool
        One in which a mistake can hide (a single sample): tried only where nothing else runs.
    lengths : dict
        Lengths other than the usual.
    answers : tuple of str
        The axes of what a model makes of the data, where the weight does not say it.
    """

    name: str
    data: Axes
    weight: Axes = ("D", "H")
    recurrent: Axes = ("H", "H")
    bias: Axes = ("H",)
    scale: Axes = ("D",)
    state: Axes = ("N", "H")
    inn: str = "D"
    out: str = "H"
    rare: bool = False
    lengths: dict[str, int] = field(default_factory=dict, hash=False)
    answers: Axes = ()

    @property
    def output(self) -> Axes:
        """The axes of what a weight makes of the data."""
        return self.answers or tuple(self.out if axis == self.inn else axis for axis in self.data)


DENSE = World("rows", ("N", "D"))
SINGLES = World("one number a sample", ("N",), scale=("1",), inn="N")
COLUMNS = World("columns", ("D", "N"), ("H", "D"), ("H", "H"), ("H", "1"), ("D", "1"), ("H", "N"))
FITTED = World("rows, one number for each", ("N", "D"), ("D",), bias=(), answers=("N",))
FITTED_COLUMNS = World("columns, one number for each", ("D", "N"), ("D", "1"), bias=(), answers=("1", "N"))
PREDICTIONS = World("a column of predictions", ("N", "1"), answers=("N",))
IMAGES = World("images", ("N", "C", "Y", "X"), ("F", "C", "KY", "KX"), bias=("F",), scale=("C",), inn="C", out="F")
LAST = World("channels last", ("N", "Y", "X", "C"), ("KY", "KX", "C", "F"), bias=("F",), scale=("C",), inn="C", out="F")
SEQUENCES = World("sequences", ("N", "T", "D"))
STEPS = World("time first", ("T", "N", "D"))
STEPS_LAST = World(
    "columns, time last", ("D", "N", "T"), ("H", "D"), bias=("H", "1"), scale=("D", "1"), state=("H", "N")
)
LINES = World("lines", ("N", "C", "S"), ("F", "C", "KX"), bias=("F",), scale=("C",), inn="C", out="F")
VECTOR = World("a vector", ("D",), ("H", "D"), ("H", "H"), ("H",), ("D",), ("H",), rare=True)
COLUMN = World("a column", ("D", "1"), ("H", "D"), ("H", "H"), ("H", "1"), ("D", "1"), ("H", "1"), rare=True)
ONE_COLUMN = replace(COLUMN, name="one column at a time", rare=False)
COLUMNS_IN_TURN = World(
    "one column at each time", ("T", "D", "1"), ("H", "D"), ("H", "H"), ("H", "1"), ("D", "1"), ("H", "1")
)
ROW = World("a row", ("1", "D"), bias=("1", "H"), rare=True)
IMAGE = World(
    "an image", ("C", "Y", "X"), ("F", "C", "KY", "KX"), bias=("F",), scale=("C",), inn="C", out="F", rare=True
)
MATRIX = World("a matrix", ("Y", "X"), ("KY", "KX"), bias=("1",), inn="Y", out="F", rare=True)
WIDE = World(
    "an image, channels last", ("Y", "X", "C"), ("KY", "KX", "C", "F"), bias=("F",), inn="C", out="F", rare=True
)
TIMELINE = World("a sequence", ("T", "D"), rare=True)
WORLDS = (
    DENSE,
    COLUMNS,
    SINGLES,
    FITTED,
    FITTED_COLUMNS,
    PREDICTIONS,
    SEQUENCES,
    IMAGES,
    LAST,
    STEPS,
    STEPS_LAST,
    LINES,
    VECTOR,
    COLUMN,
    ROW,
    IMAGE,
    MATRIX,
    WIDE,
    TIMELINE,
)

_IMAGES = re.compile(r"conv|pool|im2col|2d|spatial|image|upsamp|padding|lrn", re.I)
_LINES = re.compile(r"1d", re.I)
SEQUENTIAL = re.compile(r"rnn|lstm|gru|time|temporal|sequence|attention|recurrent|transformer", re.I)
_FITTED = re.compile(r"def \w+\((?=[^)]*\b(theta|w|beta|coef\w*|weights)\b)(?=[^)]*\by\b)", re.I)
_COLUMNS = re.compile(r"shape\[1\]|\(\s*\w+\.T\s*,|, 1\)\)|axis\s*=\s*1, keepdims")


def likely_worlds(name: str, source: Source, first: str) -> list[World]:
    """All worlds, those first that the name of a thing, the shape of its first input and its source speak for."""

    def misfit(world: World) -> tuple[int, int, int]:
        return int(world.rare), int(not source.may_have(first, len(world.data))), -_affinity(world, name, source)

    worlds = [variant for world in WORLDS for variant in _variants(world, name, source)]
    return sorted(worlds, key=misfit)


def _affinity(world: World, name: str, source: Source) -> int:
    points = 0
    if world in (FITTED, FITTED_COLUMNS):
        transposed = re.search(r"\b(theta|w)\.T\b\s*(,|@)|X\.shape\[1\]", source.text, re.I)
        matches = bool(transposed) == (world is FITTED_COLUMNS)
        return 3 if matches and _FITTED.search(source.text) and not re.search(r"\bdW\b", source.text) else -1
    if world is PREDICTIONS:
        return 3 if re.search(r"squeeze\(|\[:, ?0\]", source.text) else -2
    if world is DENSE and re.search(r"\bh_?prev\b|prev_h|\bhprev\b", source.text) and not re.search(r"time|T\b", name):
        points += 3
    if world.inn == "C":
        points += 2 * bool(_IMAGES.search(name)) + 2 * (len(world.data) == 3) * bool(_LINES.search(name))
        last = re.search(
            r"n_C\b|\(m, n_H|in_h, in_w, in_c|height, width, channels|batch_sz?, \w+, \w+, \w*c", source.text
        )
        points += (1 if world.data[-1] == "C" else -1) * (1 if last else -1)
    elif "T" in world.data:
        points += 2 * bool(SEQUENTIAL.search(name))
        points += (1 if world is STEPS_LAST else -1) * bool(re.search(r"m, T_[xy]\b", source.text))
    elif world is COLUMNS:
        points += (
            2
            if _COLUMNS.search(source.text) and re.search(r"dot\(\s*(self\.)?[Ww]\w*\s*,|[Ww]\w* @ ", source.text)
            else 0
        )
    elif world is not SINGLES:
        points += 1
    return points


def _variants(world: World, name: str, source: Source) -> list[World]:
    """A world as it is, and with other lengths: images that pools divide, gates side by side."""
    if "Y" in world.data:
        return [replace(world, lengths={"Y": y, "X": x}) for y, x in ((7, 5), (8, 6), (6, 9), (8, 8))]
    gates = _gates(name, source)
    if gates and "H" in world.weight:
        return [
            replace(world, weight=_times(k, world.weight), bias=_times(k, world.bias), recurrent=_gated(k, world))
            for k in gates
        ]
    return [world]


def _gates(name: str, source: Source) -> list[int]:
    if re.search(r"\bW_?[fio]\b", source.text):  # each gate has a weight of its own
        return []
    found = [4] if re.search("lstm", name + source.text[:200], re.I) else []
    found += [3] if re.search("gru", name + source.text[:200], re.I) else []
    found += [int(k) for k in re.findall(r"\b([34])\s*\*\s*(?:self\.)?\w*[hH]\w*\b", source.text)]
    return [*sorted(set(found), key=found.index), 1] if found else []


def _times(k: int, axes: Axes) -> Axes:
    return tuple(f"{k}H" if axis == "H" and k > 1 else axis for axis in axes)


def _gated(k: int, world: World) -> Axes:
    if k == 1:
        return world.recurrent
    return (f"{k}H", "H") if world.weight[0] == "H" else ("H", f"{k}H")
