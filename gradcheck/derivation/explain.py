"""`explain`: from a function, a layer or a network, and a point, to its derivation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, overload

from gradcheck.derivation.case import case
from gradcheck.derivation.derivation import Derivation
from gradcheck.derivation.derivations import Derivations
from gradcheck.derivation.derive import derive
from gradcheck.derivation.layers import explain_layer, is_layer


@overload
def explain(
    f: Callable[..., Any],
    wrt: str,
    at: Mapping[str, Any],
    *,
    rate: float | None = ...,
    published: float | None = ...,
) -> Derivation: ...


@overload
def explain(
    f: Callable[..., Any],
    wrt: list[str] | tuple[str, ...],
    at: Mapping[str, Any],
    *,
    rate: float | None = ...,
) -> Derivations: ...


@overload
def explain(
    f: Any,
    /,
    *inputs: Any,
    wrt: str,
    dy: Any = ...,
    seed: int = ...,
    rate: float | None = ...,
) -> Derivation: ...


@overload
def explain(
    f: Any,
    /,
    *inputs: Any,
    wrt: list[str] | tuple[str, ...] | None = ...,
    dy: Any = ...,
    seed: int = ...,
    rate: float | None = ...,
) -> Derivations: ...


def explain(
    f: Any,
    *inputs: Any,
    wrt: str | list[str] | tuple[str, ...] | None = None,
    at: Mapping[str, Any] | None = None,
    rate: float | None = None,
    published: float | None = None,
    dy: Any = None,
    seed: int = 0,
) -> Derivation | Derivations:
    """The derivation of ∂f/∂wrt at a point, every step beside its own central difference.

    ``∂f/∂w = Σ over the paths from w to f of Π over the steps of a path of ∂(next)/∂(this)``

    ``explain(f, wrt, at)``: `f` is plain Python and NumPy code; it is run on values that remember where they
    came from, and the names in the derivation are those of its own local variables.

    ``explain(layer, x)``, ``explain(loss, x, t)``, ``explain(network, x, t)``: an object with a ``forward``
    (a network: with ``loss(x, t)``) and its parameters in ``params``, a dictionary or a list, or in attributes
    with a gradient beside them (W and dW). Its result y meets a cotangent dy, L = Σ dy · y, and ∂L/∂x and ∂L/∂W
    are derived, matrix by matrix, each with its shape.

    Parameters
    ----------
    f : callable, or an object with ``forward``
        A function takes the arguments named in `at` and returns one number.
    wrt : str, or several
        The argument, input or parameter to derive with respect to, or one entry of it: ``"w1"``, ``"W"``,
        ``"W[0, 1]"``. By default, for a layer: its inputs and all its parameters.
    at : mapping
        A number or an array for every argument of `f`; those with a default may be left out.
    *inputs : arrays
        What ``forward`` of a layer takes. For a function, `wrt` and `at` by position.
    rate : float, optional
        A learning rate; the derivation then ends in the update ``w - rate * ∂f/∂w``.
    published : float, optional
        A value from a book or a paper, to be compared in all the decimals it gives.
    dy : array, optional
        The cotangent of a layer's result; by default random, by `seed`.
    seed : int
        For `dy`.

    Returns
    -------
    Derivation, or Derivations
        Print it, or read `value`, `numerical`, `paths` and `rows`; several where `wrt` names several.

    Raises
    ------
    TypeError
        If `f` leaves the traced world (``float(x)``, ``if`` on a value, a function without a rule),
        returns no number, or the variable is not made of real floats.
    ValueError
        If the names in `at` or `wrt` do not fit the arguments of `f`, or `f` is not finite there.

    Examples
    --------
    >>> import numpy as np
    >>> def loss(w, x, t):
    ...     y = np.tanh(w * x)
    ...     return 0.5 * (y - t) ** 2
    >>> derivation = explain(loss, wrt="w", at=dict(w=0.5, x=2.0, t=1.0))
    >>> [factor.rule for factor in derivation.paths[0].factors]
    ['y - t', '(1 - y**2) * x']

    References
    ----------
    Rumelhart, Hinton and Williams, Learning representations by back-propagating errors, Nature 323, 1986.
    Baydin et al., Automatic differentiation in machine learning: a survey, JMLR 18, 2018.
    """
    if is_layer(f):
        return explain_layer(f, inputs, wrt, dy=dy, seed=seed, rate=rate)
    name, at = _by_position(inputs, wrt, at)
    if isinstance(name, list | tuple):
        return Derivations(tuple(derive(case(f, each, at), rate=rate) for each in name))
    return derive(case(f, name, at), rate=rate, published=published)


def _by_position(given: tuple[Any, ...], wrt: Any, at: Any) -> tuple[Any, Mapping[str, Any]]:
    """The variable and the point of a function, however they were given."""
    if given and wrt is None:
        wrt, *given_at = given
        at = given_at[0] if given_at else at
    elif given:
        at = given[0]
    if wrt is None or at is None:
        missing = "wrt" if wrt is None else "at"
        raise TypeError(f'{missing} is missing; write explain(f, wrt="w1", at={{...}}), or give a layer with a forward')
    if not isinstance(at, Mapping):
        raise TypeError(f"at is {at!r}; give a value for every argument by name, such as at=dict(w1=0.15, x=2.0)")
    return wrt, at
