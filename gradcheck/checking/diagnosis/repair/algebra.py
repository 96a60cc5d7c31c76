"""Edits of formulas: parentheses, complements, powers, a factor in a product of matrices, the rest of a softmax."""

import ast

from gradcheck.checking.diagnosis.repair.around import Around, Edits
from gradcheck.checking.diagnosis.repair.kinds import factors_of


def regrouped(node: ast.AST, around: Around) -> Edits:
    """``(a + c) * b`` for ``a * b + c``, and the reverse: parentheses lost or too many."""
    if not isinstance(node, ast.BinOp):
        return
    if isinstance(node.op, ast.Add | ast.Sub):
        for inner, outer, flipped in ((node.left, node.right, False), (node.right, node.left, True)):
            if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Mult | ast.Div):
                sides = [(inner.left, inner.right)] + [(inner.right, inner.left)] * isinstance(inner.op, ast.Mult)
                for kept, factor in sides:
                    whole = ast.BinOp(*((outer, node.op, kept) if flipped else (kept, node.op, outer)))
                    yield "missing-term", ast.BinOp(whole, inner.op, factor)
    elif isinstance(node.op, ast.Mult | ast.Div):
        both = [(node.left, node.right)] + [(node.right, node.left)] * isinstance(node.op, ast.Mult)
        for inner, factor in both:
            if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add | ast.Sub):
                yield "factor", ast.BinOp(ast.BinOp(inner.left, node.op, factor), inner.op, inner.right)
                yield "factor", ast.BinOp(inner.left, inner.op, ast.BinOp(inner.right, node.op, factor))


def complemented(node: ast.AST, around: Around) -> Edits:
    """``1 - z`` for the factor ``z``, and the reverse; a power one lower or higher."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for side in ("left", "right"):
            factor = getattr(node, side)
            if isinstance(factor, ast.Name | ast.Attribute):
                yield "permuted", _with(node, side, ast.BinOp(ast.Constant(1), ast.Sub(), factor))
            elif isinstance(factor, ast.BinOp) and getattr(factor.left, "value", None) == 1:
                yield "permuted", _with(node, side, factor.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        for operator in (ast.Sub(), ast.Add()):
            yield "factor", _with(node, "right", ast.BinOp(node.right, operator, ast.Constant(1)))
        if isinstance(node.right, ast.BinOp):
            yield "factor", _with(node, "right", node.right.left)


def _with(node: ast.BinOp, side: str, instead: ast.expr) -> ast.BinOp:
    return ast.BinOp(instead, node.op, node.right) if side == "left" else ast.BinOp(node.left, node.op, instead)


def rest_of_softmax(node: ast.AST, around: Around) -> Edits:
    """``y * (dy - Σ dy·y)`` for ``y * dy`` and for ``y * (1 - y) * dy``, which are the diagonal alone."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Mult):
        return
    factors = [ast.unparse(factor) for factor in factors_of(node)]
    for i, y in enumerate(factors if 2 <= len(factors) <= 4 else ()):
        others = [f"({other})" for j, other in enumerate(factors) if j != i and other not in (f"1 - {y}", f"1.0 - {y}")]
        if others and y.replace(".", "").isidentifier():
            dy = " * ".join(others)
            whole = f"{y} * ({dy} - ({dy} * {y}).sum(axis=-1, keepdims=True))"
            yield "missing-term", ast.parse(whole, mode="eval").body


def multiplied_as_matrices(node: ast.AST, around: Around) -> Edits:
    """``-Y.T @ dY @ Y.T`` for ``-Y.T @ dY``: a square matrix is missing on the right or on the left."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult) and node is _value(around.statement):
        for said, name in around.names.items():
            shape = around.shapes.get(said)
            if shape and len(shape) == 2 and shape[0] == shape[1]:
                for factor in (name, ast.Attribute(name, "T", ast.Load())):
                    yield "missing-term", ast.BinOp(node, ast.MatMult(), factor)
                    yield "missing-term", ast.BinOp(factor, ast.MatMult(), node)


def _value(statement: ast.stmt) -> ast.AST | None:
    return getattr(statement, "value", None)


def lowered_exponent(node: ast.AST, around: Around) -> Edits:
    """``np.exp(x - m)`` for ``np.exp(x)``: what forward takes off, for no number to overflow."""
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "exp" and len(node.args) == 1:
        argument = node.args[0]
        for _, other in around.factors(argument):
            yield "missing-term", ast.Call(node.func, [ast.BinOp(argument, ast.Sub(), other)], [])
