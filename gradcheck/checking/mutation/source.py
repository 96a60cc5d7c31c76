"""Where in a source text the backwards stand, and where in them a mistake can be made."""

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass

from gradcheck.checking.mutation.mistakes import MISTAKES

Function = ast.FunctionDef | ast.AsyncFunctionDef

_BACKWARD = re.compile(
    r"(?i)_*(\w+_)?(backward|bwd|backprop|backpropagation|gradients?|grads?|vjp|derivative|prime)(_\w+)?"
)
_GRADIENT = re.compile(r"(d[A-Za-z]\w*|\w*grads?\w*|\w*delta\w*)")
_OTHER_WORDS_IN_D = ("data", "decay", "den", "dict", "diff", "dim", "dist", "drop", "dtype")
_COUNTING = ("range", "len", "reshape", "zeros", "ones", "empty", "full", "arange", "eye", "astype", "int", "transpose")


@dataclass(frozen=True)
class Place:
    """A node of a syntax tree and what might stand there instead.

    Attributes
    ----------
    function : str
        The function it stands in, with its class: ``Dense.backward``.
    cause : str
        What mistake it is.
    line : int
        In the source text.
    node, instead : ast.AST
        The original and the mistake.
    statement : ast.stmt
        What it is a part of.
    """

    function: str
    cause: str
    line: int
    node: ast.AST
    instead: ast.AST
    statement: ast.stmt

    def before(self) -> str:
        """The statement as it is."""
        return _one_line(self.statement)

    def after(self) -> str:
        """The statement with the mistake in it; empty where it is left out."""
        changed = Replace(self.node, self.instead).visit(self.statement)
        return "" if isinstance(changed, ast.Pass) else _one_line(ast.fix_missing_locations(changed))


class Replace(ast.NodeTransformer):
    """A copy of a tree with one node replaced, or several; the tree itself stays as it is."""

    def __init__(self, node: ast.AST, instead: ast.AST, *others: tuple[ast.AST, ast.AST]) -> None:
        self.instead = {id(old): new for old, new in ((node, instead), *others)}

    def visit(self, tree: ast.AST) -> ast.AST:
        """Copy, replacing the node by what should stand there."""
        if id(tree) in self.instead:
            return copy.deepcopy(self.instead[id(tree)])
        twin = copy.copy(tree)
        for name, value in ast.iter_fields(tree):
            if isinstance(value, ast.AST):
                setattr(twin, name, self.visit(value))
            elif isinstance(value, list):
                setattr(twin, name, [self.visit(v) if isinstance(v, ast.AST) else v for v in value])
        return twin


def places(tree: ast.AST, wanted: str | None = None) -> Iterator[Place]:
    """Every mistake that can be made in the backwards of a source text, in reading order.

    Parameters
    ----------
    tree : ast.AST
        The module.
    wanted : str, optional
        Only in this function, this class, or the backward of this forward.
    """
    seen = set()
    for name, function in backwards(tree):
        if wanted is None or _is_wanted(name, wanted):
            only_gradients = not _BACKWARD.fullmatch(function.name)
            for statement, node, counting in _nodes(function, only_gradients):
                for place in _mistakes_at(name, statement, node, counting):
                    text = name, place.line, place.before(), place.after()
                    if text not in seen:  # y * y without its first or its second factor is the same
                        seen.add(text)
                        yield place


def _mistakes_at(name: str, statement: ast.stmt, node: ast.AST, counting: bool) -> Iterator[Place]:
    for cause, mistake in MISTAKES.items():
        if not counting or cause == "inverted-mask":
            for instead in mistake(node):
                yield Place(name, cause, getattr(node, "lineno", statement.lineno), node, instead, statement)


def backwards(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, Function]]:
    """The functions that compute gradients, by name, also inside others; and those that return them beside a loss."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from backwards(node, f"{inside}{node.name}.")
        elif isinstance(node, Function) and (_BACKWARD.fullmatch(node.name) or _returns_gradients(node)):
            yield inside + node.name, node
        elif isinstance(node, Function):
            yield from backwards(node, f"{inside}{node.name}.")


def _returns_gradients(function: Function) -> bool:
    """Whether it returns a value and then its gradients: ``return loss, dx``, ``return loss, grads``."""
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) >= 2:
            first, *others = node.value.elts
            if all(_is_gradient(other) for other in others) and not _is_gradient(first):
                return True
    return False


def _is_wanted(name: str, wanted: str) -> bool:
    stem = wanted.removesuffix("_forward")
    return wanted in (name, name.partition(".")[0]) or _BACKWARD.sub(r"\1", name).rstrip("_") == stem


def _nodes(function: Function, only_gradients: bool) -> Iterator[tuple[ast.stmt, ast.AST, bool]]:
    """Every node of a function with the statement it is a part of, and whether it counts rather than computes."""
    for statement in (node for node in ast.walk(function) if isinstance(node, ast.stmt) and node is not function):
        if only_gradients and not _assigns_gradients(statement):
            continue
        pending: list[tuple[ast.AST, bool]] = [(statement, False)]
        while pending:
            node, counting = pending.pop(0)
            yield statement, node, counting
            pending += [
                (child, counting or counts(node, child))
                for child in ast.iter_child_nodes(node)
                if not isinstance(child, ast.stmt | ast.arguments)
            ]


def _assigns_gradients(statement: ast.stmt) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return any(target is not None and _is_gradient(target) for target in targets)


def _is_gradient(node: ast.AST) -> bool:
    """Whether something is called as gradients are: dx, grads, grads["W"], self.dW."""
    if isinstance(node, ast.Subscript):
        return _is_gradient(node.value)
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return bool(_GRADIENT.fullmatch(name)) and not name.startswith(_OTHER_WORDS_IN_D)


def counts(node: ast.AST, child: ast.AST) -> bool:
    """Whether a part of an expression is an index or a shape."""
    if isinstance(node, ast.Subscript):
        return child is node.slice
    if isinstance(node, ast.Call) and child is not node.func:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return called in _COUNTING
    return False


def _one_line(node: ast.AST) -> str:
    """A statement as one line; of a compound one only its head."""
    return ast.unparse(node).split("\n")[0]
