"""Code that leaves the traced world: which line of it does, and what to write instead."""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from types import FrameType, FunctionType
from typing import NoReturn

import numpy as np

_OURS = os.path.dirname(__file__) + os.sep
_LIBRARIES = (os.path.dirname(np.__file__) + os.sep, _OURS)
_INSTALLED = (
    os.path.dirname(os.path.dirname(_OURS)) + os.sep,
    *(sysconfig.get_path(kind) + os.sep for kind in ("stdlib", "platstdlib", "purelib", "platlib")),
    "<frozen ",
)
_USER_CODE = (_OURS + "worked_example.py", _OURS + "forms" + os.sep)  # live among us, but are read as a user's code


class UntracedError(TypeError):
    """Code left the traced world; the message says where, and what to write instead."""


def leave(what: str, why: str, remedy: str) -> NoReturn:
    """Say which line of the user's code leaves the traced world, and what to write instead."""
    raise UntracedError(f"{_where()}{what} {why}; {remedy}.")


def is_user_code(frame: FrameType) -> bool:
    """Whether `frame` runs the code being explained, not NumPy's or ours."""
    file = frame.f_code.co_filename
    return file.startswith(_USER_CODE) or not file.startswith(_LIBRARIES)


def is_installed(function: FunctionType) -> bool:
    """Whether a function comes with Python, an installed package or this library, and not from the user's files."""
    return function.__code__.co_filename.startswith(_INSTALLED)


def _where() -> str:
    frame: FrameType | None = sys._getframe()
    while frame is not None and not is_user_code(frame):
        frame = frame.f_back
    if frame is None:
        return ""
    code = frame.f_code
    line = linecache.getline(code.co_filename, frame.f_lineno, frame.f_globals).strip()
    return f"line {frame.f_lineno} of {code.co_filename}, in {code.co_name}: `{line}`: "
