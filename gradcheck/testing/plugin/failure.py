"""What a failed test says: what is wrong in how many entries and why, on the first line; then the evidence, briefly."""

import textwrap
from collections.abc import Iterator
from typing import Any

from gradcheck.checking.report import Comparison, Finding, Report
from gradcheck.checking.text import CONVINCING, INDENT, blame, extent, kinks, labelled, report_text, sentence, wrapped

ONE_LINE = 120


def failure_text(report: Report, again: str, verbosity: int = 0) -> str:
    """The message of a failed test: all of the report with ``-v``, the least with ``-q``."""
    if verbosity > 0:
        _, _, rest = report_text(report).partition("\n")
        lines = [first_line(report), rest]
    else:
        first = first_line(report)
        body = blame(report) if verbosity < 0 else _brief(report)
        lines = [first, *(wrapped(line) for line in body if not _is_said(line, first))]
    return "\n".join([*lines, labelled("again", f"{again}  (seed {report.seed} of check)")])


def first_line(report: Report) -> str:
    """Tensor, how many entries, and the mistake; with what to do about it, where that is short."""
    wrong = [c for c in report.tensors if c.verdict == "disagree"]
    if not wrong:
        return _with_reason(report)
    causes = [_cause(report, c) for c in wrong]
    each = [extent(report, c) for c in wrong]
    if len(set(causes)) > 1:
        each = [f"{said}: {cause}" if cause else said for said, cause in zip(each, causes, strict=True)]
    said = f"{report.name}: {'; '.join(each)}"
    if len(set(causes)) == 1 and causes[0]:
        said += f": {causes[0]}"
    remedies = {d.remedy for d in report.diagnoses if d.explains >= CONVINCING and d.remedy}
    whole = f"{said}. {min(remedies)}" if len(remedies) == 1 else said
    return whole if len(whole) <= ONE_LINE else said


def _is_said(line: str, first: str) -> bool:
    """Whether the first line says the remedy already."""
    label, remedy = line[: len(INDENT)], line[len(INDENT) :]
    return label.strip() == "remedy" and remedy in first


def _cause(report: Report, c: Comparison) -> str:
    return next((d.cause for d in report.diagnoses if d.tensor == c.name and d.explains >= CONVINCING), "")


def _with_reason(report: Report) -> str:
    """For what is undecided, or behaves badly: why."""
    said = sentence(report)
    reasons = [c.reason for c in report.tensors if c.verdict == "undecided" and c.reason]
    clause = reasons[0].partition(";")[0] if reasons and all(f.ok for f in report.conduct) else ""
    return f"{said}: {clause}" if clause else said


def _brief(report: Report) -> Iterator[str]:
    yield from blame(report)
    yield labelled("shapes", ", ".join(f"{c.name} {c.shape}" for c in report.tensors))
    yield from kinks(report)
    for finding in report.conduct:
        if not finding.ok:
            yield labelled("BAD", finding.message)
    yield labelled("passed", _passed(report))
    yield from (labelled("warning", warning) for warning in report.warnings)
    if report.reproducer:
        yield labelled("smaller", "this fails in the same way:")
        yield from textwrap.indent(report.reproducer, " " * 6).split("\n")


def _passed(report: Report) -> str:
    tensors = ", ".join(f"d{c.name}" for c in report.tensors if c.verdict == "agree") or "no tensor"
    good = [finding for finding in report.conduct if finding.ok]
    return f"{tensors}; {len(good)} of {len(report.conduct)} checks of conduct{_doubtful(report.conduct)}"


def _doubtful(conduct: list[Finding]) -> str:
    bad = [finding.check for finding in conduct if not finding.ok]
    return f", not {', '.join(bad)}" if bad else ""


def tell(error: BaseException, failing: Any, text: Any) -> Report | None:
    """Put the text of the report in the place of what pytest or unittest says about a bare, untrue value.

    The asserted report is found among the variables of the `failing` frame, where the rewritten assert keeps it;
    a GradientError brings it along. `text` makes the message of a report.
    """
    from gradcheck.checking.report import GradientError

    if isinstance(error, GradientError):
        error.args = (text(error.report),)
        return error.report
    if isinstance(error, AssertionError):
        message = str(error)
        for value in list(failing.f_locals.values()):
            if isinstance(value, Report) and not value.ok and repr(value) in message:
                error.args = (_with_report(message, value, text(value)),)
                return value
    return None


def _with_report(message: str, report: Report, text: str) -> str:
    """The message with the text for what follows ``assert``; what the user said before it, or to unittest, stays."""
    before, _, after = message.partition(repr(report))
    said, introspected, _ = before.rpartition("assert ")
    return f"{said}{text}{'' if introspected else after.removeprefix(' is not true')}"
