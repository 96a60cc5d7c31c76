"""The worked example: Matt Mazur's 2-2-2 network, as plain NumPy code.

Two inputs, two hidden and two output neurons, sigmoids throughout, half the squared error. `AT` is the
published point, `RATE` the learning rate.

References
----------
Mazur, A Step by Step Backpropagation Example, 2015.
"""

from typing import Any

import numpy as np

AT = {
    "i1": 0.05, "i2": 0.10, "t1": 0.01, "t2": 0.99,
    "w1": 0.15, "w2": 0.20, "w3": 0.25, "w4": 0.30, "b1": 0.35,
    "w5": 0.40, "w6": 0.45, "w7": 0.50, "w8": 0.55, "b2": 0.60,
}  # fmt: skip
RATE = 0.5


Real = Any  # a number, or one whose way is being traced


def sigmoid(x: Real) -> Real:
    """Squash any number into (0, 1): 1 / (1 + e^-x)."""
    return 1 / (1 + np.exp(-x))


def error(
    *,
    i1: Real, i2: Real, t1: Real, t2: Real,
    w1: Real, w2: Real, w3: Real, w4: Real, b1: Real,
    w5: Real, w6: Real, w7: Real, w8: Real, b2: Real,
) -> Real:  # fmt: skip
    """Half the squared distance of the network's two outputs from their targets."""
    net_h1 = w1 * i1 + w2 * i2 + b1
    net_h2 = w3 * i1 + w4 * i2 + b1
    out_h1 = sigmoid(net_h1)
    out_h2 = sigmoid(net_h2)

    net_o1 = w5 * out_h1 + w6 * out_h2 + b2
    net_o2 = w7 * out_h1 + w8 * out_h2 + b2
    out_o1 = sigmoid(net_o1)
    out_o2 = sigmoid(net_o2)

    E_o1 = 0.5 * (t1 - out_o1) ** 2
    E_o2 = 0.5 * (t2 - out_o2) ** 2
    E = E_o1 + E_o2
    return E  # noqa: RET504 - the derivation calls it E because the code does
