"""Further ways of writing otherwise: reductions, axes, scattered sums, activations, factors deep inside."""

import ast
from collections.abc import Iterable
from typing import Any

from gradcheck.checking.diagnosis.repair.algebra import (
    complemented,
    lowered_exponent,
    multiplied_as_matrices,
    regrouped,
    rest_of_softmax,
)
from gradcheck.checking.diagnosis.repair.around import Around, Edits, Kind
from gradcheck.checking.diagnosis.repair.indexed import paired, redirected, resubscripted, strided, twinned
from gradcheck.checking.diagnosis.repair.kinds import KINDS, multiplied_by_rarer_things


def _reduced(node: ast.AST, around: Around) -> Edits:
    """A sum, mean or maximum over another axis, or over all where it is over one, keeping its dimensions."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _REDUCTIONS:
        return
    plain = [k for k in node.keywords if k.arg not in ("axis", "keepdims")]
    over = [k.value for k in node.keywords if k.arg == "axis"]
    for axis in (0, 1, -1):
        for keep in (True, False):
            keywords = [ast.keyword("axis", ast.Constant(axis))]
            keywords += [ast.keyword("keepdims", ast.Constant(True))] if keep else []
            yield "permuted" if over else "extra-sum", ast.Call(node.func, node.args, [*plain, *keywords])


def _over_other_axes(node: ast.AST, around: Around) -> Edits:
    """Of several axes one fewer, or one more: ``(2, 3)`` for ``(0, 2, 3)``."""
    if not isinstance(node, ast.Tuple) or not 2 <= len(node.elts) <= AXES:
        return
    axes = [getattr(axis, "value", None) for axis in node.elts]
    if not all(type(axis) is int and 0 <= axis < AXES for axis in axes):
        return
    for left_out in axes:
        yield "extra-sum", _axes(axis for axis in axes if axis != left_out)
    for further in set(range(AXES)) - set(axes):
        yield "missing-sum", _axes(sorted([*axes, further]))


AXES = 4
"""Arrays of more axes are rare."""


def _axes(axes: Iterable[Any]) -> ast.Tuple:
    return ast.Tuple([ast.Constant(axis) for axis in axes], ast.Load())


_REDUCTIONS = ("sum", "mean", "max", "min", "argmax", "argmin")


def _scattered(node: ast.AST, around: Around) -> Edits:
    """``np.add.at(dW, i, dout)`` for ``dW[i] = dout`` and ``dW[i] += dout``, which keep one share of each entry."""
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    if isinstance(node, ast.Assign | ast.AugAssign) and isinstance(target, ast.Subscript):
        index = ast.unparse(ast.Subscript(ast.Name("np.s_"), target.slice, ast.Load()))
        index = index if ":" in index else f"({index[6:-1]})"
        call = f"np.add.at({ast.unparse(target.value)}, {index}, {ast.unparse(node.value)})"
        yield "overwritten", ast.parse(call).body[0]


ACTIVATED = (
    "1 / (1 + np.exp(-{0}))", "np.exp({0})", "np.tanh({0})", "np.maximum({0}, 0)",
    "{0} / {0}.sum(axis=-1, keepdims=True)", "np.log({0})", "{0} ** 2", "np.sqrt({0})", "np.sign({0})",
)  # fmt: skip
"""What may not have been applied to something."""


def _activated(node: ast.AST, around: Around) -> Edits:
    """A name, or an exponential, to which a function was not applied."""
    if not isinstance(node, ast.expr) or not around.computes(node):
        return
    said = ast.unparse(node)
    called = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "exp"
    named = isinstance(getattr(node, "ctx", None), ast.Load) and said in around.shapes and around.is_array(said)
    if called or named:
        for form in ACTIVATED:
            applied = ast.parse(form.format(f"({said})" if called else said), mode="eval").body
            yield "missing-mask" if "maximum" in form else "missing-activation-derivative", applied


DEEP = {
    "{1} * {0}": "missing-term", "{1} / {0}": "missing-term",
    "{1} * (1 - {0} ** 2)": "missing-activation-derivative", "{1} * {0} * (1 - {0})": "missing-activation-derivative",
    "{1} * (1 - {0})": "missing-term", "{1} * ({0} > 0)": "missing-mask",
}  # fmt: skip
"""What may be missing as a factor or a divisor inside an expression."""


def _deeper(node: ast.AST, around: Around) -> Edits:
    """A factor put in anywhere: at a name that is read, at an element of a list, at an argument."""
    inside = isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult)
    read = isinstance(getattr(node, "ctx", None), ast.Load) and (
        ast.unparse(node) in around.shapes or isinstance(node, ast.Subscript)
    )
    if not isinstance(node, ast.expr) or not (inside or read) or not around.computes(node):
        return
    for name, factor in around.factors(node):
        for form, cause in DEEP.items() if around.is_array(name) else list(DEEP.items())[:2]:
            if name != ast.unparse(node):
                whole = ast.parse(form.format(ast.unparse(factor), f"({ast.unparse(node)})"), mode="eval").body
                yield "missing-mask" if "mask" in name.lower() else cause, whole


ALL: tuple[tuple[Kind, ...], ...] = (
    *KINDS[:-1],
    (
        *(regrouped, complemented, rest_of_softmax, strided, resubscripted, redirected, twinned),
        *(_reduced, _over_other_axes, _scattered),
    ),
    KINDS[-1],
    (_deeper, lowered_exponent, multiplied_as_matrices, paired, _activated),
)
"""Plainer mistakes first; those of one group in turn."""

RAREST: Kind = multiplied_by_rarer_things
"""What there is most of and finds least, last."""
