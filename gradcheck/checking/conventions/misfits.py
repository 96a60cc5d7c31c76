"""What is said of a thing that no convention understands: what it is, and what would do."""

from collections.abc import MutableMapping
from typing import Any

from gradcheck.checking.subject import NotUnderstoodError, kind_of


def refuse_class(thing: Any) -> None:
    """A class where one of its instances was meant.

    Raises
    ------
    NotUnderstoodError
        If it is a class.
    """
    if isinstance(thing, type):
        raise NotUnderstoodError(
            f"{thing.__name__} is a class; pass an instance: check({thing.__name__}(...), x), "
            "with the arguments of its constructor"
        )


def explanation(thing: Any) -> str:
    """Why a thing was not understood, and the shortest way to have it checked."""
    kind = type(thing).__name__
    if isinstance(thing, list | tuple) and thing and all(hasattr(layer, "backward") for layer in thing):
        return (
            f"check got {kind_of(thing)} of {len(thing)} layers; chain them, check(Sequential(*layers), x), "
            "or check each by itself"
        )
    if _is_network(thing):
        return (
            f"{kind} is a network with loss and gradient, and both need targets beside the inputs: check(network, x, t)"
        )
    found = sorted(name for name in dir(thing) if not name.startswith("_"))[:12]
    return (
        f"check does not understand {_called(thing)}: it looked for methods forward (or __call__) and backward, for "
        "methods loss and gradient (or a loss that returns both) with a dictionary params, and for a function of "
        f"autograd.numpy, and found {', '.join(found) or 'no public attributes'}. Pass the backward of a pair, "
        "check(forward, x, backward=backward), the gradient of a scalar function, check(f, x, grad=df), or "
        "grad=True where f returns (value, gradient)"
    )


def _called(thing: Any) -> str:
    """A function by its name, anything else by its type."""
    name = getattr(thing, "__name__", "")
    return f"{type(thing).__name__} {name!r}" if name else kind_of(thing)


def _is_network(thing: Any) -> bool:
    methods = all(callable(getattr(thing, name, None)) for name in ("loss", "gradient"))
    return methods and isinstance(getattr(thing, "params", None), MutableMapping)
