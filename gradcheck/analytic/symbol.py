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
    name, shape
        Of an input: for messages, and the shape of one example, if it was said.
    """

    def __init__(
        self, layer: Any = None, inputs: tuple[Any, ...] = (), name: str = "", shape: tuple[int, ...] = ()
    ) -> None:
        self.layer, self.inputs, self.name, self.shape = layer, inputs, name, shape

    def __repr__(self) -> str:
        if self.layer is None:
            return f"Input({self.name!r})"
        shown = ("..." if isinstance(x, Symbol) and x.layer is not None else repr(x) for x in self.inputs)
        return f"{self.layer!r}({', '.join(shown)})"
