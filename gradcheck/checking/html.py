"""A report as HTML for notebooks: the same words as the text, in a table."""

from html import escape

import numpy as np

from gradcheck.checking.report import Comparison, Report
from gradcheck.checking.text import causes, headline, report_text

_TABLE = "border-collapse:collapse;margin:0.5em 0;font-variant-numeric:tabular-nums"
_CELL = "padding:0.2em 1em 0.2em 0;border-bottom:1px solid currentColor;font-weight:normal;text-align:"
_TEXT = "white-space:pre-wrap;margin:0.5em 0"
_SIGNS = {"agree": "✓", "disagree": "✗", "undecided": "?"}
_HEADS = ("tensor", "shape", "verdict", "worst error", "resolution", "wrong", "kinks")


def report_html(report: Report) -> str:
    """A self-contained fragment in the colours of the page; verdicts are words, never colours alone."""
    header = "".join(_cell("th", head, i, " scope='col'") for i, head in enumerate(_HEADS))
    rows = "".join(f"<tr>{_row(comparison)}</tr>" for comparison in report.tensors)
    table = f"<table style='{_TABLE}'><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"
    warnings = "".join(f"<p><strong>warning</strong> {escape(warning)}</p>" for warning in report.warnings)
    whole = f"<details><summary>the whole report</summary><pre style='{_TEXT}'>{escape(report_text(report))}</pre>"
    first = f"<p>{_SIGNS[report.verdict]} <strong>{escape(headline(report))}</strong></p>"
    return f"<div>{first}{_causes(report)}{table if rows else ''}{warnings}{whole}</details></div>"


def _causes(report: Report) -> str:
    """Cause, remedy and pattern as a list of terms and what they are, which a screen reader reads as such."""
    said = "".join(
        f"<dt><strong>{label}</strong></dt><dd>{escape(text.strip())}</dd>"
        for label, _, text in (line.strip().partition(" ") for line in causes(report))
    )
    return f"<dl>{said}</dl>" if said else ""


def _row(comparison: Comparison) -> str:
    c = comparison
    worst = "" if c.worst_error is None else f"{c.worst_error:.1e}"
    resolution = f"{c.resolution:.1e}" if np.isfinite(c.resolution) else ""
    verdict = f"{_SIGNS[c.verdict]} {c.verdict}"
    counts = (f"{int(c.wrong.sum()):,}", f"{int(c.kinks.sum()):,}")
    cells = (str(c.shape), verdict, worst, resolution, *counts)
    return _cell("th", c.name, 0, " scope='row'") + "".join(_cell("td", cell, i) for i, cell in enumerate(cells, 1))


def _cell(tag: str, text: str, column: int, scope: str = "") -> str:
    """Words to the left, numbers to the right."""
    side = "left" if column < 3 else "right"
    return f"<{tag}{scope} style='{_CELL}{side}'>{escape(text)}</{tag}>"
