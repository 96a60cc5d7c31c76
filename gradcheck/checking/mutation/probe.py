"""What the inputs of a test could tell apart: the mistake and the original, evaluated side by side.

A changed file calls :func:`probe` at the place of the mistake. The value of the mistake goes on; whether the original
would have had another, and what the operands were like, is noted in the file that ``GRADCHECK_PROBE`` names.
"""

import ast
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from gradcheck.checking.mutation.source import Place, Replace

VARIABLE = "GRADCHECK_PROBE"
_IMPORT = "from gradcheck.checking.mutation.probe import loaded as _gradcheck_loaded, probe as _gradcheck_probe\n"
_ENOUGH = 100


def probe(wrong: Callable[[], Any], right: Callable[[], Any], operands: Callable[[], Mapping[str, Any]]) -> Any:
    """The value of the mistake; how it compares with the original is noted."""
    note: dict[str, Any] = {"same": False, "facts": []}
    with suppress(Exception):  # the original may well not fit where the mistake does
        before, given = right(), operands()
        note = {"same": _same(wrong(), before), "facts": [fact for item in given.items() for fact in _facts(*item)]}
    _write(note)
    return wrong()


def loaded() -> None:
    """Note that a test has imported the changed file."""
    _write({"loaded": True})


def with_probe(tree: ast.Module, place: Place | None) -> str:
    """The source text with a mistake made and watched; without one, as it was."""
    changed = tree if place is None else Replace(place.node, _watched(place)).visit(tree)
    assert isinstance(changed, ast.Module)
    ahead = [*ast.parse(_IMPORT).body, *ast.parse("_gradcheck_loaded()").body]
    first = _after_docstring_and_future(changed.body)
    body = [*changed.body[:first], *ahead, *changed.body[first:]]
    return ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))


def _watched(place: Place) -> ast.AST:
    """What stands at the place: the mistake, in a call that compares it with the original."""
    node, instead = place.node, place.instead
    if isinstance(node, ast.expr) and isinstance(instead, ast.expr):
        return _call(instead, node)
    assert isinstance(node, ast.Assign | ast.AugAssign)
    target = node.target if isinstance(node, ast.AugAssign) else node.targets[0]
    here = ast.parse(ast.unparse(target), mode="eval").body
    after = ast.BinOp(here, node.op, node.value) if isinstance(node, ast.AugAssign) else node.value
    if isinstance(instead, ast.Pass):
        return ast.Expr(_call(here, after))
    if isinstance(instead, ast.AugAssign):
        return ast.AugAssign(instead.target, instead.op, _call(node.value, ast.UnaryOp(ast.USub(), node.value)))
    return ast.Assign([target], _call(node.value, after))


def _call(wrong: ast.expr, right: ast.expr) -> ast.Call:
    nothing = ast.arguments([], [], None, [], [], None, [])
    named = {ast.unparse(part): part for part in _operands(right)}
    operands = ast.Dict([ast.Constant(name) for name in named], list(named.values()))
    return ast.Call(
        ast.Name("_gradcheck_probe", ast.Load()), [ast.Lambda(nothing, part) for part in (wrong, right, operands)], []
    )


def _operands(node: ast.AST) -> Iterator[ast.expr]:
    """The variables and attributes in an expression, but not the functions that it calls."""
    if isinstance(node, ast.Call):
        inner = node.func.value if isinstance(node.func, ast.Attribute) else ast.Constant(None)
        parts: list[ast.AST] = [inner, *node.args, *(keyword.value for keyword in node.keywords)]
    elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        parts = [node.value]
    elif isinstance(node, ast.Attribute | ast.Name):
        if not (isinstance(node, ast.Name) and node.id in ("np", "numpy", "anp")):
            yield node
        return
    else:
        parts = list(ast.iter_child_nodes(node))
    for part in parts:
        yield from _operands(part)


def _after_docstring_and_future(body: list[ast.stmt]) -> int:
    def comes_first(statement: ast.stmt) -> bool:
        docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        return docstring or (isinstance(statement, ast.ImportFrom) and statement.module == "__future__")

    return next((i for i, statement in enumerate(body) if not comes_first(statement)), len(body))


def _same(a: Any, b: Any) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    return bool((a.shape == b.shape or 1 in (a.size, b.size)) and np.allclose(a, b, rtol=1e-12, atol=0, equal_nan=True))


def _facts(name: str, value: Any) -> Iterator[str]:
    """What about an operand makes mistakes invisible."""
    if not isinstance(value, np.ndarray | np.generic) or not np.size(value):
        return
    array = np.asarray(value)
    if array.ndim == 2 and array.shape[0] == array.shape[1] and np.array_equal(array, array.T):
        yield f"{name} is square and symmetric ({'×'.join(map(str, array.shape))})"
    elif array.ndim and array.shape[0] == 1:
        yield f"the first axis of {name} has length 1"
    if array.size > 1 and np.all(array == array.flat[0]):
        yield f"{name} is {array.flat[0]!s} everywhere"
    elif array.size > 1 and array.dtype.kind == "f" and np.all(array > 0):
        yield f"{name} is positive everywhere"


def _write(note: Mapping[str, Any]) -> None:
    path = os.environ.get(VARIABLE)
    if path and (not os.path.exists(path) or os.path.getsize(path) < _ENOUGH * 1000):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(note) + "\n")
