"""Which functions of a module belong together, as names tell: a forward and its backward, a cost and its gradient."""

import inspect
import re
from collections.abc import Callable
from typing import Any

from gradcheck.checking.conventions.common.returned_names import returned_names

# How the backward of a function is called: name is its own, in front of it or behind.
_PAIRS = (
    (
        r"(?P<stem>.+?)_?(forward|fwd|fprop|forward_pass)(?P<tail>_\w+)?$",
        ("backward", "bwd", "bprop", "backward_pass", "back", "backprop"),
    ),
    (r"(?P<head>forward|fwd|fprop)_(?P<stem>.+)$", ("backward", "bwd", "bprop", "back", "backprop")),
)
_BESIDE = (
    "{}_backward",
    "{}_bwd",
    "{}_back",
    "backward_{}",
    "{}_vjp",
    "{}_backprop",
    "back_{}",
    "{}Backward",
    "{}_backwards",
)
_SLOPE_OF = (
    "{}_grad", "{}_gradient", "{}_derivative", "{}_deriv", "{}_prime", "d_{}", "d{}", "grad_{}", "gradient_{}",
    "{}_der",
    "{}_d", "derivative_{}", "deriv_{}", "{}_derivate", "{}Prime", "{}_diff", "der_{}", "{}_dx", "{}Derivative", "D{}",
    "{}Gradient", "{}_derv", "delta_{}", "diff_{}", "{}_Derivative", "{}_dot", "{}_delta", "{}_dev", "prime_{}",
    "{}Grad",
)  # fmt: skip
_FLAGS = re.compile(r"(is_?)?(deriv\w*|derivate|prime|grad(ient)?|dx|diff|der|d|backward|return_grad\w*)$")


_COST = re.compile(
    r"(?P<head>\w*?_?)(cost|loss|objective|obj|fun|func|f|j|nll|energy)(?P<tail>_?func(tion)?|_\w+)?$", re.I
)
_GRADIENTS = ("gradient", "grad", "jac", "gradients", "grads", "Gradient", "derivative", "fprime", "jacobian", "der")
_LOSS = re.compile(r"(\w*_)?(loss\w*|cost\w*|j|obj\w*|l|error|nll|energy|value|val|e)$", re.I)
_GRADIENT = re.compile(r"(d[A-Za-z]\w{0,3}|\w*grad\w*|d_\w+|delta\w*|dscores|dlogits|dpred\w*|g)$")


def backward_of(name: str, functions: dict[str, Any]) -> str:
    """The name of the backward of the function of this name."""
    for pattern, backs in _PAIRS:
        match = re.match(pattern, name)
        if match:
            word = match.groupdict().get("head") or match[2]
            for back in backs:
                for renamed in (
                    name.replace(word, back),
                    name.replace(word, back).removesuffix(match.groupdict().get("tail") or "\0"),
                ):
                    if renamed in functions and renamed != name:
                        return renamed
    tail = re.match(r"(.+?)_(naive|fast|vectorized|loop|im2col|strides|slow)$", name)
    stems = [name] + ([tail[1]] if tail and not re.search("forward|backward", name) else [])
    return next((form.format(stem) for stem in stems for form in _BESIDE if form.format(stem) in functions), "")


def gradient_of(name: str, functions: dict[str, Any]) -> str:
    """The function that is the gradient of a cost, of the same arguments: ``compute_cost`` and ``compute_gradient``.

    Examples
    --------
    >>> gradient_of("cost", {"cost": lambda theta, X, y: 0, "gradient": lambda theta, X, y: X})
    'gradient'
    """
    cost = _COST.match(name)
    if cost is None or returns_gradients(functions[name]):
        return ""
    wanted = list(inspect.signature(functions[name]).parameters)
    named = [f"{cost['head']}{word}{cost['tail'] or ''}" for word in _GRADIENTS]
    there = [other for other in (*named, *_GRADIENTS) if other in functions and other != name]
    return next((other for other in there if list(inspect.signature(functions[other]).parameters) == wanted), "")


def slope_of(name: str, functions: dict[str, Any]) -> str:
    """The function that is the derivative of another, by its name: ``sigmoid_derivative``."""
    forms = (form.format(stem) for stem in _stems(name) for form in _SLOPE_OF)
    return next((form for form in forms if form in functions and form != name), "")


def flag_of(function: Any) -> str:
    """The argument that asks a function for its derivative: ``sigmoid(x, derivative=False)``."""
    for p in inspect.signature(function).parameters.values():
        if p.default is False and _FLAGS.match(p.name):
            return p.name
    return ""


def flagged(function: Any, flag: str) -> Callable[..., Any]:
    """The derivative that a function gives if it is asked for it."""

    def slope(*inputs: Any) -> Any:
        return function(*inputs, **{flag: True})

    return slope


def _stems(name: str) -> list[str]:
    """The name itself, and its capitalised and lower forms."""
    return list(dict.fromkeys([name, name.lower(), name[:1].upper() + name[1:]]))


def returns_gradients(function: Any) -> bool:
    """Whether a function returns a loss and gradients, as the names of what it returns tell."""
    for names in returned_names(function):
        for loss, gradients in ((names[0], names[1:]), (names[-1], names[:-1])):
            if gradients and _LOSS.match(loss) and all(_GRADIENT.match(name) for name in gradients):
                return True
    return False
