"""Symbols: what a layer returns when it is called on no array but on what an array will stand for."""

from typing import Any


class Symbol:
    """The place of an array in a graph: an input of it, or an output of a layer called on other symbols.

    Attributes
    ----------
    layer
        The layer whose output it is; None for an input.
    inputs
        What the layer was called on, symbols and constants.
    name
        Of an input, for messages.
    """

    def __init__(self, layer: Any = None, inputs: tuple[Any, ...] = (), name: str = "") -> None:
        self.layer, self.inputs, self.name = layer, inputs, name

    def __repr__(self) -> str:
        if self.layer is None:
            return f"Input({self.name!r})"
        return f"{self.layer!r}({', '.join(map(repr, self.inputs))})"
