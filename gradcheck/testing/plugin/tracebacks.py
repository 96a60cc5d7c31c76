"""Tracebacks that end in the user's own code, and messages of one line where pytest wants one."""

import linecache
from collections.abc import Iterator
from types import TracebackType
from typing import Any

OURS = ("gradcheck.checking.", "gradcheck.numerical.", "gradcheck.testing.plugin.", "gradcheck.testing.pytest_plugin")


def leave_out_our_frames(traceback: TracebackType) -> None:
    """Unlink the frames of the checker, unless it stumbled over a mistake of its own."""
    *passed, last = entries(traceback)
    if _is_ours(last) and not _is_raised_on_purpose(last):
        return
    kept = [entry for entry in (*passed, last) if not _is_ours(entry)]
    for entry, following in zip(kept, [*kept[1:], None], strict=True):
        entry.tb_next = following


def entries(traceback: TracebackType | None) -> Iterator[TracebackType]:
    """The entries of a traceback, the innermost last."""
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def shorten_crash_message(longrepr: Any, place: tuple[str, int] | None = None) -> None:
    """Keep the first line of the message at which JUnit, the short summary and annotations look; the rest is above.

    Where there is a `place`, file and line, the crash is put there.
    """
    crash = getattr(longrepr, "reprcrash", None)
    if crash is not None:
        crash.message = crash.message.partition("\n")[0]
        if place is not None:
            crash.path, crash.lineno = place


def _is_ours(entry: TracebackType) -> bool:
    return str(entry.tb_frame.f_globals.get("__name__")).startswith(OURS)


def _is_raised_on_purpose(entry: TracebackType) -> bool:
    line = linecache.getline(entry.tb_frame.f_code.co_filename, entry.tb_lineno)
    return line.lstrip().startswith("raise ")
