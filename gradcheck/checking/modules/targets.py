"""Which argument of a loss is the target, and what it may be."""

import re
from collections.abc import Iterable

from gradcheck.checking.modules.source import Source
from gradcheck.checking.modules.specs import Floats, HotColumns, Labels, OneHot, Spec

_SURELY = re.compile(
    r"t|ts|targets?\w*|labels?\w*|y_?true|truths?|ground_?truth|gt|y_?real|actual|desired|expected|y_?train|teacher\w*|answers?|true\w*|correct\w*"
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
    indexed = bool(re.search(r"(arange|range)\([^\]]*\)\s*,\s*(self\.)?\w+\s*\]|one_?hot\(", text))
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


def prediction_domains(source: Source, name: str) -> list[str]:
    """From where predictions come, likeliest first: logits, or probabilities where logarithms of them are taken."""
    text = source.text
    if not re.search(r"\blog\w*\(", text):
        return ["signed"]
    squashed = re.search(r"softmax|sigmoid|exp\(|logits|log1p|logaddexp|logsumexp", text)
    return ["signed", "unit"] if squashed else ["unit", "rows"]
