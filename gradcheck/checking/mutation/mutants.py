"""A backward with one plausible mistake in it, ready to be checked."""

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any

from gradcheck.checking.mutation.source import Function, Place, Replace, backwards, places


@dataclass(frozen=True)
class Mutant:
    """A wrong version of a backward.

    Attributes
    ----------
    cause : str
        Which mistake was made in it, by the name a diagnosis would give it.
    function : str
        The function it was made in.
    line : int
        The line in its file.
    before, after : str
        The statement as it was, and with the mistake; `after` is empty where it is left out.
    subject : object
        What was given, wrong: a function for a function, a class for a class, a layer for a layer.
    """

    cause: str
    function: str
    line: int
    before: str
    after: str
    subject: Any

    def __str__(self) -> str:
        return f"{self.function}, line {self.line}: {self.before} → {self.after or '(left out)'}"


def mutants(thing: Any) -> list[Mutant]:
    """Plausible wrong versions of a backward: would your test notice them?

    Each has one mistake: a sign, a term or a factor left out, a transpose, an axis, a sum for a mean, an inverted mask,
    ``=`` for ``+=``. What was given stays as it is.

    Parameters
    ----------
    thing : function, class or layer object
        A backward function, or a class or an object with a backward.

    Returns
    -------
    list of Mutant
        In the order of the source text; each has the wrong version as its ``subject``.

    Raises
    ------
    TypeError
        If there is no Python source of a backward to change.

    Examples
    --------
    >>> class Square:
    ...     def forward(self, x):
    ...         self.x = x
    ...         return x**2
    ...
    ...     def backward(self, dout):
    ...         return 2 * dout * self.x
    >>> [mutant.after for mutant in mutants(Square)]  # doctest: +SKIP
    ['return 2 * dout', 'return 2 * self.x', 'return dout * self.x']

    References
    ----------
    DeMillo, Lipton and Sayward, Hints on test data selection: help for the practicing programmer, 1978.
    """
    owner = thing if isinstance(thing, type) or inspect.isroutine(thing) else type(thing)
    found = [
        Mutant(
            place.cause, function.__qualname__, function.__code__.co_firstlineno + place.line - 1,
            place.before(), place.after(), _like(thing, owner, name, wrong),
        )
        for name, function in functions_of(owner)
        for place, wrong in _wrong_versions(function)
    ]  # fmt: skip
    if not found:
        raise TypeError(
            f"mutants() found no backward in {getattr(owner, '__name__', owner)!r} whose source could be changed; "
            "pass a backward function, or a class or layer object with a method backward, written in Python"
        )
    return found


def survivors(thing: Any, test: Callable[[Any], Any]) -> list[Mutant]:
    """The wrong versions of a backward that a test does not notice.

    Parameters
    ----------
    thing : function, class or layer object
        What :func:`mutants` takes.
    test : callable
        Is called with each wrong version in place of `thing`. It notices by returning something false, as a report of
        a wrong gradient is, or by raising.

    Returns
    -------
    list of Mutant
        Empty if the test notices every mistake.

    Examples
    --------
    A square and symmetric W hides a missing transpose:

    >>> import numpy as np
    >>> from gradcheck import check
    >>> from gradcheck.analytic import Dense
    >>> W = np.array([[1.0, 2.0], [2.0, 3.0]])
    >>> x = np.array([[1.0, -1.0], [0.5, 2.0], [3.0, 1.0]])
    >>> def test(Layer):
    ...     layer = Layer(2, 2, rng=0)
    ...     layer.W[...] = W
    ...     return check(layer, x)
    >>> for mutant in survivors(Dense, test):
    ...     print(mutant.after)
    dx: Array = dy @ self.W
    """
    return [mutant for mutant in mutants(thing) if not _notices(test, mutant.subject)]


def _notices(test: Callable[[Any], Any], wrong: Any) -> bool:
    try:
        return not test(wrong)
    except Exception:
        return True


def functions_of(owner: Any) -> Iterator[tuple[str, Any]]:
    """The backwards of a class, by attribute; a function is its own."""
    if not isinstance(owner, type):
        yield "", inspect.unwrap(owner)
        return
    for name in dir(owner):
        static = inspect.getattr_static(owner, name)
        method = inspect.unwrap(getattr(static, "__func__", static))
        if inspect.isfunction(method) and parsed(method) and next(backwards(ast.Module([parsed(method)], [])), None):
            yield name, method


def _wrong_versions(function: Any) -> Iterator[tuple[Place, Callable[..., Any]]]:
    if (head := parsed(function)) is None:
        return
    module = ast.Module([head], [])
    for place in places(module):
        wrong = Replace(place.node, place.instead).visit(head)
        yield place, compiled(wrong, function)


def parsed(function: Any) -> Any:
    """The function's syntax tree, without decorators; None where there is no source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function.__code__)))  # a wrapper's own
    except (AttributeError, OSError, TypeError, SyntaxError):
        return None
    head = tree.body[0]
    if not isinstance(head, Function):
        return None
    head.decorator_list.clear()
    return head


def compiled(head: Any, original: FunctionType) -> FunctionType:
    """The changed function, with the globals, defaults and enclosing variables of the original."""
    code = code_of(enclosed(head, original), original)
    wrong = FunctionType(code, original.__globals__, original.__name__, original.__defaults__, original.__closure__)
    wrong.__kwdefaults__, wrong.__qualname__ = original.__kwdefaults__, original.__qualname__
    return wrong


def enclosed(head: Any, original: FunctionType) -> ast.Module:
    """A function in surroundings like its own: within its class, for private names, and its enclosing variables."""
    names = original.__code__.co_freevars
    known = ast.If(ast.Constant(False), [ast.Expr(ast.Name(name, ast.Load())) for name in names], [])  # also if unused
    inner = copy.copy(head)
    inner.body = [*head.body, *([known] if names else [])]
    *_, owner, _ = ["<locals>", *original.__qualname__.split(".")]
    hidden = f"_{owner}"  # which makes the same private names, and leaves the name of the class to the class itself
    body = [inner] if owner == "<locals>" else [_plain(ast.ClassDef(hidden, [], [], [inner], []))]
    variables = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    outer = _plain(ast.FunctionDef("enclosing", variables, body, []))
    return ast.fix_missing_locations(ast.Module([outer], []))


def _plain(definition: Any) -> Any:
    """Without type parameters, which later versions of Python ask for."""
    if "type_params" in definition._fields:
        definition.type_params = []
    return definition


def code_of(tree: ast.Module, original: FunctionType) -> CodeType:
    """The code of a function from a tree that it is enclosed in."""
    pending = [compile(tree, original.__code__.co_filename, "exec")]
    while pending:
        code = pending.pop()
        if code.co_name == original.__code__.co_name:
            return code
        pending += [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    raise AssertionError(f"{original.__name__} was not compiled")


def _like(thing: Any, owner: Any, name: str, wrong: Callable[..., Any]) -> Any:
    """What was given, with the wrong function in place of its own."""
    if not isinstance(owner, type):
        return wrong
    kind = inspect.getattr_static(owner, name)
    method = type(kind)(wrong) if isinstance(kind, staticmethod | classmethod) else wrong
    changed = type(owner)(owner.__name__, (owner,), {name: method, "__module__": owner.__module__})
    if thing is owner:
        return changed
    twin = copy.copy(thing)
    twin.__class__ = changed
    return twin
