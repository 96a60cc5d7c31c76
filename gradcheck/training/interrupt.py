"""Ctrl-C between two batches: while a step is being taken, some weights have moved and others have not."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Interruption:
    """Whether somebody has pressed Ctrl-C."""

    asked = False


@contextmanager
def deferred_interrupt() -> Iterator[Interruption]:
    """Let Ctrl-C be noted rather than raised, once; pressed again, it is raised at once.

    Where signals cannot be handled (in another thread), or somebody handles them already, all stays as it is.
    """
    interruption = Interruption()

    def note(number: int, frame: Any) -> None:
        interruption.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield interruption
        return
    try:
        signal.signal(signal.SIGINT, note)
    except ValueError:  # not in the main thread
        yield interruption
        return
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)
