"""Fresh numbers for parameters at which some mistakes cannot be seen: all alike, or so small that nothing gets through.

With gamma 1 and bias 0 a forgotten factor makes no difference; with weights of 0.001 a loss hardly depends on the first
of several layers.
"""

from typing import Any

import numpy as np

from gradcheck.checking.conventions import understand
from gradcheck.checking.state.snapshot import State
from gradcheck.checking.subject import Array, Options, Subject, copies

_FAINT = 0.1


def renew(thing: Any, inputs: list[Any], seed: int) -> None:
    """Replace the parameters of an object that hold one number only, or tiny ones, in place.

    A layer that first has its parameters when it has seen an input is run once.
    """
    subject = understand(thing, tuple(inputs), Options())
    if not subject.parameters:
        subject = _seen(thing, inputs, subject)
    rng = np.random.default_rng(seed)
    for parameter in subject.parameters.values():
        value = np.asarray(parameter.read())
        if value.size and np.issubdtype(value.dtype, np.floating):
            parameter.write(np.asarray(_renewed(value, rng), value.dtype))


def _seen(thing: Any, inputs: list[Any], subject: Subject) -> Subject:
    """An object after its first input; as it was before, if that gave it no parameters: it may remember its inputs."""
    before = State([thing, *inputs])
    subject.forward(copies(subject.inputs))
    try:
        again = understand(thing, tuple(inputs), Options())
    except Exception:  # its backward is one for all that it remembers
        again = subject
    if not again.parameters:
        before.restore()
    return again


def _renewed(value: Array, rng: np.random.Generator) -> Array:
    """Numbers of both signs around a single one; faint weights so large that a sum of inputs keeps its size."""
    if np.all(value == value.flat[0]):
        signs = rng.choice([-1.0, 1.0], value.shape)
        return np.asarray(value + signs * rng.uniform(0.2, 0.6, value.shape))
    if value.ndim < 2:
        return value
    size = float(np.sqrt(np.mean(value**2)))
    wanted = 1 / np.sqrt(value.size / min(value.shape[-1], value.shape[0]))
    return np.asarray(value * (wanted / size)) if size < _FAINT * wanted else value
