"""What is added to pytest's report of a test: the message of a failure, key figures, the records of its checks."""

from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

from gradcheck.testing.plugin.failure import failure_text, first_line, tell
from gradcheck.testing.plugin.record import record
from gradcheck.testing.plugin.recorder import Recorder
from gradcheck.testing.plugin.tracebacks import entries, leave_out_our_frames, shorten_crash_message

if TYPE_CHECKING:
    from gradcheck.checking import Report

EXPLAINED = "gradcheck: the right gradient, step by step"
GRAVEST = ("disagree", "undecided", "agree")
"""Verdicts, the gravest first."""


def tell_failure(recorder: Recorder, item: pytest.Item, call: "pytest.CallInfo[None]") -> bool:
    """Before pytest looks at a failure, put the report into its message; whether it is one of ours."""
    excinfo = call.excinfo
    assert excinfo is not None, "it failed"
    again, verbosity, style = recorder.again(item), item.config.get_verbosity(), item.config.getoption("tbstyle", "")

    def text(report: "Report") -> str:
        return first_line(report) if style == "line" else failure_text(report, again, verbosity)

    told = [tell(error, frame, text) for error, frame in _raised(excinfo.value)]
    for report in told:
        if report is not None and id(report) in recorder.failed:
            from gradcheck.testing.plugin.explain import derivation

            recorder.explained.append((EXPLAINED, derivation(report, *recorder.failed[id(report)])))
    if not item.config.getoption("fulltrace", False):
        leave_out_our_frames(excinfo.tb)
    return any(report is not None for report in told)


def _raised(error: BaseException) -> Iterator[tuple[BaseException, FrameType]]:
    """The exceptions, with the frames in which they arose: of a group, as Hypothesis raises it, each."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _raised(one)
    elif error.__traceback__ is not None:
        yield error, list(entries(error.__traceback__))[-1].tb_frame


def put_in_place(item: pytest.Item, report: pytest.TestReport, told: bool) -> None:
    """Where pytest wants one line, give it one; what a collected module is about lies in the module."""
    path, line = getattr(item, "place", (None, 0))
    place = None if path is None else (str(path), line + 1)
    if told:
        shorten_crash_message(report.longrepr, place)
    elif place is not None and report.skipped and isinstance(report.longrepr, tuple):
        report.longrepr = (*place, report.longrepr[2])


def attach(recorder: Recorder, item: pytest.Item, report: pytest.TestReport) -> None:
    """The records of what was checked in this phase of a test travel with its report; what was derived is shown."""
    report.sections += recorder.explained
    recorder.explained = []
    if not recorder.checked:
        return
    outcome = "xfailed" if hasattr(report, "wasxfail") and report.skipped else report.outcome
    records = [
        {**_recorded(reports, test, recorder), "outcome": outcome, "duration": report.duration}
        for test, reports in _examples(item, recorder.checked)
    ]
    report.gradcheck = records  # type: ignore[attr-defined] # what is stored on a report crosses processes with it
    recorder.checked = []


def _examples(item: pytest.Item, checked: "list[tuple[str, Report]]") -> "list[tuple[str, list[Report]]]":
    """One check each; but the examples of Hypothesis by what was checked, the last of which is the one it shows."""
    if not getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        return [(test, [report]) for test, report in checked]
    by_name: dict[tuple[str, str], list[Report]] = {}
    for test, report in checked:
        by_name.setdefault((test, report.name), []).append(report)
    return [(test, reports) for (test, _), reports in by_name.items()]


def _recorded(reports: "list[Report]", test: str, recorder: Recorder) -> dict[str, Any]:
    last = record(test, reports[-1], whole=bool(recorder.settings.reports))
    return {**last, "checks": len(reports), "evaluations": sum(report.evaluations for report in reports)}


def add_properties(recorder: Recorder, item: pytest.Item) -> None:
    """The key figures of a test, which JUnit XML carries."""
    reports = [report for _, report in recorder.checked]
    if not reports:
        return
    tensors = [c for report in reports for c in report.tensors]
    known = [c.resolution for c in tensors if c.verdict == "agree"]
    item.user_properties += [
        ("gradcheck_verdict", min((report.verdict for report in reports), key=GRAVEST.index)),
        ("gradcheck_checks", len(reports)),
        ("gradcheck_tensors", ", ".join(dict.fromkeys(c.name for c in tensors))),
        ("gradcheck_entries", sum(c.wrong.size for c in tensors)),
        ("gradcheck_wrong_entries", sum(int(c.wrong.sum()) for c in tensors)),
        ("gradcheck_evaluations", sum(report.evaluations for report in reports)),
        ("gradcheck_resolution", f"{max(known):.1e}" if known else ""),
        ("gradcheck_seed", ", ".join(dict.fromkeys(str(report.seed) for report in reports))),
    ]
