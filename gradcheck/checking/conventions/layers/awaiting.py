"""Layers that wait to be set up after they are made: ``initialize(optimizer)``, ``set_input_shape(shape)``.

Where forward fails without, they are called as the network around the layer would call them; the report says so, and
afterwards the layer is as it was.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import parameters_of
from gradcheck.checking.conventions.common.roles import squeezed
from gradcheck.checking.conventions.layers.stand_ins import optimizer, small_numbers

PREPARERS = (
    "set_input_shape", "initialize", "initialise", "init", "build", "init_weights", "init_params",
    "initialize_weights", "initialize_parameters", "initialise_weights", "_init_params", "_initialize",
    "_init_weights", "setup", "set_params_init", "reset_parameters", "compile", "create", "init_parameters",
    "weights_init", "initialize_params", "set_input_size", "set_shape",
)  # fmt: skip


def prepared(layer: Any, forward: Callable[[], Any], inputs: Iterable[Any]) -> str:
    """Set a layer up if its forward fails without; what was called, empty where nothing had to be."""
    names = [name for name in PREPARERS if callable(getattr(layer, name, None))]
    if not names or _runs(forward):
        return ""
    shape = next((np.shape(value) for value in inputs if isinstance(value, np.ndarray)), ())
    called = []
    for name in names:
        method = getattr(layer, name)
        wanted = [p for p in parameters_of(method) if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
        given = [_value(p, shape) for p in wanted if p.kind is not p.VAR_POSITIONAL]
        if any(value is None for value in given):
            continue
        try:
            method(*given)
        except Exception:
            continue
        called.append(f"{name}({', '.join(p.name for p in wanted)})")
        if _runs(forward):
            return f"{' and '.join(called)} called first"
    return ""


def _runs(forward: Callable[[], Any]) -> bool:
    try:
        forward()
    except Exception:
        return False
    return True


def _value(parameter: inspect.Parameter, shape: tuple[int, ...]) -> Any:
    """What a network would pass: an optimiser, an initialiser, the shape of one sample; None where it is neither."""
    name = squeezed(parameter.name)
    if name in ("optimizer", "optimiser", "optim", "opt", "solver"):
        return optimizer
    if name.startswith("init"):
        return small_numbers
    if "shape" in name or name in ("inputdim", "indim"):
        return shape[1:]
    return shape[-1] if name in ("inputsize", "insize", "nin", "inputs", "nfeatures", "infeatures") else None
