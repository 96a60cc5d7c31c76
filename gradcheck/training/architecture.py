"""Architectures as plain text: how a network, a loss or an optimiser was made, and making it again."""

from collections.abc import Iterable
from inspect import signature
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gradcheck import analytic
from gradcheck.analytic import Layer, Model
from gradcheck.analytic.recorded import Recorded
from gradcheck.analytic.symbol import Symbol
from gradcheck.training import optimizers
from gradcheck.training.dataset import DataError

Description: TypeAlias = dict[str, Any]
Arrays: TypeAlias = dict[str, NDArray[Any]]

DEEPEST = 100  # levels of networks in networks
MODEST = 1 << 20  # what all sizes together may come to in any file


def describe(thing: Any, arrays: Arrays) -> Any:  # noqa: PLR0911 - one for each kind of thing
    """What was used to make a thing, as numbers, texts, lists and dicts; its arrays go into `arrays`.

    Raises
    ------
    TypeError
        If it was made with something else, such as a function.
    """
    if thing is None or isinstance(thing, bool | int | float | str):
        return thing
    if isinstance(thing, np.generic):
        return describe(thing.item(), arrays)
    if isinstance(thing, np.dtype):
        return {"dtype": thing.name}
    if isinstance(thing, type):
        if issubclass(thing, np.generic):
            return {"dtype": np.dtype(thing).name}
        return {"class": thing.__name__}
    if isinstance(thing, np.ndarray):
        arrays[f"argument/{len(arrays)}"] = thing
        return {"array": f"argument/{len(arrays) - 1}"}
    if isinstance(thing, list | tuple):
        return [describe(item, arrays) for item in thing]
    if isinstance(thing, dict):
        return {"dict": [[str(name), describe(value, arrays)] for name, value in thing.items()]}
    if isinstance(thing, Model):
        return _describe_graph(thing, arrays)
    if isinstance(thing, Recorded):
        args, options = thing.made_with
        made_with = [describe(args, arrays), describe(options, arrays)]
        return {"make": type(thing).__name__, "with": made_with}
    raise TypeError(
        f"{thing!r} cannot be saved; it is no number, text, array, layer, loss or optimiser of this library"
    )


class Reader:
    """Makes what was described, out of known classes only.

    Parameters
    ----------
    arrays
        Those of the file.
    classes
        Known beside the layers, losses, optimisers, schedules and clippings of this library.
    """

    def __init__(self, arrays: Arrays, classes: Iterable[type] = ()) -> None:
        public = [vars(module)[name] for module in (analytic, optimizers) for name in module.__all__]
        known = [thing for thing in (*public, *classes) if isinstance(thing, type) and issubclass(thing, Recorded)]
        self.classes = {kind.__name__: kind for kind in known}
        self.arrays = dict(arrays)
        self.named = 0  # what all sizes come to, so far
        self.rng = _Counting(sum(array.size for array in arrays.values()))

    def build(self, description: Any, depth: int = 0) -> Any:  # noqa: PLR0911 - one for each kind of thing
        """The thing of this description."""
        if depth > DEEPEST:
            raise DataError(f"its parts are nested more than {DEEPEST} deep")
        if description is None or isinstance(description, bool | int | float | str):
            return description
        if isinstance(description, list):
            return tuple(self.build(item, depth + 1) for item in description)
        (kind, value), *rest = description.items()
        if kind == "dtype":
            return self._dtype(value)
        if kind == "class":
            return self._class(value)
        if kind == "array":
            return self.arrays.pop(value)  # each is named once: copies of a large one could fill any memory
        if kind == "dict":
            return {str(name): self.build(item, depth + 1) for name, item in value}
        if kind == "graph":
            return self._graph(value, depth)
        if kind == "make":
            args, options = self.build(dict(rest)["with"], depth + 1)
            return self._make(self._class(value), args, options)
        raise DataError(f"it holds a part of unknown kind {kind!r}")

    def _make(self, kind: type, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """An object of this class; where it draws weights at random, it gets zeros, and no more than the file has."""
        names = list(signature(kind).parameters)
        place = names.index("rng") if "rng" in names else len(args)
        seedless = {name: value for name, value in options.items() if name != "rng"}
        if issubclass(kind, Layer):
            self._require_modest((*args[:place], *args[place + 1 :], *seedless.values()))
        if place < len(args):
            return kind(*args[:place], self.rng, *args[place + 1 :], **seedless)
        return kind(*args, **({**seedless, "rng": self.rng} if "rng" in names else options))

    def _require_modest(self, arguments: tuple[Any, ...]) -> None:
        """Raise where the sizes named are beyond what the file fills: memory is not asked for them."""
        for argument in arguments:
            sides = argument if isinstance(argument, tuple) else (argument,)
            self.named += prod(abs(side) for side in sides if isinstance(side, int))
        if self.named > max(self.rng.entries, MODEST):
            raise DataError(f"it names sizes of {self.named:,}, but holds {self.rng.entries:,} numbers in all")

    def _class(self, name: str) -> type:
        if name not in self.classes:
            raise DataError(f"it names the class {name!r}, which is not known; if it is yours, pass classes=[{name}]")
        return self.classes[name]

    def _dtype(self, name: str) -> np.dtype[Any]:
        if name not in {"float16", "float32", "float64", "longdouble", "float128"}:
            raise DataError(f"it names the dtype {name!r}, expected a floating type")
        return np.dtype(name)

    def _graph(self, value: Description, depth: int) -> Model:
        layers = [self.build(layer, depth + 1) for layer in value["layers"]]
        symbols = [Symbol(name=str(name), shape=tuple(map(int, shape))) for name, shape in value["inputs"]]
        inputs = list(symbols)
        for layer, arguments in value["nodes"]:
            given = (
                symbols[x["symbol"]] if isinstance(x, dict) and "symbol" in x else self.build(x) for x in arguments
            )
            symbols.append(Symbol(layers[layer], tuple(given)))
        outputs = [symbols[i] for i in value["outputs"]]
        return Model(inputs, outputs, self.build(value["loss"]), self.build(value["regularizer"]))


class _Counting(np.random.Generator):
    """Draws zeros, since what is drawn will be replaced; and refuses to draw more than is there to replace it."""

    def __init__(self, entries: int) -> None:
        super().__init__(np.random.PCG64(0))
        self.entries = entries

    def standard_normal(self, size: Any = None, *args: Any, **options: Any) -> Any:
        """Zeros of this shape."""
        shape = (size,) if isinstance(size, int) else tuple(size)
        if prod(shape) > self.entries:
            raise DataError(f"it names weights of shape {shape}, but holds {self.entries:,} numbers in all")
        return np.zeros(shape)


def _describe_graph(model: Model, arrays: Arrays) -> Description:
    place = {symbol: i for i, symbol in enumerate((*model.inputs, *model._nodes))}
    layer_place = {layer: i for i, layer in enumerate(model.layers)}

    def argument(x: Any) -> Any:
        return {"symbol": place[x]} if isinstance(x, Symbol) else describe(np.asarray(x), arrays)

    losses = getattr(model.loss_function, "losses", None)
    graph = {
        "layers": [describe(layer, arrays) for layer in model.layers],
        "inputs": [[symbol.name, list(symbol.shape)] for symbol in model.inputs],
        "nodes": [[layer_place[node.layer], [argument(x) for x in node.inputs]] for node in model._nodes],
        "outputs": [place[symbol] for symbol in model.outputs],
        "loss": describe(losses, arrays),
        "regularizer": describe(model.regularizer, arrays),
    }
    return {"graph": graph}
