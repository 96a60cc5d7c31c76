"""Layers, losses and networks: their forward, run on traced values, becomes a function to be explained.

Nothing is imported from where layers are written. What is asked of an object is little: a ``forward``, its trainable
arrays (:mod:`gradcheck.derivation.parameters`), and, if the code is to be followed step by step, that ``forward`` is
NumPy code (:mod:`gradcheck.derivation.opened`). Code that is written for speed is followed in its textbook's form
(:mod:`gradcheck.derivation.forms`), and where nothing can be followed, the derivative is measured output by output
(:mod:`gradcheck.derivation.by_entry`).
"""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.derivation.by_entry import at_one_entry, derive_by_entry
from gradcheck.derivation.case import Case, at_point
from gradcheck.derivation.derivation import Check, Derivation
from gradcheck.derivation.derivations import Derivations
from gradcheck.derivation.derive import derive
from gradcheck.derivation.namespace import WideNumPy
from gradcheck.derivation.opened import follow, open_up, parts_of
from gradcheck.derivation.parameters import gradients_of, parameters_of, with_parameters
from gradcheck.derivation.value import Traced

_TARGETS = {"t", "target", "targets", "label", "labels", "y_true"}


def is_layer(f: Any) -> bool:
    """Whether `f` is an object with a forward of its own, or a network with a loss and parameters."""
    if inspect.isclass(f) or inspect.isroutine(f):
        return False
    return callable(getattr(f, "forward", None)) or (callable(getattr(f, "loss", None)) and hasattr(f, "params"))


def explain_layer(
    layer: Any, inputs: tuple[Any, ...], wrt: Any, *, dy: Any, seed: int, rate: float | None
) -> Derivation | Derivations:
    """A derivation for the one name in `wrt`, or for each of several."""
    f = LayerFunction(layer, inputs, dy, seed)
    if isinstance(wrt, str):
        return _explained(f, wrt, rate)
    names = f.variables if wrt is None else list(wrt)
    if not names:
        raise ValueError(f"{layer!r} has no float input and no float parameter to derive with respect to")
    return Derivations(tuple(_explained(f, name, rate) for name in names))


def _explained(f: LayerFunction, wrt: str, rate: float | None) -> Derivation:
    asked = at_point(f, wrt, f.point)
    for forms in (True, False):
        f.forms = forms
        with suppress(Exception):  # in the hands of traced values a layer's code may fail in any way
            found = derive(asked, rate=rate)
            used = tuple(sorted(f.used)) if forms else ()
            source = ("source_form", {"layer": used}) if used else None
            return replace(found, source=source, checks=(*found.checks, *_backward(f, asked, found)))
    asked = at_one_entry(asked)
    found = derive_by_entry(asked, f.output, f.dy)
    return replace(found, checks=(*found.checks, *_backward(f, asked, found)))


class LayerFunction:
    """L = Σ dy · y of a layer (or L of a loss) as a function of its float inputs and parameters by name.

    Called with numbers it runs the layer's own ``forward``; called with traced values it runs the code itself.
    Every call has a copy of the layer to itself, so running statistics and random masks are those of a first
    call.
    """

    def __init__(self, layer: Any, inputs: tuple[Any, ...], dy: Any, seed: int) -> None:
        self.layer = copy.deepcopy(layer)
        self.fresh = _copier(self.layer)
        self.forms, self.used = True, set[str]()
        self.__name__ = str(getattr(layer, "__name__", type(layer).__name__))
        names = _input_names(layer, len(inputs))
        self.inputs = {name: np.asarray(value) for name, value in zip(names, inputs, strict=True)}
        held = {name: value for name, value in parameters_of(layer).items() if name not in self.inputs or _named(layer)}
        parameters = {name: np.asarray(value) for name, value in held.items()}
        clash = set(self.inputs) & set(parameters)
        if clash:
            raise ValueError(f"{layer!r} calls both an input and a parameter {', '.join(clash)}; rename one of them")
        self.parameters = list(parameters)
        self.point = {name: _wide(value) for name, value in {**self.inputs, **parameters}.items()}
        self.narrow = False  # whether it makes arrays of single floats
        y = self.output(**self.point)
        self.dy = _cotangent(y, dy, seed)
        if self.dy is not None:
            self.point["dy"] = self.dy

    @property
    def variables(self) -> list[str]:
        """What there is to derive with respect to: the float inputs but for targets, then the parameters."""
        given = [name for name in self.inputs if name not in _TARGETS]
        return [name for name in [*given, *self.parameters] if self.point[name].dtype.kind == "f"]

    def __call__(self, dy: Any = None, **tensors: Any) -> Any:
        """L, the loss or Σ dy · y."""
        y = self.output(**tensors)
        L = y if dy is None else np.sum(dy * y)
        if isinstance(L, Traced):
            L.name = "L"
        return L

    def output(self, **tensors: Any) -> Any:
        """What the layer makes of these inputs, with these parameters."""
        traced = any(isinstance(value, Traced) for value in tensors.values())
        layer = self.fresh()
        with_parameters(layer, {name: tensors[name] for name in self.parameters}, parts_of(layer))
        given = [tensors[name] for name in self.inputs]
        if traced:
            self.used = open_up(layer, self.forms)
        elif self.narrow:
            for part in parts_of(layer):
                follow(part, WideNumPy())
        y = _run(layer, given)
        if not traced and not self.narrow and np.asarray(y).dtype in (np.float32, np.float16):
            self.narrow = True
            return self.output(**tensors)
        if not traced:
            return np.asarray(y, float)
        if isinstance(y, Traced) and not y.name and y.inputs:
            y.name = "y"
        return y

    def gradients(self) -> dict[str, Any]:
        """What the layer's own backward says, by name; empty if it has none that can be asked."""
        layer = self.fresh()
        with_parameters(layer, {name: self.point[name].copy() for name in self.parameters}, parts_of(layer))
        given = [np.array(self.point[name]) for name in self.inputs]
        try:
            if _has_loss(layer, given):
                return dict(layer.gradient(*given))
            _run(layer, given)
            dx = layer.backward(*self._upstream(layer))
            first = tuple(dx) if isinstance(dx, tuple | list) else (dx,)
            names = [name for name in self.inputs if name not in _TARGETS]
            if len(first) < len(names):  # none for labels and indices
                names = [name for name in names if self.point[name].dtype.kind == "f"]
            return {**dict(zip(names, first, strict=False)), **gradients_of(layer)}
        except Exception:  # a backward that does not run has nothing to say here; a check would tell
            return {}

    def _upstream(self, layer: Any) -> tuple[Any, ...]:
        """What backward takes: dy; for a loss nothing, or 1 if it insists."""
        if self.dy is not None:
            return (self.dy.copy(),)
        parameters = inspect.signature(layer.backward).parameters.values()
        return (np.float64(1.0),) if any(p.default is p.empty for p in parameters) else ()


def _copier(layer: Any) -> Callable[[], Any]:
    """Makes copies of a layer; out of a pickle, where there can be one, they come several times faster."""
    if not hasattr(type(layer), "__deepcopy__"):
        with suppress(Exception):
            frozen = pickle.dumps(layer, pickle.HIGHEST_PROTOCOL)
            if type(pickle.loads(frozen)) is type(layer):
                return lambda: pickle.loads(frozen)
    return lambda: copy.deepcopy(layer)


def _named(layer: Any) -> bool:
    """Whether the layer says itself what its parameters are."""
    return bool(getattr(layer, "params", None))


def _has_loss(layer: Any, given: list[Any]) -> bool:
    return len(given) == 2 and callable(getattr(layer, "loss", None))


def _run(layer: Any, given: list[Any]) -> Any:
    y = layer.loss(*given) if _has_loss(layer, given) else layer.forward(*given)
    return y[0] if isinstance(y, tuple) else y


def _input_names(layer: Any, count: int) -> list[str]:
    """What the inputs are called by forward (or a network's loss), or x1, x2, ... where they are not named."""
    if count == 0:
        raise TypeError(f"{layer!r} is explained at an input; write explain(layer, x)")
    called = layer.loss if count == 2 and callable(getattr(layer, "loss", None)) else getattr(layer, "forward", None)
    if called is None:
        raise TypeError(f"{layer!r} has a loss and no forward; write explain(network, x, t)")
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [name for name, p in inspect.signature(called).parameters.items() if p.kind in kinds]
    if len(names) < count:
        names = [f"x{k}" for k in range(1, count + 1)]
    return names[:count]


def _wide(value: Any) -> Any:
    """Floats in float64, whatever they came in."""
    return value.astype(float) if value.dtype.kind == "f" else value


def _cotangent(y: Any, dy: Any, seed: int) -> Any:
    """The cotangent dy in y's shape: random, signed, never constant; None for a loss, which is a number already."""
    if y.ndim == 0 and dy is None:
        return None
    if dy is None:
        rng = np.random.default_rng(seed)
        return rng.choice([-1.0, 1.0], y.shape) * rng.integers(5, 16, y.shape) / 10
    dy = np.asarray(dy, float)
    if dy.shape != y.shape:
        raise ValueError(f"dy has shape {dy.shape}, but the layer's result has shape {y.shape}; they must agree")
    return dy


def _backward(f: LayerFunction, asked: Case, found: Derivation) -> Iterator[Check]:
    """The layer's own gradient beside the one derived here."""
    given = f.gradients().get(asked.name)
    if given is None or np.shape(given) != np.shape(asked.point[asked.name]):
        return
    given = np.asarray(given, float) if asked.index is None else float(given[asked.index])
    size = max(float(np.max(np.abs(given), initial=0)), float(np.max(np.abs(found.value), initial=0)))
    yield Check("backward", given, bool(np.all(np.abs(given - found.value) <= 1e-5 * size)))
