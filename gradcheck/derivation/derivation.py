"""What :func:`~gradcheck.derivation.explain` returns: a derivation as data, and its renderings."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.derivation.proofs import Proof
from gradcheck.derivation.reasons import Remark
from gradcheck.derivation.rows import Row
from gradcheck.derivation.symbols import Formula
from gradcheck.derivation.wording import Wording


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
    """One comparison of the gradient as a whole.

    `name` is "numerical", "directions", "factors", "autograd", "published" or "backward" (the layer's own).
    `count` is how many of `value` there are, entries or factors or decimals, where that says something.
    """

    name: str
    value: Any
    agrees: bool
    count: int = 0


@dataclass(frozen=True)
class Departure:
    """Where a given gradient leaves the right one.

    `remark` says what the given gradient does at row `row` (0 if no single step explains it), `value` is the
    given entry and `expected` the right one.
    """

    row: int
    remark: Remark
    value: float
    expected: float


@dataclass(frozen=True, repr=False)
class Derivation:
    """How the gradient of `result` with respect to `wrt` comes about, step by step, every step measured.

    Attributes
    ----------
    value, numerical : float or ndarray
        The gradient by the chain rule, and by the textbook's central difference of the whole function; of
        more than 256 entries only some are measured one by one, and `numerical` is NaN at the others.
    error : float
        The largest absolute difference between the two.
    ok : bool
        Whether every factor and the total agree with their differences.
    paths : tuple of Path
        Every path of the chain rule; their values add up to `value`. (A function with very many paths
        has the first here, a thousand of numbers or 64 of arrays, and all of them, joined where they meet, in `rows`.)
    rows : tuple of Row
        The numbered table, in which shared parts are computed once and named δ.
    forward : dict
        The named intermediate values in order.
    gradients : dict
        ∂result/∂(value) of every named value on the way.
    departure : Departure or None
        Where a given wrong gradient leaves this one (see :func:`~gradcheck.derivation.depart`).
    source : tuple or None
        What was followed instead of the code itself, as a message with its fields.
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
    remarks: tuple[Remark, ...] = ()
    proofs: tuple[Proof, ...] = ()
    departure: Departure | None = None
    source: Remark | None = None
    gradients: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every factor and the total agree with their central differences."""
        return all(check.agrees for check in self.checks if check.name not in ("autograd", "backward"))

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
        """The text, in ASCII (and English) if standard output cannot write ∂, δ and →."""
        return self.text(ascii=not can_write_mathematics())

    def text(
        self,
        *,
        ascii: bool = False,
        width: int = 88,
        lang: str | None = None,
        detail: str = "normal",
        ask: bool = False,
    ) -> str:
        """The derivation as plain text.

        Parameters
        ----------
        ascii : bool
            For streams without Unicode: d for ∂, delta for δ, and English.
        width : int
            Columns, 80 at least.
        lang : str, optional
            "en" or "zh"; by default that of the environment variable ``GRADCHECK_LANG``, or English.
        detail : "brief", "normal" or "full"
            The end of the table only; the whole; and with it why each local derivative is what it is.
        ask : bool
            A worksheet: blanks for the values, and the answers at the end.
        """
        from gradcheck.derivation.text import derivation_text

        return derivation_text(self, Wording(self, lang, detail, ask, ascii=ascii), width)

    def markdown(self, *, lang: str | None = None, detail: str = "normal", ask: bool = False) -> str:
        """The derivation in Markdown, with tables as GitHub and Jupyter show them; options as in `text`."""
        from gradcheck.derivation.markdown import derivation_markdown

        return derivation_markdown(self, Wording(self, lang, detail, ask))

    def latex(
        self, *, form: str = "display", lang: str | None = None, detail: str = "normal", ask: bool = False
    ) -> str:
        """The derivation in LaTeX.

        Parameters
        ----------
        form : "display", "inline" or "document"
            The rows as one ``align*`` (amsmath); the chain rule alone, to stand between dollar signs; a whole
            article (in Chinese a ctexart).
        lang, detail, ask
            As in `text`.
        """
        from gradcheck.derivation.latex import derivation_latex

        return derivation_latex(self, Wording(self, lang, detail, ask), form)

    def to_html(self, *, lang: str | None = None, detail: str = "normal", ask: bool = False) -> str:
        """A self-contained page: tables and MathML, no script, nothing loaded; options as in `text`."""
        from gradcheck.derivation.html import page

        return page(self, Wording(self, lang, detail, ask))

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data for ``json.dumps``; ``"schema"`` names its version."""
        from gradcheck.derivation.plain import plain_data

        return plain_data(self)

    def to_speech(self, *, lang: str | None = None) -> str:
        """The derivation in sentences to be read aloud, without a symbol."""
        from gradcheck.derivation.speech import spoken

        return spoken(self, Wording(self, lang))

    def _repr_html_(self) -> str:
        from gradcheck.derivation.html import fragment

        return fragment(self, Wording(self))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The same in every form a front end may know."""
        bundle = {
            "text/plain": self.text(),
            "text/markdown": self.markdown(),
            "text/latex": self.latex(),
            "text/html": self._repr_html_(),
        }
        kept = set(bundle) if include is None else set(bundle) & set(include)
        return {kind: bundle[kind] for kind in bundle if kind in kept - set(exclude or ())}


def can_write_mathematics() -> bool:
    """Whether standard output can write ∂, δ and →."""
    try:
        "∂δ→═┬".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError, AttributeError):
        return False
    return True
