"""A subject with inputs, and what such inputs are made of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.layer import Layer
from gradcheck.analytic.losses import Loss
from gradcheck.analytic.validation import Array


@dataclass(frozen=True)
class Case:
    """A subject, and inputs that can tell its right backward from a wrong one.

    Attributes
    ----------
    name : str
        What to print; begins with the class of the subject.
    subject : Layer or Loss
        A fresh object, shared with no other case.
    inputs : tuple of ndarray
        What its ``forward`` takes; for a network with a loss, what ``loss`` takes.
    wrt : tuple of str, or None
        The inputs to differentiate by, named as in ``forward``; None for all that are float. Targets have
        no gradient.
    """

    name: str
    subject: Layer | Loss
    inputs: tuple[NDArray[Any], ...]
    wrt: tuple[str, ...] | None = None


def off_zero(rng: np.random.Generator, *shape: int) -> Array:
    """Values of either sign with magnitudes in [0.25, 1.75]: random, and away from the kink at 0."""
    return rng.choice([-1.0, 1.0], shape) * rng.uniform(0.25, 1.75, shape)


def rows(rng: np.random.Generator, N: int, C: int) -> Array:
    """N rows of C probabilities, each row summing to 1."""
    return rng.dirichlet(np.ones(C), size=N)


def distinct(rng: np.random.Generator, *shape: int) -> Array:
    """Values without ties, of either sign and 0.25 or more apart: no maximum is close to changing hands."""
    size = int(np.prod(shape))
    return rng.permutation(np.arange(size) - size // 2 + 0.5).reshape(shape) / 4 + 0.125


def with_random_parameters(layer: Layer, rng: np.random.Generator) -> Layer:
    """The layer with parameters off 0 and 1, at which a forgotten factor would not show."""
    for name, array in layer.params.items():
        layer.params[name] = off_zero(rng, *array.shape)
    return layer
