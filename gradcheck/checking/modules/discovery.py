"""What of a module has a gradient to check: its layers, losses, pairs of forward and backward, networks.

Only what the module defines is its own; what it imports is not looked at.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FunctionType, ModuleType
from typing import Any, Literal

from gradcheck.checking.conventions.functions.attributes import attributes_set, left_at_arguments
from gradcheck.checking.conventions.functions.module_arrays import arrays_returned_for
from gradcheck.checking.modules.customs import is_custom, is_made, rules_among, written
from gradcheck.checking.modules.partners import (
    backward_of,
    flag_of,
    flagged,
    gradient_of,
    returns_gradients,
    slope_of,
)
from gradcheck.checking.modules.source import Source, is_stub, is_unimplemented

Kind = Literal["layer", "network", "pair", "loss", "gradient", "derivative", "methods", "custom"]

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


@dataclass
class Candidate:
    """Something in a module that has a gradient to check.

    Attributes
    ----------
    name : str
        As in the module.
    kind : {"layer", "network", "pair", "loss", "gradient", "derivative", "methods", "custom"}
        A class with forward and backward; one with loss and gradient; two functions; one function that returns the
        loss and its gradient; a loss and its gradient; a function and its derivative; the same as two methods of a
        class; what a framework differentiates.
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
        return is_made(self.thing)

    @property
    def code(self) -> Any:
        """The class or function as it was written."""
        return written(self.thing)


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
    taken = rules_among(own)
    found = []
    for name, value in own.items():
        if is_custom(value):
            candidate: Candidate | None = _custom(name, value)
        elif inspect.isclass(value):
            candidate = of_class(name, value)
        else:
            candidate = None if name in taken else _of_function(name, functions, taken)
        if candidate is not None:
            found.append(candidate)
    return [candidate for candidate in found if candidate.name not in taken]


def _is_own(value: Any, name: str, module: ModuleType) -> bool:
    """Whether the module defines it, under this name; what is imported and what is renamed is no business of its."""
    if not (inspect.isclass(value) or isinstance(value, FunctionType) or is_custom(value)):
        return False
    value = written(value)
    return value.__module__ == module.__name__ and getattr(value, "__name__", name) == name


def of_class(name: str, cls: type) -> Candidate | None:
    """A layer, a network, or a pair of methods; None where the class has no gradient."""
    run, back, value, slope = (_first(cls, names) for names in (_FORWARDS, _BACKWARDS, _VALUES, _SLOPES))
    source = Source.of(base for base in cls.__mro__ if base is not object and base.__module__ == cls.__module__)
    if _is_framework(cls):
        reason = f"a class of {cls.__mro__[1].__module__.partition('.')[0]}, which gradcheck does not run"
        return Candidate(name, "layer", cls, skipped=reason) if back else None
    if _is_network(cls, source):
        return _network(name, cls, source)
    is_slope = slope and run == "__call__" and back == slope
    if run and back and (not is_slope or any(attributes_set(getattr(cls, back)))):  # self.inp.g = ... is no slope
        return _layer(name, cls, run, back, source)
    if value and slope and value != slope:
        reason = _unwritten(cls, value, slope)
        return Candidate(name, "methods", cls, methods=(value, slope), source=source, skipped=reason)
    if back and callable(getattr(cls, "__add__", None)):
        reason = "a number of an autodiff engine; check a function of it: check(f, Value(2.0))"
        return Candidate(name, "layer", cls, source=source, skipped=reason)
    return None


def _custom(name: str, value: Any) -> Candidate:
    """What a framework differentiates; of an ``autograd.Function`` with its own backward."""
    back = getattr(value, "backward", None) if not is_made(value) and inspect.isclass(value) else None
    source = Source.of([written(value)])
    methods = ("forward", "") if is_made(value) else ("", "")
    return Candidate(name, "custom", value, back, methods, source=source)


def _is_network(cls: type, source: Source) -> bool:
    """Whether it has a loss, parameters, and a gradient beside the loss or together with it."""
    loss = getattr(cls, "loss", None)
    if not callable(loss) or "params" not in source.text:
        return False
    return callable(getattr(cls, "gradient", None)) or returns_gradients(loss)


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
    kind: Kind
    back = backward_of(name, functions)
    if back:
        return _pair(name, "pair", function, functions[back], taken, back)
    gradient = gradient_of(name, functions)
    if gradient:
        kind = "gradient" if len(inspect.signature(function).parameters) > 1 else "derivative"
        return _pair(name, kind, function, functions[gradient], taken, gradient)
    slope = slope_of(name, functions)
    if slope and not returns_gradients(function):
        kind = "pair" if left_at_arguments(functions[slope]) else "derivative"
        return _pair(name, kind, function, functions[slope], taken, slope)
    flag = flag_of(function)
    if flag:
        return Candidate(name, "derivative", function, flagged(function, flag), source=Source.of([function]))
    inside = bool(arrays_returned_for(function))
    own = returns_gradients(function) and not re.match(r"(.*_)?(backward|backprop|bwd|update|step|train)", name)
    if inside or own:
        kind = "custom" if inside else "loss"
        return Candidate(name, kind, function, source=Source.of([function]), skipped=_blank(function))
    return None


def _pair(name: str, kind: Kind, f: Any, back: Any, taken: set[str], partner: str) -> Candidate:
    taken.add(partner)
    reason = _blank(f) or _blank(back, partner)
    return Candidate(name, kind, f, back, source=Source.with_helpers([f, back]), skipped=reason)


def _blank(function: Any, name: str = "") -> str:
    return f"{name or function.__name__} is not written yet" if is_stub(function) else ""


def candidates(module: ModuleType, wanted: str) -> Iterator[Candidate]:
    """Those of a module; with a name, that one, also by the name of its backward."""
    for candidate in discover(module):
        known = {candidate.name, getattr(candidate.backward, "__name__", candidate.name)}
        known |= {re.sub(r"_?(forward|fwd)", "", candidate.name)}
        if not wanted or wanted in known:
            yield candidate
