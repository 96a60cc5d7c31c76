"""What the code of a function names: the globals and the variables of enclosing functions that it uses."""

from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any


def used_by(function: Any) -> Iterator[Any]:
    """What the names in a function's code stand for; nothing where there is no code.

    Examples
    --------
    >>> scale = 3
    >>> list(used_by(lambda x: scale * x))
    [3]
    """
    if not isinstance(function, FunctionType):
        return
    for name in sorted(_names(function.__code__) & set(function.__globals__)):
        yield function.__globals__[name]
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not bound yet
            continue


def _names(code: CodeType) -> set[str]:
    return {*code.co_names}.union(*(_names(inner) for inner in code.co_consts if isinstance(inner, CodeType)))
