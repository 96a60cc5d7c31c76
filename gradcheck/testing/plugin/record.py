"""A report as plain data, which crosses from a worker of pytest-xdist to the process that sums up."""

from typing import Any

import numpy as np

from gradcheck.checking.report import Comparison, Report
from gradcheck.testing.plugin.failure import first_line
from gradcheck.testing.plugin.pictures import pictures

LARGEST = 1000
"""Arrays of more entries are left out of the JSON report."""


def record(test: str, report: Report, *, whole: bool = False) -> dict[str, Any]:
    """The figures that a summary needs; for a file of reports the `whole` report with pictures."""
    tensors = [_figures(c) for c in report.tensors]
    plain = {
        "test": test,
        "name": report.name,
        "verdict": report.verdict,
        "message": first_line(report),
        "seed": report.seed,
        "evaluations": report.evaluations,
        "tensors": tensors,
    }
    if whole:
        plain["text"] = str(report)
        plain["report"] = _without_large_arrays(report.to_dict())
        for figures, comparison in zip(tensors, report.tensors, strict=True):
            figures["pictures"] = pictures(comparison)
            figures["worst"] = _worst_entries(comparison)
    return plain


def _figures(c: Comparison) -> dict[str, Any]:
    return {
        "name": c.name,
        "shape": list(c.shape),
        "entries": int(np.prod(c.shape)),
        "verdict": c.verdict,
        "wrong": int(c.wrong.sum()),
        "kinks": int(c.kinks.sum()),
        "resolution": float(c.resolution) if np.isfinite(c.resolution) else None,
        "reason": c.reason,
    }


def _worst_entries(c: Comparison, most: int = 8) -> list[list[str]]:
    """Index, analytic, numerical and bound of the entries that differ most, as text."""
    if c.analytic is None or c.numerical is None or c.error is None:
        return []
    off = np.abs(np.where(np.isfinite(c.numerical), c.analytic - c.numerical, -1.0))
    order = np.argsort(-(off + np.where(c.wrong, np.max(off, initial=0.0), 0.0)).ravel(), kind="stable")[:most]
    places = [tuple(int(i) for i in np.unravel_index(int(k), c.shape)) for k in order]
    return [
        [str(list(at)), f"{c.analytic[at]:.9g}", f"{c.numerical[at]:.9g}", f"{c.error[at]:.1g}", _said(c, at)]
        for at in places
    ]


def _said(c: Comparison, at: tuple[int, ...]) -> str:
    return "wrong" if c.wrong[at] else "kink" if c.kinks[at] else "agrees"


def _without_large_arrays(report: dict[str, Any]) -> dict[str, Any]:
    for tensor in report["tensors"]:
        if np.prod(tensor["shape"]) > LARGEST:
            tensor.update(dict.fromkeys(("analytic", "numerical", "error", "wrong", "kinks", "noticeable")))
    return report
