"""Other people's code at work: without its prints and warnings, and its errors in one line."""

import io
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import numpy as np

_LONGEST = 160


@contextmanager
def hushed() -> Iterator[None]:
    """Nothing is printed, warned of or read from the keyboard meanwhile."""
    with (
        redirect_stdout(io.StringIO()),
        redirect_stderr(io.StringIO()),
        mock.patch.object(sys, "stdin", io.StringIO()),
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
    ):
        warnings.simplefilter("ignore")
        yield


def described(error: BaseException) -> str:
    """An error in one line: its type, what it says, and the line of the user's code it comes from.

    Examples
    --------
    >>> described(ValueError("x is negative"))
    'ValueError: x is negative'
    """
    said = " ".join(str(error).split())
    said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}" + (f" (line {error.lineno})" if error.lineno else "")
    line = _line(error)
    return f"{text} ({line})" if line else text


def _line(error: BaseException) -> str:
    """Where among the user's own files the error arose, as ``layers.py:12``."""
    ours, libraries = Path(__file__).parents[2], ("site-packages", "dist-packages", "importlib")
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        foreign = frame.filename.startswith("<") or any(part in libraries for part in path.parts)
        if not foreign and ours not in path.parents and "unittest" not in path.parts and path.suffix == ".py":
            return "" if path.is_relative_to(sys.base_prefix) else f"{path.name}:{frame.lineno}"
    return ""
