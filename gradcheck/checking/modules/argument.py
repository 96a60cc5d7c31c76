"""An argument of a function or constructor, as its signature shows it."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Argument:
    """An argument of a function or constructor, or an entry of a dictionary it takes.

    Attributes
    ----------
    name : str
    made : bool
        Whether it is one of a constructor's, which takes sizes where a function takes arrays.
    position : int
        Among the arguments; 0 is the first.
    default, annotation
        As in :class:`inspect.Parameter`.
    beside : tuple of str
        The names of the others.
    """

    name: str
    made: bool
    position: int = 0
    default: Any = inspect.Parameter.empty
    annotation: Any = inspect.Parameter.empty
    beside: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is inspect.Parameter.empty

    @property
    def plain(self) -> str:
        """Its name in lower case without underscores at the ends."""
        return self.name.strip("_").lower()


def arguments(function: Callable[..., Any], *, made: bool) -> Iterator[Argument]:
    """The arguments that can be named or passed in order; what a star catches is left out.

    Raises
    ------
    TypeError, ValueError
        If it has no signature.
    """
    parameters = [
        p for p in inspect.signature(function).parameters.values() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
    names = [p.name for p in parameters]
    for i, p in enumerate(parameters):
        others = tuple(name for name in names if name != p.name)
        yield Argument(p.name, made, i, p.default, p.annotation, others)
