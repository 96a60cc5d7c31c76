"""Nothing to check is no agreement: a subject without a number to vary is refused before anything is compared."""

from typing import Any

import numpy as np

from gradcheck.checking.subject import Subject, listed


def require_something(subject: Subject) -> None:
    """Refuse a subject that has no float input and no parameter with a gradient.

    Raises
    ------
    ValueError
        What each input is, what to pass instead, and which arrays have no gradient.

    Examples
    --------
    >>> from gradcheck import check
    >>> check(lambda x: np.sum(x**2), np.arange(3), grad=lambda x: 2 * x, name="square")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: check(square, ...) has nothing to check: x is an array of int64 (pass x.astype(float)); ...
    """
    if any(tensor.size for tensor in subject.tensors.values()):
        return
    facts = [f"{name} is {_what(name, value)}" for name, value in subject.inputs.items()] or ["there are no inputs"]
    facts += [
        f"no gradient was found for its array {name} (as d{name}, or grads[{name!r}])" for name in subject.unclaimed
    ]
    raise ValueError(
        f"check({subject.name}, ...) has nothing to check: {listed(facts)}; only floats vary, in inputs and in "
        "parameters that have a gradient"
    )


def _what(name: str, value: Any) -> str:
    """An input in a few words, with what to pass instead."""
    if isinstance(value, np.ndarray) and not value.size:
        return f"empty, of shape {value.shape}"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} (pass {name}.astype(float))"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"an int (pass {float(value)})"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} (pass np.array({name}, float))"
    return f"of type {type(value).__name__}"
