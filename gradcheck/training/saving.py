"""Networks in one file: architecture, weights, optimiser and random state, in an ``.npz`` that anybody can open.

Nothing is pickled and nothing in a file is run: the architecture is text that names classes of this library
(and those the reader allows), numbers and arrays. So a file from a stranger can do no harm; it is either the
network it says, or a `DataError`.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.analytic import Layer
from gradcheck.analytic.network import leaves
from gradcheck.analytic.recorded import arrays_of
from gradcheck.training.architecture import Description, Reader, describe
from gradcheck.training.archive import HEADER, Arrays, read, write_atomically
from gradcheck.training.dataset import DataError
from gradcheck.training.optimizers import Optimizer

VERSION = 1


@dataclass
class Saved:
    """What a file holds."""

    network: Any
    optimizer: Optimizer | None = None
    rng: np.random.Generator | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def save(
    path: str | os.PathLike[str],
    network: Layer,
    optimizer: Optimizer | None = None,
    rng: np.random.Generator | None = None,
    extra: dict[str, Any] | None = None,
) -> None:
    """Write a network, and how far its training has come, to one file.

    It is written beside its place and then moved there: whatever happens, there is a whole file under that name,
    the old one or the new one.

    Parameters
    ----------
    path
        The name of the file; ``.npz`` is usual, and not added.
    network : Layer
        Any layer or network of this library.
    optimizer : Optimizer, optional
        With all it remembers.
    rng : numpy.random.Generator, optional
        The generator that shuffles examples, say: its state.
    extra : dict, optional
        Plain numbers, texts, lists and dicts of your own, such as a history.

    Raises
    ------
    TypeError
        If something was made with what no file can hold, such as a function.

    Examples
    --------
    >>> from gradcheck.analytic import TwoLayerNet
    >>> import tempfile
    >>> from gradcheck.training import Adam
    >>> network, path = TwoLayerNet(3, 4, 2, rng=0), Path(tempfile.mkdtemp()) / "model.npz"
    >>> save(path, network, Adam(lr=0.01))
    >>> saved = load_network(path)
    >>> saved.network, saved.optimizer
    (TwoLayerNet(Dense(3, 4), Sigmoid(), Dense(4, 2), loss=SoftmaxCrossEntropy()), Adam(lr=0.01))
    >>> bool(np.all(saved.network.params["W1"] == network.params["W1"]))
    True
    """
    arrays: Arrays = {}
    header: dict[str, Any] = {"version": VERSION, "network": describe(network, arrays), "extra": extra or {}}
    generators = _Generators()
    header["state"] = _pack_state(network, arrays, generators)
    if optimizer is not None:
        header["optimizer"] = describe(optimizer, arrays)
        arrays.update({f"optimizer/{name}": array for name, array in optimizer.state_dict().items()})
    if rng is not None:
        header["rng"] = generators.place(rng)
    header["generators"] = [_plain(each.bit_generator.state) for each in generators.known]
    try:
        text = json.dumps(header)
    except TypeError as error:
        raise TypeError(f"extra holds what is no plain number, text, list or dict: {error}") from None
    write_atomically(Path(path), {HEADER: np.frombuffer(text.encode(), np.uint8), **arrays})


def load_network(path: str | os.PathLike[str], classes: Iterable[type] = ()) -> Saved:
    """The network in a file, and what was saved with it.

    Parameters
    ----------
    path
        As it was given to `save`.
    classes : types
        Layers, losses or optimisers of your own that the file may name.

    Raises
    ------
    DataError
        If there is no such file, it is damaged, or it names a class that is not allowed; it says which.
    """
    path = Path(path)
    arrays = read(path)
    try:
        return _unpack(arrays, classes)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    # A file that was made up may be wrong in any way; whatever a constructor says of it is passed on.
    except (AttributeError, ArithmeticError, LookupError, MemoryError, RecursionError, TypeError, ValueError) as error:
        raise DataError(f"{path}: it does not hold a network as save() writes it ({error})") from error


def restore(path: str | os.PathLike[str], network: Layer, optimizer: Optimizer | None = None) -> Saved:
    """Put the weights in a file into a network that is there already, and its state into an optimiser.

    Both stay as they are unless everything in the file fits.

    Raises
    ------
    DataError
        As `load_network`; or if the file's network or optimiser is another.
    """
    saved = load_network(path, {type(part) for part in _all_parts(network)} | {type(optimizer)})
    ours, theirs = _state_of(network), _state_of(saved.network)
    if {name: (a.shape, a.dtype) for name, a in ours.items()} != {
        name: (a.shape, a.dtype) for name, a in theirs.items()
    }:
        raise DataError(f"{path}: it holds {saved.network!r}, which does not fit {network!r}")
    if optimizer is not None and type(saved.optimizer) is not type(optimizer):
        raise DataError(f"{path}: it holds the optimiser {saved.optimizer!r}, expected {type(optimizer).__name__}")
    _require_same_generators(network, saved.network)
    if optimizer is not None and saved.optimizer is not None:
        optimizer.load_state_dict(saved.optimizer.state_dict())
    for name, array in theirs.items():
        ours[name][...] = array
    for mine, other in zip(leaves(network), leaves(saved.network), strict=True):
        mine.training = other.training
        here, there = _generator_of(mine), _generator_of(other)
        if here is not None and there is not None:
            here.bit_generator.state = there.bit_generator.state
    return saved


def _unpack(arrays: Arrays, classes: Iterable[type]) -> Saved:
    header = json.loads(bytes(arrays.pop(HEADER)).decode())
    if header["version"] != VERSION:
        raise DataError(f"it is of version {header['version']}, this library reads version {VERSION}")
    reader = Reader(arrays, classes)
    network = reader.build(header["network"])
    if not isinstance(network, Layer):
        raise DataError(f"it holds {network!r}, which is no network")
    generators = [_generator(state) for state in header["generators"]]
    _unpack_state(network, header["state"], arrays, generators)
    optimizer = None
    if "optimizer" in header:
        optimizer = reader.build(header["optimizer"])
        if not isinstance(optimizer, Optimizer):
            raise DataError(f"it holds {optimizer!r}, which is no optimiser")
        prefix = "optimizer/"
        optimizer.load_state_dict({k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)})
        _require_fitting(optimizer, network)
    rng = generators[header["rng"]] if "rng" in header else None
    return Saved(network, optimizer, rng, dict(header["extra"]))


def _require_fitting(optimizer: Optimizer, network: Layer) -> None:
    """Raise unless what the optimiser remembers of each parameter could be that: numbers in its shape."""
    if optimizer.steps < 0:
        raise DataError(f"its optimiser has taken {optimizer.steps} steps")
    for kept, arrays in optimizer.state.items():
        for name, W in network.params.items():
            found = arrays.get(name, W)
            if found.shape != W.shape or found.dtype.kind != "f":
                raise DataError(f"expected {kept} of {name} as {W.dtype} {W.shape}, found {found.dtype} {found.shape}")


class _Generators:
    """Random generators by number: one that several layers draw from is one again afterwards."""

    def __init__(self) -> None:
        self.known: list[np.random.Generator] = []

    def place(self, generator: np.random.Generator | None) -> int | None:
        """The number of this generator."""
        if generator is None:
            return None
        if not any(generator is one for one in self.known):
            self.known.append(generator)
        return next(i for i, one in enumerate(self.known) if one is generator)


def _pack_state(network: Layer, arrays: Arrays, generators: _Generators) -> list[Description]:
    """The weights and running statistics into `arrays`; of each layer, in order, its mode and its generator."""
    arrays.update({f"network/{name}": array for name, array in _state_of(network).items()})
    return [
        {"training": bool(layer.training), "rng": generators.place(_generator_of(layer))} for layer in leaves(network)
    ]


def _generator_of(layer: Layer) -> np.random.Generator | None:
    """What a layer draws from, if it does."""
    held = getattr(layer, "rng", None)
    return held if isinstance(held, np.random.Generator) else None


def _require_same_generators(network: Layer, other: Layer) -> None:
    kinds = [
        [g and type(g.bit_generator).__name__ for g in map(_generator_of, leaves(each))] for each in (network, other)
    ]
    if kinds[0] != kinds[1]:
        raise DataError(f"{other!r} was saved with other random generators ({kinds[1]}) than it has here ({kinds[0]})")


def _unpack_state(network: Layer, states: list[Any], arrays: Arrays, generators: list[np.random.Generator]) -> None:
    for name, array in _state_of(network).items():
        found = arrays.get(f"network/{name}")
        if found is None or found.shape != array.shape or found.dtype != array.dtype:
            what = "nothing" if found is None else f"{found.dtype} {found.shape}"
            raise DataError(f"expected {name} as {array.dtype} {array.shape}, found {what}")
        array[...] = found
    for layer, state in zip(leaves(network), states, strict=True):
        layer.training = bool(state["training"])
        if state["rng"] is not None:
            layer.rng = generators[state["rng"]]  # type: ignore[attr-defined]  # layers that draw hold it there


def _state_of(network: Layer) -> Arrays:
    """All arrays that training changes: by the name of the parameter, or the number of the layer and its attribute."""
    held = {f"{i}.{name}": a for i, leaf in enumerate(leaves(network)) for name, a in arrays_of(leaf).items()}
    return {**{f"params/{name}": W for name, W in network.params.items()}, **{f"held/{k}": a for k, a in held.items()}}


def _all_parts(layer: Layer) -> list[Any]:
    own = [layer, getattr(layer, "loss_function", None), getattr(layer, "regularizer", None)]
    return [*own, *(inner for part in layer.parts() for inner in _all_parts(part))]


def _plain(state: Any) -> Any:
    """The state of a bit generator as JSON has it: arrays as lists."""
    if isinstance(state, dict):
        return {name: _plain(value) for name, value in state.items()}
    return state.tolist() if isinstance(state, np.ndarray | np.generic) else state


def _generator(state: Any) -> np.random.Generator:
    kinds = {"PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"}
    if state["bit_generator"] not in kinds:
        raise DataError(f"it names the bit generator {state['bit_generator']!r}, expected one of {sorted(kinds)}")
    bits = getattr(np.random, state["bit_generator"])()
    bits.state = state
    return np.random.Generator(bits)
