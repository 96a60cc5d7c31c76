"""The keywords of :func:`gradcheck.check`, examined before anything runs: each error names the one at fault."""

import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def require_one_derivative(backward: Any, grad: Any) -> None:
    """Refuse two derivatives of one subject.

    Raises
    ------
    ValueError
        If both are given.
    """
    if backward is not None and grad is not None and grad is not False:
        raise ValueError(
            "check got backward= and grad=; pass backward= or grad=, not both: the backward of a forward, "
            "or the gradient of a scalar function"
        )


def whole_seed(seed: Any) -> int:
    """The seed as an int, whatever kind of integer it is.

    Raises
    ------
    TypeError
        If it is no integer.
    ValueError
        If it is negative.
    """
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeError(f"seed is {seed!r}; pass an integer of 0 or more, such as seed=0") from None
    if number < 0:
        raise ValueError(f"seed is {number}; it must be 0 or more")
    return number


def accepted_error(rtol: Any) -> float:
    """The relative error that is accepted; 0 for None.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is negative, infinite or NaN.
    """
    if rtol is None:
        return 0.0
    if not isinstance(rtol, int | float | np.integer | np.floating):
        raise TypeError(f"rtol is {rtol!r}; pass a number of 0 or more, such as rtol=1e-6, or None")
    if not 0 <= rtol < float("inf"):
        raise ValueError(f"rtol is {rtol}; it must be 0 or more, and finite")
    return float(rtol)


def most_evaluations(max_evaluations: Any) -> float:
    """How many evaluations may be run; infinity for None.

    Raises
    ------
    TypeError
        If it is no integer.
    ValueError
        If it is not positive.
    """
    if max_evaluations is None:
        return float("inf")
    try:
        number = operator.index(max_evaluations)
    except TypeError:
        raise TypeError(
            f"max_evaluations is {_shown(max_evaluations)}; pass an integer of 1 or more, such as 1000, or None"
        ) from None
    if number < 1:
        raise ValueError(f"max_evaluations is {number}; it must be 1 or more")
    return number


def require_order(order: Any) -> None:
    """Refuse every order of derivative but the first and the second.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(order, bool) or order not in (1, 2):
        raise ValueError(f"order is {_shown(order)}; pass order=1, or order=2 for the gradient of the gradient too")


def wanted_names(wrt: Any) -> list[str] | None:
    """The names in `wrt` as a list; None for all tensors.

    Raises
    ------
    TypeError
        If it is neither a name nor several.
    ValueError
        If it is empty.
    """
    if wrt is None:
        return None
    names = [wrt] if isinstance(wrt, str) else list(wrt) if isinstance(wrt, Iterable) else [wrt]
    if isinstance(wrt, np.ndarray) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"wrt is {_shown(wrt)}; pass the name of a tensor, such as wrt='x', or several: wrt=['x', 'W']")
    if not names:
        raise ValueError("wrt is empty, so there is nothing to check; name a tensor, or leave wrt out to check all")
    return names


def require_readings(forward: Any, parameters: Any) -> None:
    """Refuse what cannot name a method, or places of parameters and gradients.

    Raises
    ------
    TypeError
        If `forward` is no name, or `parameters` no dictionary of names.
    """
    if forward is not None and not isinstance(forward, str):
        raise TypeError(
            f"forward is {_shown(forward)}; pass the name of a method, forward='run', or the function itself first: "
            "check(layer.run, x, backward=...)"
        )
    pairs = parameters.items() if isinstance(parameters, Mapping) else [(None, None)]
    if parameters is not None and not all(isinstance(name, str) for pair in pairs for name in pair):
        raise TypeError(
            f"parameters is {_shown(parameters)}; pass where each parameter is, and where its gradient: "
            "parameters={'theta': 'slope'}"
        )


def require_executor(executor: Any) -> None:
    """Refuse what cannot run tasks.

    Raises
    ------
    TypeError
        If it has no method ``submit``.
    """
    if executor is not None and (isinstance(executor, type) or not callable(getattr(executor, "submit", None))):
        raise TypeError(
            f"executor is {_shown(executor)}, which has no method submit; pass a concurrent.futures.Executor, "
            "such as ProcessPoolExecutor()"
        )


def _shown(value: Any) -> str:
    """A value for a message; arrays and other long things by their type."""
    text = repr(value)
    return text if len(text) <= 40 and not isinstance(value, np.ndarray) else f"of type {type(value).__name__}"
