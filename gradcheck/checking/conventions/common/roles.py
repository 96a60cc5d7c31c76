"""What the arguments of forward and backward are, as far as their names tell."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from gradcheck.checking.conventions.common.arguments import is_variable, parameters_of

_RATES = frozenset(("lr", "learningrate", "learnrate", "lrate", "alpha", "eta", "rate", "stepsize", "stepsz"))
_SWITCHES = frozenset(
    ("train", "training", "istrain", "istraining", "trainflg", "trainflag", "trainmode", "trainingmode", "phasetrain")
)
_RETAINERS = frozenset(
    ("retainderived", "retaingrads", "retaingrad", "retaingraph", "keepcache", "savecache", "cacheit")
)
_CACHES = frozenset(("cache", "caches", "ctx", "context", "memory", "saved", "tape", "tmp"))
_TARGET_WORDS = ("true", "target", "label", "truth", "expected", "desired", "correct", "onehot", "actual", "gt")
_TARGETS = frozenset(("t", "ts", "ytrue", "targets", "target", "labels", "gt", "tgt", "targ", "targs"))
_PREDICTION_WORDS = ("pred", "hat", "logit", "score", "prob", "output")
_INPUTS = frozenset(("x", "xs", "input", "inputs", "inp", "inpt", "z", "a", "aprev", "data", "features", "layerinput"))
_COTANGENTS = frozenset(
    (
        *("g", "gy", "v", "error", "err", "errors", "cotangent", "upstream", "outputerror", "outgrad", "outputgrad"),
        *("accumgrad", "lossgrad", "prevgrad", "nextgrad", "outputgradient", "topdiff", "eta", "sensitivity"),
    )
)
_OTHER_WORDS_IN_D = ("data", "den", "dict", "diff", "dim", "dist", "drop")


def squeezed(name: str) -> str:
    """A name without capitals and underscores."""
    return name.replace("_", "").lower()


def is_rate(name: str) -> bool:
    """Whether a learning rate is called so."""
    return squeezed(name) in _RATES


def is_cache(name: str) -> bool:
    """Whether what forward keeps for backward is called so."""
    return squeezed(name) in _CACHES


def is_cotangent(name: str) -> bool:
    """Whether an upstream gradient is called so: dout, dy, grad_output, g; diff and data are not."""
    if name.startswith(_OTHER_WORDS_IN_D):
        return False
    return name.startswith(("d", "grad")) or squeezed(name) in _COTANGENTS or squeezed(name).endswith("grad")


def is_input(name: str) -> bool:
    """Whether the input of a layer is called so, whatever its own name is."""
    return squeezed(name) in _INPUTS


def is_prediction(name: str) -> bool:
    """Whether that of which a loss is taken is called so: y_pred, y_hat, logits, probs."""
    return any(word in squeezed(name) for word in _PREDICTION_WORDS)


def is_target(name: str) -> bool:
    """Whether what a loss compares with is called so: y_true, targets, t."""
    bare = squeezed(name)
    return bare in _TARGETS or any(word in bare for word in _TARGET_WORDS)


def predicted(inputs: Mapping[str, Any]) -> str | None:
    """The float input that a single gradient belongs to: the prediction, in whichever place it stands.

    The first one, unless it is called a target, or ``y`` beside a ``y_pred``, ``p`` or ``y_hat``.
    """
    names = [name for name, value in inputs.items() if is_variable(value)]
    if len(names) < 2:
        return names[0] if names else None
    first, second = names[:2]
    if is_prediction(first):
        return first
    beside = squeezed(first) == "y" and squeezed(second) in ("p", "a", "yp", "o", "out", "al")
    turned = is_target(first) or (is_prediction(second) and squeezed(first) in ("y", "t", "d")) or beside
    return second if turned and not is_target(second) else first


def training_values(function: Callable[..., Any], given: int) -> dict[str, Any]:
    """Values for the switches of a forward beyond the `given` inputs: as in training, and with the cache kept."""
    values: dict[str, Any] = {}
    parameters = [p for p in parameters_of(function) if p.kind is not inspect.Parameter.VAR_POSITIONAL]
    for parameter in parameters[given:]:
        value = _training_value(parameter)
        if value is not None and parameter.kind is not inspect.Parameter.POSITIONAL_ONLY:
            values[parameter.name] = value
    return values


def _training_value(parameter: inspect.Parameter) -> Any:
    bare, default = squeezed(parameter.name), parameter.default
    if bare in _SWITCHES or bare in _RETAINERS:
        return None if default is True or isinstance(default, str) else True
    if bare in ("mode", "phase"):
        return "train" if default is parameter.empty or default in ("test", "eval", "predict") else None
    return None
