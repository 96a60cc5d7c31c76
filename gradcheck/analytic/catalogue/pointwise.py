"""Dense layers and activations."""

import numpy as np

from gradcheck.analytic.activations import HardSigmoid, ReLU, Sigmoid, Step, Tanh
from gradcheck.analytic.catalogue.case import Case, off_zero
from gradcheck.analytic.dense import Dense
from gradcheck.analytic.gelu import GELU
from gradcheck.analytic.layer import Layer
from gradcheck.analytic.rectifiers import ELU, SELU, LeakyReLU, SiLU, Softplus
from gradcheck.analytic.softmax import LogSoftmax, Softmax


def pointwise(rng: np.random.Generator) -> list[Case]:
    """Their cases: rows of three features."""

    def case(name: str, layer: Layer) -> Case:
        return Case(name, layer, (off_zero(rng, 5, 3),))

    return [
        case("Dense", Dense(3, 4, rng)),
        Case("Dense, three axes", Dense(3, 4, rng), (off_zero(rng, 2, 5, 3),)),
        case("Step", Step()),
        case("Sigmoid", Sigmoid()),
        Case("HardSigmoid", HardSigmoid(), (off_zero(rng, 5, 3) * rng.choice([1, 13], (5, 3)),)),
        case("ReLU", ReLU()),
        case("Tanh", Tanh()),
        case("LeakyReLU", LeakyReLU(0.1)),
        case("ELU", ELU(1.5)),
        case("SELU", SELU()),
        case("Softplus", Softplus()),
        case("SiLU", SiLU()),
        case("GELU", GELU()),
        case("GELU, approximate", GELU(approximate=True)),
        case("Softmax", Softmax()),
        case("LogSoftmax", LogSoftmax()),
    ]
