"""What might be written otherwise in a wrong backward, as edits of its syntax tree, each with the mistake it undoes."""

import ast
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from gradcheck.checking.diagnosis.repair.around import Around, Kind
from gradcheck.checking.diagnosis.repair.kinds import is_where
from gradcheck.checking.diagnosis.repair.running import Shape
from gradcheck.checking.mutation.source import Function, Replace, counts

NAMES = 40
"""Of more variables than these the first are tried."""


@dataclass(frozen=True)
class Edit:
    """One node of a backward, and what might stand there instead.

    Attributes
    ----------
    cause : str
        The mistake, if this puts it right.
    statement : ast.stmt
    node, instead : ast.AST
    """

    cause: str
    statement: ast.stmt
    node: ast.AST
    instead: ast.AST

    @property
    def line(self) -> int:
        """In the source of the function, from 1."""
        return self.statement.lineno

    @property
    def before(self) -> str:
        """The statement as it is."""
        return ast.unparse(self.statement).split("\n")[0]

    @property
    def after(self) -> str:
        """The statement as it should be; empty where it should not be there."""
        changed = Replace(self.node, self.instead).visit(self.statement)
        if isinstance(changed, ast.If) and isinstance(changed.test, ast.Constant):  # several in the place of one
            return "; ".join(ast.unparse(ast.fix_missing_locations(part)) for part in changed.body)
        return "" if isinstance(changed, ast.Pass) else ast.unparse(ast.fix_missing_locations(changed)).split("\n")[0]


def statements_of(function: Function) -> list[ast.stmt]:
    """All of them, also those inside others."""
    return [node for node in ast.walk(function) if isinstance(node, ast.stmt) and not isinstance(node, Function)]


def edits(
    function: Function,
    kind: Kind,
    shapes: Mapping[str, Shape | None] | None = None,
    where: Container[ast.stmt] | None = None,
) -> Iterator[Edit]:
    """Every edit of one kind, in these statements or in all; what has a shape is at hand, too."""
    statements = statements_of(function)
    names = _variables(function, shapes or {})
    idle = _idle(function, names)
    indices, arguments = tuple(_indices(function).values()), frozenset(arg.arg for arg in function.args.args)
    looped = {id(inner) for node in statements if isinstance(node, ast.For) for inner in ast.walk(node)}
    for statement in statements:
        if where is not None and statement not in where:
            continue
        is_looped = id(statement) in looped
        known = {name: thing for name, (thing, line) in names.items() if is_looped or line < statement.lineno}
        here = Around(statement, known, shapes or {}, is_looped, idle, _counting(statement), indices, arguments)
        for node in _own_nodes(statement):
            for cause, instead in kind(node, here):
                yield Edit(_named(cause, node, statement), statement, node, instead)


def _named(cause: str, node: ast.AST, statement: ast.stmt) -> str:
    """What the mistake is called where it stands: in a mask, in an index."""
    if cause != "inverted-mask" and _is_of_mask(node, statement):
        return "wrong-mask"
    return "shifted" if isinstance(node, ast.BinOp) and _is_of_index(node, statement) else cause


def _is_of_mask(node: ast.AST, statement: ast.stmt) -> bool:
    """Whether it is a part of a comparison, or of the condition of ``np.where``."""
    conditions = [
        outer.args[0] if isinstance(outer, ast.Call) else outer
        for outer in ast.walk(statement)
        if isinstance(outer, ast.Compare) or (isinstance(outer, ast.Call) and is_where(outer))
    ]
    return any(inner is node for condition in conditions for inner in ast.walk(condition))


def _is_of_index(node: ast.AST, statement: ast.stmt) -> bool:
    subscripts = [outer.slice for outer in ast.walk(statement) if isinstance(outer, ast.Subscript)]
    return any(inner is node for index in subscripts for inner in ast.walk(index))


def _own_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """The statement and the expressions in it, not the statements inside."""
    pending: list[ast.AST] = [statement]
    targets = getattr(statement, "targets", [getattr(statement, "target", None)])
    set_in = [target.value for target in targets if isinstance(target, ast.Subscript)]  # elsewhere nobody looks
    while pending:
        node = pending.pop(0)
        if node in set_in:
            continue
        yield node
        pending += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt | ast.arguments)]


def _counting(statement: ast.stmt) -> frozenset[int]:
    """The nodes, by id, that are indices, bounds and shapes rather than values."""
    found: set[int] = set()
    for outer in ast.walk(statement):
        for child in ast.iter_child_nodes(outer):
            if counts(outer, child):
                found |= {id(inner) for inner in ast.walk(child)}
    return frozenset(found)


def _indices(function: Function) -> dict[str, ast.expr]:
    """What stands anywhere as an index of a single place."""
    subscripts = [node.slice for node in ast.walk(function) if isinstance(node, ast.Subscript)]
    parts = [part for index in subscripts for part in (index.elts if isinstance(index, ast.Tuple) else [index])]
    return {ast.unparse(part): part for part in parts if isinstance(part, ast.Name | ast.Subscript)}


def _idle(function: Function, names: Iterable[str]) -> frozenset[str]:
    """What is at hand and nowhere used, as if it had been forgotten."""
    read = {ast.unparse(node) for node in ast.walk(function) if isinstance(getattr(node, "ctx", None), ast.Load)}
    return frozenset(name for name in names if name not in read)


def _variables(function: Function, shapes: Iterable[str]) -> dict[str, tuple[ast.expr, int]]:
    """All that has a name in the function, in order, and the line from which on; then what else its object keeps."""
    found: dict[str, tuple[ast.expr, int]] = {}
    nodes = [node for node in ast.walk(function) if isinstance(node, ast.expr | ast.arg)]
    for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset)):
        if isinstance(node, ast.arg) and node.arg not in ("self", "cls"):
            found.setdefault(node.arg, (ast.Name(node.arg, ast.Load()), 0))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id != "_":
            found.setdefault(node.id, (ast.Name(node.id, ast.Load()), node.lineno))
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "self":
            found.setdefault(ast.unparse(node), (ast.Attribute(node.value, node.attr, ast.Load()), 0))
    for name in shapes:
        if "." in name and (name.startswith("self.") or name.partition(".")[0] in found):
            found.setdefault(name, (ast.parse(name, mode="eval").body, 0))
    return dict(islice(found.items(), NAMES))
