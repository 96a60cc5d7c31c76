"""Which functions of the user run in a backward: methods, helpers, the layers of a network, what a wrapper wraps."""

import gc
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import numpy as np

_OTHERS = (
    "<frozen ",
    *(str(path) for path in (Path(np.__file__).parent.parent, Path(__file__).parents[3], sysconfig.get_path("stdlib"))),
)
"""Where the code of libraries comes from, and our own."""


def functions_run(run: Callable[[], Any]) -> list[FunctionType]:
    """The functions with Python source, none of a library or of ours, that run in a call; in the order of their start.

    Examples
    --------
    >>> def squared(x):
    ...     return x * x
    >>> def backward():
    ...     return np.sum(squared(np.ones(3)))
    >>> [function.__name__ for function in functions_run(backward)]
    ['backward', 'squared']
    """
    codes: dict[CodeType, None] = {}

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            codes.setdefault(frame.f_code)

    before: Any = sys.getprofile()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
        if before is not None:  # cProfile's is no function
            before.enable() if hasattr(before, "enable") else sys.setprofile(before)
    return _functions_of([code for code in codes if not code.co_filename.startswith(_OTHERS)])


def _functions_of(codes: list[CodeType]) -> list[FunctionType]:
    """The functions that run these codes, wherever they are kept: in a class, a module, a closure."""
    found = [f for f in gc.get_referrers(*codes) if isinstance(f, FunctionType)] if codes else []
    return [f for code in codes for f in found if f.__code__ is code]
