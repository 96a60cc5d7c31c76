"""Settings to check beside the defaults: a gradient may be right with one stride and wrong with the next.

First each setting by itself in its other values, the simplest first; if all of them agree, a few pairs of them, drawn
from a seed. What fails first has therefore the fewest changes: nothing is left to shrink but the order of values.
"""

import inspect
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.checking.modules.argument import arguments
from gradcheck.checking.modules.discovery import Candidate
from gradcheck.checking.modules.plan import Key, Plan, settings_of, with_setting
from gradcheck.checking.modules.specs import Leave

PAIRS = 6

_REGULARISER = r"(\w*_)?(reg|lambda\w*|lambd|weight_decay|weight_decay_lambda|l1|l2|reg_strength)(_\w+)?"
_TABLE: tuple[tuple[str, tuple[Any, ...]], ...] = (
    (r"(conv_)?strides?|stride_?[hwxy]|[hwxy]_?stride|s", (1, 2, 3)),
    (r"pad|padding|pads|p(ad)?_[hwxy]|zero_padding", (0, 1, 2)),
    (r"dilation|dilate|dilations", (1, 2)),
    (r"pool_?(size|shape)?|pool_?[hwxy]|pool_(height|width)|(kernel|filter|pool|window)_(size|shape)|ksize", (2, 3)),
    (_REGULARISER, (0.0, 0.3)),
    (r"axis", (0, 1, -1)),
    (r"(dropout|drop)?_?(ratio|rate|prob)|dropout|p|dropout_p", (0.2,)),
    (r"reduction|reduce", ("mean", "sum", "none")),
    (r"(\w*_)?activation|act_fn", ("relu", "sigmoid", "tanh")),
)
_TRAINING = re.compile(r"(is_?)?train(ing|able)?(_?fl?a?g|_mode|_phase)?|is_training|mode|phase")
_SILENT = re.compile(
    r"retain_\w+|verbose|debug|inplace|optimi\w+|name|dtype|stateful|(is_?)?deriv\w*|prime|grad(ient)?|der|return_\w+"
)


@dataclass(frozen=True)
class Variant:
    """A plan with one or two settings changed.

    Attributes
    ----------
    label : str
        What was changed, as ``stride=2``.
    training : str
        The name of the setting that asks for evaluation instead of training, if it is that.
    """

    label: str
    plan: Plan
    training: str = ""


def singles(candidate: Candidate, plan: Plan) -> Iterator[Variant]:
    """The plan with one setting at another value, for every setting it shows."""
    for key, value in sorted(_all_settings(candidate, plan).items(), key=_precedence):
        name = key[1].rpartition(".")[2]
        for other in _other_values(name, value, candidate):
            training = name if _TRAINING.fullmatch(name) else ""
            yield Variant(f"{name}={other!r}", with_setting(plan, key, other), training)
    used = plan.used()
    for axis, label in (("N", "batch of 1"), ("T", "one time step")):
        if axis in used and plan.sizes.of(axis) > 1:
            yield Variant(label, _resized(plan, **{axis: 1}))
    if {"Y", "X"} <= set(used):
        yield Variant("height 6, width 9", _resized(plan, Y=6, X=9))


def _precedence(setting: tuple[Key, Any]) -> int:
    """The order in which settings are tried: that of the table, then the others, evaluation last."""
    name = setting[0][1].rpartition(".")[2]
    known = [i for i, (pattern, _) in enumerate(_TABLE) if re.fullmatch(pattern, name.strip("_").lower())]
    return len(_TABLE) + 1 if _TRAINING.fullmatch(name) else known[0] if known else len(_TABLE)


def _resized(plan: Plan, **lengths: int) -> Plan:
    return Plan(plan.world, plan.specs, plan.options, plan.sizes.with_length(**lengths), plan.order, plan.prepared)


def pairs(candidate: Candidate, plan: Plan, agreed: list[Variant], seed: int) -> Iterator[Variant]:
    """A few pairs of changes that agree one by one."""
    labels = [v for v in agreed if "=" in v.label and not v.training]
    combined = [
        (a, b) for a, b in itertools.combinations(labels, 2) if a.label.partition("=")[0] != b.label.partition("=")[0]
    ]
    rng = np.random.default_rng(seed)
    settings = _all_settings(candidate, plan)
    for i in rng.permutation(len(combined))[:PAIRS]:
        first, second = combined[i]
        key = next(key for key in settings if key[1].rpartition(".")[2] == second.label.partition("=")[0])
        changed = settings_of(second.plan)[key]
        yield Variant(f"{first.label}, {second.label}", with_setting(first.plan, key, changed))


def _all_settings(candidate: Candidate, plan: Plan) -> dict[Key, Any]:
    """The settings of a plan and their values, also those left at their defaults."""
    found = settings_of(plan)
    made = list(arguments(candidate.thing, made=True)) if candidate.made else []
    for place, some in (("made", made), ("passed", plan.order)):
        for argument in some:
            if isinstance(plan.specs.get((place, argument.name), Leave()), Leave) and not argument.required:
                found[place, argument.name] = argument.default
    return {key: value for key, value in found.items() if not _SILENT.fullmatch(key[1])}


def _other_values(name: str, value: Any, candidate: Candidate) -> list[Any]:
    """The values worth a try beside the one there is, in order."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, str):
        usual = [other for pattern, others in _TABLE if re.fullmatch(pattern, name) for other in others]
        words = dict.fromkeys([*candidate.source.words.get(name, []), *usual])
        return [word for word in words if isinstance(word, str) and word != value][:4]
    for pattern, values in _TABLE:
        if re.fullmatch(pattern, name.strip("_").lower()):
            if pattern == _REGULARISER and candidate.kind == "layer" and value == 0:
                return []  # what a layer adds in backward belongs to a loss around it
            return [v for v in (_alike(other, value) for other in values) if v is not None and v != value]
    return []


def _alike(other: Any, value: Any) -> Any:
    """The other value in the form of the one there is: a pair for a pair; None where they are of different kinds."""
    if isinstance(value, tuple) and len(value) == 2 and isinstance(other, int):
        return (other, other)
    if isinstance(value, int) and isinstance(other, int):
        return other
    if isinstance(other, float) and (isinstance(value, float) or (type(value) is int and value == 0)):
        return other
    return None


def knows_training(candidate: Candidate, name: str) -> bool:
    """Whether backward has a branch for evaluation: then it answers for it; else it is for training only."""
    back = getattr(candidate.thing, candidate.methods[1], None) if candidate.made else candidate.backward
    try:
        text = inspect.getsource(back)  # type: ignore[arg-type]
    except (OSError, TypeError):
        return False
    return bool(re.search(rf"(\.|\b|[\"']){re.escape(name)}\b", text)) or "training" in text
