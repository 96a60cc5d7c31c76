"""What is not written yet is neither right nor wrong: ``raise NotImplementedError``, ``pass``, ``return None``."""

import dis
import inspect
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

from gradcheck.checking.conventions.common.arguments import variables
from gradcheck.checking.report import Comparison, Report

_WORK = ("BINARY_OP", "UNARY_NEGATIVE", "STORE_SUBSCR", "STORE_ATTR", "GET_ITER", "YIELD_VALUE")


class NotWrittenError(NotImplementedError):
    """A forward or a backward that is still to be written."""

    def __init__(self, name: str, what: str, how: str, inputs: Mapping[str, Any]) -> None:
        super().__init__(f"{name}: {what} is not written yet: it {how}")
        self.name, self.what, self.how, self.inputs = name, what, how, inputs

    def report(self, seed: int) -> Report:
        """Undecided, with the reason."""
        reason = f"{self.what} is not written yet: it {self.how}"
        tensors = [Comparison.unmeasured(name, x, "undecided", reason) for name, x in variables(self.inputs).items()]
        return Report(self.name, f"{self.what} is a stub", tensors, [], seed=seed)


def require_written(name: str, functions: Mapping[str, Callable[..., Any]], inputs: Mapping[str, Any]) -> None:
    """Refuse functions without a body.

    Raises
    ------
    NotWrittenError
        Which is not written, and what it does instead.
    """
    for what, function in functions.items():
        how = does_nothing(function)
        if how:
            raise NotWrittenError(name, what, how, inputs)


def does_nothing(function: Callable[..., Any]) -> str:
    """What a stub does; empty for a function that computes something, or hands something on.

    Examples
    --------
    >>> def to_do(dout, cache):
    ...     dx, dw = None, None
    ...     return dx, dw
    >>> does_nothing(to_do), does_nothing(abs)
    ('returns None', '')
    """
    code = getattr(inspect.unwrap(getattr(function, "__func__", function)), "__code__", None)
    return "" if code is None or code.co_name == "<lambda>" else _what_it_does_instead(code)


@lru_cache(maxsize=1024)
def _what_it_does_instead(code: CodeType) -> str:
    if any(dis.opname[operation].startswith(_WORK) for operation in set(code.co_code[::2])):
        return ""
    steps = list(dis.get_instructions(code))
    if any(step.opname == "RAISE_VARARGS" for step in steps):
        return "raises NotImplementedError" if "NotImplementedError" in code.co_names else ""
    if any(step.opname.startswith("CALL") for step in steps) and "print" not in code.co_names:
        return ""
    return "returns None" if all(map(_is_none, _returned(steps), [_nones(steps)] * len(steps))) else ""


def _returned(steps: list[dis.Instruction]) -> list[list[dis.Instruction]]:
    """For each return what is loaded on its line."""
    lines: list[list[dis.Instruction]] = [[]]
    for step in steps:
        if step.starts_line:
            lines.append([])
        lines[-1].append(step)
    return [line for line in lines if any(step.opname.startswith("RETURN_") for step in line)]


def _nones(steps: list[dis.Instruction]) -> set[str]:
    """The names that are only ever bound to None."""
    bound: dict[str, bool] = {}
    only_none = False
    for step in steps:
        if step.opname == "LOAD_CONST":
            only_none = step.argval is None or (isinstance(step.argval, tuple) and set(step.argval) == {None})
        elif step.opname.startswith("STORE_FAST"):
            for name in step.argval if isinstance(step.argval, tuple) else (step.argval,):
                bound[name] = bound.get(name, True) and only_none
        elif step.opname not in ("UNPACK_SEQUENCE", "COPY", "SWAP"):
            only_none = False
    return {name for name, is_none in bound.items() if is_none}


def _is_none(line: list[dis.Instruction], nones: set[str]) -> bool:
    """Whether a line returns None, or several."""
    for step in line:
        if step.opname.startswith("LOAD_FAST"):
            names = step.argval if isinstance(step.argval, tuple) else (step.argval,)
            if not set(names) <= nones:
                return False
        elif step.opname in ("LOAD_CONST", "RETURN_CONST"):
            if step.argval is not None:
                return False
        elif step.opname.startswith(("LOAD_ATTR", "LOAD_GLOBAL", "LOAD_DEREF", "BUILD_MAP")):
            return False
    return True


def stub_report(problem: NotImplementedError, name: str, inputs: Sequence[Any], seed: int) -> Report:
    """The report on a subject that raised a NotImplementedError: which of its functions did."""
    if isinstance(problem, NotWrittenError):
        return problem.report(seed)
    frames = traceback.extract_tb(problem.__traceback__)
    what = frames[-1].name if frames else "backward"
    named = {f"input{i}" if i else "x": value for i, value in enumerate(inputs)}
    return NotWrittenError(name, what, "raises NotImplementedError", named).report(seed)
