"""Edits of the order of things: axes exchanged before a reshape, a sequence turned round; a term beside its like."""

import ast
from collections.abc import Iterator
from itertools import combinations, permutations

from gradcheck.checking.diagnosis.repair.around import Around, Edits
from gradcheck.checking.mutation.source import Replace

OF_IMAGES = ("(0, 2, 3, 1)", "(0, 3, 1, 2)", "(1, 0, 2, 3)")
"""What images are transposed by before their entries are put into rows."""


def rearranged(node: ast.AST, around: Around) -> Edits:
    """A factor of ``np.dot`` transposed, axes or parts exchanged, a sequence or a loop turned round."""
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in ("dot", "matmul"):
            yield from (("transposed", other) for other in _with_one_turned(node))
        elif called == "reshape":
            yield from (("permuted", other) for other in _transposed_first(node))
        elif called == "transpose":
            yield from (("permuted", other) for other in _by_other_axes(node))
        elif called == "reversed" and len(node.args) == 1:
            yield "permuted", node.args[0]
        elif called == "range" and isinstance(around.statement, ast.For):
            yield "permuted", ast.Call(ast.Name("reversed", ast.Load()), [node], [])
    if isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Load):
        of_all = "swapped" if isinstance(around.statement, ast.Return) else "permuted"
        yield from ((of_all, other) for other in _with_two_exchanged(node))
    if isinstance(node, ast.Subscript) and "::-1" in ast.unparse(node.slice):
        yield "permuted", node.value
    if isinstance(node, ast.expr) and node is getattr(around.statement, "value", None):
        for index in ("::-1", ":, ::-1"):
            yield "permuted", ast.Subscript(node, _parsed(f"x[{index}]").slice, ast.Load())  # type: ignore[attr-defined]


def turned(node: ast.expr) -> ast.expr:
    """The last two axes exchanged, or no longer."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    axes: list[ast.expr] = [ast.UnaryOp(ast.USub(), ast.Constant(n)) for n in (1, 2)]
    return ast.Call(ast.Attribute(node, "swapaxes", ast.Load()), axes, [])


def _with_two_exchanged(node: ast.Tuple | ast.List) -> Iterator[ast.expr]:
    for i, j in combinations(range(len(node.elts)), 2):
        order = list(node.elts)
        order[i], order[j] = order[j], order[i]
        yield type(node)(order, ast.Load())


def _with_one_turned(node: ast.Call) -> Iterator[ast.expr]:
    for i, factor in enumerate(node.args[:2]):
        yield ast.Call(node.func, [*node.args[:i], turned(factor), *node.args[i + 1 :]], node.keywords)
    if isinstance(node.func, ast.Attribute) and len(node.args) == 1:
        yield ast.Call(ast.Attribute(turned(node.func.value), node.func.attr, ast.Load()), node.args, node.keywords)


def _transposed_first(node: ast.Call) -> Iterator[ast.expr]:
    if isinstance(node.func, ast.Attribute):
        array = node.func.value
        yield Replace(array, ast.Attribute(array, "T", ast.Load())).visit(node)  # type: ignore[misc]  # a call stays one
        for axes in OF_IMAGES:
            moved = ast.Call(ast.Attribute(array, "transpose", ast.Load()), _parsed(axes).elts, [])  # type: ignore[attr-defined]
            yield ast.Call(ast.Attribute(moved, node.func.attr, ast.Load()), node.args, node.keywords)


def _by_other_axes(node: ast.Call) -> Iterator[ast.expr]:
    if 3 <= len(node.args) <= 4 and all(isinstance(axis, ast.Constant) for axis in node.args):
        for axes in permutations(node.args):
            yield ast.Call(node.func, list(axes), [])


def added_in_parallel(node: ast.AST, around: Around) -> Edits:
    """``dz @ W.T`` beside ``dg @ V.T``: the same of other things of the same shapes, which was left out."""
    values = getattr(around.statement, "value", None)
    if (
        isinstance(node, ast.expr)
        and _is_matrix_product(node)
        and node in (values.elts if isinstance(values, ast.Tuple) else [values])
    ):
        things = [inner for inner in ast.walk(node) if isinstance(inner, ast.expr) and _is_thing(inner, around)]
        if len(things) == 2:
            one, two = things
            for other in around.others(one):
                half = Replace(one, other).visit(node)
                for another in (two, *around.others(two)):
                    like = Replace(one, other, (two, another)).visit(node) if another is not two else half
                    yield "missing-term", ast.BinOp(node, ast.Add(), like)  # type: ignore[arg-type]  # an expression


def _is_matrix_product(node: ast.expr) -> bool:
    called = getattr(getattr(node, "func", None), "attr", "")
    return called in ("dot", "matmul") or isinstance(getattr(node, "op", None), ast.MatMult)


def _is_thing(node: ast.expr, around: Around) -> bool:
    return bool(around.shapes.get(ast.unparse(node)))


def _parsed(said: str) -> ast.expr:
    return ast.parse(said, mode="eval").body
