"""Where a number went wrong: the first layer that turned finite numbers into others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.analytic.network import Network, leaves

Array = NDArray[Any]


def blame(network: Any, x: Array, t: Array) -> str:
    """A sentence on where NaN or infinity comes from, for a batch on which the loss is one.

    Looked at in the order in which numbers flow: the examples, then of each layer its parameters and its
    output, then the targets and the loss.

    >>> from gradcheck.analytic import TwoLayerNet
    >>> network = TwoLayerNet(2, 3, 2, rng=0)
    >>> network.params["W2"][1, 0] = np.inf
    >>> blame(network, np.ones((4, 2)), np.zeros(4, int))
    'it comes from Dense(3, 2), layer 2: its parameter W holds inf at (1, 0)'
    """
    if found := _not_finite(x):
        return f"it comes from the examples: x of this batch holds {found}"
    if not isinstance(network, Network):
        return _blame_parameters(network)
    with _watched(network) as seen, np.errstate(all="ignore"):
        network.loss(x, t)
    for layer, y in seen:
        who = f"it comes from {layer!r}{_place(network, layer)}"
        for name, W in layer.params.items():
            if found := _not_finite(W):
                return f"{who}: its parameter {name} holds {found}"
        if found := _not_finite(y):
            return f"{who}: of finite numbers and parameters up to {_largest(layer):.1e} it makes {found}"
    if found := _not_finite(t):
        return f"it comes from the targets: t of this batch holds {found}"
    return f"it comes from the loss itself, {network.loss_function!r}: what the last layer puts out is finite"


def _blame_parameters(network: Any) -> str:
    for name, W in network.params.items():
        if found := _not_finite(W):
            return f"the parameter {name} holds {found}"
    return "all parameters are finite"


@contextmanager
def _watched(network: Network) -> Iterator[list[tuple[Any, Array]]]:
    """A list that fills with each layer and its output while the network runs."""
    seen: list[tuple[Any, Array]] = []
    layers = list(dict.fromkeys(leaf for layer in network.layers for leaf in leaves(layer)))

    def watch(layer: Any) -> Any:
        forward = layer.forward

        def watched(*inputs: Any) -> Any:
            y = forward(*inputs)
            seen.append((layer, y))
            return y

        return watched

    try:
        for layer in layers:
            layer.forward = watch(layer)  # type: ignore[method-assign]  # of this one object, until we are done
        yield seen
    finally:
        for layer in layers:
            vars(layer).pop("forward", None)


def _place(network: Network, layer: Any) -> str:
    names = [name for name, part in zip(network._names, network.layers, strict=True) if layer in list(leaves(part))]
    return f", layer {names[0]}" if names else ""


def _not_finite(values: Any) -> str:
    """The first entry that is not finite and where it is, or nothing."""
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.floating) or np.all(np.isfinite(array)):
        return ""
    at = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    return f"{array[at]} at {at}"


def _largest(layer: Any) -> float:
    return max((float(np.max(np.abs(W), initial=0.0)) for W in layer.params.values()), default=0.0)
