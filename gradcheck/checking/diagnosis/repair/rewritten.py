"""A backward run with an edit in it, and put back."""

import ast
import copy
import threading
import types
import warnings
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from gradcheck.checking.diagnosis.repair.around import Kind
from gradcheck.checking.diagnosis.repair.edits import Edit, edits, statements_of
from gradcheck.checking.diagnosis.repair.helpers import of_module
from gradcheck.checking.diagnosis.repair.running import Run
from gradcheck.checking.diagnosis.repair.suspects import JUST, SINGLY, SPOILING, WIDELY, Array, Reached, level, nudged
from gradcheck.checking.diagnosis.repair.wider import ALL, RAREST
from gradcheck.checking.mutation.mutants import code_of, enclosed, parsed

Home = tuple[Any, Any]
"""A dictionary or a list, and a key or an index of it."""

_ONE_AT_A_TIME = threading.RLock()


class Rewritten:
    """A function of the user with one edit.

    Attributes
    ----------
    ran : Run
        The user's own.
    edit : Edit
    """

    def __init__(self, ran: Run, edit: Edit, code: types.CodeType) -> None:
        self.ran, self.edit, self.code = ran, edit, code

    @property
    def place(self) -> str:
        """Which line of which function."""
        return f"line {self.ran.code.co_firstlineno + self.edit.line - 1} of {self.ran.code.co_name}"

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While this lasts, the function runs the edited code, whoever calls it in this thread."""
        with _ONE_AT_A_TIME:
            before = self.ran.code
            try:
                for function in self.ran.functions:
                    function.__code__ = self.code
                yield
            finally:
                for function in self.ran.functions:
                    function.__code__ = before


def workshops(functions: Iterable[Run]) -> list["Workshop"]:
    """One for each function that has a source and an end."""
    heads = ((_editable(ran.functions[0]), ran) for ran in functions)
    return [Workshop(head, ran) for head, ran in heads if head is not None]


def rewritten(
    shops: Sequence["Workshop"], reached: Reached, wrong: Mapping[str, Array], unknown: int = JUST
) -> Iterator[Rewritten]:
    """Every function with each edit in it: first where the mistake can be, and there the plainest first."""
    levels = {id(s): level(reached.get(id(s), ()), wrong, unknown) for shop in shops for s in shop.statements}
    for fetched in (JUST, WIDELY, SINGLY, SPOILING):
        chosen = [(shop, [s for s in shop.statements if levels[id(s)] == fetched]) for shop in shops]
        for kinds in ALL:
            yield from _in_turn([shop.rewritten(kind, where) for kind in kinds for shop, where in chosen])
        yield from _in_turn([shop.rewritten(of_module(shop.function), where) for shop, where in chosen])
        yield from _in_turn([shop.rewritten(RAREST, where) for shop, where in chosen])


def _in_turn(several: list[Iterator[Rewritten]]) -> Iterator[Rewritten]:
    """One of each, then the next of each."""
    while several:
        for one in tuple(several):
            if (found := next(one, None)) is None:
                several.remove(one)
            else:
                yield found


def _editable(function: types.FunctionType) -> Any:
    """Its syntax tree; None where there is no source, or a loop without bounds, which, edited, may never end."""
    head = parsed(function)
    return None if head is None or any(isinstance(node, ast.While) for node in ast.walk(head)) else head


class Workshop:
    """The syntax tree of a function, in which one node at a time is exchanged; compiled, and put back."""

    def __init__(self, head: Any, ran: Run) -> None:
        self.head, self.ran, self.function = head, ran, ran.functions[0]
        declared = [node for node in head.body if isinstance(node, ast.Global | ast.Nonlocal)]  # once, before all use
        head.body = [node for node in head.body if node not in declared]
        self.homes = {id(child): home for node in ast.walk(head) for child, home in _homes(node)}
        elsewhere = ast.parse(f"__import__('_thread').get_ident() != {threading.get_ident()}", mode="eval").body
        both = copy.copy(head)
        both.body = [*declared, ast.If(elsewhere, copy.deepcopy(head.body), head.body)]
        self.tree = enclosed(both, self.function)
        self.seen = {_content(self._code(None))}
        self.statements = statements_of(head)

    def nudged(self) -> Iterator[Rewritten]:
        """Each statement with another value."""
        for edit in nudged(self.head):
            if (code := self._code(edit)) is not None:
                yield Rewritten(self.ran, edit, code)

    def rewritten(self, kind: Kind, where: Container[ast.stmt]) -> Iterator[Rewritten]:
        """All edits of one kind in some statements, none twice."""
        for edit in edits(self.head, kind, self.ran.shapes, where):
            if (code := self._new_code(edit)) is not None:
                yield Rewritten(self.ran, edit, code)

    def _new_code(self, edit: Edit) -> types.CodeType | None:
        """What this thread is to run, other threads the original; None if it is no Python, or nothing new."""
        code = self._code(edit)
        if code is None or (content := _content(code)) in self.seen:
            return None
        self.seen.add(content)
        return code

    def _code(self, edit: Edit | None) -> types.CodeType | None:
        with warnings.catch_warnings(), _exchanged(self.homes, edit):
            warnings.simplefilter("ignore")
            try:
                code = code_of(self.tree, self.function)
            except (SyntaxError, ValueError, TypeError, RecursionError):
                return None
        return code if code.co_freevars == self.ran.code.co_freevars else None


def _content(code: types.CodeType | None) -> tuple[Any, ...]:
    return (code.co_code, code.co_consts, code.co_names) if code else ()


def _homes(node: ast.AST) -> Iterator[tuple[ast.AST, Home]]:
    """The nodes right below one, each with where it is kept: in the attributes, or in a list that is one of them."""
    for name, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield value, (vars(node), name)
        elif isinstance(value, list):
            yield from ((child, (value, i)) for i, child in enumerate(value) if isinstance(child, ast.AST))


@contextmanager
def _exchanged(homes: Mapping[int, Home], edit: Edit | None) -> Iterator[None]:
    if edit is None:
        yield
        return
    home, key = homes[id(edit.node)]
    home[key] = ast.fix_missing_locations(ast.copy_location(edit.instead, edit.node))
    try:
        yield
    finally:
        home[key] = edit.node
