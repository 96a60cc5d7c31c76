"""What an argument may be: what the source says of it, what its name says, what its annotation says."""

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.checking.modules.argument import Argument
from gradcheck.checking.modules.entries import entries
from gradcheck.checking.modules.source import Source
from gradcheck.checking.modules.specs import (
    Axes,
    Fixed,
    Floats,
    Leave,
    Length,
    Shape,
    Spec,
)
from gradcheck.checking.modules.targets import is_target, target_options
from gradcheck.checking.modules.vocabulary import MADE, PASSED
from gradcheck.checking.modules.worlds import World

_LARGE, _FEW = 16, 4


def guesses(argument: Argument, world: World, source: Source) -> list[Spec]:
    """What the argument may be, best first."""
    if isinstance(argument.default, dict) and any(map(is_large, argument.default.values())):
        return [_reduced(argument.default), Leave()]
    found: list[Spec] = [] if argument.required or _is_entry(argument, source) else [Leave()]
    found += _from_source(argument, world, source)
    for pattern, guess in MADE if argument.made else PASSED:
        if re.fullmatch(pattern, argument.plain):
            found += guess(argument, world, source)
            break
    else:
        found += _by_annotation(argument, world) or _fallback(argument, world)
    found = [*_smaller(argument, world, found), *found]
    return list(dict.fromkeys(spec for spec in found if _is_hashable(spec))) + [s for s in found if not _is_hashable(s)]


def _smaller(argument: Argument, world: World, found: list[Spec]) -> list[Spec]:
    """What to make instead of a large layer, or one in single precision: mistakes show as well, in less time."""
    if argument.default is np.float32:
        return [Fixed(np.float64)]
    if not is_large(argument.default):
        return []
    return [*_shape_like(argument, world), *(spec for spec in found if isinstance(spec, Length | Shape))]


def is_large(default: Any) -> bool:
    """Whether layers made with this default would be large: ``hidden_dim=100``, ``input_dim=(3, 32, 32)``."""
    if isinstance(default, tuple) and default and all(type(length) is int for length in default):
        return math.prod(default) > _LARGE**2
    return type(default) is int and default > _LARGE


def _reduced(default: Mapping[str, Any]) -> Fixed:
    """A dictionary of settings with few filters in place of many."""
    return Fixed({key: _FEW if is_large(value) else value for key, value in default.items()})


def _shape_like(argument: Argument, world: World) -> list[Spec]:
    """The shape of one sample, for a tuple of as many lengths."""
    one = world.data[1:]
    fits = isinstance(argument.default, tuple) and len(argument.default) == len(one) and re.match("in", argument.plain)
    return [Shape(one)] if fits else []


def _is_hashable(spec: Spec) -> bool:
    try:
        hash(spec)
    except TypeError:
        return False
    return True


def _is_entry(argument: Argument, source: Source) -> bool:
    """Whether it is a dictionary that the code looks into, which a default of None or {} does not spare."""
    return argument.name in source.keys and not argument.default


def _from_source(argument: Argument, world: World, source: Source) -> list[Spec]:
    """What the code itself says of it: its keys, the words it is compared with, the axes of its shape."""
    if argument.name in source.keys and argument.plain not in ("self", "kwargs"):
        return entries(argument, world, source, guesses)
    if argument.required and argument.name in source.words:
        return [Fixed(word) for word in source.words[argument.name]]
    if argument.made or re.search(r"label|target|idx|ind", argument.plain):
        return []
    found: list[Spec] = [Floats(_named(axes, argument)) for axes in source.axes.get(argument.name, [])]
    as_data = len(world.data)
    alike = [spec for spec in found if isinstance(spec, Floats) and len(spec.axes) == as_data]
    if argument.position == 0 and not alike and source.may_have(argument.name, as_data):
        return []
    return alike + [spec for spec in found if spec not in alike]


_AXES = (
    (r"n|m|bs|n_ex|b|bsz|batch\w*|\w*batch|n_?samples|num_train|n_?examples", "N"),
    (r"t|n_ts|time\w*|n_?steps|seq\w*|l|steps|n_t", "T"),
    (r"(\w*[kf]_?h\w*|hh|f|kernel_h\w*|filter_h\w*|pool_h\w*)", "KY"),
    (r"(\w*[kf]_?w\w*|ww|kernel_w\w*|filter_w\w*|pool_w\w*)", "KX"),
    (r"f|fn|k|out_c\w*|n_?f|num_filters?|n_?filters?|c_?out|oc", "F"),
    (r"\w*c(hannels?)?|\w*channels?|n_c\w*|d_in|depth|c_?in|c_prev", "C"),
    (r"h|\w*_h|height|\w*height|h_?in|n_h\w*|y|rows", "Y"),
    (r"w|\w*_w|width|\w*width|w_?in|n_w\w*|x|cols", "X"),
)
_FLAT_AXES = (
    *_AXES[:2],
    (r"t_[xy]", "T"),
    (r"n_a", "H"),
    (r"n_y", "V"),
    (r"d|n_x|input_dim|in_dim|\w*feat\w*|n_?in|dims?|d_?in|input_size", "D"),
    (r"h|m|hidden\w*|n_h|n_?out|out_dim|units|output_size", "H"),
    (r"v|vocab\w*", "V"),
)


def _named(axes: Axes, argument: Argument) -> Axes:
    """The names of axes as we call them, where theirs are as usual; others keep their own."""
    table = _AXES if len(axes) >= 4 else _FLAT_AXES
    names: list[str] = []
    for i, axis in enumerate(axes):
        plain = axis.strip("_").lower()
        known = [ours for pattern, ours in table if re.fullmatch(pattern, plain) and ours not in names]
        if axis in axes[:i] and plain:
            names.append(names[axes.index(axis)])
        else:
            names.append(known[0] if known else axis if plain.strip("*") else f"{argument.name}.{i}")
    return tuple(names)


def _by_annotation(argument: Argument, world: World) -> list[Spec]:
    text = argument.annotation if isinstance(argument.annotation, str) else getattr(argument.annotation, "__name__", "")
    text = text or str(argument.annotation)
    kinds: dict[str, list[Spec]] = {
        r"\bbool\b": [Fixed(True)],
        r"(?i)tuple|sequence\[int|list\[int": [Shape(world.data[1:]), Fixed((2, 2))],
        r"\bint\b": [Length(world.inn), Fixed(2)],
        r"\bfloat\b": [Fixed(0.5)],
        r"(?i)array|tensor|float\w*\[": [Floats(world.data)],
        r"(?i)callable": [Fixed(np.tanh)],
    }
    return next((specs for pattern, specs in kinds.items() if re.search(pattern, text)), [])


def _fallback(argument: Argument, world: World) -> list[Spec]:
    if not argument.required:
        return []
    array: list[Spec] = [Floats(world.data)]
    number: list[Spec] = [Length(world.inn), Fixed(0.5), Fixed(2)]
    return [*number, *array, Floats(world.weight)] if argument.made else [*array, Floats(world.output), *number]


def passed(argument: Argument, world: World, source: Source) -> list[Spec]:
    """What an argument of a forward may be; a target where the names say that it is one."""
    if not argument.made and is_target(argument.name, argument.beside, source):
        found = target_options(argument, world, source)
        return found if argument.required else [Leave(), *found]
    return guesses(argument, world, source)
