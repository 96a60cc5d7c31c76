"""Edits of where things are read and written: strides, pairs of indices, subscripts of einsum, directions."""

import ast
from collections.abc import Iterator
from itertools import combinations, permutations

from gradcheck.checking.diagnosis.repair.around import Around, Edits
from gradcheck.checking.mutation.source import Replace

LONGEST = 6
"""Of an operand of einsum with more subscripts than this, no two are exchanged."""


def strided(node: ast.AST, around: Around) -> Edits:
    """``x[i * s : i * s + k]`` for ``x[i : i + k]``, with every number at hand; the reverse; another number."""
    if not isinstance(node, ast.Subscript):
        return
    windows = [part for part in _parts(node.slice) if isinstance(part, ast.Slice) and part.lower is not None]
    numbers = [name for said, name in around.names.items() if around.shapes.get(said) == ()]
    for several in ([windows] if len(windows) > 1 else []) + [[window] for window in windows]:
        for instead in _with_starts(node, several, numbers):
            yield "shifted", instead


def _with_starts(node: ast.AST, windows: list[ast.Slice], numbers: list[ast.expr]) -> Iterator[ast.expr]:
    """The windows begin at ``i`` rather than ``i * s``, or at ``i * s`` for each number s."""
    starts = [window.lower for window in windows if window.lower is not None]
    bare = [start.left if _is_product(start) else start for start in starts]  # type: ignore[attr-defined]  # it has two
    for factor in (None, *numbers):
        begins = [i if factor is None else ast.BinOp(i, ast.Mult(), factor) for i in bare]
        first, *others = [(w, _like(w, *ends)) for w, *ends in zip(windows, starts, begins, strict=True)]
        yield Replace(*first, *others).visit(node)  # type: ignore[misc]  # an expression stays one


def _like(window: ast.Slice, start: ast.expr, begin: ast.expr) -> ast.AST:
    """A window of the same length that begins elsewhere."""
    end = window.upper
    if isinstance(end, ast.BinOp) and ast.unparse(end.left) == ast.unparse(start):
        end = ast.BinOp(begin, end.op, end.right)
    return ast.Slice(begin, end, window.step)


def _is_product(node: ast.expr) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)


def _parts(index: ast.expr) -> list[ast.expr]:
    return index.elts if isinstance(index, ast.Tuple) else [index]


def paired(node: ast.AST, around: Around) -> Edits:
    """``dx[b, p, q]`` for ``dx[b, i, j]``: two indices for the two others that are numbers, too."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        used = [part for part in node.slice.elts if isinstance(part, ast.Name)]
        names = {ast.unparse(part) for part in used}
        others = [n for said, n in around.names.items() if around.shapes.get(said) == () and said not in names]
        single = [other for other in others if isinstance(other, ast.Name) and len(other.id) <= 2]
        for one, two in permutations(single[:6], 2) if len(used) >= 2 else ():
            yield "shifted", Replace(used[-2], one, (used[-1], two)).visit(node)  # type: ignore[misc]  # an expression


def resubscripted(node: ast.AST, around: Around) -> Edits:
    """``'nk,kij,nj->ni'`` for ``'nk,kji,nj->ni'``: two subscripts of one operand exchanged, or one for another."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or "->" not in node.value:
        return
    operands = node.value.replace("->", ",").split(",")
    letters = sorted({letter for operand in operands for letter in operand if letter.isalpha()})
    for k, operand in enumerate(operands):
        for i, j in combinations(range(len(operand)) if len(operand) <= LONGEST else (), 2):
            turned = [*operand]
            turned[i], turned[j] = turned[j], turned[i]
            yield "transposed" if i == len(operand) - 2 else "permuted", _spelt(operands, k, "".join(turned))
        for i, letter in enumerate(operand):
            for other in letters:
                if other != letter:
                    yield "permuted", _spelt(operands, k, operand[:i] + other + operand[i + 1 :])


def _spelt(operands: list[str], k: int, instead: str) -> ast.Constant:
    spelt = [*operands[:k], instead, *operands[k + 1 :]]
    return ast.Constant(f"{','.join(spelt[:-1])}->{spelt[-1]}")


def redirected(node: ast.AST, around: Around) -> Edits:
    """``np.roll(d, -1)`` for ``np.roll(d, 1)``; a running sum from the other end."""
    if not isinstance(node, ast.Call):
        return
    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if called == "roll" and len(node.args) > 1:
        back = ast.Call(node.func, [node.args[0], ast.UnaryOp(ast.USub(), node.args[1]), *node.args[2:]], node.keywords)
        yield "permuted", back
    if called in ("cumsum", "cumprod") and node.args:
        for axis in (0, 1):
            turn = "[::-1]" if axis == 0 else "[:, ::-1]"
            args = [ast.parse(f"({ast.unparse(node.args[0])}){turn}", mode="eval").body, *node.args[1:]]
            scanned = ast.unparse(ast.Call(node.func, args, node.keywords))
            yield "permuted", ast.parse(f"{scanned}{turn}", mode="eval").body


def twinned(node: ast.AST, around: Around) -> Edits:
    """``dW[:, j] += x; dW[:, t] -= x`` for ``dW[:, j] += x``: the other half of a difference, forgotten."""
    if not isinstance(node, ast.AugAssign) or not isinstance(node.target, ast.Subscript):
        return
    for part in _parts(node.target.slice):
        for other in around.indices if not isinstance(part, ast.Slice) else ():
            if ast.unparse(other) != ast.unparse(part):
                target = Replace(part, other).visit(node.target)
                for operator in (ast.Sub(), ast.Add()):
                    twin = ast.AugAssign(target, operator, node.value)  # type: ignore[arg-type]  # a target stays one
                    yield "missing-term", ast.If(ast.Constant(True), [node, twin], [])
