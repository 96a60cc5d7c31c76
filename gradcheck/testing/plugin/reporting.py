"""What is added to pytest's report of a test: the message of a failure, key figures, the records of its checks."""

from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

import pytest

from gradcheck.testing.plugin.failure import failure_text, first_line, tell
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
    for report, *checked in recorder.failed:
        if any(report is one for one in told):
            from gradcheck.testing.plugin.explain import derivation

            recorder.explained.append((EXPLAINED, derivation(report, *checked)))
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
    if recorder.checked is None:
        return
    outcome = "xfailed" if hasattr(report, "wasxfail") and report.skipped else report.outcome
    records = [{**plain, "outcome": outcome, "duration": report.duration} for plain in recorder.checked.records()]
    report.gradcheck = records  # type: ignore[attr-defined] # what is stored on a report crosses processes with it
    recorder.checked = None


def add_properties(recorder: Recorder, item: pytest.Item) -> None:
    """The key figures of a test, which JUnit XML carries."""
    if recorder.checked is None:
        return
    records = recorder.checked.records()
    tensors = [figures for plain in records for figures in plain["tensors"]]
    known = [t["resolution"] for t in tensors if t["verdict"] == "agree" and t["resolution"] is not None]
    item.user_properties += [
        ("gradcheck_verdict", min((plain["verdict"] for plain in records), key=GRAVEST.index)),
        ("gradcheck_checks", sum(plain["checks"] for plain in records)),
        ("gradcheck_tensors", ", ".join(dict.fromkeys(t["name"] for t in tensors))),
        ("gradcheck_entries", sum(t["entries"] for t in tensors)),
        ("gradcheck_wrong_entries", sum(t["wrong"] for t in tensors)),
        ("gradcheck_evaluations", sum(plain["evaluations"] for plain in records)),
        ("gradcheck_resolution", f"{max(known):.1e}" if known else ""),
        ("gradcheck_seed", ", ".join(dict.fromkeys(str(plain["seed"]) for plain in records))),
    ]
