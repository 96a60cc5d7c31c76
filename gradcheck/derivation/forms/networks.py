"""Networks whose loss has a penalty on the weights."""

from __future__ import annotations

from typing import Any


def has_penalty(network: Any) -> bool:
    """Whether a regulariser adds to the network's loss."""
    return getattr(network, "regularizer", None) is not None and callable(getattr(network, "loss", None))


def penalized_loss(network: Any, x: Any, t: Any) -> Any:
    """The loss of the output for the targets, and what the regulariser says of every weight matrix."""
    value = network._required_loss().forward(network.forward(x), t)
    penalty = sum(network.regularizer.forward(W) for W in network.params.values() if W.ndim >= 2)
    return value + penalty
