"""Normalisations, with scales and shifts off 1 and 0."""

import numpy as np

from gradcheck.analytic.batch_normalization import BatchNormalization
from gradcheck.analytic.catalogue.case import Case, off_zero, with_random_parameters
from gradcheck.analytic.group_normalization import GroupNormalization
from gradcheck.analytic.layer import Layer
from gradcheck.analytic.layer_normalization import LayerNormalization, RMSNorm


def normalization(rng: np.random.Generator) -> list[Case]:
    """Their cases."""

    def case(name: str, layer: Layer, *shape: int) -> Case:
        return Case(name, with_random_parameters(layer, rng), (off_zero(rng, *shape),))

    return [
        case("BatchNormalization", BatchNormalization(3), 5, 3),
        case("BatchNormalization, images", BatchNormalization(3), 5, 3, 2, 4),
        case("BatchNormalization, inference", inference(BatchNormalization(3)), 5, 3),
        case("LayerNormalization", LayerNormalization(3), 5, 3),
        case("LayerNormalization, two axes", LayerNormalization((3, 4)), 5, 3, 4),
        case("GroupNormalization", GroupNormalization(6, 2), 5, 6),
        case("GroupNormalization, images", GroupNormalization(4, 2), 3, 4, 2, 5),
        case("RMSNorm", RMSNorm(3), 5, 3),
        case("RMSNorm, two axes", RMSNorm((3, 4)), 5, 3, 4),
    ]


def inference(layer: Layer) -> Layer:
    """The normalisation as it is after training, with running statistics other than 0 and 1."""
    layer.forward(np.random.default_rng(1).normal(1.0, 2.0, (7, len(layer.params["gamma"]))))
    layer.training = False
    return layer
