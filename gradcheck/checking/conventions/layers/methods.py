"""The two methods of a layer object, under the names that people give them."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from gradcheck.checking.conventions.layers.left import with_its_output

FORWARDS = (
    *("forward", "fwd", "forward_pass", "forward_propagation", "forward_propagate", "forward_prop", "forwardprop"),
    *("propagate_forward", "feedforward", "feed_forward", "fprop", "forward_step", "update_output", "compute_output"),
)
BACKWARDS = (
    *(
        "backward",
        "bwd",
        "backward_pass",
        "backward_propagation",
        "backward_propagate",
        "backward_prop",
        "backwardprop",
    ),
    *("propagate_backward", "backprop", "back_prop", "back_propagation", "backpropagation", "backpropagate", "bprop"),
    *("back_propagate", "backward_step", "feed_backward", "back_propogation", "backward_propogation", "back_pass"),
    *("back", "feedbackward", "reverse"),
)
FAMILIES = (
    *(("forward", "backward"), ("fwd", "bwd"), ("forward_pass", "backward_pass"), ("fprop", "bprop")),
    *(("forward_propagation", "backward_propagation"), ("forward_prop", "backward_prop"), ("feedforward", "backprop")),
)
VALUES = (
    *("loss", "calculate", "compute", "cost", "value", "fn", "function", "func", "f", "activation", "activate"),
    *("activation_function", "apply", "call", "evaluate", "eval", "calculate_loss", "compute_loss", "compute_cost"),
    *("calc_loss", "get_loss", "loss_function", "cost_function", "calc", "run", "predict", "output", "objective"),
)
SLOPES = (
    *("gradient", "grad", "derivative", "derive", "deriv", "prime", "compute_gradient", "calculate_gradient", "df"),
    *(
        "dloss",
        "loss_gradient",
        "loss_grad",
        "loss_derivative",
        "loss_prime",
        "grad_fn",
        "get_gradient",
        "calc_gradient",
    ),
    *("activation_derivative", "activation_prime", "gradients", "dfn", "cost_derivative", "d", "compute_grad"),
    *("cost_function_prime", "loss_function_prime", "cost_prime", "cost_gradient"),
    *("diff", "calc_grad", "get_grad", "calculate_derivative", "fn_derivative", "df_dx", "dx"),
)


@dataclass(frozen=True)
class Methods:
    """A forward and a backward, and whether the backward is one in name, or a derivative without upstream gradient."""

    run: Callable[..., Any]
    back: Callable[..., Any]
    is_backward: bool
    left: str = ""
    """The attribute in which a forward that returns nothing leaves its output."""

    @property
    def names(self) -> str:
        """Both names, where they are not the usual ones; else empty."""
        names = [str(getattr(method, "__name__", method)) for method in (self.run, self.back)]
        return "" if names == ["forward", "backward"] else " and ".join(names)


def find_methods(thing: Any, forward: str | None = None, backward: str | None = None) -> Methods | None:
    """The methods by their names, those asked for by name before all others; None where there are not two.

    Two names that belong together come before two that do not.
    An object with a backward is called where it has no forward by any name. One with a derivative (``gradient``,
    ``derivative``, ``prime``) has a value beside it (``loss``, ``calculate``), or is called.
    """
    found = _named(thing, forward, backward)
    if found is None:
        return None
    run, left = with_its_output(found.run)
    return replace(found, run=run, left=left)


def _named(thing: Any, forward: str | None, backward: str | None) -> Methods | None:
    for first, second in FAMILIES if not (forward or backward) else ():
        run, back = _first(thing, (first,)), _first(thing, (second,))
        if run is not None and back is not None:
            return Methods(run, back, True)
    forwards = (forward,) if forward else (*FORWARDS, "__call__", *VALUES)
    back = _first(thing, (backward,) if backward else BACKWARDS)
    if back is None and not (forward or backward):
        hidden = _first(thing, _hidden(FORWARDS)), _first(thing, _hidden(BACKWARDS))
        if hidden[0] is not None and hidden[1] is not None:
            return Methods(hidden[0], hidden[1], True)
    if back is not None:
        run = _first(thing, forwards)
        return None if run is None else Methods(run, back, True)
    slope = _first(thing, SLOPES)
    run = None if slope is None or forward else _first(thing, _stems(slope.__name__))
    run = run or _first(thing, (forward,) if forward else (*VALUES, *FORWARDS, "__call__"))
    return None if slope is None or run is None else Methods(run, slope, False)


def _first(thing: Any, names: tuple[str, ...]) -> Callable[..., Any] | None:
    """The first of these methods that there is, whatever its capitals and underscores."""
    for name in names:
        if callable(getattr(thing, name, None)) and not isinstance(thing, type):
            return getattr(thing, name)  # type: ignore[no-any-return]
    there = [name for name in _methods_of(thing) if callable(getattr(thing, name, None))]
    spelled = {name.replace("_", "").lower(): name for name in reversed(there)}
    found = next(
        (spelled[name.replace("_", "").lower()] for name in names if name.replace("_", "").lower() in spelled), None
    )
    return None if found is None else getattr(thing, found)


def _stems(slope: str) -> tuple[str, ...]:
    """What a function is called whose derivative has this name: costFunctionPrime is that of a costFunction."""
    bare = slope.replace("_", "").lower()
    words = ("prime", "derivative", "gradient", "deriv", "grad")
    return tuple(stem for word in words if (stem := bare.removesuffix(word).removeprefix(word)) not in ("", bare))


def _hidden(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same, as methods are called that a class keeps to itself."""
    return tuple(f"_{name}" for name in names)


def _methods_of(thing: Any) -> Iterator[str]:
    """The names of the public methods; looking at them runs no property."""
    for cls in type(thing).__mro__:
        for name, value in vars(cls).items():
            if not name.startswith("_") and inspect.isfunction(getattr(value, "__func__", value)):
                yield name
