"""A network at a glance."""

import copy
from typing import Any

import numpy as np

from gradcheck.analytic.layer import Layer


def summary(network: Any, inputs: tuple[Any, ...] = ()) -> str:
    """The layers of a network, the shapes of their outputs for these inputs, and how many parameters they have."""
    shapes = [str(shape) for shape in output_shapes(network, inputs)] if inputs else [""] * len(network.layers)
    rows = [("layer", "output" if inputs else "", "parameters")]
    for name, layer, shape in zip(network._names, network.layers, shapes, strict=True):
        rows.append((f"{name} {layer!r}", shape, f"{_size(layer):,}"))
    rows.append(("total", "", f"{sum(map(_size, network.layers)):,}"))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = ((row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2].rjust(widths[2])) for row in rows)
    return "\n".join(" ".join(filter(str.strip, line) if not inputs else line) for line in lines)


def output_shapes(network: Any, inputs: tuple[Any, ...]) -> list[tuple[int, ...]]:
    """What each layer of a copy last put out."""
    twin = copy.deepcopy(network)
    twin.training = False
    twin.forward(*inputs)
    return [layer._memory[0] for layer in twin.layers]


def _size(layer: Layer) -> int:
    return sum(int(np.size(W)) for W in layer.params.values())
