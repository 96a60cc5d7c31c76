"""What an object consists of and what it leads to: the paths on which a subject can come to change something.

With this file one can

* ask of one object for the pieces of state it has itself, and for the objects it leads to (:func:`reach`).

No property, no ``__getattr__`` and nothing else of a user's class is run on the way; kinds are told by ``type``, for
even ``isinstance`` asks the object.
"""

import array
import functools
import random
import sys
import types
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradcheck.checking.state.home import Home
from gradcheck.checking.state.pieces import (
    ArrayPiece,
    BytesPiece,
    DictPiece,
    ItemsPiece,
    Piece,
    RandomPiece,
    cell_piece,
    class_piece,
    globals_piece,
    slots_piece,
)

Reached = tuple[list[Piece], Iterable[Any]]
"""The pieces of state that an object has itself, and the objects it leads to."""


def reach(thing: Any, home: Home) -> Reached:
    """The pieces of state that an object has itself, and the objects it leads to."""
    kind = type(thing)
    known = next((base for base in kind.__mro__ if base in KINDS), object)
    pieces, onward = KINDS[known](thing, home)
    if kind is known or known in (type, types.ModuleType) or not home.holds(kind):
        return pieces, onward
    more, further = _attributes(thing)
    return [*pieces, *more], [*onward, *further]


def _attributes(thing: Any) -> Reached:
    """What an object has of its own, in a dictionary or in slots, and what it shares with its class."""
    family = type(thing).__mro__
    pieces: list[Piece] = []
    onward: list[Any] = list(family)
    attributes = _attribute_dictionary(thing)
    if attributes is not None:
        pieces.append(DictPiece(attributes))
        onward += attributes.values()
    slots = [value for cls in family for value in vars(cls).values() if type(value) is types.MemberDescriptorType]
    if slots:
        piece = slots_piece(thing, slots)
        pieces.append(piece)
        onward += piece.kept.values()
    return pieces, onward


def _attribute_dictionary(thing: Any) -> dict[str, Any] | None:
    """``vars(thing)``, but never a property of that name."""
    entries = (vars(cls).get("__dict__") for cls in type(thing).__mro__)
    entry = next((entry for entry in entries if type(entry) is types.GetSetDescriptorType), None)
    return None if entry is None else entry.__get__(thing)


_CODE = {types.FunctionType, classmethod, staticmethod, property}


def _class(cls: type, home: Home) -> Reached:
    """A class may keep state for all its instances; its methods lead to what they use."""
    if not home.holds(cls):
        return [], ()
    members = [value for name, value in vars(cls).items() if not name.startswith("__") or type(value) in _CODE]
    return [class_piece(cls)], [*cls.__mro__, type(cls), *members]


def _function(function: types.FunctionType, home: Home) -> Reached:
    """A function has attributes, and reaches its closure, its defaults and the globals it names."""
    cells = [cell_piece(cell) for cell in function.__closure__ or ()]
    pieces: list[Piece] = [DictPiece(vars(function)), *cells]
    onward = [*vars(function).values(), *(value for cell in cells for value in cell.kept.values())]
    onward += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    if home.reads(function.__globals__.get("__name__")):
        more, onward = _globals(function, onward, home)
        pieces += more
    return pieces, onward


def _globals(function: types.FunctionType, held: list[Any], home: Home) -> tuple[list[Piece], list[Any]]:
    """What the names in a function's code stand for: in its module, and in those it names, holds or imports."""
    names = _names(function.__code__)
    pieces = [globals_piece(function.__globals__, names)]
    onward = [*pieces[0].kept.values(), *held, *(sys.modules[name] for name in names if name in sys.modules)]
    known = {id(function.__globals__)}
    for value in onward:  # grows on the way: a package leads to its modules
        if type(value) is types.ModuleType and id(vars(value)) not in known and home.reads(value.__name__):
            known.add(id(vars(value)))
            pieces.append(globals_piece(vars(value), names))
            onward += pieces[-1].kept.values()
    return list(pieces), onward


def _names(code: types.CodeType) -> set[str]:
    """The global names and the names of attributes in some code; they are not told apart."""
    return {*code.co_names}.union(*(_names(inner) for inner in code.co_consts if type(inner) is types.CodeType))


def _array(thing: np.ndarray[Any, Any], home: Home) -> Reached:
    return [ArrayPiece(thing)], np.asarray(thing).ravel().tolist() if thing.dtype.hasobject else ()


def _mapping(kind: type) -> Callable[[Any, Home], Reached]:
    def reached(thing: Any, home: Home) -> Reached:
        piece = DictPiece(thing, kind)
        return [piece], [*piece.kept, *piece.kept.values()]

    return reached


def _items(kind: type) -> Callable[[Any, Home], Reached]:
    def reached(thing: Any, home: Home) -> Reached:
        piece = ItemsPiece(thing, kind)
        return [piece], piece.kept

    return reached


def _random(get: Callable[[], Any], put: Callable[[Any], Any]) -> Reached:
    """A source that cannot tell its state, like that of the system, cannot be put back; conduct will notice."""
    try:
        return [RandomPiece(get, put)], ()
    except Exception:
        return [], ()


KINDS: dict[type, Callable[[Any, Home], Reached]] = {
    object: lambda thing, home: ([], ()),
    types.ModuleType: lambda thing, home: ([], ()),
    type: _class,
    types.FunctionType: _function,
    types.MethodType: lambda thing, home: ([], (thing.__self__, thing.__func__)),
    types.BuiltinMethodType: lambda thing, home: ([], (thing.__self__,)),
    types.MethodWrapperType: lambda thing, home: ([], (thing.__self__,)),
    classmethod: lambda thing, home: ([], (thing.__func__,)),
    staticmethod: lambda thing, home: ([], (thing.__func__,)),
    property: lambda thing, home: ([], (thing.fget, thing.fset, thing.fdel)),
    functools.cached_property: lambda thing, home: ([], (thing.func,)),
    functools.partialmethod: lambda thing, home: ([], (thing.func, thing.args, thing.keywords)),
    functools.partial: lambda thing, home: ([], (thing.func, thing.args, thing.keywords)),
    type(functools.cache(len)): lambda thing, home: ([], (thing.__wrapped__,)),
    weakref.ref: lambda thing, home: ([], (weakref.ref.__call__(thing),)),
    tuple: lambda thing, home: ([], tuple.__iter__(thing)),
    frozenset: lambda thing, home: ([], frozenset.__iter__(thing)),
    list: _items(list),
    deque: _items(deque),
    set: _items(set),
    dict: _mapping(dict),
    OrderedDict: _mapping(OrderedDict),
    bytearray: lambda thing, home: ([BytesPiece(thing, bytearray)], ()),
    array.array: lambda thing, home: ([BytesPiece(thing, array.array)], ()),
    np.ndarray: _array,
    np.random.Generator: lambda thing, home: ([], (thing.bit_generator,)),
    np.random.BitGenerator: lambda thing, home: _random(
        functools.partial(getattr, thing, "state"), functools.partial(setattr, thing, "state")
    ),
    np.random.RandomState: lambda thing, home: _random(
        functools.partial(thing.get_state, legacy=False), thing.set_state
    ),
    random.Random: lambda thing, home: _random(thing.getstate, thing.setstate),
}
"""How each kind of object is looked at; what is none of these has its attributes at most."""
