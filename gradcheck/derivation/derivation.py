"""What :func:`~gradcheck.derivation.explain` returns: a derivation as data, and its renderings."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.derivation.rows import Row
from gradcheck.derivation.symbols import Formula


@dataclass(frozen=True)
class Factor:
    """One factor of a path: a local derivative, by its rule and by its own central difference.

    Attributes
    ----------
    symbol : str
        What it is, ``∂out_h1/∂net_h1``.
    rule : str
        Its formula in the names of the code, as Python: ``out_h1 * (1 - out_h1)``.
    value, numerical : float or ndarray
        The formula's value, and the measured one. Where arrays are on the way, both are the cotangent that
        arrives through this factor, in the shape of the variable below.
    agrees : bool
        Whether the two agree within what was measured.
    """

    symbol: str
    rule: str
    value: Any
    numerical: Any
    agrees: bool


@dataclass(frozen=True)
class Path:
    """One way from the variable to the result; `value` is the product of its factors.

    `names` lists the values on the way from the variable up, `factors` the local derivatives from the result
    down, as the chain rule is written.
    """

    names: tuple[str, ...]
    factors: tuple[Factor, ...]
    value: Any


@dataclass(frozen=True)
class Check:
    """One line of the checks: what was compared with what, and whether it agrees."""

    name: str
    value: Any
    against: str
    agrees: bool


@dataclass(frozen=True, repr=False)
class Derivation:
    """How the gradient of `result` with respect to `wrt` comes about, step by step, every step measured.

    Attributes
    ----------
    value, numerical : float or ndarray
        The gradient by the chain rule, and by the textbook's central difference of the whole function.
    error : float
        The largest absolute difference between the two.
    ok : bool
        Whether every factor and the total agree with their differences.
    paths : tuple of Path
        Every path of the chain rule; their values add up to `value`. (A function with very many paths
        has the first thousand here and all of them, joined where they meet, in `rows`.)
    rows : tuple of Row
        The numbered table, in which shared parts are computed once and named δ.
    forward : dict
        The named intermediate values in order.
    """

    function: str
    wrt: str
    result: str
    at: dict[str, Any]
    value: Any
    numerical: Any
    error: float
    paths: tuple[Path, ...]
    path_count: int
    rows: tuple[Row, ...]
    forward: dict[str, Any]
    formulas: dict[str, Formula]
    checks: tuple[Check, ...]
    scalar: bool
    rate: float | None

    @property
    def ok(self) -> bool:
        """Whether every factor and the total agree with their central differences."""
        return all(check.agrees for check in self.checks)

    @property
    def point(self) -> Any:
        """The value of the variable itself."""
        return self.at[self.wrt]

    @property
    def updated(self) -> Any:
        """The variable after one step of gradient descent, or None without a rate."""
        return None if self.rate is None else self.point - self.rate * self.value

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the variable and of its gradient."""
        return np.shape(self.value)

    def __repr__(self) -> str:
        value = f"shape {self.shape}" if self.shape else f"{self.value:.9g}"
        verdict = "agrees" if self.ok else "DISAGREES"
        return f"Derivation(∂{self.result}/∂{self.wrt}: {value}, {self.path_count} paths, {verdict})"

    def __str__(self) -> str:
        """The text, in ASCII if standard output cannot write ∂, δ and →."""
        try:
            "∂δ→═┬".encode(sys.stdout.encoding or "ascii")
        except (UnicodeEncodeError, LookupError, AttributeError):
            return self.text(ascii=True)
        return self.text()

    def text(self, *, ascii: bool = False, width: int = 88) -> str:
        """The derivation as plain text, in `width` columns (80 at least); `ascii` for streams without Unicode."""
        from gradcheck.derivation.text import derivation_text

        return derivation_text(self, ascii=ascii, width=width)

    def latex(self) -> str:
        """The chain rule and its numbers as LaTeX, for a display in a notebook or a document."""
        from gradcheck.derivation.latex import derivation_latex

        return derivation_latex(self)

    def to_html(self) -> str:
        """A self-contained page: tables and MathML, no script, nothing loaded from elsewhere."""
        from gradcheck.derivation.html import page

        return page(self)

    def _repr_html_(self) -> str:
        from gradcheck.derivation.html import fragment

        return fragment(self)


def relative_error(value: Any, numerical: Any) -> float:
    """|value - numerical| relative to the larger of the two; 0 if both are 0."""
    a: NDArray[Any] = np.atleast_1d(value)
    b: NDArray[Any] = np.atleast_1d(numerical)
    size = max(np.max(np.abs(a), initial=0), np.max(np.abs(b), initial=0))
    return float(np.max(np.abs(a - b), initial=0) / size) if size else 0.0
