"""A backward that takes an optimiser step as well: the gradient is what the optimiser was given, or the step itself.

Whatever it changes is put back after each backward, so that a parameter is the same at every evaluation.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import parameters_of
from gradcheck.checking.conventions.common.roles import is_rate, squeezed
from gradcheck.checking.conventions.layers.places import objects
from gradcheck.checking.subject import Array

_UPDATES = ("update", "step", "apply", "optimize", "apply_gradient", "apply_gradients", "update_param", "get_update")
_UPDATES_TOO = ("update_params", "update_weights", "update_parameter", "compute_update", "update_one", "calculate")
_MAY_BE_ANOTHER = ("alpha", "eta", "rate")


class Recorder:
    """Listens to the optimisers of a layer: which gradient was given for which parameter."""

    def __init__(self, layer: Any, parameters: Mapping[str, Callable[[], Any]]) -> None:
        self.layer, self.parameters = layer, parameters
        self.heard: dict[str, Array] = {}

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While backward runs; the optimisers do what they always do."""
        with ExitStack() as undo:
            for optimiser in objects(self.layer):
                for name in (*_UPDATES, *_UPDATES_TOO):
                    if optimiser is not self.layer and _is_update(optimiser, name):
                        self._listen(optimiser, name)
                        undo.callback(delattr, optimiser, name)
            yield

    def _listen(self, optimiser: Any, name: str) -> None:
        method = getattr(optimiser, name)

        def heard(*arguments: Any, **keywords: Any) -> Any:
            self._note([*arguments, *keywords.values()])
            return method(*arguments, **keywords)

        setattr(optimiser, name, heard)

    def _note(self, arguments: list[Any]) -> None:
        arrays = [value for value in arguments if isinstance(value, np.ndarray)]
        for name, read in self.parameters.items():
            live = read()
            if any(value is live for value in arrays):
                others = [value for value in arrays if value is not live and value.shape == live.shape]
                if others:
                    self.heard[name] = self.heard.get(name, 0) + others[0]


def _is_update(optimiser: Any, name: str) -> bool:
    """Whether it is a method that is given two things or more, on an object that lets itself be listened to."""
    method = getattr(type(optimiser), name, None)
    if not inspect.isfunction(method) or name in getattr(optimiser, "__dict__", {name: 0}):
        return False
    return len(parameters_of(method)) >= 3


def rates(layer: Any, constants: bool = True) -> list[float]:
    """What the learning rate may be: numbers so called that the layer or its optimiser hold, else those in its code.

    What is called ``lr`` or ``learning_rate`` is one; ``alpha`` and ``eta`` may be something else.
    """
    named: dict[bool, list[float]] = {True: [], False: []}
    for thing in objects(layer):
        for name, value in getattr(thing, "__dict__", {}).items():
            if is_rate(name) and isinstance(value, int | float | np.number) and value:
                named[squeezed(name) not in _MAY_BE_ANOTHER].append(float(value))
    return list(dict.fromkeys(named[True] or named[False] or (_constants(layer) if constants else ())))


def _constants(layer: Any) -> Iterator[float]:
    """The floats between 0 and 1 that backward is written with, else any method; 1 where there are none."""
    codes = [
        (name, method.__code__)
        for thing in objects(layer)
        for cls in type(thing).__mro__
        for name, method in vars(cls).items()
        if hasattr(method, "__code__")
    ]
    found = {
        back: [c for name, code in codes for c in code.co_consts if _may_be_rate(c) and ("back" in name) == back]
        for back in (True, False)
    }
    yield from found[True] or found[False]
    yield 1.0


def _may_be_rate(constant: Any) -> bool:
    return isinstance(constant, float) and 0 < constant < 1
