"""What is said of a thing that no convention understands: what was looked for, what it has, and what would do."""

from collections.abc import MutableMapping
from typing import Any

from gradcheck.checking.conventions.layers.places import places
from gradcheck.checking.subject import NotUnderstoodError, kind_of, listed

_FORWARD_WORDS = ("for", "fwd", "call", "pred", "run", "apply", "comp", "eval", "loss", "cost", "act", "prop", "out")
_BACKWARD_WORDS = ("back", "bwd", "grad", "deriv", "prime", "delta", "pull", "vjp", "rev")
_SHOWN = 12


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
    return (
        f"check does not understand {_called(thing)}: it looked for methods forward (or __call__) and backward, under "
        "these and other usual names, for methods loss and gradient (or a loss that returns both) with a dictionary "
        "params, for a function that returns (value, gradient) or (out, pullback), and for a function of "
        f"autograd.numpy, and found {_found(thing)}. {_remedy(thing)}"
    )


def _found(thing: Any) -> str:
    """The methods and the arrays of an object."""
    methods = _methods(thing)
    arrays = [place.path for place in places(thing)][:_SHOWN]
    found = [", ".join(methods), f"the arrays {listed(arrays)}" if arrays else ""]
    others = sorted(name for name in dir(thing) if not name.startswith("_"))[:_SHOWN]
    return " and ".join(filter(None, found)) or (", ".join(others) if others else "no public attributes")


def _methods(thing: Any) -> list[str]:
    """The public methods, in the order they were written in."""
    if callable(thing) and hasattr(thing, "__name__"):  # a function
        return []
    written = {name: None for cls in reversed(type(thing).__mro__[:-1]) for name in vars(cls)}
    kind = type(thing)  # asked of the class, no property is run
    return [name for name in written if not name.startswith("_") and callable(getattr(kind, name, None))][:_SHOWN]


def _remedy(thing: Any) -> str:
    """The two lines that would do, with the names of the object itself where they can be guessed."""
    methods = _methods(thing)
    run = next((name for name in methods if _sounds(name, _FORWARD_WORDS) and not _sounds(name, _BACKWARD_WORDS)), "")
    back = next((name for name in methods if _sounds(name, _BACKWARD_WORDS)), "")
    if not (run or back) and len(methods) == 2:  # as people write them: forward first
        run, back = methods
    if run and back:
        return (
            f"Name them, check(thing, x, forward={run!r}, backward={back!r}), or pass two functions:\n"
            f"    forward, backward = thing.{run}, lambda dout: thing.{back}(dout)\n"
            "    check(forward, x, backward=backward)"
        )
    return (
        "Pass the backward of a pair, check(forward, x, backward=backward), the gradient of a scalar function, "
        "check(f, x, grad=df), or grad=True where f returns (value, gradient); of an object, two functions:\n"
        f"    forward, backward = thing.{run or 'run'}, lambda dout: thing.{back or 'pull'}(dout)\n"
        "    check(forward, x, backward=backward)"
    )


def _sounds(name: str, words: tuple[str, ...]) -> bool:
    return any(word in name.lower() for word in words)


def _called(thing: Any) -> str:
    """A function by its name, anything else by its type."""
    name = getattr(thing, "__name__", "")
    return f"{type(thing).__name__} {name!r}" if name else kind_of(thing)


def _is_network(thing: Any) -> bool:
    methods = all(callable(getattr(thing, name, None)) for name in ("loss", "gradient"))
    return methods and isinstance(getattr(thing, "params", None), MutableMapping)
