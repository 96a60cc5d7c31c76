"""Layers that move numbers, drop them, or join several arrays to one."""

import numpy as np

from gradcheck.analytic.catalogue.case import Case, off_zero
from gradcheck.analytic.dropout import Dropout, SpatialDropout
from gradcheck.analytic.merge import Add, Concatenate
from gradcheck.analytic.reshape import Flatten, Reshape


def shaping(rng: np.random.Generator) -> list[Case]:
    """Their cases."""
    return [
        Case("Flatten", Flatten(), (off_zero(rng, 4, 2, 3),)),
        Case("Reshape", Reshape((3, -1)), (off_zero(rng, 4, 2, 6),)),
        Case("Dropout", Dropout(0.4, rng), (off_zero(rng, 5, 3),)),
        Case("SpatialDropout", SpatialDropout(0.4, rng), (off_zero(rng, 5, 3, 2, 4),)),
        Case("Add", Add(), (off_zero(rng, 5, 3), off_zero(rng, 5, 3), off_zero(rng, 5, 3))),
        Case("Concatenate", Concatenate(), (off_zero(rng, 5, 3), off_zero(rng, 5, 2))),
        Case("Concatenate, channels", Concatenate(1), (off_zero(rng, 5, 3, 4), off_zero(rng, 5, 1, 4))),
    ]
