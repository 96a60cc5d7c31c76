"""A list of checks for any layer, to run one by one: as parameters of one test, or from a plain function.

Each check looks at one thing, so that a failure says what is wrong by its name alone.
"""

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np

from gradcheck.checking import check


@dataclass(frozen=True)
class LayerCase:
    """A layer object, or anything else `check` takes, with inputs; what all checks are given.

    ``name`` is by default its repr, or the name of its class if that says no more than where it lies in memory; ``wrt``
    are the inputs to differentiate by, as in `check`.
    """

    subject: Any
    inputs: tuple[Any, ...]
    name: str = ""
    wrt: Any = None


Check = Callable[[LayerCase], None]


def gradients_are_right(case: LayerCase) -> None:
    """All gradients agree with central differences."""
    _require_agreement(case)


def gradients_are_right_entry_by_entry(case: LayerCase) -> None:
    """The same, every entry measured by itself."""
    _require_agreement(case, exhaustive=True)


def gradients_are_right_for_other_cotangents(case: LayerCase) -> None:
    """The same for other upstream gradients."""
    for seed in (1, 2):
        _require_agreement(case, seed=seed)


def read_only_and_strided_inputs_will_do(case: LayerCase) -> None:
    """Inputs that cannot be written to, or do not lie side by side in memory, give the same value."""
    expected = _forward(case, case.inputs)
    for name, form in {"read-only": _read_only, "Fortran-ordered": _fortran, "strided": _strided}.items():
        found = _forward(case, tuple(form(x) for x in case.inputs))
        if not np.allclose(found, expected, rtol=1e-6, atol=1e-6 * np.abs(expected).max(initial=0)):
            raise AssertionError(f"{_name(case)}: forward gives something else for {name} inputs")


def _require_agreement(case: LayerCase, **options: Any) -> None:
    """Raise unless every gradient agrees; what else a layer does wrong is for the check of that name to say."""
    __tracebackhide__ = True
    report = _report(case, **options)
    if not report.tensors or any(tensor.verdict != "agree" for tensor in report.tensors):
        report.raise_if_wrong()


def _conduct(name: str, case: LayerCase) -> None:
    for finding in _report(case).conduct:
        if finding.check == name and not finding.ok:
            raise AssertionError(f"{_name(case)}: {finding.message}")


CHECKS: dict[str, Check] = {
    "gradients_are_right": gradients_are_right,
    "gradients_are_right_entry_by_entry": gradients_are_right_entry_by_entry,
    "gradients_are_right_for_other_cotangents": gradients_are_right_for_other_cotangents,
    "forward_is_deterministic": partial(_conduct, "deterministic"),
    "gradients_have_the_shapes_of_their_arrays": partial(_conduct, "shape"),
    "gradients_have_the_dtypes_of_their_arrays": partial(_conduct, "dtype"),
    "gradients_are_finite": partial(_conduct, "finite"),
    "backward_is_linear": partial(_conduct, "linear"),
    "backward_may_be_repeated": partial(_conduct, "repeatable"),
    "backward_belongs_to_the_last_forward": partial(_conduct, "interleaved"),
    "nothing_of_the_callers_changes": partial(_conduct, "mutation"),
    "results_share_no_memory_with_arguments": partial(_conduct, "aliasing"),
    "read_only_and_strided_inputs_will_do": read_only_and_strided_inputs_will_do,
}
"""Every check by its name."""


def layer_checks(subject: Any, *inputs: Any, wrt: Any = None) -> list[tuple[str, Callable[[], None]]]:
    """All checks of a layer, ready to be called: each returns None, or raises an `AssertionError` that says why.

    Parameters
    ----------
    subject
        A layer object, or whatever else `gradcheck.check` takes.
    *inputs
        What its forward takes; away from kinks, with no two axes of the same length.
    wrt
        As in `gradcheck.check`.

    Examples
    --------
    >>> from gradcheck.analytic import Dense
    >>> checks = layer_checks(Dense(3, 4, rng=0), np.random.default_rng(0).normal(size=(5, 3)))
    >>> checks[0][0]
    'gradients_are_right'
    >>> for name, run in checks:
    ...     run()
    """
    case = LayerCase(subject, inputs, wrt=wrt)
    return [(name, partial(run, case)) for name, run in CHECKS.items()]


def parametrize_with_layer_checks(
    cases: Iterable[Any], *, expected_failures: Callable[[Any], Mapping[str, str]] | None = None
) -> Any:
    """A pytest decorator: one test for every check of every layer.

    Parameters
    ----------
    cases : iterable
        Tuples ``(layer, x, ...)``, or cases such as those of `gradcheck.analytic.cases`.
    expected_failures : callable, optional
        Takes the layer, returns the names of the checks it is known to fail, with reasons; the tests are then expected
        to fail, and one that passes after all is reported.

    Examples
    --------
    In a test file::

        @parametrize_with_layer_checks([(MyDense(3, 4), x), (MyReLU(), x)])
        def test_my_layers(case, check):
            check(case)

    The ids are like ``MyReLU()-backward_is_linear``.
    """
    import pytest

    parameters = []
    for case in map(_as_case, cases):
        reasons = expected_failures(case.subject) if expected_failures else {}
        unknown = set(reasons) - set(CHECKS)
        if unknown:
            raise ValueError(
                f"parametrize_with_layer_checks: there is no check {sorted(unknown)[0]!r} that {_name(case)} could "
                f"fail; there are {', '.join(CHECKS)}"
            )
        for name, run in CHECKS.items():
            marks = [pytest.mark.xfail(reason=reasons[name], strict=True)] if name in reasons else []
            parameters.append(pytest.param(case, run, id=f"{_name(case)}-{name}", marks=marks))
    return pytest.mark.parametrize(("case", "check"), parameters)


def _as_case(given: Any) -> LayerCase:
    if isinstance(given, tuple) and len(given) > 1:
        subject, *inputs = given
        return LayerCase(subject, tuple(inputs))
    if hasattr(given, "subject") and hasattr(given, "inputs"):
        return LayerCase(given.subject, given.inputs, getattr(given, "name", ""), getattr(given, "wrt", None))
    raise TypeError(f"parametrize_with_layer_checks: {given!r} is no case; expected a tuple (layer, x, ...)")


def _name(case: LayerCase) -> str:
    """The same in every run, which the address in a default repr is not."""
    if case.name:
        return case.name
    if isinstance(case.subject, FunctionType):
        return case.subject.__name__
    *kinds, _ = type(case.subject).__mro__  # without object
    return repr(case.subject) if any("__repr__" in vars(kind) for kind in kinds) else kinds[0].__name__


def _report(case: LayerCase, **options: Any) -> Any:
    return check(case.subject, *case.inputs, wrt=case.wrt, name=_name(case), **options)


def _forward(case: LayerCase, inputs: tuple[Any, ...]) -> Any:
    subject = copy.deepcopy(case.subject)  # what it keeps between calls stays as it is
    forward = next(
        getattr(subject, name)
        for name in ("loss", "forward", "__call__")
        if callable(getattr(subject, name, None)) and not (name == "loss" and len(inputs) < 2)
    )
    return np.asarray(forward(*inputs))


def _read_only(x: Any) -> Any:
    fixed = np.array(x)
    fixed.flags.writeable = False
    return fixed


def _fortran(x: Any) -> Any:
    return np.asfortranarray(x)


def _strided(x: Any) -> Any:
    return np.repeat(x, 2, axis=-1)[..., ::2] if np.ndim(x) else x
