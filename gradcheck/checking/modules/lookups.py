"""Which keys a piece of code looks up in the dictionaries it is given, and which of them it can do without."""

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LAYERS = 2
"""How many layers a model gets whose keys are counted up: ``parameters["W" + str(l)]``."""


class Lookup(NamedTuple):
    """One key, as it is looked up somewhere."""

    dictionary: str
    key: str
    required: bool


def lookups(trees: Iterable[ast.AST]) -> Iterator[Lookup]:
    """Every key looked up in these trees.

    Examples
    --------
    >>> [tuple(one) for one in lookups([ast.parse("conv_param['pad']; bn_param.get('eps', 1e-5)")])]
    [('conv_param', 'pad', True), ('bn_param', 'eps', False)]
    """
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            yield from (Lookup(bare(node.value), key, True) for key in _keys(node.slice))
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("get", "setdefault", "pop")
            and node.args
        ):
            required = len(node.args) == 1 and node.func.attr == "pop"
            yield from (Lookup(bare(node.func.value), key, required) for key in _keys(node.args[0]))


def _keys(node: ast.expr) -> list[str]:
    """A key that stands in the code; those it is put together from, ``"W" + str(l)`` or ``f"W{l}"``, counted up."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else []
    prefix = _prefix(node)
    return [f"{prefix}{i}" for i in range(1, LAYERS + 1)] if prefix else []


def _prefix(node: ast.expr) -> str:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and isinstance(node.left, ast.Constant):
        return str(node.left.value) if isinstance(node.left.value, str) else ""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant):
        return str(node.left.value).removesuffix("%d").removesuffix("%s") if "%" in str(node.left.value) else ""
    if isinstance(node, ast.JoinedStr) and len(node.values) == 2 and isinstance(node.values[0], ast.Constant):
        return str(node.values[0].value)
    return ""


def bare(node: ast.AST) -> str:
    """The name of a variable, or of an attribute of ``self``."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return node.attr
    return ""
