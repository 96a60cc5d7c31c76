"""The ways of writing otherwise: plain slips undone, one name for another, indices off by one, factors put in."""

import ast
from collections.abc import Iterator

from gradcheck.checking.diagnosis.repair.around import Around, Edits, Kind
from gradcheck.checking.diagnosis.repair.rearranged import added_in_parallel, rearranged, turned
from gradcheck.checking.mutation.mistakes import MISTAKES
from gradcheck.checking.mutation.source import Replace

UNDONE = {
    "transposed": "transposed", "sign": "sign", "missing-term": "missing-term", "missing-factor": "factor",
    "missing-sum": "extra-sum", "wrong-axis": "permuted", "inverted-mask": "inverted-mask",
    "missing-mask": "wrong-mask", "overwritten": "accumulated", "factor": "factor",
}  # fmt: skip
"""Of which mistake it is the cure to make another one: to leave out a factor cures one too many."""


def _undone(node: ast.AST, around: Around) -> Edits:
    """A mistake made the other way round."""
    for mistake, cause in UNDONE.items():
        for instead in MISTAKES[mistake](node):
            if isinstance(instead, ast.expr | ast.stmt):
                made = _of_factor(node, instead, around) if mistake == "missing-factor" else cause
                yield _of_term(node) if cause == "missing-term" else made, instead
    if _is_product(node) and _is_product(node.left):  # type: ignore[attr-defined]  # it has two sides
        yield "factor", node.left.left  # type: ignore[attr-defined]
    if isinstance(node, ast.Call):
        for instead in MISTAKES["extra-or-missing-mean"](node):
            was = getattr(node.func, "attr", "")
            yield ("extra-mean" if was == "mean" else "missing-mean"), instead  # type: ignore[misc]  # a call for a call
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        summed = isinstance(target, ast.Subscript) or getattr(target, "attr", "") == "grad"
        if summed or (around.looped and isinstance(target, ast.Name | ast.Attribute)):
            yield "overwritten", ast.AugAssign(target, ast.Add(), node.value)  # type: ignore[arg-type]  # a target


def _of_term(node: ast.AST) -> str:
    """What a term too many is called: a small constant, a step of one to the side."""
    value = getattr(getattr(node, "right", None), "value", None) if isinstance(node, ast.BinOp) else None
    small = isinstance(value, float) and 0 < value <= 0.01
    return "missing-epsilon" if small else "shifted" if type(value) is int and value == 1 else "missing-term"


def _is_product(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)


def _of_factor(node: ast.AST, instead: ast.AST, around: Around) -> str:
    """What a factor too many is called, by what it is."""
    if isinstance(node, ast.BinOp):
        lost = node.left if instead is node.right else node.right
        if isinstance(lost, ast.Name) and around.is_cotangent(lost.id):
            return "cotangent-twice"
        if isinstance(lost, ast.Compare) or "mask" in ast.unparse(lost).lower():
            return "wrong-mask"
        if isinstance(node.op, ast.Div) and any(word in ast.unparse(lost) for word in ("shape", "len(", "size")):
            return "extra-mean"
    return "factor"


def _rewritten(node: ast.AST, around: Around) -> Edits:
    """A transpose put in, a call left out, a comparison with its bound."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        for left, right in ((turned(node.left), node.right), (node.left, turned(node.right))):
            yield "transposed", ast.BinOp(left, node.op, right)
        yield "transposed", ast.BinOp(node.right, node.op, node.left)
    if isinstance(node, ast.Call) and len(node.args) + isinstance(node.func, ast.Attribute) >= 1:
        yield from _without_call(node)
    yield from _with_the_rest_of_softmax(node)
    yield from _of_another_activation(node)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for operator in (ast.Gt(), ast.GtE(), ast.Lt(), ast.LtE(), ast.NotEq()):
            yield "wrong-mask", ast.Compare(node.left, [operator], node.comparators)


def _of_another_activation(node: ast.AST) -> Edits:
    """``1 - y ** 2`` for ``y * (1 - y)``: the factors made of one variable alone, made of it in other ways."""
    if not isinstance(node, ast.BinOp):
        return
    parts = list(factors_of(node))
    for name in dict.fromkeys(ast.unparse(inner) for inner in ast.walk(node) if _is_read(inner)):
        own = [part for part in parts if _is_made_of(part, name)]
        others = [f"({ast.unparse(part)})" for part in parts if part not in own]
        if own and any(isinstance(part, ast.BinOp) for part in own):
            for form in SLOPES:
                whole = " * ".join([*others, form.format(name)])
                yield "missing-activation-derivative", ast.parse(whole, mode="eval").body


def _is_made_of(part: ast.expr, name: str) -> bool:
    names = {ast.unparse(inner) for inner in ast.walk(part) if _is_read(inner)}
    return names == {name} and not {type(inner) for inner in ast.walk(part)} & {ast.Call, ast.Subscript}


def factors_of(node: ast.expr) -> Iterator[ast.expr]:
    """What is multiplied, as ``a``, ``b`` and ``c`` in ``a * b * c``."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from factors_of(node.left)
        yield from factors_of(node.right)
    else:
        yield node


SLOPES = ("({0} * (1 - {0}))", "(1 - {0} ** 2)", "({0} > 0)", "np.exp({0})", "(2 * {0})", "(1 - {0})")
"""Slopes of usual activations, in terms of their input or output."""


def _renamed(node: ast.AST, around: Around) -> Edits:
    """Another name; its square; a name for 0 or 1."""
    if isinstance(node, ast.Constant) and node.value in (0, 1) and not isinstance(node.value, bool):
        yield from (("missing-term", name) for said, name in around.names.items() if said in around.shapes)
    if not (_is_read(node) and isinstance(node, ast.expr)) or _is_bound(node, around.statement):
        return
    yield from ((_of_name(node, around.statement), name) for name in around.others(node))
    yield "missing-term", ast.BinOp(node, ast.Pow(), ast.Constant(2))


def _renamed_throughout(node: ast.AST, around: Around) -> Edits:
    """Another name for one that is read several times in the value of a statement, in all these places at once."""
    if not isinstance(node, ast.expr) or node is not getattr(around.statement, "value", None):
        return
    read = [inner for inner in ast.walk(node) if isinstance(inner, ast.expr) and _is_read(inner)]
    said = [ast.unparse(inner) for inner in read]
    for i, name in enumerate(read):
        same = [other for other, text in zip(read, said, strict=True) if text == said[i]]
        if len(same) > 1 and same[0] is name:
            for other in around.others(name):
                pairs = [(one, other) for one in same]
                renamed = Replace(*pairs[0], *pairs[1:]).visit(node)
                yield "activation-derivative-at-wrong-point", renamed  # type: ignore[misc]  # an expression stays one


def _is_bound(node: ast.AST, statement: ast.stmt) -> bool:
    """Whether it says how often a loop is run; one number for another there fits by chance."""
    ranges = (outer for outer in ast.walk(statement) if getattr(getattr(outer, "func", None), "id", "") == "range")
    return any(inner is node for outer in ranges for inner in ast.walk(outer))


def _without_call(node: ast.Call) -> Edits:
    """``np.abs(dout)`` and ``dout.astype(np.float32)`` without their calls."""
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if isinstance(node.func, ast.Name) and len(node.args) == 1 and node.func.id not in ("range", "len"):
        yield "transposed" if node.func.id in ("t", "T", "transpose") else "nonlinear", node.args[0]
    if method in ("astype", "float32", "float16", "half", "single"):
        whole = method == "astype" and "int" in ast.unparse(node)
        kept = node.args[0] if method != "astype" else node.func.value  # type: ignore[attr-defined]
        yield "wrong-dtype" if whole else "precision", kept
    elif method in ("abs", "sign", "clip", "rint", "round", "maximum", "minimum", "tanh") and node.args:
        yield "nonlinear", node.args[0]


def _is_read(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return isinstance(node.ctx, ast.Load) and getattr(node.value, "id", "") == "self"
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in ("np", "numpy", "self", "_")


def _of_name(node: ast.expr, statement: ast.stmt) -> str:
    compared = any(
        inner is node for outer in ast.walk(statement) if isinstance(outer, ast.Compare) for inner in ast.walk(outer)
    )
    if compared:
        return "wrong-mask"
    of_a_slope = any(
        isinstance(outer, ast.BinOp) and isinstance(outer.op, ast.Sub) and getattr(outer.left, "value", None) == 1
        for outer in ast.walk(statement)
        if any(inner is node for inner in ast.walk(outer))
    )
    return "activation-derivative-at-wrong-point" if of_a_slope else "permuted"


def _counted(node: ast.AST, around: Around) -> Edits:
    """Indices and bounds of loops off by one."""
    if isinstance(node, ast.Subscript):
        for index in ast.walk(node.slice):
            if isinstance(index, ast.BinOp | ast.Name | ast.Constant) and not isinstance(index, ast.Tuple):
                for other in _neighbours(index):
                    yield "shifted", Replace(index, other).visit(node)  # type: ignore[misc]  # an expression stays one
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "range":
        for bound in node.args:
            for other in _neighbours(bound):
                yield "truncated", Replace(bound, other).visit(node)  # type: ignore[misc]  # an expression stays one
        if len(node.args) == 2:
            yield "truncated", ast.Call(node.func, node.args[1:], [])


def _neighbours(index: ast.expr) -> Iterator[ast.expr]:
    if isinstance(index, ast.Constant) and (not isinstance(index.value, int) or isinstance(index.value, bool)):
        return
    if isinstance(index, ast.Constant):
        yield from (ast.Constant(index.value + step) for step in (1, -1) if index.value + step >= 0)  # type: ignore[operator]
        return
    if isinstance(index, ast.BinOp) and isinstance(index.op, ast.Add | ast.Sub):
        yield index.left
    for operator in (ast.Add(), ast.Sub()):
        yield ast.BinOp(index, operator, ast.Constant(1))


FACTORS = {
    "{0}": "missing-term", "({0} > 0)": "missing-mask", "(1 - {0})": "missing-term",
    "{0} * (1 - {0})": "missing-activation-derivative", "(1 - {0} ** 2)": "missing-activation-derivative",
}  # fmt: skip
"""What may be missing as a factor, made of something that has a name."""

RARER = {
    "({0} < 0)": "missing-mask", "np.sign({0})": "missing-term", "np.exp({0})": "missing-activation-derivative",
    "{0}.T": "missing-term",
}  # fmt: skip
"""What may, but seldom is."""


def _multiplied(node: ast.AST, around: Around) -> Edits:
    """A factor, a divisor or a term put in, made of what is at hand."""
    for said, name in _factors(node, around):
        for form, cause in FACTORS.items() if around.is_array(said) else [("{0}", "missing-term")]:
            factor = ast.parse(form.format(ast.unparse(name)), mode="eval").body
            cotangent = form == "{0}" and around.is_cotangent(said)
            made = "missing-cotangent" if cotangent else "missing-mask" if "mask" in said.lower() else cause
            yield made, ast.BinOp(node, ast.Mult(), factor)  # type: ignore[arg-type]  # an expression
        for operator, cause in ((ast.Div(), "factor"), (ast.Add(), "missing-term"), (ast.Sub(), "missing-term")):
            yield cause, ast.BinOp(node, operator, name)  # type: ignore[arg-type]  # an expression
    if isinstance(node, ast.expr) and _is_computed(node, around.statement):
        yield "sign", ast.UnaryOp(ast.USub(), node)


def multiplied_by_rarer_things(node: ast.AST, around: Around) -> Edits:
    """A factor that is seldom missing; a softmax, a sign or an exponential that is not gone through."""
    for said, name in _factors(node, around):
        for form, cause in RARER.items() if around.is_array(said) else ():
            factor = ast.parse(form.format(ast.unparse(name)), mode="eval").body
            yield cause, ast.BinOp(node, ast.Mult(), factor)  # type: ignore[arg-type]  # an expression
        if around.is_array(said):
            yield "missing-activation-derivative", _through_softmax(node, name)  # type: ignore[arg-type]
    if isinstance(node, ast.expr) and _is_computed(node, around.statement):
        for function in ("sign", "exp"):
            call = ast.parse(f"np.{function}(0)", mode="eval").body
            call.args = [node]  # type: ignore[attr-defined]  # it is a call
            yield "missing-activation-derivative", call


def _factors(node: ast.AST, around: Around) -> Iterator[tuple[str, ast.expr]]:
    """What is at hand for the value of a statement."""
    if isinstance(node, ast.expr) and _is_computed(node, around.statement) and around.computes(node):
        yield from around.factors()


def _through_softmax(node: ast.expr, y: ast.expr) -> ast.expr:
    """``y * (dy − Σ dy·y)`` for ``dy``."""
    dy, y_said = f"({ast.unparse(node)})", ast.unparse(y)
    whole = f"{y_said} * ({dy} - ({dy} * {y_said}).sum(axis=-1, keepdims=True))"
    return ast.parse(whole, mode="eval").body


def _with_the_rest_of_softmax(node: ast.AST) -> Edits:
    """``dy·y − y·Σ dy·y`` for ``dy·y·(1 − y)``, which is the diagonal alone."""
    if _is_product(node) and isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Sub):  # type: ignore[attr-defined]
        e, y = f"({ast.unparse(node.left)})", ast.unparse(node.right.right)  # type: ignore[attr-defined]
        yield "missing-term", ast.parse(f"{e} - {y} * {e}.sum(axis=-1, keepdims=True)", mode="eval").body


def _is_computed(node: ast.expr, statement: ast.stmt) -> bool:
    """Whether it is the whole value of a statement, one of the values returned, or a factor or term in them."""
    value = getattr(statement, "value", None)
    if node is value:
        return not isinstance(node, ast.Tuple)
    if isinstance(value, ast.Tuple):
        return node in value.elts
    if isinstance(value, ast.Call) and is_where(value):
        return node in value.args[1:]
    divides = isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div)
    return isinstance(value, ast.BinOp) and (node is value.left or (node is value.right and not divides))


KINDS: tuple[tuple[Kind, ...], ...] = (
    (_undone,),
    (_rewritten, _counted, rearranged),
    (_renamed, _renamed_throughout, _multiplied, added_in_parallel),
)
"""Plainer mistakes first; those of one group in turn."""


def is_where(node: ast.Call) -> bool:
    """Whether it is ``np.where`` with both sides."""
    return getattr(node.func, "attr", "") == "where" and len(node.args) == 3
