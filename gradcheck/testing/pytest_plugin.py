"""The pytest plugin: a fixture ``gradcheck``, and failures that say what is wrong and end in the line of the test.

pytest reads this file at each of its starts, so it imports nothing but pytest and the standard library; the
library itself is loaded when the first test asks for the fixture.
"""

import functools
import linecache
import sys
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradcheck.checking import Report


@pytest.fixture(scope="session")
def gradcheck() -> "Callable[..., Report]":
    """Check a hand-written gradient as gradcheck.check does, and fail the test if it is wrong.

    Called like ``check``; returns its report. The fixture keeps no state, so it may be used inside ``@given``::

        def test_affine(gradcheck):
            gradcheck(affine_forward, x, w, b, backward=affine_backward)
    """
    from gradcheck.checking import check

    @functools.wraps(check)
    def check_or_fail(*args: Any, **kwargs: Any) -> "Report":
        __tracebackhide__ = True
        return check(*args, **kwargs).raise_if_wrong()

    return check_or_fail


def pytest_runtest_makereport(item: pytest.Item, call: "pytest.CallInfo[None]") -> None:
    """Make a failed ``assert check(...)`` tell the report, and let tracebacks end in the user's own code."""
    if call.excinfo is None or "gradcheck.checking.report" not in sys.modules:
        return
    _tell_report(call.excinfo.value, call.excinfo.tb)
    if not item.config.getoption("fulltrace", False):
        _leave_out_our_frames(call.excinfo.tb)


def _tell_report(error: BaseException, traceback: TracebackType) -> None:
    """Put the report in the place of what pytest or unittest says about a bare, untrue value.

    The asserted report is found among the variables of the failing frame, where the rewritten assert keeps it.
    """
    from gradcheck.checking.report import GradientError, Report

    if not isinstance(error, AssertionError) or isinstance(error, GradientError):
        return
    message, failing = str(error), list(_entries(traceback))[-1].tb_frame
    for value in list(failing.f_locals.values()):
        if isinstance(value, Report) and not value.ok and repr(value) in message:
            error.args = (_with_report(message, value),)
            return


def _with_report(message: str, report: "Report") -> str:
    """The message with the report for what follows ``assert``; what the user said before it stays."""
    before, _, after = message.partition(repr(report))
    said, introspected, _ = before.rpartition("assert ")
    return f"{said}{report}{'' if introspected else after}"


def _leave_out_our_frames(traceback: TracebackType) -> None:
    """Unlink the frames of the checker, unless it stumbled over a mistake of its own."""
    *passed, last = _entries(traceback)
    if _is_ours(last) and not _is_raised_on_purpose(last):
        return
    kept = [entry for entry in (*passed, last) if not _is_ours(entry)]
    for entry, following in zip(kept, [*kept[1:], None], strict=True):
        entry.tb_next = following


def _entries(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _is_ours(entry: TracebackType) -> bool:
    module = entry.tb_frame.f_globals.get("__name__")
    return str(module).startswith(("gradcheck.checking.", "gradcheck.numerical.", "gradcheck.testing.pytest_plugin"))


def _is_raised_on_purpose(entry: TracebackType) -> bool:
    line = linecache.getline(entry.tb_frame.f_code.co_filename, entry.tb_lineno)
    return line.lstrip().startswith("raise ")
