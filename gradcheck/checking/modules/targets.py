"""Which argument of a loss is the target, and what it may be."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gradcheck.checking.conventions.common import roles
from gradcheck.checking.modules.argument import Argument, arguments
from gradcheck.checking.modules.source import Source
from gradcheck.checking.modules.specs import Axes, Domain, Floats, HotColumns, Labels, OneHot, Spec
from gradcheck.checking.modules.worlds import World

_NUMBERS: tuple[Domain, ...] = ("binary", "signed", "signs")
_SURELY = re.compile(
    r"t|ts|targs?|targets?\w*|labels?\w*|y_?true|truths?|ground_?truth|gt|y_?real|actual|desired|expected|y_?train|teacher\w*|answers?|true\w*|correct\w*"
)
_MAYBE = re.compile(r"ys?|y_?\w|d")
_GUESSED = re.compile(
    r"x\w*|pred\w*|y_?(pred|hat|p)\w*|p|a|al|a\d|probs?|proba\w*|outputs?|out|scores?|logits?|z|zs|h|o|estimate\w*|w|ws|inputs?|features?|q|predictions?|y_?out\w*|net\w*|hypothesis"
)


def is_target(name: str, beside: Iterable[str], source: Source) -> bool:
    """Whether the argument called `name` is what a loss compares with, among the others.

    Examples
    --------
    >>> is_target("y", ["x"], Source()), is_target("y", ["t"], Source()), is_target("y", ["y_true"], Source())
    (True, False, False)
    """
    plain = name.strip("_").lower()
    others = [other.strip("_").lower() for other in beside]
    if _SURELY.fullmatch(plain):
        return bool(others)
    if any(_SURELY.fullmatch(other) for other in others):
        return False
    return bool(_MAYBE.fullmatch(plain)) and any(_GUESSED.fullmatch(other) for other in others)


def is_prediction(name: str) -> bool:
    """Whether the argument is what a loss compares with its target."""
    return bool(_GUESSED.fullmatch(name.strip("_").lower()) or _MAYBE.fullmatch(name.strip("_").lower()))


def sorted_targets(options: list[Spec], name: str, source: Source) -> list[Spec]:
    """The options for a target, those first that the name of the loss and its source speak for."""
    text, name = source.text, name.lower()

    def misfit(option: Spec) -> int:
        return -_affinity(option, name, text)

    return sorted(options, key=misfit)


def _affinity(option: Spec, name: str, text: str) -> int:
    kind = "hot" if isinstance(option, OneHot | HotColumns) else "labels" if isinstance(option, Labels) else ""
    kind = kind or (option.domain if isinstance(option, Floats) else "")
    indexed = looks_labels_up(text)
    binary = bool(
        re.search(r"bin|bce|sigmoid|logistic", name)
        or re.search(r"1(\.0?)?\s*-\s*(self\.)?(t|y|y_true|targets?|labels?)\b", text)
    )
    points = {
        "labels": 4 * indexed,
        "hot": 3 * bool(re.search(r"cross|entropy|softmax|nll|categorical|log", name + text[:300].lower()))
        + ("argmax" in text),
        "binary": 5 * binary,
        "signs": 4 * bool(re.search(r"hinge|svm", name)) * (not indexed),
        "signed": 4 * bool(re.search(r"mse|mean|square|mae|l1|l2|huber|quadratic|abs|rmse|smooth", name)) + 1,
    }
    return points.get(kind, 0)


def looks_labels_up(text: str) -> bool:
    """Whether code takes targets for classes: ``p[np.arange(N), y]``."""
    return bool(re.search(r"(arange|range)\([^\]]*\)\s*,\s*(self\.)?\w+\s*\]|one_?hot\(", text))


def prediction_domains(source: Source, name: str) -> list[str]:
    """From where predictions come, likeliest first: logits, or probabilities where logarithms of them are taken."""
    text = source.text
    if not re.search(r"\blog\w*\(", text):
        return ["signed"]
    squashed = re.search(r"softmax|sigmoid|exp\(|logits|log1p|logaddexp|logsumexp", text)
    return ["signed", "unit"] if squashed else ["unit", "rows"]


def wanted_targets(backward: Callable[..., Any] | None, forward: Callable[..., Any]) -> Iterator[Argument]:
    """What a backward without upstream gradient wants beside: Y, in ``L_model_backward(AL, Y, caches)``."""
    known = [argument.name for argument in arguments(forward, made=False)]
    wanted = [argument for argument in arguments(backward, made=False) if argument.required] if backward else []
    if not any(roles.is_cotangent(argument.name) and argument.name not in known for argument in wanted):
        yield from [a for a in wanted if a.name not in known and (roles.is_target(a.name) or a.plain in ("y", "d"))][:1]


def targets_of_output(world: World) -> list[Spec]:
    """What the outputs of a model may be compared with; a single output too."""
    if world.data[-1:] == ("N",):
        several: list[Spec] = [HotColumns(world.output), Floats(world.output, "binary"), Labels(("N",), world.out)]
        return [Floats(("1", "N"), "binary"), *several]
    one: list[Spec] = [Floats(("N", "1"), "binary"), Labels(("N", "1"), "2")]
    return [OneHot(world.output), Labels(world.output[:-1], world.out), Floats(world.output, "binary"), *one]


def target_options(argument: Argument, world: World, source: Source) -> list[Spec]:
    """What a loss may compare with, in a layout; :func:`sorted_targets` puts it in order."""
    if re.search(r"vocab|corpus", source.text):  # words: one for each sample, or at each time
        known: tuple[Axes, ...] = (("N",), ("N", "T"))
        return [*(Labels(axes, "V") for axes in known), *(OneHot((*axes, "V")) for axes in known)]
    if world.answers:
        one: list[Spec] = [Floats(world.answers, domain) for domain in _NUMBERS]
        return [*one, Labels(world.answers, "2")]
    if world.data == ("D", "N"):
        return [HotColumns(world.data), Floats(world.data, "binary"), Floats(world.data), Labels(world.data[-1:], "D")]
    if world.inn == world.data[-1] and re.search(r"out(put)?_?(size|dim|features|nodes)|num_classes", source.text):
        shape = world.output  # a network: the targets are of its outputs
        found: list[Spec] = [OneHot(shape), Labels(shape[:-1], shape[-1]), Floats(shape)]
        return [*found, *target_options(argument, world, Source())]
    return _like_the_data(argument, world, source)


def _like_the_data(argument: Argument, world: World, source: Source) -> list[Spec]:
    shape, last = world.data, world.data[-1]
    if any(re.fullmatch(r"(n|num)_?(labels|classes)", other) for other in argument.beside):
        return [Labels(shape[:-1], world.out), OneHot(world.output)]
    if len(shape) == 1:
        return [Floats(shape, "binary"), Labels(shape, "2"), Floats(shape), Floats(shape, "signs")]
    alike = [Labels(axes, "2") for other in argument.beside for axes in source.axes.get(other, [])]
    floats = [Floats(shape, domain) for domain in _NUMBERS]
    return [Labels(shape[:-1], last), OneHot(shape), *floats, Labels(shape[:1], last), *alike]
