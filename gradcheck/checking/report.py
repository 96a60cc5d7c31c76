"""What a check found: data first, its text in :mod:`gradcheck.checking.text`."""

import textwrap
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.plain import plain
from gradcheck.numerical.entries import Entries

Array = NDArray[Any]
Verdict = Literal["agree", "disagree", "undecided"]


class GradientError(AssertionError):
    """A gradient is wrong, or could not be told to be right; the report is in :attr:`report`."""

    __module__ = "gradcheck"  # where users find it, and what tracebacks call it

    def __init__(self, report: "Report") -> None:
        super().__init__(str(report))
        self.report = report

    def __reduce__(self) -> Any:
        """Pickle through the report, so that the error crosses processes whole."""
        return GradientError, (self.report,)


@dataclass(eq=False)
class Comparison:
    """One tensor: its analytic gradient against the numerical one.

    Attributes
    ----------
    name, shape
        Of the tensor.
    verdict : {"agree", "disagree", "undecided"}
    analytic : ndarray or None
        The gradient that was checked; None if there was none in the tensor's shape.
    numerical, error : ndarray or None
        The numerical gradient and the bound on its error, for every entry, NaN where an entry was not measured;
        None if directions settled the matter and no entry was measured by itself.
    wrong : ndarray of bool
        The entries found wrong.
    kinks : ndarray of bool
        The entries at which the slopes from left and right differ.
    low, high : ndarray or None
        The range of subgradients in each entry measured; the same number twice away from kinks.
    worst : tuple of int or None
        The index of the largest difference in units of the tolerance.
    noticeable : ndarray
        For each entry the smallest error that would have been noticed.
    typical : float
        The size of a typical entry, by which `resolution` is measured.
    resolution : float
        The largest `noticeable` away from kinks, relative to the entry or to `typical`, whichever is larger.
    complete : bool
        Whether every wrong entry was looked for; False where a large tensor was searched only until a few were found.
    entries : Entries or None
        The measurements themselves, where every entry was measured.
    reason : str
        Why it is undecided, or how the disagreement shows; empty when all is well.
    """

    name: str
    shape: tuple[int, ...]
    verdict: Verdict
    analytic: Array | None
    numerical: Array | None
    error: Array | None
    wrong: Array
    kinks: Array
    noticeable: Array
    low: Array | None = None
    high: Array | None = None
    worst: tuple[int, ...] | None = None
    typical: float = 0.0
    resolution: float = float("inf")
    complete: bool = True
    reason: str = ""
    entries: Entries | None = field(default=None, repr=False)

    @classmethod
    def unmeasured(cls, name: str, tensor: Array, verdict: Verdict, reason: str) -> "Comparison":
        """A tensor of which nothing could be measured."""
        everywhere = np.full(tensor.shape, verdict == "disagree")
        nowhere, blind = np.zeros(tensor.shape, bool), np.full(tensor.shape, np.inf)
        return cls(name, tensor.shape, verdict, None, None, None, everywhere, nowhere, blind, reason=reason)

    @property
    def worst_error(self) -> float | None:
        """The largest distance from the numerical gradient (at a kink, from its subgradients).

        Like `resolution` by the entry itself, or by a typical one where that is larger.
        """
        if self.analytic is None or self.low is None or self.high is None or not self.analytic.size:
            return None
        outside = np.maximum(np.maximum(self.low - self.analytic, self.analytic - self.high), 0)
        size = np.maximum(np.maximum(np.abs(self.low), np.abs(self.high)), self.typical)
        known = np.isfinite(outside)
        return float(np.max(outside[known] / np.where(size > 0, size, 1)[known])) if known.any() else None

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; arrays become nested lists."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "verdict": self.verdict,
            "analytic": plain(self.analytic),
            "numerical": plain(self.numerical),
            "error": plain(self.error),
            "wrong": plain(self.wrong),
            "kinks": plain(self.kinks),
            "worst": None if self.worst is None else list(self.worst),
            "noticeable": plain(self.noticeable),
            "typical": plain(self.typical),
            "resolution": plain(self.resolution),
            "complete": self.complete,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Finding:
    """The outcome of one check of conduct.

    Attributes
    ----------
    check : str
        Which: "deterministic", "linear", "repeatable", "interleaved", "mutation", "aliasing", "shape", "dtype",
        "finite".
    ok : bool
    message : str
        One sentence, also when all is well.
    cause : str
        The identifier of the mistake, as a diagnosis would name it; empty when all is well.
    tensor : str
        Which tensor it concerns, if one.
    """

    check: str
    ok: bool
    message: str
    cause: str = ""
    tensor: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """A mistake that would explain the numbers.

    Attributes
    ----------
    cause : str
        Its identifier, as ``missing-mean``; two mistakes at once are joined, as ``sign+transposed``.
    tensor : str
        The tensor whose gradient it spoils; empty where it concerns none by itself.
    explains : float
        The share of the squared difference, analytic minus numerical, that it explains at fresh points with fresh
        cotangents, on which nothing was fitted. It is the cause from 0.99 up.
    message, remedy : str
        What is wrong, with the numbers, and what to do.
    """

    cause: str
    tensor: str
    explains: float
    message: str
    remedy: str

    @property
    def quotes(self) -> bool:
        """Whether it quotes the line that is wrong, since the backward was read to find it."""
        return "is wrong because of `" in self.message


@dataclass(eq=False)
class Report:
    """Everything :func:`gradcheck.check` found out; true if the gradient is right.

    Attributes
    ----------
    name : str
        What was checked.
    understood : str
        How it was understood, in one line.
    tensors : list of Comparison
    conduct : list of Finding
        The checks that need no differences.
    diagnoses : list of Diagnosis
        Most convincing first.
    patterns : list of str
        What the wrong entries have in common, for tensors of which the cause is not known.
    warnings : list of str
        Why these inputs could not have told right from some usual mistakes.
    evaluations : int
        Forward evaluations of the subject.
    seed : int
        Repeats the check.
    reproducer : str
        For a wrong gradient, the smallest case found that fails in the same way, as Python to paste; else empty.
    """

    name: str
    understood: str
    tensors: list[Comparison]
    conduct: list[Finding]
    diagnoses: list[Diagnosis] = field(default_factory=list)
    patterns: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    evaluations: int = 0
    seed: int = 0
    reproducer: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of any tensor; bad conduct is a disagreement too, and nothing compared is undecided."""
        verdicts = {comparison.verdict for comparison in self.tensors}
        if "disagree" in verdicts or any(not finding.ok for finding in self.conduct):
            return "disagree"
        return "undecided" if "undecided" in verdicts or not verdicts else "agree"

    @property
    def ok(self) -> bool:
        """Whether every tensor agrees and the conduct is good."""
        return self.verdict == "agree"

    def __bool__(self) -> bool:
        return self.ok

    def __getitem__(self, name: str) -> Comparison:
        """The comparison of the tensor of that name."""
        for comparison in self.tensors:
            if comparison.name == name:
                return comparison
        raise KeyError(f"{name!r} was not checked; there are {', '.join(c.name for c in self.tensors) or 'no tensors'}")

    def raise_if_wrong(self) -> "Report":
        """Return this report if all is well, else raise a GradientError with the report as its message."""
        __tracebackhide__ = True
        if not self.ok:
            raise GradientError(self)
        return self

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "schema": 1,
            "name": self.name,
            "understood": self.understood,
            "ok": self.ok,
            "verdict": self.verdict,
            "tensors": [comparison.to_dict() for comparison in self.tensors],
            "conduct": [vars(finding).copy() for finding in self.conduct],
            "diagnoses": [vars(diagnosis).copy() for diagnosis in self.diagnoses],
            "patterns": list(self.patterns),
            "warnings": list(self.warnings),
            "evaluations": self.evaluations,
            "seed": self.seed,
            "reproducer": self.reproducer,
        }

    def __str__(self) -> str:
        from gradcheck.checking.text import report_text

        return report_text(self)

    def __repr__(self) -> str:
        from gradcheck.checking.text import sentence

        return f"<Report {textwrap.shorten(sentence(self), 200, placeholder='…')}>"

    def _repr_html_(self) -> str:
        from gradcheck.checking.html import report_html

        return report_html(self)
