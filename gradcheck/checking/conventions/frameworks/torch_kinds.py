"""What PyTorch can run: an ``autograd.Function``, a module or a method of one, a custom op, a function of tensors."""

import functools
from collections.abc import Callable
from types import MethodType
from typing import Any

from gradcheck.checking.conventions.common.arguments import name_of
from gradcheck.checking.conventions.frameworks.torch_values import torch_module

_CUSTOM_OPS = ("torch._ops", "torch._library.custom_ops")


def is_function_class(thing: Any) -> bool:
    """Whether it is a subclass of ``torch.autograd.Function``, which is applied and never made an instance of."""
    torch = torch_module()
    return isinstance(thing, type) and hasattr(torch, "autograd") and issubclass(thing, torch.autograd.Function)


def module_in(run: Any) -> Any:
    """The module that is called, bare, in a partial or by one of its methods."""
    inner = run.func if isinstance(run, functools.partial) else run.__self__ if isinstance(run, MethodType) else run
    return inner if isinstance(inner, torch_module().nn.Module) else None


def kind_of(run: Any) -> str:
    """What it is, in the words of PyTorch."""
    if is_function_class(getattr(run, "__self__", None)):
        return "torch autograd.Function"
    if module_in(run) is not None:
        return "torch nn.Module"
    return "torch custom op" if type(run).__module__ in _CUSTOM_OPS else "function of torch tensors"


def title_of(thing: Any) -> str:
    """What to call it: a class by its name, a function by its own."""
    owner: Any = getattr(thing, "__self__", None)
    if is_function_class(owner):
        return str(owner.__name__)
    return type(thing).__name__ if isinstance(thing, torch_module().nn.Module) else name_of(thing)


def signature_of(thing: Any) -> Callable[..., Any]:
    """The function whose arguments name the inputs."""
    torch = torch_module()
    owner: Any = getattr(thing, "__self__", None)
    function: Callable[..., Any] = thing.forward if isinstance(thing, torch.nn.Module) else thing
    if not is_function_class(owner):
        return function
    combined = owner.setup_context is torch.autograd.Function.setup_context
    return functools.partial(owner.forward, None) if combined else owner.forward
