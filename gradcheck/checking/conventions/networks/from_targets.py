"""A backward that is given targets in place of an upstream gradient: it starts from a loss of its own.

``backprop(x, y) -> nabla_b, nabla_w`` beside ``feedforward(x)``; ``backward(X, y, output)`` of a network that takes a
step; ``backward(y_true)`` of an output layer; ``L_model_backward(AL, Y, caches) -> grads`` beside ``L_model_forward(X,
parameters) -> AL, caches``. The targets are handed over after the inputs; what the loss is, is told by
:mod:`~gradcheck.checking.conventions.networks.losses`. A forward that returns ``(cost, cache)`` has its loss already.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common import roles
from gradcheck.checking.conventions.common.arguments import is_variable, parameters_of, positional_names, required_count
from gradcheck.checking.conventions.common.returned_names import returned_names
from gradcheck.checking.conventions.common.slopes import measure
from gradcheck.checking.conventions.functions.function import FunctionSubject
from gradcheck.checking.conventions.layers.layer import Layer, names_of
from gradcheck.checking.conventions.layers.methods import Methods, find_methods
from gradcheck.checking.conventions.networks.losses import Loss, by_derivative, fitting, own_losses, usual_losses
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Array, Options, Subject, copies

_OUTPUTS = frozenset(
    (*("out", "output", "outputs", "o", "yhat", "ypred", "al", "a2", "a3", "probs", "pred", "preds", "predictions"),)
)
_TARGETS = frozenset(("y", "d", "ys"))
_MOST_CLAIMS = 8


class Start:
    """Forward and loss in one, and a backward called with what it asks for: inputs, targets, outputs, a cache."""

    def __init__(self, forward: Callable[..., Any], backward: Callable[..., Any], plan: list[str], target: str) -> None:
        self.forward, self.backward, self.plan = forward, backward, plan
        self.loss: Loss | None = None
        self.returned: Any = None
        parts = _parts(forward)
        self.place = next((i for i, name in enumerate(parts) if _is_output(name)), 0)
        names = [*positional_names(forward), *([target] if target else [])]
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.signature = inspect.Signature([inspect.Parameter(name, kind) for name in names])
        self.count = len(names) - bool(target)

    def run(self, *inputs: Any) -> Any:
        """The loss; without one yet, the outputs."""
        self.returned = self.forward(*inputs[: self.count])
        out = self.outputs
        return out if self.loss is None else self.loss.of(out, inputs[-1])

    @property
    def outputs(self) -> Any:
        """Without what is returned beside them: a cache after them, the layers before them."""
        return self.returned[self.place] if isinstance(self.returned, tuple) else self.returned

    def back(self, *inputs: Any, **rate: Any) -> Any:
        """What backward returns for the inputs of the last run."""
        named = dict(zip(self.signature.parameters, inputs, strict=False))
        parts = self.returned[1:] if isinstance(self.returned, tuple) else ()
        known = {"out": self.outputs, "cache": parts[0] if len(parts) == 1 else parts, **rate}
        known |= {f"part {i}": part for i, part in enumerate(self.returned if parts else ())}
        return self.backward(*[known[role] if role in known else named[role[1:-1]] for role in self.plan])

    def methods(self) -> Methods:
        """The two as the methods of a layer."""
        parameters = list(self.signature.parameters.values())
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        rate = [inspect.Parameter("rate", kind)] if "rate" in self.plan else []
        run = _called(self.forward, self.run, self.signature)
        if rate:
            back = _called(
                self.backward, lambda *a: self.back(*a[:-1], rate=a[-1]), inspect.Signature(parameters + rate)
            )
        else:
            back = _called(self.backward, self.back, self.signature)
        return Methods(run, back, is_backward=False)


def _called(original: Callable[..., Any], does: Callable[..., Any], signature: inspect.Signature) -> Callable[..., Any]:
    """A function that goes by the name of another."""

    def function(*arguments: Any) -> Any:
        return does(*arguments)

    function.__name__ = getattr(original, "__name__", "forward")
    function.__wrapped__ = original  # type: ignore[attr-defined]
    function.__signature__ = signature  # type: ignore[attr-defined]
    return function


def _parts(forward: Callable[..., Any]) -> list[str]:
    """What forward calls the parts that it returns: ``return a_h, a_out``."""
    return next(iter(returned_names(forward)), [])


def _is_output(name: str) -> bool:
    bare = roles.squeezed(name)
    return bare in _OUTPUTS or bare.endswith(("out", "output")) or roles.is_prediction(name)


def _plan(backward: Callable[..., Any], names: list[str], parts: list[str]) -> tuple[list[str], str] | None:
    """What each argument of backward is, and the name of the targets; None where that is not plain."""
    wanted = [p for p in parameters_of(backward) if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    wanted = [p for p in wanted if p.default is p.empty or roles.is_rate(p.name)]
    plan, target = [], ""
    for i, parameter in enumerate(wanted):
        name = parameter.name
        bare = roles.squeezed(name)
        beside_targets = any(roles.is_target(later.name) for later in wanted[i + 1 :])
        if name in names:
            plan.append(f"[{name}]")
        elif name in parts:
            plan.append(f"part {parts.index(name)}")
        elif roles.is_rate(name):
            plan.append("rate")
        elif roles.is_cache(name):
            plan.append("cache")
        elif _is_output(name) or (bare == "y" and beside_targets):
            plan.append("out")
        elif not target and (roles.is_target(name) or bare in _TARGETS):
            target = name
            plan.append(f"[{name}]")
        elif roles.is_input(name) and len(names) == 1:
            plan.append(f"[{names[0]}]")
        else:
            return None
    return plan, target


def recognise(thing: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """A forward that takes the inputs but the last, and a backward that asks for targets."""
    if options.grad is not None or not inputs:
        return None
    if callable(options.backward):
        return _pair(thing, options.backward, inputs, options) if callable(thing) else None
    methods = None if isinstance(thing, type) else find_methods(thing, *names_of(options))
    if methods is None or not methods.is_backward or required_count(methods.run) != len(inputs) - 1:
        return None
    found = _plan(methods.back, positional_names(methods.run), _parts(methods.run))
    if found is None or not found[1] or len(positional_names(methods.run)) >= len(inputs):
        return None
    start = Start(methods.run, methods.back, *found)
    return _with_its_loss(thing, start, inputs, options)


def _with_its_loss(thing: Any, start: Start, inputs: tuple[Any, ...], options: Options) -> Subject:
    """A layer whose output is the loss that its own methods speak for, or its gradients."""
    state = State([thing, *inputs])
    out = np.array(start.run(*_copied(inputs)), dtype=float)
    state.restore()
    derivative = by_derivative(thing, out, inputs[-1])
    known = list(own_losses(thing)) or ([derivative] if derivative else list(usual_losses()))
    layer = Layer(thing, start.methods(), inputs, options)  # its outputs, as there is no loss yet
    gradients = copies(layer.forward(copies(layer.inputs))[1]([np.ones_like(out)]))
    *_, target = start.signature.parameters
    claims = _claims(partial(layer.moved, state), layer, {k: g for k, g in gradients.items() if k != target})
    state.restore()
    start.loss, fits = fitting(known, claims, out, inputs[-1])
    subject = Layer(thing, start.methods(), inputs, options)
    subject.trials += layer.trials + 1
    subject.understood += f"; {start.backward.__name__} starts from a loss: {_said(start.loss, fits, known)}"
    return subject


def _claims(
    run: Callable[[Mapping[str, Array]], list[Array]], subject: Subject, gradients: Mapping[str, Any]
) -> list[tuple[float, Array]]:
    """What each gradient says of one direction, and how the outputs change along it."""
    found = []
    for name, gradient in list(gradients.items())[:_MOST_CLAIMS]:
        slope = measure(run, name, subject.tensors[name]) if is_variable(subject.tensors[name]) else None
        claimed = slope.along(gradient) if slope is not None else None
        if slope is not None and claimed is not None:
            found.append((claimed, slope.changes[0]))
    return found


def _said(loss: Loss, fits: int, known: list[Loss]) -> str:
    if len(known) == 1 or loss.text.startswith("its own"):
        return loss.text
    return f"{loss.text}, which fits the numbers" if fits else f"{loss.text}, as no usual loss fits the numbers"


def _pair(forward: Any, backward: Any, inputs: tuple[Any, ...], options: Options) -> Subject | None:
    """Two functions of which forward returns (cost, cache), or backward is given targets."""
    names = positional_names(forward)
    plan, target = _plan(backward, names, _parts(forward)) or (["rate"], "")
    given = len(inputs) - bool(target)
    cached = "cache" in plan or any(role.startswith("part") for role in plan)
    complete = len(names) == given if target else cached and any(role.startswith("[") for role in plan)
    if "rate" in plan or not complete:
        return None
    start = Start(forward, backward, plan, target)
    state = State([forward, backward, *inputs])
    try:
        out = np.array(start.run(*_copied(inputs)), dtype=float)
        named = isinstance(start.back(*_copied(inputs)), Mapping)
    except Exception:
        return None
    finally:
        state.restore()
    if not target:
        return _as_function(start, inputs, options, "forward returns (cost, cache)") if out.size == 1 else None
    return _pair_with_its_loss(start, out, inputs, options) if named else None


def _pair_with_its_loss(start: Start, out: Array, inputs: tuple[Any, ...], options: Options) -> Subject:
    known = list(usual_losses())
    start.loss = known[0]
    subject = _as_function(start, inputs, options, "")

    def outputs(changes: Mapping[str, Array]) -> list[Array]:
        subject.forward({**copies(subject.inputs), **changes})
        return [np.array(start.outputs, dtype=float)]

    gradients = subject.forward(copies(subject.inputs))[1]([np.ones(())])
    claims = _claims(outputs, subject, gradients)
    start.loss, fits = fitting(known, claims, out, inputs[-1])
    subject.trials += 2 * len(claims) + 2
    subject.understood = f"forward/backward pair; backward starts from a loss: {_said(start.loss, fits, known)}"
    return subject


def _as_function(start: Start, inputs: tuple[Any, ...], options: Options, said: str) -> FunctionSubject:
    """The loss and its gradients as one function."""

    def value_and_gradient(*arguments: Any) -> Any:
        value = start.run(*arguments)
        return value, start.back(*arguments)

    value_and_gradient.__signature__ = start.signature  # type: ignore[attr-defined]
    name = options.name or str(getattr(start.forward, "__name__", "forward"))
    subject = FunctionSubject(value_and_gradient, None, inputs, name)
    subject.understood = f"forward/backward pair; {said}"
    return subject


def _copied(inputs: tuple[Any, ...]) -> list[Any]:
    return list(copies({str(i): value for i, value in enumerate(inputs)}).values())
