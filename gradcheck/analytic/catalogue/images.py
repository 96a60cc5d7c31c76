"""Convolution, pooling and upsampling, plainly and with all options."""

from typing import Any

import numpy as np

from gradcheck.analytic.catalogue.case import Case, distinct, off_zero
from gradcheck.analytic.convolution import Conv1D, Conv2D, Conv3D
from gradcheck.analytic.global_pooling import GlobalAveragePooling2D, GlobalMaxPooling2D
from gradcheck.analytic.layer import Layer
from gradcheck.analytic.pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from gradcheck.analytic.separable import DepthwiseConv2D, SeparableConv2D
from gradcheck.analytic.transposed import Conv2DTranspose
from gradcheck.analytic.upsampling import UpSampling2D


def images(rng: np.random.Generator) -> list[Case]:
    """Their cases."""
    return [*convolutions(rng), *poolings(rng)]


def convolutions(rng: np.random.Generator) -> list[Case]:
    """Layers with filters, of one, two and three axes."""

    def case(name: str, layer: Layer, *shape: int) -> Case:
        return Case(name, layer, (off_zero(rng, *shape),))

    def options(**others: Any) -> dict[str, Any]:
        return {"rng": rng, **others}

    one = options(stride=2, padding=((2, 1),), dilation=2, groups=2)
    two = options(stride=(2, 1), padding="same", dilation=(1, 2), groups=2)
    three = options(stride=(2, 1, 1), padding="same", dilation=(1, 1, 2), groups=2)
    larger = options(stride=(3, 2), padding=(1, 2), output_padding=(2, 0), dilation=(1, 2), groups=2)
    return [
        case("Conv1D", Conv1D(3, 4, 2, rng=rng), 2, 3, 5),
        case("Conv1D, all options", Conv1D(4, 6, 3, **one), 3, 4, 7),
        case("Conv2D", Conv2D(3, 4, (2, 3), rng=rng), 2, 3, 5, 6),
        case("Conv2D, all options", Conv2D(4, 6, (3, 2), **two), 3, 4, 5, 6),
        case("Conv3D", Conv3D(3, 2, (2, 1, 3), rng=rng), 2, 3, 4, 1, 5),
        case("Conv3D, all options", Conv3D(2, 4, (3, 1, 2), **three), 3, 2, 4, 1, 5),
        case("DepthwiseConv2D", DepthwiseConv2D(3, (2, 3), multiplier=2, rng=rng), 2, 3, 4, 5),
        case("SeparableConv2D", SeparableConv2D(3, 4, (2, 3), multiplier=2, rng=rng), 2, 3, 4, 5),
        case("SeparableConv2D, strided", SeparableConv2D(3, 2, 3, stride=(1, 2), padding="same", rng=rng), 2, 3, 4, 5),
        case("Conv2DTranspose", Conv2DTranspose(3, 4, (2, 3), rng=rng), 2, 3, 4, 5),
        case("Conv2DTranspose, same", Conv2DTranspose(3, 2, 3, stride=(2, 1), padding="same", rng=rng), 2, 3, 4, 5),
        case("Conv2DTranspose, all options", Conv2DTranspose(4, 2, (4, 3), **larger), 3, 4, 2, 5),
    ]


def poolings(rng: np.random.Generator) -> list[Case]:
    """Layers without parameters; maxima without ties."""

    def largest(name: str, layer: Layer, *shape: int) -> Case:
        return Case(name, layer, (distinct(rng, *shape),))

    def mean(name: str, layer: Layer, *shape: int) -> Case:
        return Case(name, layer, (off_zero(rng, *shape),))

    return [
        largest("MaxPooling1D", MaxPooling1D(2), 3, 2, 8),
        largest("MaxPooling1D, overlapping", MaxPooling1D(3, 2, "same"), 2, 3, 5),
        largest("MaxPooling2D", MaxPooling2D((2, 3)), 2, 3, 4, 6),
        largest("MaxPooling2D, overlapping", MaxPooling2D(3, 2, "same"), 2, 3, 5, 4),
        largest("MaxPooling3D", MaxPooling3D((2, 1, 3)), 2, 3, 4, 1, 6),
        largest("MaxPooling3D, overlapping", MaxPooling3D((3, 1, 2), (2, 1, 1), "same"), 2, 3, 5, 1, 4),
        mean("AveragePooling1D", AveragePooling1D(2), 2, 3, 4),
        mean("AveragePooling1D, overlapping", AveragePooling1D(3, 2, "same"), 2, 3, 5),
        mean("AveragePooling2D", AveragePooling2D((2, 3)), 2, 3, 4, 6),
        mean("AveragePooling2D, overlapping", AveragePooling2D(3, 2, "same"), 2, 3, 5, 4),
        mean("AveragePooling3D", AveragePooling3D((2, 1, 3)), 2, 3, 4, 1, 6),
        mean("AveragePooling3D, overlapping", AveragePooling3D((3, 1, 2), (2, 1, 1), "same"), 2, 3, 5, 1, 4),
        largest("GlobalMaxPooling2D", GlobalMaxPooling2D(), 2, 3, 4, 5),
        mean("GlobalAveragePooling2D", GlobalAveragePooling2D(), 2, 3, 4, 5),
        mean("UpSampling2D", UpSampling2D((2, 3)), 2, 3, 4, 5),
        mean("UpSampling2D, bilinear", UpSampling2D((2, 3), "bilinear"), 2, 3, 4, 5),
    ]
