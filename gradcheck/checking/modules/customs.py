"""Derivatives written for a framework: ``nn.Module``, ``autograd.Function``, ``custom_vjp``, primitives of autograd.

They are seen by what they are, and only where the file itself has imported the framework. Operations on arrays of NumPy
that are written as ``autograd.Function`` wants them, with a context, are run likewise.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from gradcheck.checking.conventions.frameworks.torch_kinds import is_function_class, signature_of
from gradcheck.checking.conventions.frameworks.torch_values import torch_module
from gradcheck.checking.conventions.functions.context import takes_context

_RULES = ("fwd", "bwd", "jvp")


def is_custom(value: Any) -> bool:
    """Whether a framework runs it: a class of PyTorch's, a function with a rule of JAX's or autograd's."""
    if isinstance(value, type):
        return is_operation(value) or (_is_module_class(value) and "forward" in _methods(value))
    return is_jax_rule(value) or is_primitive(value)


def is_operation(value: Any) -> bool:
    """Whether it is a class of which no instance is made: its forward and backward are given a context."""
    return is_function_class(value) or takes_context(value)


def is_primitive(value: Any) -> bool:
    """Whether it is a function of autograd's with derivatives of its own."""
    return getattr(value, "_is_autograd_primitive", False) is True


def is_jax_rule(value: Any) -> bool:
    """Whether it is a function of JAX's with a derivative of its own."""
    kind = type(value)
    return kind.__name__ in ("custom_vjp", "custom_jvp") and kind.__module__.partition(".")[0] == "jax"


def is_made(value: Any) -> bool:
    """Whether an instance has to be made first."""
    return inspect.isclass(value) and not is_operation(value)


def run_of(value: Any) -> Callable[..., Any]:
    """The function whose arguments are the inputs, without the context."""
    if is_function_class(value):
        return signature_of(value.apply)
    if takes_context(value):
        return partial(value.forward, None)
    return written(value)  # type: ignore[no-any-return]


def written(value: Any) -> Any:
    """The class or function as it was written, without what a framework put round it."""
    return value.fun if is_primitive(value) else inspect.unwrap(value) if callable(value) else value


def rules_among(own: Mapping[str, Any]) -> set[str]:
    """The functions that are the rules of others, and nothing by themselves: ``f.defvjp(f_fwd, f_bwd)``."""
    parts = [getattr(value, name, None) for value in own.values() if is_jax_rule(value) for name in _RULES]
    return {name for name, value in own.items() if any(value is part for part in parts)}


def _is_module_class(value: type) -> bool:
    torch = torch_module()
    return hasattr(torch, "nn") and issubclass(value, torch.nn.Module)


def _methods(cls: type) -> set[str]:
    """The methods that the class or those it comes from define, the framework's left out."""
    return {name for base in cls.__mro__ if not base.__module__.startswith("torch.") for name in vars(base)}
