"""What the source of a layer or function says about its arguments: how many axes, what they are called, which words.

``N, C, H, W = x.shape`` says that x has four axes and which of them are those of another array;
``conv_param["stride"]`` that a dictionary has that key; ``if mode == "train"`` that mode may be that word.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from types import FunctionType
from typing import Any

from gradcheck.checking.modules.lookups import bare, lookups
from gradcheck.checking.state.home import Home


@dataclass
class Source:
    """Parsed pieces of source code.

    Attributes
    ----------
    text : str
        All of it, docstrings included.
    trees : list of ast.AST
    helpers : Source, optional
        Of the user's functions that they call, and those call: a dictionary may be looked into there.
    """

    text: str = ""
    trees: list[ast.AST] = field(default_factory=list)
    helpers: "Source | None" = None

    @classmethod
    def of(cls, things: Iterable[Any]) -> "Source":
        """The source of classes and functions; what has none is left out."""
        source = cls()
        for thing in things:
            try:
                text = textwrap.dedent(inspect.getsource(inspect.unwrap(thing)))
                tree = ast.parse(text)
            except (OSError, TypeError, SyntaxError, ValueError):
                continue
            source.text += text
            source.trees.append(tree)
        return source

    @classmethod
    def with_helpers(cls, functions: list[Any]) -> "Source":
        """The source of functions, beside it that of what they call, and what is called there."""
        source = cls.of(functions)
        source.helpers = cls.of(_called_by(functions))
        return source

    @cached_property
    def axes(self) -> dict[str, list[tuple[str, ...]]]:
        """The names of an array's axes, by the array's name: as its shape is unpacked, in one or several ways."""
        found: dict[str, list[tuple[str, ...]]] = {}
        for node in self._nodes(ast.Assign):
            array = _shape_of(node.value)
            if array and isinstance(node.targets[0], ast.Tuple):
                names = [target.id if isinstance(target, ast.Name) else "*" for target in node.targets[0].elts]
                if not any(isinstance(target, ast.Starred) for target in node.targets[0].elts):
                    found.setdefault(array, []).append(tuple(names))
        return found

    @cached_property
    def ranks(self) -> dict[str, int]:
        """How many axes an array has, as far as shapes unpacked and axes indexed and transposed tell."""
        found: dict[str, int] = {}
        for node in self._nodes(ast.Subscript):
            array = bare(node.value)
            if array and isinstance(node.slice, ast.Tuple) and not _adds_axes(node.slice):
                found[array] = max(found.get(array, 0), len(node.slice.elts))
        for node in self._nodes(ast.Call):
            array = bare(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            if array and isinstance(node.func, ast.Attribute) and node.func.attr == "transpose" and len(node.args) > 2:
                found[array] = len(node.args)
        return found | {array: len(named[0]) for array, named in self.axes.items()}

    def may_have(self, array: str, rank: int) -> bool:
        """Whether an array may have so many axes, as far as the source says."""
        unpacked = {len(names) for names in self.axes.get(array, [])}
        if rank in unpacked or re.search(rf"\b{re.escape(array)}\.ndim|len\({re.escape(array)}\.shape\)", self.text):
            return True
        return array not in self.ranks or self.ranks[array] == rank

    @cached_property
    def keys(self) -> dict[str, list[str]]:
        """Which keys are looked up in a dictionary, by its name: those it must have first."""
        found: dict[str, list[str]] = {}
        for lookup in sorted(lookups(self.trees), key=lambda lookup: not lookup.required):
            found.setdefault(lookup.dictionary, []).append(lookup.key)
        known = self.helpers.keys if self.helpers else {}
        names = (name for name in {**found, **known} if name)
        return {name: list(dict.fromkeys([*found.get(name, []), *known.get(name, [])])) for name in names}

    def spares(self, dictionary: str, key: str) -> bool:
        """Whether every place that looks a key up has a default for it."""
        own = all(not lookup.required for lookup in lookups(self.trees) if lookup[:2] == (dictionary, key))
        return own and (self.helpers is None or self.helpers.spares(dictionary, key))

    @cached_property
    def words(self) -> dict[str, list[str]]:
        """The words that a variable, attribute or entry is compared with, by its name."""
        found: dict[str, list[str]] = {}
        for node in self._nodes(ast.Compare):
            name = bare(node.left) or _entry(node.left)
            for constant in (c for side in node.comparators for c in ast.walk(side)):
                if name and isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    found.setdefault(name, []).append(constant.value)
        known = self.helpers.words if self.helpers else {}
        return known | {name: list(dict.fromkeys(words)) for name, words in found.items()}

    def mentions(self, name: str) -> bool:
        """Whether a name, attribute or key of that name occurs in the code."""
        return any(
            name in (getattr(node, "id", None), getattr(node, "attr", None), getattr(node, "value", None))
            for tree in self.trees
            for node in ast.walk(tree)
            if isinstance(node, ast.Name | ast.Attribute | ast.Constant)
        )

    def _nodes(self, kind: type[Any]) -> Iterator[Any]:
        return (node for tree in self.trees for node in ast.walk(tree) if isinstance(node, kind))


def _called_by(functions: Iterable[Any]) -> list[FunctionType]:
    """The user's functions that these call, directly or through others."""
    found: dict[FunctionType, None] = {}
    pending = [f for f in functions if isinstance(f, FunctionType)]
    home = Home(pending)
    while pending:
        function = pending.pop(0)
        for name in function.__code__.co_names:
            called = function.__globals__.get(name)
            if isinstance(called, FunctionType) and called not in found and home.reads(called.__module__):
                found[called] = None
                pending.append(called)
    return list(found)


def is_stub(function: Callable[..., Any]) -> bool:
    """Whether nothing has been written into a function yet: ``pass``, ``raise``, or gradients that are all left None.

    >>> is_stub(Source.mentions), is_stub(print)
    (False, False)
    """
    body = [s for s in _body(function) or [] if not _is_docstring(s)]
    if _body(function) is None:
        return False
    if all(isinstance(statement, ast.Pass | ast.Raise) for statement in body):
        return True
    if any(_does_something(node) for statement in body for node in ast.walk(statement)):
        return False
    returned = [node.value for s in body for node in ast.walk(s) if isinstance(node, ast.Return)]
    parts = [part for value in returned for part in (value.elts if isinstance(value, ast.Tuple) else [value])]
    blank = _left_none(body)
    return bool(parts) and all(part is None or _is_none(part) or bare(part) in blank for part in parts)


def is_unimplemented(function: Callable[..., Any]) -> bool:
    """Whether a function only raises ``NotImplementedError``, as those of base classes do."""
    body = [s for s in _body(function) or [] if not _is_docstring(s)]
    return len(body) == 1 and isinstance(body[0], ast.Raise)


def _body(function: Callable[..., Any]) -> list[ast.stmt] | None:
    trees = Source.of([function]).trees
    first = trees[0].body[0] if trees and isinstance(trees[0], ast.Module) else None
    return first.body if isinstance(first, ast.FunctionDef) else None


def _does_something(node: ast.AST) -> bool:
    """Whether it is a loop, a call or an assignment to an attribute or entry: an exercise not begun has none."""
    stores = isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store)
    return stores or isinstance(node, ast.For | ast.While | ast.Call | ast.BinOp | ast.AugAssign)


def _left_none(body: list[ast.stmt]) -> set[str]:
    """The variables that are set to None and to nothing else."""
    none: set[str] = set()
    other: set[str] = set()
    for node in (node for statement in body for node in ast.walk(statement)):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names = {bare(name) for name in ast.walk(target)} - {""}
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                (none if all(map(_is_none, values)) else other).update(names)
        elif isinstance(node, ast.AugAssign | ast.For | ast.withitem | ast.NamedExpr):
            other |= {bare(name) for name in ast.walk(node)}
    return none - other


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _shape_of(node: ast.expr) -> str:
    """The array of which ``x.shape`` or ``np.shape(x)`` is taken."""
    if isinstance(node, ast.Attribute) and node.attr == "shape":
        return bare(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "shape" and node.args:
        return bare(node.args[0])
    return ""


def _entry(node: ast.AST) -> str:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return bare(node.func.value)  # mode.lower() == "train"
    return ""


def _adds_axes(index: ast.Tuple) -> bool:
    return any(
        _is_none(part)
        or getattr(part, "attr", "") == "newaxis"
        or (isinstance(part, ast.Constant) and part.value is ...)
        for part in index.elts
    )
