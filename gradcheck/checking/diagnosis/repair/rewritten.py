"""A backward run with an edit in it, and put back."""

import ast
import contextlib
import inspect
import io
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradcheck.checking.bench import Bench
from gradcheck.checking.diagnosis.repair.edits import Edit, edits
from gradcheck.checking.mutation.mutants import compiled, functions_of, parsed
from gradcheck.checking.mutation.source import Replace


class Rewritten:
    """A function of the user with one edit.

    Attributes
    ----------
    function : function
        The user's own.
    edit : Edit
    """

    def __init__(self, function: types.FunctionType, edit: Edit, code: types.CodeType) -> None:
        self.function, self.edit, self.code = function, edit, code

    @property
    def place(self) -> str:
        """Which line of which function."""
        return f"line {self.function.__code__.co_firstlineno + self.edit.line - 1} of {self.function.__name__}"

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While this lasts, the function runs the edited code, whoever calls it."""
        before = self.function.__code__
        self.function.__code__ = self.code
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                yield
        finally:
            self.function.__code__ = before


def rewritten(bench: Bench) -> Iterator[Rewritten]:
    """Every backward of a subject with each edit in it."""
    for function in backwards(bench):
        head = parsed(function)
        if head is None or any(isinstance(node, ast.While) for node in ast.walk(head)):
            continue  # a loop without bounds, edited, may never end
        for edit in edits(head):
            code = _code(Replace(edit.node, edit.instead).visit(head), function)
            if code is not None:
                yield Rewritten(function, edit, code)


def backwards(bench: Bench) -> list[types.FunctionType]:
    """The functions that a gradient comes from: what was given as one, methods called backward, a loss with both."""
    given = [f for f in (bench.options.backward, bench.options.grad) if callable(f)]
    if not given and inspect.isroutine(bench.thing):
        given = [bench.thing]
    if not given:
        owner = bench.thing if isinstance(bench.thing, type) else type(bench.thing)
        given = [function for _, function in functions_of(owner)]
    plain = [inspect.unwrap(getattr(f, "__func__", f)) for f in given]
    return [f for f in plain if isinstance(f, types.FunctionType)]


def _code(head: Any, original: types.FunctionType) -> types.CodeType | None:
    """The edited code, if it can take the place of the original: with the same enclosing variables."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code: types.CodeType = compiled(head, original).__code__
    except (SyntaxError, ValueError, KeyError, AssertionError, TypeError):
        return None
    return code if code.co_freevars == original.__code__.co_freevars else None
