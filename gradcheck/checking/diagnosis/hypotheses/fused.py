"""Functions that apply an activation to their result: its derivative forgotten, or its mask.

The Jacobian of such a function is that of what is inside, each row times the derivative of the activation at its
output. Divided by that derivative, which follows from the output, it is the Jacobian without it.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.diagnosis.clues import Clues
from gradcheck.checking.diagnosis.explanation import Explanation
from gradcheck.checking.diagnosis.trial import Trial

Array = NDArray[Any]

DERIVATIVES = {
    "tanh, 1 − y²": lambda y: 1 - y * y,
    "sigmoid, y(1 − y)": lambda y: y * (1 - y),
    "exp, y": lambda y: y,
    "softplus, 1 − exp(−y)": lambda y: -np.expm1(-y),
    "square root, 1/(2y)": lambda y: 0.5 / y,
    "square, 2√y": lambda y: 2 * np.sqrt(y),
}
"""Derivatives of activations, by their output."""


def of_the_output(clues: Clues) -> Iterator[Explanation]:
    """The derivative of the last activation is missing, or taken twice, or is another's."""
    if clues.claimed.shape != clues.right.shape or clues.is_elementwise:
        return
    for said, derivative in DERIVATIVES.items():
        for power, what in ((-1, "is missing"), (1, "is in it twice")):

            def predict(trial: Trial, derivative: Any = derivative, power: int = power) -> Array:
                with np.errstate(all="ignore"):
                    used = trial.cotangent * derivative(trial.output) ** power
                return trial.pulled_back(clues.tensor, np.nan_to_num(used, posinf=0, neginf=0))

            yield Explanation(
                "missing-activation-derivative" if power < 0 else "factor",
                predict,
                f"{clues.d} is right but for the derivative of the activation at the end, {said} in terms of the "
                f"output, which {what}.",
                "Multiply dout by the derivative of the activation, once, before passing it on.",
                1,
            )


def always_active(clues: Clues) -> Iterator[Explanation]:
    """The mask of a rectifier inside: far up the bias everything passes, and the gradient is that without a mask."""
    if clues.claimed.shape != clues.right.shape or clues.is_elementwise:
        return
    for name, bias in clues.given.point.items():
        if name == clues.tensor or bias.ndim > 2 or bias.size < 2 or bias.size != max(bias.shape):
            continue

        def without_mask(trial: Trial, name: str = name) -> Array:
            size = 100 * (1 + max(float(np.max(np.abs(x), initial=0)) for x in trial.point.values())) ** 2
            raised = np.asarray(np.abs(trial.point[name]) + size, trial.point[name].dtype)
            return trial.elsewhere({name: raised}).right(clues.tensor)

        yield Explanation(
            "missing-mask",
            without_mask,
            f"{clues.d} is what it would be if every unit let its input through: the mask of the rectifier is missing.",
            "Multiply the gradient by the mask of forward, before passing it on.",
            1,
        )
        yield Explanation(
            "inverted-mask",
            partial(lambda trial, without: without(trial) - trial.right(clues.tensor), without=without_mask),
            f"{clues.d} passes just the units whose input was cut off: the mask of the rectifier is inverted.",
            "Let through where forward let through.",
            1,
        )
