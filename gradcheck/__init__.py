"""Check hand-written gradients: right or wrong, why, and how the right one comes about.

Every name below is imported on first use (PEP 562), so ``import gradcheck`` costs next to nothing.
The wings, in reading order: :mod:`gradcheck.numerical` (what the derivative is),
:mod:`gradcheck.analytic` (what backpropagation says it is), :mod:`gradcheck.checking` (do they agree?),
:mod:`gradcheck.derivation` (show me the steps), :mod:`gradcheck.training` and :mod:`gradcheck.testing`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.checking import Comparison as Comparison
    from gradcheck.checking import GradientError as GradientError
    from gradcheck.checking import Report as Report
    from gradcheck.checking import check as check
    from gradcheck.checking import check_module as check_module
    from gradcheck.checking import mutants as mutants
    from gradcheck.checking import survivors as survivors
    from gradcheck.derivation import Derivation as Derivation
    from gradcheck.derivation import Derivations as Derivations
    from gradcheck.derivation import depart as depart
    from gradcheck.derivation import explain as explain
    from gradcheck.derivation import lesson as lesson
    from gradcheck.numerical import Estimate as Estimate
    from gradcheck.numerical import gradient_descent as gradient_descent
    from gradcheck.numerical import numerical_gradient as numerical_gradient
    from gradcheck.numerical import numerical_jacobian as numerical_jacobian
    from gradcheck.numerical import numerical_jvp as numerical_jvp
    from gradcheck.numerical import numerical_vjp as numerical_vjp
    from gradcheck.training import DataError as DataError

__version__ = "0.1.0"

_WING_OF = {
    "check": "checking",
    "check_module": "checking",
    "Comparison": "checking",
    "GradientError": "checking",
    "Report": "checking",
    "mutants": "checking",
    "survivors": "checking",
    "Derivation": "derivation",
    "Derivations": "derivation",
    "depart": "derivation",
    "explain": "derivation",
    "lesson": "derivation",
    "Estimate": "numerical",
    "gradient_descent": "numerical",
    "numerical_gradient": "numerical",
    "numerical_jacobian": "numerical",
    "numerical_jvp": "numerical",
    "numerical_vjp": "numerical",
    "DataError": "training",
}
_WINGS = ("numerical", "analytic", "checking", "derivation", "training", "testing", "cli")

__all__ = ["__version__", *_WING_OF]  # noqa: PLE0604 - the names are strings, spread from the table above


def __getattr__(name: str) -> Any:
    if name in _WINGS:
        return import_module(f"gradcheck.{name}")
    if name in _WING_OF:
        return getattr(import_module(f"gradcheck.{_WING_OF[name]}"), name)
    raise AttributeError(f"module 'gradcheck' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_WINGS])
