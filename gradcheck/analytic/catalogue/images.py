"""Convolution and pooling, plainly and with all options."""

from typing import Any

import numpy as np

from gradcheck.analytic.catalogue.case import Case, distinct, off_zero
from gradcheck.analytic.convolution import Conv2D
from gradcheck.analytic.pooling import AveragePooling2D, MaxPooling2D


def images(rng: np.random.Generator) -> list[Case]:
    """Their cases."""
    options: dict[str, Any] = {"stride": (2, 1), "padding": "same", "dilation": (1, 2), "groups": 2, "rng": rng}
    return [
        Case("Conv2D", Conv2D(3, 4, (2, 3), rng=rng), (off_zero(rng, 2, 3, 5, 6),)),
        Case("Conv2D, all options", Conv2D(4, 6, (3, 2), **options), (off_zero(rng, 3, 4, 5, 6),)),
        Case("MaxPooling2D", MaxPooling2D((2, 3)), (distinct(rng, 2, 3, 4, 6),)),
        Case("MaxPooling2D, overlapping", MaxPooling2D(3, 2, "same"), (distinct(rng, 2, 3, 5, 4),)),
        Case("AveragePooling2D", AveragePooling2D((2, 3)), (off_zero(rng, 2, 3, 4, 6),)),
        Case("AveragePooling2D, overlapping", AveragePooling2D(3, 2, "same"), (off_zero(rng, 2, 3, 5, 4),)),
    ]
