"""What a function calls the parts of what it returns: ``return dj_db, dj_dw`` says whose gradients they are."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any

from gradcheck.checking.conventions.common.gradient_names import is_gradient_of, is_spelled_like


def returned_names(function: Callable[..., Any]) -> list[list[str]]:
    """The names in each tuple that is returned; an empty name for what has none.

    Examples
    --------
    >>> def loss(w, x):
    ...     value, dw = w @ x, x
    ...     return value, dw, 1.0
    >>> returned_names(loss)
    [['value', 'dw', '']]
    """
    code = getattr(inspect.unwrap(function), "__code__", None)
    return [list(names) for names in _names_returned_by(code)] if isinstance(code, CodeType) else []


@lru_cache(maxsize=1024)  # the same functions are checked again and again: by a property test, at every new point
def _names_returned_by(code: CodeType) -> list[list[str]]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return []
    returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    return [[_name(part) for part in value.elts] for value in returned if isinstance(value, ast.Tuple)]


def _name(node: ast.expr) -> str:
    """Of a variable, or of an attribute of ``self``; a dictionary that is written out counts as one of gradients."""
    if isinstance(node, ast.Dict):
        return "grads"
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self":
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def owners(called: Iterable[Sequence[str]], count: int, tensors: Iterable[str]) -> list[str]:
    """Whose gradients the last `count` parts are, as the :func:`returned_names` tell; empty unless they do of all.

    Examples
    --------
    >>> def gradient(X, y, w, b):
    ...     dj_dw, dj_db = X.T @ (X @ w + b - y), (X @ w + b - y).sum()
    ...     return dj_db, dj_dw
    >>> owners(returned_names(gradient), 2, ["X", "y", "w", "b"])
    ['b', 'w']
    """
    known = list(tensors)
    for names in called:
        if len(names) >= count > 0:
            meant = [_meant(name, known) for name in names[-count:]]
            if all(len(one) == 1 for one in meant) and len({one[0] for one in meant}) == count:
                return [one[0] for one in meant]
    return []


def _meant(name: str, tensors: Sequence[str]) -> list[str]:
    """Whose gradient this name may be; only those that it has in full, if any."""
    fits = [tensor for tensor in tensors if is_gradient_of(name, tensor)]
    return [tensor for tensor in fits if is_spelled_like(name, tensor)] or fits
