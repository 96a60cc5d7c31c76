"""Operations written as PyTorch wants them, on arrays of NumPy: ``forward(ctx, x, y)``, ``backward(ctx, grad_output)``.

Both are static; what one leaves in the context the other finds there. The context is an instance of the class itself,
where that makes one of no arguments and saves for backward, else a plain one.
"""

import inspect
from collections.abc import Callable
from typing import Any

from gradcheck.checking.conventions.common.arguments import positional_names
from gradcheck.checking.conventions.frameworks.torch_kinds import is_function_class
from gradcheck.checking.conventions.functions.pair import PairSubject, has_static_pair
from gradcheck.checking.subject import Options, Subject

_CONTEXTS = ("ctx", "context")


class Context:
    """What forward saves for backward, as PyTorch does: ``save_for_backward``, ``saved_tensors``, attributes."""

    def __init__(self) -> None:
        self.saved_tensors: tuple[Any, ...] = ()

    def save_for_backward(self, *values: Any) -> None:
        """Keep these."""
        self.saved_tensors = values


class ContextSubject(PairSubject):
    """A pair that is handed a context."""

    with_cache = "static forward(ctx, ...) and backward(ctx, ...)"


def takes_context(thing: Any) -> bool:
    """Whether it is a class of static ``forward(ctx, ...)`` and ``backward(ctx, ...)``, and none of PyTorch's."""
    if not isinstance(thing, type) or is_function_class(thing) or not has_static_pair(thing):
        return False
    methods = (getattr(thing, name) for name in ("forward", "backward"))
    return all(name.strip("_").lower() in _CONTEXTS for m in methods for name in positional_names(m)[:1] or [""])


def without_context(method: Callable[..., Any]) -> list[inspect.Parameter]:
    """The other arguments."""
    return list(inspect.signature(method).parameters.values())[1:]


def context_of(cls: type) -> Any:
    """An empty context for one run."""
    try:
        made = cls()
    except Exception:  # it is made of its tensors
        return Context()
    return made if callable(getattr(made, "save_for_backward", None)) else Context()


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """Such a class, as it is."""
    if options.backward is not None or options.grad is not None or not takes_context(thing):
        return None

    def forward(*values: Any) -> Any:
        context = context_of(thing)
        out = thing.forward(context, *values)
        return (*out, context) if isinstance(out, tuple) else (out, context)

    def backward(*values: Any) -> Any:
        *cotangents, context = values
        return thing.backward(context, *cotangents)

    forward.__signature__ = inspect.Signature(without_context(thing.forward))  # type: ignore[attr-defined]
    last = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    backward.__signature__ = inspect.Signature([*without_context(thing.backward), last])  # type: ignore[attr-defined]
    return ContextSubject(forward, backward, inputs, options.name or thing.__name__)
