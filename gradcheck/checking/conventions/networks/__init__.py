"""Losses with the parameters inside: ``network``, ``network_with_gradients``, ``from_targets``.

In the last, backward is given targets in place of an upstream gradient; ``losses`` tells which loss it starts from.
"""
