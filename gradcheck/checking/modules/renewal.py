"""Fresh numbers for parameters that all start alike: with gamma 1 and bias 0 some mistakes cannot be seen."""

from typing import Any

import numpy as np

from gradcheck.checking.conventions import understand
from gradcheck.checking.subject import Options, copies


def renew(thing: Any, inputs: list[Any], seed: int) -> None:
    """Replace the parameters of an object that hold one number only, in place, by numbers of both signs around it.

    A layer that first has its parameters when it has seen an input is run once.
    """
    subject = understand(thing, tuple(inputs), Options())
    if not subject.parameters:
        subject.forward(copies(subject.inputs))
        subject = understand(thing, tuple(inputs), Options())
    rng = np.random.default_rng(seed)
    for parameter in subject.parameters.values():
        value = np.asarray(parameter.read())
        if value.size and np.issubdtype(value.dtype, np.floating) and np.all(value == value.flat[0]):
            signs = rng.choice([-1.0, 1.0], value.shape)
            parameter.write(np.asarray(value + signs * rng.uniform(0.2, 0.6, value.shape), value.dtype))
