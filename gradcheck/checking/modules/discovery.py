"""What of a module has a gradient to check: its layers, losses, pairs of forward and backward, networks.

Only what the module defines is its own; what it imports is not looked at.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any, Literal

from gradcheck.checking.modules.source import Source, is_stub, is_unimplemented, returned_tuples

Kind = Literal["layer", "network", "pair", "loss", "derivative", "methods"]

_FORWARDS = (
    "forward", "fwd", "forward_pass", "forward_propagation", "forward_prop", "forward_propagate", "forwardprop",
    "fprop", "feedforward", "feed_forward", "propagate", "propagate_forward", "call", "__call__", "predict",
)  # fmt: skip
_BACKWARDS = (
    "backward", "bwd", "backward_pass", "backward_propagation", "back_propagation", "backward_prop",
    "backward_propagate", "backprop", "backpropagate", "backpropagation", "back_prop", "bprop",
    "propagate_backward",
)  # fmt: skip
_VALUES = (
    "__call__", "fn", "f", "func", "function", "forward", "activation", "activate", "act", "value", "loss", "cost",
    "calc_loss", "compute_loss", "calculate", "compute", "call", "evaluate", "apply", "fx", "fun", "error", "eval",
    "output",
)  # fmt: skip
_SLOPES = (
    "gradient", "grad", "derivative", "prime", "deriv", "derivate", "d", "df", "dfn", "dx", "diff", "grad_fn",
    "backward", "d_loss", "loss_grad", "loss_gradient", "loss_derivative", "loss_prime", "gradient_loss",
    "activation_derivative", "activation_prime", "derivative_loss", "delta", "dfunc", "df_dx", "dfx",
    "cost_derivative", "cost_prime", "differentiate",
)  # fmt: skip

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


@dataclass
class Candidate:
    """Something in a module that has a gradient to check.

    Attributes
    ----------
    name : str
        As in the module.
    kind : {"layer", "network", "pair", "loss", "derivative", "methods"}
        A class with forward and backward; one with loss and gradient; two functions; one function that returns the
        loss and its gradient; a function and its derivative; the same as two methods of a class.
    thing : object
        The class or the forward function.
    backward : callable, optional
        Of a pair, or the derivative; of `methods` the two names.
    skipped : str
        Why it cannot be checked; empty if it may.
    """

    name: str
    kind: Kind
    thing: Any
    backward: Callable[..., Any] | None = None
    methods: tuple[str, str] = ("", "")
    skipped: str = ""
    source: Source = field(default_factory=Source, repr=False)

    @property
    def made(self) -> bool:
        """Whether it is a class, of which an instance has to be made first."""
        return inspect.isclass(self.thing)


def discover(module: ModuleType) -> list[Candidate]:
    r"""Everything in a module that has a gradient to check, in the order of the file.

    Examples
    --------
    >>> from types import ModuleType
    >>> shop = ModuleType("shop")
    >>> exec("def affine_forward(x, w): pass\ndef affine_backward(dout, cache): pass", shop.__dict__)
    >>> [(found.name, found.kind) for found in discover(shop)]
    [('affine_forward', 'pair')]
    """
    own = {name: value for name, value in vars(module).items() if _is_own(value, name, module)}
    functions = {name: value for name, value in own.items() if inspect.isfunction(value)}
    taken: set[str] = set()
    found = []
    for name, value in own.items():
        if inspect.isclass(value):
            candidate = of_class(name, value)
        else:
            candidate = None if name in taken else _of_function(name, functions, taken)
        if candidate is not None:
            found.append(candidate)
    return [candidate for candidate in found if candidate.name not in taken]


def _is_own(value: Any, name: str, module: ModuleType) -> bool:
    """Whether the module defines it, under this name; what is imported and what is renamed is no business of its."""
    if not (inspect.isclass(value) or isinstance(value, FunctionType)):
        return False
    return value.__module__ == module.__name__ and getattr(value, "__name__", name) == name


def of_class(name: str, cls: type) -> Candidate | None:
    """A layer, a network, or a pair of methods; None where the class has no gradient."""
    run, back, value, slope = (_first(cls, names) for names in (_FORWARDS, _BACKWARDS, _VALUES, _SLOPES))
    source = Source.of(base for base in cls.__mro__ if base is not object and base.__module__ == cls.__module__)
    if _is_framework(cls):
        reason = f"a class of {cls.__mro__[1].__module__.partition('.')[0]}; check an instance with its own tensors"
        return Candidate(name, "layer", cls, skipped=reason) if back else None
    if _is_network(cls, source):
        return _network(name, cls, source)
    if run and back and not (slope and run == "__call__" and back == slope):
        return _layer(name, cls, run, back, source)
    if value and slope and value != slope:
        reason = _unwritten(cls, value, slope)
        return Candidate(name, "methods", cls, methods=(value, slope), source=source, skipped=reason)
    if back and callable(getattr(cls, "__add__", None)):
        reason = "a number of an autodiff engine; check a function of it: check(f, Value(2.0))"
        return Candidate(name, "layer", cls, source=source, skipped=reason)
    return None


def _is_network(cls: type, source: Source) -> bool:
    """Whether it has a loss, parameters, and a gradient beside the loss or together with it."""
    loss = getattr(cls, "loss", None)
    if not callable(loss) or "params" not in source.text:
        return False
    return callable(getattr(cls, "gradient", None)) or _returns_gradients(loss)


def _layer(name: str, cls: type, run: str, back: str, source: Source) -> Candidate:
    return Candidate(name, "layer", cls, methods=(run, back), source=source, skipped=_unwritten(cls, run, back))


def _network(name: str, cls: type, source: Source) -> Candidate:
    return Candidate(name, "network", cls, methods=("loss", ""), source=source, skipped=_unwritten(cls, "loss", "loss"))


def _unwritten(cls: type, run: str, back: str) -> str:
    """Why a class cannot be checked before anything is tried."""
    if inspect.isabstract(cls):
        return f"abstract: {', '.join(sorted(getattr(cls, '__abstractmethods__', ())))} are left to subclasses"
    pair = [getattr(cls, run), getattr(cls, back)]
    if all(map(is_unimplemented, pair)) or all(map(is_stub, pair)):
        return "a base class, or not written yet: forward and backward are empty"
    empty = next((name for name, method in zip((run, back), pair, strict=True) if is_stub(method)), "")
    return f"{empty} is not written yet" if empty else ""


def _first(cls: type, names: tuple[str, ...]) -> str:
    """The first of these names that is a method of the class, not inherited from object."""
    for name in names:
        if callable(getattr(cls, name, None)) and any(name in vars(base) for base in cls.__mro__[:-1]):
            return name
    return ""


def _is_framework(cls: type) -> bool:
    return any(
        base.__module__.partition(".")[0] in ("torch", "jax", "flax", "tensorflow", "keras") for base in cls.__mro__
    )


def _of_function(name: str, functions: dict[str, Any], taken: set[str]) -> Candidate | None:
    function = functions[name]
    partner = _partner(name, functions)
    if partner:
        return _pair(name, "pair", function, functions[partner], taken, partner)
    slope = next(
        (form.format(stem) for stem in _stems(name) for form in _SLOPE_OF if form.format(stem) in functions), ""
    )
    if slope and slope != name:
        kind: Kind = "loss" if _returns_gradients(function) else "derivative"
        if kind == "derivative":
            return _pair(name, kind, function, functions[slope], taken, slope)
    flag = _flag(function)
    if flag:
        back = _flagged(function, flag)
        return Candidate(name, "derivative", function, back, source=Source.of([function]))
    if _returns_gradients(function) and not re.match(r"(.*_)?(backward|backprop|bwd|update|step|train)", name):
        return Candidate(name, "loss", function, source=Source.of([function]), skipped=_blank(function))
    return None


def _stems(name: str) -> list[str]:
    """The name itself, and its capitalised and lower forms."""
    return list(dict.fromkeys([name, name.lower(), name[:1].upper() + name[1:]]))


def _pair(name: str, kind: Kind, f: Any, back: Any, taken: set[str], partner: str) -> Candidate:
    taken.add(partner)
    reason = _blank(f) or _blank(back, partner)
    return Candidate(name, kind, f, back, source=Source.with_helpers([f, back]), skipped=reason)


def _blank(function: Any, name: str = "") -> str:
    return f"{name or function.__name__} is not written yet" if is_stub(function) else ""


def _partner(name: str, functions: dict[str, Any]) -> str:
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


def _flag(function: Any) -> str:
    """The argument that asks a function for its derivative: ``sigmoid(x, derivative=False)``."""
    for p in inspect.signature(function).parameters.values():
        if p.default is False and _FLAGS.match(p.name):
            return p.name
    return ""


def _flagged(function: Any, flag: str) -> Callable[..., Any]:
    def slope(*inputs: Any) -> Any:
        return function(*inputs, **{flag: True})

    return slope


_LOSS = re.compile(r"(\w*_)?(loss\w*|cost\w*|j|obj\w*|l|error|nll|energy|value|val|e)$", re.I)
_GRADIENT = re.compile(r"(d[A-Za-z]\w{0,3}|\w*grad\w*|d_\w+|delta\w*|dscores|dlogits|dpred\w*|g)$")


def _returns_gradients(function: Any) -> bool:
    """Whether a function returns a loss and gradients, as the names of what it returns tell."""
    for names in returned_tuples(function):
        if len(names) >= 2 and _LOSS.match(names[0]) and all(_GRADIENT.match(name) for name in names[1:]):
            return True
    return False


def candidates(module: ModuleType, wanted: str) -> Iterator[Candidate]:
    """Those of a module; with a name, that one, also by the name of its backward."""
    for candidate in discover(module):
        known = {candidate.name, getattr(candidate.backward, "__name__", candidate.name)}
        known |= {re.sub(r"_?(forward|fwd)", "", candidate.name)}
        if not wanted or wanted in known:
            yield candidate
