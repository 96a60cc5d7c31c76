"""What might be written otherwise in a wrong backward, as edits of its syntax tree, each with the mistake it undoes."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from gradcheck.checking.diagnosis.repair.around import Around, Kind
from gradcheck.checking.diagnosis.repair.kinds import is_where
from gradcheck.checking.diagnosis.repair.running import Shape
from gradcheck.checking.mutation.source import Function, Replace

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
        return "" if isinstance(changed, ast.Pass) else ast.unparse(ast.fix_missing_locations(changed)).split("\n")[0]


def edits(function: Function, kind: Kind, shapes: Mapping[str, Shape | None] | None = None) -> Iterator[Edit]:
    """Every edit of one kind; what has a shape is at hand, too."""
    statements = [node for node in ast.walk(function) if isinstance(node, ast.stmt) and not isinstance(node, Function)]
    names = _variables(function, shapes or {})
    looped = {id(inner) for node in statements if isinstance(node, ast.For) for inner in ast.walk(node)}
    for statement in statements:
        is_looped = id(statement) in looped
        known = {name: thing for name, (thing, line) in names.items() if is_looped or line < statement.lineno}
        here = Around(statement, known, shapes or {}, is_looped)
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
    while pending:
        node = pending.pop(0)
        yield node
        pending += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt | ast.arguments)]


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
        if name.startswith("self."):
            found.setdefault(name, (ast.parse(name, mode="eval").body, 0))
    return dict(islice(found.items(), NAMES))
