"""Samples in columns, and gradients of parameters that are averages over them.

In one style of course a cost is the mean over m samples, which stand in columns; the upstream gradient is that of each
sample's own loss, and every backward divides the gradients of its parameters by m. That of the data it leaves alone.
The style is recognised only where biases are columns and the numbers leave no doubt: the data's gradient is right as
it is, and those of two parameters or more are right times m, or that of one beside another that is wrong either way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.checking.conventions.common.arguments import is_variable
from gradcheck.checking.conventions.common.slopes import NEAR, distance, measure
from gradcheck.checking.subject import Array, Pullback, copies


@dataclass(frozen=True)
class Averaged:
    """The tensors whose gradients are averages over `samples`."""

    names: tuple[str, ...]
    samples: int

    @property
    def text(self) -> str:
        """For the line that says how a subject was understood."""
        return (
            f"samples in columns; gradients of {', '.join(self.names)} are averages over the {self.samples} samples, "
            "as for a cost that is their mean"
        )

    def summed(self, gradients: Mapping[str, Any]) -> dict[str, Any]:
        """The gradients with the averages made sums again."""
        return {name: g * self.samples if name in self.names and g is not None else g for name, g in gradients.items()}


def in_columns(tensors: Mapping[str, Any]) -> bool:
    """Whether there is a column of biases, a matrix of weights beside it, and data of several columns."""
    matrices = [x for x in tensors.values() if is_variable(x) and x.ndim == 2]
    biases = [x for x in matrices if x.shape[1] == 1 < x.shape[0]]
    return bool(biases) and any(
        weights.shape[0] == bias.shape[0]
        and any(weights.shape[1] == data.shape[0] and data.shape[1] > 1 for data in matrices)
        for weights in matrices
        for bias in biases
    )


def averages(
    run: Callable[[Mapping[str, Array]], list[Array]],
    forward: Callable[[Mapping[str, Any]], tuple[list[Array], Pullback]],
    inputs: Mapping[str, Any],
) -> Averaged | None:
    """What is averaged; None, where nothing is or the numbers leave a doubt."""
    outputs, pullback = forward(copies(inputs))
    rng = np.random.default_rng(0)
    cotangents = [np.asarray(rng.choice([-1.0, 1.0], y.shape) * rng.uniform(0.5, 1.5, y.shape)) for y in outputs]
    gradients = copies(pullback([v.copy() for v in cotangents]))
    ratios: dict[str, float] = {}
    for name, value in inputs.items():
        slope = measure(run, name, value) if name in gradients and is_variable(value) else None
        claimed = slope.along(gradients[name]) if slope is not None else None
        if slope is not None and claimed:
            ratios[name] = slope.weighted(cotangents) / claimed
    samples = outputs[0].shape[-1] if outputs[0].ndim else 1
    averaged = tuple(name for name, ratio in ratios.items() if samples > 1 and distance(ratio, samples) < NEAR)
    exact = [name for name, ratio in ratios.items() if distance(ratio, 1.0) < NEAR]
    wrong = len(gradients) - len(exact) - len(averaged)  # under any reading
    if len(exact) >= 1 and averaged and (len(averaged) >= 2 if not wrong else len(exact) == 1):
        return Averaged(averaged, samples)
    return None
