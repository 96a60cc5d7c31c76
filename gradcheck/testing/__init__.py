"""Test gradients in your own test suite: strategies for hypothesis, a list of checks, and a pytest fixture.

In reading order: :mod:`~gradcheck.testing.strategies` (inputs that can tell a right backward from a wrong
one), :mod:`~gradcheck.testing.checklist` (one test for each thing a layer must do) and
:mod:`~gradcheck.testing.pytest_plugin` (the fixture ``gradcheck``). Every name is imported on
first use (PEP 562): pytest reads this file at each of its starts, so it must cost nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.testing.checklist import layer_checks as layer_checks
    from gradcheck.testing.checklist import parametrize_with_layer_checks as parametrize_with_layer_checks
    from gradcheck.testing.strategies import arrays_off_kinks as arrays_off_kinks
    from gradcheck.testing.strategies import arrays_on_kinks as arrays_on_kinks
    from gradcheck.testing.strategies import cotangents as cotangents
    from gradcheck.testing.strategies import distinct_values as distinct_values
    from gradcheck.testing.strategies import layer_cases as layer_cases
    from gradcheck.testing.strategies import shapes as shapes

_STRATEGIES = (
    "arrays_off_kinks",
    "arrays_on_kinks",
    "cotangents",
    "distinct_values",
    "layer_cases",
    "shapes",
)
_CHECKS = ("layer_checks", "parametrize_with_layer_checks")
_MODULES = ("strategies", "pytest_plugin")

__all__ = [*_STRATEGIES, *_CHECKS]  # noqa: PLE0604 - the names are strings, spread from the table above


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"gradcheck.testing.{name}")
    if name in _STRATEGIES:
        return getattr(import_module("gradcheck.testing.strategies"), name)
    if name in _CHECKS:
        return getattr(import_module("gradcheck.testing.checklist"), name)
    raise AttributeError(f"module 'gradcheck.testing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES])
