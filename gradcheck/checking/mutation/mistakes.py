"""What people get wrong in a backward, each as an edit of its syntax tree.

A mistake is a function from a node to the nodes that might stand there instead; :data:`MISTAKES` lists them, by the
cause that a diagnosis would name. To add one, add a function.
"""

import ast
from collections.abc import Callable, Iterator

Edits = Iterator[ast.AST]

_SUMS, _MEANS = ("sum",), ("mean",)
_OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip


def transposed(node: ast.AST) -> Edits:
    """``W.T`` without its T; ``np.transpose(W)`` and ``W.transpose()`` without their call."""
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "transpose":
        if _is_numpy(node.func.value):
            yield node.args[0]
        elif not node.args and not node.keywords:
            yield node.func.value


def sign(node: ast.AST) -> Edits:
    """A minus left out, or plus and minus exchanged."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield node.operand
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and not _counts(node):
        yield _with_operator(node, ast.Sub() if isinstance(node.op, ast.Add) else ast.Add())
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        yield ast.AugAssign(node.target, ast.Sub(), node.value)
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub):
        yield ast.AugAssign(node.target, ast.Add(), node.value)


def missing_term(node: ast.AST) -> Edits:
    """One side of a sum or difference left out; a contribution never added."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub) and not _counts(node):
        yield node.left
        yield node.right if isinstance(node.op, ast.Add) else ast.UnaryOp(ast.USub(), node.right)
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        yield ast.Pass()


def missing_factor(node: ast.AST) -> Edits:
    """A factor or divisor left out: the upstream gradient, the derivative of the activation, 1/N, a mask."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and not _counts(node):
        yield node.left
        yield node.right
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        yield node.left
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult | ast.Div):
        yield ast.Pass()


def extra_or_missing_mean(node: ast.AST) -> Edits:
    """A sum where the mean belongs, and the reverse."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SUMS + _MEANS:
        other = "mean" if node.func.attr in _SUMS else "sum"
        yield ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, node.keywords)


def missing_sum(node: ast.AST) -> Edits:
    """A sum over an axis that keeps its dimensions, left out: the numbers still broadcast."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _SUMS:
        keeps = any(k.arg == "keepdims" and getattr(k.value, "value", False) is True for k in node.keywords)
        operand = node.args[0] if _is_numpy(node.func.value) and node.args else node.func.value
        if keeps:
            yield operand


def wrong_axis(node: ast.AST) -> Edits:
    """Axis 0 for axis 1, and the reverse."""
    if isinstance(node, ast.Call):
        for i, keyword in enumerate(node.keywords):
            at = _axis(keyword.value) if keyword.arg == "axis" else None
            if at is not None:
                other = ast.keyword("axis", ast.Constant(1 if at == 0 else 0))
                yield ast.Call(node.func, node.args, [*node.keywords[:i], other, *node.keywords[i + 1 :]])


def inverted_mask(node: ast.AST) -> Edits:
    """A comparison turned round; the two sides of ``np.where`` exchanged."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPPOSITE:
        yield ast.Compare(node.left, [_OPPOSITE[type(node.ops[0])]()], node.comparators)
    elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "where" and len(node.args) == 3:
        condition, yes, no = node.args
        yield ast.Call(node.func, [condition, no, yes], node.keywords)


def missing_mask(node: ast.AST) -> Edits:
    """Entries that are set on the way back, not set: ``dout[x <= 0] = 0`` left out."""
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript) and len(node.targets) == 1:
        yield from [ast.Pass()] if isinstance(node.value, ast.Constant) else []


def overwritten(node: ast.AST) -> Edits:
    """``+=`` become ``=``: only the last of several contributions is left."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        yield ast.Assign([node.target], node.value)


def factor(node: ast.AST) -> Edits:
    """A square taken for the thing itself; a half or a two forgotten is a missing factor."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and getattr(node.right, "value", None) == 2:
        yield node.left


MISTAKES: dict[str, Callable[[ast.AST], Edits]] = {
    "transposed": transposed, "sign": sign, "missing-term": missing_term, "missing-factor": missing_factor,
    "extra-or-missing-mean": extra_or_missing_mean, "missing-sum": missing_sum, "wrong-axis": wrong_axis,
    "inverted-mask": inverted_mask, "missing-mask": missing_mask, "overwritten": overwritten, "factor": factor,
}  # fmt: skip
"""Every mistake, by the cause it stands for."""


def _is_numpy(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in ("np", "numpy", "anp", "cp", "jnp", "xp")


def _with_operator(node: ast.BinOp, operator: ast.operator) -> ast.BinOp:
    return ast.BinOp(node.left, operator, node.right)


def _counts(node: ast.BinOp) -> bool:
    """Whether this is arithmetic of indices and shapes, as ``t + 1`` and ``C * H``, rather than of gradients."""
    return isinstance(node.right, ast.Constant) and isinstance(node.right.value, int) and _is_count(node.left)


def _is_count(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and len(node.id) == 1


def _axis(node: ast.AST) -> int | None:
    """The axis that a constant means, 0 or another one; None where it is no single axis."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
