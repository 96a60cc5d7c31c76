"""Layers as textbooks write them: forwards that can be followed, for layers whose code is written for speed.

A fast layer fills arrays in place and takes detours that compute the same; a derivation of its code would explain
the detours. Each form here is known by the name of the layer's class, and is used only where it gives, at the point
asked about, the very values of the layer's own ``forward``: whatever else is called LSTM is not meant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.derivation.forms.activations import ACTIVATIONS
from gradcheck.derivation.forms.images import IMAGES
from gradcheck.derivation.forms.losses import LOSSES
from gradcheck.derivation.forms.normalization import NORMALIZATIONS
from gradcheck.derivation.forms.sequences import SEQUENCES

Form = Callable[..., Any]


def form_of(layer: Any) -> Form | None:
    """The textbook's form of a layer, by its class or one that this comes from."""
    return next((FORMS[kind.__name__] for kind in type(layer).__mro__ if kind.__name__ in FORMS), None)


def _dense(layer: Any, x: Any) -> Any:
    return x @ layer.params["W"] + layer.params["b"]


def _add(layer: Any, *xs: Any) -> Any:
    return sum(xs[1:], xs[0])


def _concatenate(layer: Any, *xs: Any) -> Any:
    return np.concatenate(xs, axis=layer.axis)


FORMS: dict[str, Form] = {
    "Dense": _dense,
    "Add": _add,
    "Concatenate": _concatenate,
    **ACTIVATIONS,
    **NORMALIZATIONS,
    **IMAGES,
    **SEQUENCES,
    **LOSSES,
}
