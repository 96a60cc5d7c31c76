"""Gradients that are kept on the arrays themselves: ``inp.g = out.g @ w.t()``, as a course of fast.ai writes them.

The upstream gradient is found at the output, and each gradient is left at its array; the arrays are therefore ones that
can be given attributes: tensors of PyTorch where the code calls their methods, else an ``ndarray`` of our own.
"""

import dis
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import (
    call,
    is_variable,
    name_of,
    named_inputs,
    positional_names,
    variables,
)
from gradcheck.checking.conventions.common.roles import is_target
from gradcheck.checking.conventions.frameworks.torch_values import torch_module
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Array, Options, Pullback, Subject, as_outputs, copies

_MARKS = ("g", "grad", "gradient")


class Held(np.ndarray):
    """An array that can be given attributes."""


class AttributePair(Subject):
    """Two functions, of which the second leaves the gradient of each argument at it."""

    stores_gradients = False

    def __init__(self, forward: Any, backward: Any, inputs: tuple[Any, ...], name: str | None, mark: str) -> None:
        self.run, self.back, self.mark = forward, backward, mark
        self.name = name or name_of(forward)
        self.inputs = {name: as_array(value) for name, value in named_inputs(forward, inputs).items()}
        self.tensors = variables(self.inputs)
        self.parameters = {}
        self.order = list(_order(positional_names(backward), list(self.inputs)))
        self.takes_cotangent = "" in self.order
        self.hold = holder_for(inputs)
        self.understood = f"forward/backward pair; gradients left at the arguments, as {', '.join(self._marked())}"

    def _marked(self) -> list[str]:
        return [f"{name}.{self.mark}" for name in self.tensors if not is_target(name)]

    def settle(self) -> bool:
        """Whether the pair runs on arrays of one kind or the other."""
        state = State([self.run, self.back, *self.inputs.values()])
        for hold in (self.hold, *((tensor,) if torch_module() else ())):
            self.hold = hold
            self.trials += 1
            try:
                outputs, pullback = self.forward(copies(self.inputs))
                pullback([np.ones_like(output) for output in outputs])
            except Exception:
                continue
            finally:
                state.restore()
            return True
        return False

    def forward(self, inputs: Mapping[str, Any]) -> tuple[list[Array], Pullback]:
        """Run forward on arrays with attributes; the pullback runs backward and collects what it left."""
        held = {name: self.hold(value) if is_variable(value) else value for name, value in inputs.items()}
        returned = call("forward", self.run, held.values())
        output = returned if hasattr(returned, "__dict__") else self.hold(np.asarray(returned))

        def pullback(cotangents: list[Array]) -> Mapping[str, Any]:
            if self.takes_cotangent:
                setattr(output, self.mark, self.hold(cotangents[0]))
            call("backward", self.back, [held[name] if name else output for name in self.order])
            left = {name: getattr(held[name], self.mark, None) for name in self.tensors}
            return {name: as_array(g) for name, g in left.items() if g is not None or not is_target(name)}

        return as_outputs(as_array(returned)), pullback


def _order(wanted: list[str], inputs: list[str]) -> Iterator[str]:
    """What each argument of backward is: an input, by its name or its place, or the output, which has no name."""
    others = [name for name in wanted if name not in inputs]
    spare = iter([name for name in inputs if name not in wanted])
    output = next((name for name in others if name.startswith(("out", "res"))), (*others, "")[min(1, len(others))])
    for name in wanted:
        has_output = len(wanted) > len(inputs) and name == output
        yield name if name in inputs else "" if has_output else next(spare, "")


def left_at_arguments(backward: Callable[..., Any]) -> str:
    """The attribute under which a function leaves gradients at its arguments; empty where it does not.

    Examples
    --------
    >>> def relu_grad(inp, out):
    ...     inp.g = (inp > 0) * out.g
    >>> left_at_arguments(relu_grad), left_at_arguments(np.exp)
    ('g', '')
    """
    found = attributes_set(backward)
    names = positional_names(backward) if found else []
    return next((mark for name, mark in found if name in names), "")


def attributes_set(function: Callable[..., Any]) -> Iterable[tuple[str, str]]:
    """Where the code sets a gradient as an attribute: of which variable or attribute, and its name; ("inp", "g")."""
    code = getattr(function, "__code__", None)
    return _attributes_set_by(code) if isinstance(code, CodeType) else ()


@lru_cache(maxsize=1024)
def _attributes_set_by(code: CodeType) -> tuple[tuple[str, str], ...]:
    found = []
    before: Any = None
    for step in dis.get_instructions(code):
        if step.opname == "STORE_ATTR" and step.argval in _MARKS and before is not None:
            loaded = before.argval
            found.append((loaded[-1] if isinstance(loaded, tuple) else str(loaded), step.argval))
        before = step
    return tuple(found)


def holder_for(inputs: Iterable[Any]) -> Callable[[Array], Any]:
    """What makes arrays that can be given attributes: tensors where the inputs are tensors."""
    return tensor if any(map(is_tensor, inputs)) else _held


def _held(value: Array) -> Any:
    return np.array(value).view(Held)


def tensor(value: Array) -> Any:
    """The same numbers as a tensor of PyTorch."""
    return torch_module().from_numpy(np.array(value))


def is_tensor(value: Any) -> bool:
    """Whether it is a tensor of PyTorch."""
    torch = torch_module()
    return torch is not None and hasattr(torch, "Tensor") and isinstance(value, torch.Tensor)


def as_array(value: Any) -> Any:
    """A tensor or a held array as a plain array, floats of a tensor in double precision; all else as it is."""
    if is_tensor(value):
        array = value.detach().cpu().numpy()
        return array.astype(float) if array.dtype.kind == "f" else array
    return np.asarray(value) if isinstance(value, np.ndarray) else value


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """Two functions, where the backward sets ``.g`` or ``.grad`` of its arguments."""
    if not callable(thing) or not callable(options.backward):
        return None
    mark = left_at_arguments(options.backward)
    if not mark or not 0 <= len(positional_names(options.backward)) - len(inputs) <= 1:
        return None
    subject = AttributePair(thing, options.backward, inputs, options.name, mark)
    return subject if subject.order.count("") <= 1 and subject.settle() else None
