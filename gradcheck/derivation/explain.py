"""`explain`: from a function, a variable and a point to a derivation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np

from gradcheck.derivation.case import Case, case
from gradcheck.derivation.derivation import Check, Derivation, Factor, Path
from gradcheck.derivation.differences import measure, textbook
from gradcheck.derivation.naming import position_name
from gradcheck.derivation.notation import Python
from gradcheck.derivation.paths import Chain, Edge, chain
from gradcheck.derivation.rows import Table
from gradcheck.derivation.simplify import Simplifier
from gradcheck.derivation.trace import Graph
from gradcheck.derivation.value import Traced

MOST_PATHS = 1000


def explain(
    f: Callable[..., Any],
    wrt: str,
    at: Mapping[str, Any],
    *,
    rate: float | None = None,
    published: float | None = None,
) -> Derivation:
    """The derivation of ∂f/∂wrt at a point, every step beside its own central difference.

    ``∂f/∂w = Σ over the paths from w to f of Π over the steps of a path of ∂(next)/∂(this)``

    `f` is plain Python and NumPy code; it is run on values that remember where they came from, and the names
    in the derivation are those of its own local variables.

    Parameters
    ----------
    f : callable
        Takes the arguments named in `at`, returns one number.
    wrt : str
        The argument to derive with respect to, or one entry of it: ``"w1"``, ``"W"``, ``"W[0, 1]"``.
    at : mapping
        A number or an array for every argument of `f`; those with a default may be left out.
    rate : float, optional
        A learning rate; the derivation then ends in the update ``w - rate * ∂f/∂w``.
    published : float, optional
        A value from a book or a paper, to be compared in all the decimals it gives.

    Returns
    -------
    Derivation
        Print it, or read `value`, `numerical`, `paths` and `rows`.

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
    asked = case(f, wrt, at)
    graph, variable = asked.trace()
    simplifier = Simplifier()
    formulas = {str(value.name): simplifier.define(value) for value in _computed(graph)}
    steps = chain(graph, variable, simplifier)
    value = steps.cotangents.get(str(variable.name), np.zeros(variable.shape))
    numerical = textbook(asked.run, variable.value)
    _, agrees = measure(asked.run, variable.value, value, entries=8)
    return Derivation(
        function=asked.called,
        wrt=str(variable.name),
        result=str(graph.result.name),
        at={**asked.point, str(variable.name): variable.value},
        value=_plain(value),
        numerical=_plain(numerical),
        error=float(np.max(np.abs(value - numerical), initial=0)),
        paths=_paths(steps),
        path_count=steps.count(),
        rows=Table(steps, _weights(asked) if rate is not None else set()).write(),
        forward={str(v.name): v.value for v in _computed(graph)},
        formulas=formulas,
        checks=(
            Check("numerical", numerical, "central difference of the whole function", agrees),
            *_checks(steps, value, published),
        ),
        scalar=steps.scalar,
        rate=rate,
    )


def _computed(graph: Graph) -> list[Traced]:
    """The named values that are computed, and are not merely an entry of another."""
    return [v for v in graph.named if v.inputs and v.op != "put" and v.name != position_name(v)]


def _weights(asked: Case) -> set[str]:
    """The other arguments: an update would change those of them that are parameters as well."""
    return set(asked.point) - {asked.name}


def _plain(value: Any) -> Any:
    return float(value) if np.ndim(value) == 0 else value


def _paths(steps: Chain) -> tuple[Path, ...]:
    factors = {id(edge): _factor(edge) for edge in steps.edges}
    found = []
    for path in islice(steps.paths(), MOST_PATHS):
        names = (str(steps.variable.name), *(str(edge.above.name) for edge in reversed(path)))
        found.append(Path(names, tuple(factors[id(edge)] for edge in path), _plain(steps.along(path))))
    return tuple(found)


def _factor(edge: Edge) -> Factor:
    symbol = f"∂{edge.above.name}/∂{edge.below.name}"
    return Factor(symbol, Python().write(edge.formula), edge.value, edge.numerical, edge.agrees)


def _checks(steps: Chain, value: Any, published: float | None) -> Iterator[Check]:
    good = sum(edge.agrees for edge in steps.edges)
    yield Check("factors", good, f"{len(steps.edges)}", good == len(steps.edges))
    if published is not None:
        places = len(f"{published:.12g}".partition(".")[2])
        agrees = round(float(value), places) == published
        yield Check("published", published, f"all {places} decimals of it", agrees)
