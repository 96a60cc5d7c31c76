"""The verb for a whole module."""

from collections.abc import Callable, Mapping
from os import PathLike
from types import ModuleType
from typing import Any

import numpy as np

from gradcheck.checking import keywords
from gradcheck.checking.modules.attempt import How
from gradcheck.checking.modules.discovery import Candidate, candidates, discover
from gradcheck.checking.modules.importing import STAND_INS, ModuleError, load
from gradcheck.checking.modules.result import ModuleReport, Result
from gradcheck.checking.modules.run import run
from gradcheck.checking.modules.script import PASSED_OVER

Case = Callable[[np.random.Generator], Any] | tuple[Any, ...] | Mapping[str, Any]

CONSTANTS = 1e-4
"""What a constant left out of backward may amount to, such as the 1e-7 in ``log(y + 1e-7)``: accepted, and said."""


MOST = 8_000
"""Forward evaluations of one attempt; what is not settled by then is undecided."""


def check_module(
    module: str | PathLike[str] | ModuleType,
    *,
    cases: Mapping[str, Case] | None = None,
    only: str | None = None,
    seed: int = 0,
    rtol: float | None = CONSTANTS,
    exhaustive: bool = False,
    progress: Callable[[Result], None] | None = None,
) -> ModuleReport:
    """Find every layer, loss and pair of forward and backward in a module, make up inputs, and check all of them.

    Shapes come from the signatures and the source, and from the errors of inputs that do not fit. Where settings show
    (stride, padding, evaluation, a batch of one) several are drawn, and the smallest that fails is reported.

    Parameters
    ----------
    module : str, path or module
        ``"layers"``, ``"path/to/layers.py"``, or the module itself. Importing a file runs it; what fails there, or
        takes more than ten seconds, is passed over and said.
    cases : dict, optional
        Inputs by the name of what takes them: a tuple of inputs in order, a dictionary of inputs and arguments of the
        constructor by name, or a function of a Generator that returns either. What is missing is made up.
    only : str, optional
        Only the subject of this name.
    seed : int
        Of everything random.
    rtol : float or None
        A relative error that is accepted in any entry, and said; None accepts none.
    exhaustive : bool
        Measure every entry.
    progress : callable, optional
        Called with each :class:`Result` as it comes.

    Returns
    -------
    ModuleReport
        True if something was checked and all of it agrees; printed, a table and the reports of what is wrong.

    Raises
    ------
    ValueError
        If the module cannot be imported, or `cases` or `only` names nothing in it; the text says what there is.
    TypeError
        If `module` is neither a module nor a name or path, or a case is none of the three.

    Examples
    --------
    >>> import gradcheck.analytic.dense
    >>> report = check_module(gradcheck.analytic.dense)
    >>> report.ok, report["Dense"].verdict
    (True, 'agree')
    """
    how = How(keywords.whole_seed(seed), keywords.accepted_error(rtol), bool(exhaustive), None if exhaustive else MOST)
    loaded = load(module)
    name = str(getattr(loaded, "__file__", None) or loaded.__name__) if not isinstance(module, str) else module
    found = list(candidates(loaded, only or ""))
    known = [candidate.name for candidate in discover(loaded)]
    _require_known(known, name, [only] if only and not found else [])
    _require_known(known, name, [case for case in cases or {} if case not in known])
    results = []
    for candidate in found:
        results.append(run(candidate, how, _given(candidate, (cases or {}).get(candidate.name), how.seed)))
        if progress is not None:
            progress(results[-1])
    kept = STAND_INS.get(id(loaded), []), PASSED_OVER.get(id(loaded), [])
    return ModuleReport(name, results, how.seed, *kept)


def _require_known(known: list[str], module: str, wanted: list[str]) -> None:
    if wanted:
        there = f"it has {', '.join(known)}" if known else "it has nothing with a gradient"
        raise ModuleError(f"{module} has no {wanted[0]!r} to check; {there}")


def _given(candidate: Candidate, case: Case | None, seed: int) -> tuple[Any, ...] | dict[str, Any] | None:
    """The inputs that a case stands for.

    Raises
    ------
    TypeError
        If it is neither a tuple nor a dictionary, nor a function that returns one.
    """
    value = case(np.random.default_rng(seed)) if callable(case) else case
    if isinstance(value, Mapping):
        return dict(value)
    if value is None or isinstance(value, tuple):
        return value
    raise TypeError(
        f"cases[{candidate.name!r}] {'returned' if callable(case) else 'is'} {type(value).__name__}; give a tuple of "
        "inputs, or a dictionary of inputs and arguments by name, or a function of a Generator that returns one"
    )
