"""A report as HTML for notebooks: the same words as the text, in a table."""

from html import escape

from gradcheck.checking.report import Report
from gradcheck.checking.text import headline, report_text

_STYLE = "border-collapse:collapse;font-variant-numeric:tabular-nums"


def report_html(report: Report) -> str:
    """A self-contained fragment; verdicts are words, never colours alone."""
    rows = "".join(
        f"<tr><th scope='row'>{escape(c.name)}</th><td>{escape(str(c.shape))}</td><td>{c.verdict}</td>"
        f"<td>{'' if c.worst_error is None else format(c.worst_error, '.1e')}</td><td>{c.resolution:.1e}</td>"
        f"<td>{int(c.wrong.sum())}</td><td>{int(c.kinks.sum())}</td></tr>"
        for c in report.tensors
    )
    heads = ("tensor", "shape", "verdict", "worst error", "resolution", "wrong", "kinks")
    header = "".join(f"<th scope='col'>{head}</th>" for head in heads)
    return (
        f"<div><table style='{_STYLE}'><caption style='text-align:left'><strong>{escape(headline(report))}</strong>"
        f"</caption><thead><tr>{header}</tr></thead><tbody>{rows}</tbody></table>"
        f"<details><summary>the whole report</summary><pre>{escape(report_text(report))}</pre></details></div>"
    )
