"""How tests read a report."""

from gradcheck.checking.report import Report


def said(report: Report) -> str:
    """All that the report says, on one line: where it breaks its lines is no part of what it says."""
    return " ".join(str(report).split())
