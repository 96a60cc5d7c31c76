"""Another function of the user's module in the place of the one that is called: only such as do nothing but compute."""

import ast
import dis
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from gradcheck.checking.diagnosis.repair.around import Around, Edits, Kind
from gradcheck.checking.diagnosis.repair.running import codes_in

HELPERS = 8
"""So many other functions of the module are tried in the place of the one that is called."""


def of_module(function: FunctionType) -> Kind:
    """Another function of the same module in the place of one that is called, as often and with as much."""
    others = dict(_helpers(function.__globals__, function))

    def called_otherwise(node: ast.AST, around: Around) -> Edits:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in others:
            count = others[node.func.id]
            for name in [n for n, c in others.items() if c == count and n != node.func.id][:HELPERS]:
                yield "permuted", ast.Call(ast.Name(name, ast.Load()), node.args, node.keywords)

    return called_otherwise


def _helpers(members: Mapping[str, Any], function: FunctionType) -> Iterator[tuple[str, int]]:
    """The plain functions of the file, with how many arguments each takes; those written closest by first."""
    code = function.__code__
    found = [(n, f) for n, f in members.items() if isinstance(f, FunctionType) and f is not function]
    near = [(n, f) for n, f in found if f.__code__.co_filename == code.co_filename and only_computes(f)]
    for name, other in sorted(near, key=lambda item: abs(item[1].__code__.co_firstlineno - code.co_firstlineno)):
        yield name, other.__code__.co_argcount


_BUILTINS = {
    "abs", "all", "any", "bool", "enumerate", "float", "int", "isinstance", "len", "list", "max", "min", "pow",
    "range", "reversed", "round", "sum", "tuple", "zip",
}  # fmt: skip
_OF_MODULES = ("numpy", "math", "scipy.special")
_DEEDS = {
    "random", "save", "savez", "savez_compressed", "savetxt", "tofile", "dump", "load", "loadtxt", "fromfile",
    "memmap", "seterr", "seterrcall",
}  # fmt: skip
"""What names of NumPy stand for that is more than computing."""
_WRITES = ("STORE_GLOBAL", "STORE_ATTR", "STORE_DEREF", "LOAD_DEREF", "DELETE_GLOBAL", "DELETE_ATTR", "IMPORT_")


def only_computes(function: FunctionType, within: frozenset[CodeType] = frozenset()) -> bool:
    """Whether a call that nobody asked for can do no harm: of its module it reads numbers, NumPy and others like it.

    No file, no print, no attribute set, no variable of others, no function of unknown doing.

    Examples
    --------
    >>> def squared(x):
    ...     return np.square(x)
    >>> def noted(x):
    ...     print(x)
    ...     return np.square(x)
    >>> only_computes(squared), only_computes(noted)
    (True, False)
    """
    code = function.__code__
    if code in within:  # it calls itself
        return True
    steps = list(_steps(code))
    if any(step.opname.startswith(_WRITES) or step.argval in _DEEDS for step in steps if _is_named(step)):
        return False
    read = {step.argval for step in steps if step.opname == "LOAD_GLOBAL"}
    return all(_is_harmless(name, function, within | {code}) for name in read)


def _steps(code: CodeType) -> Iterator[dis.Instruction]:
    """What it does, and what the comprehensions in it do."""
    for one in (code, *codes_in(code)):
        yield from dis.get_instructions(one)


def _is_named(step: dis.Instruction) -> bool:
    return isinstance(step.argval, str) and step.opname != "LOAD_CONST"


def _is_harmless(name: str, function: FunctionType, within: frozenset[CodeType]) -> bool:
    if name not in function.__globals__:
        return name in _BUILTINS
    value = function.__globals__[name]
    if isinstance(value, FunctionType):
        return only_computes(value, within)
    if isinstance(value, ModuleType):
        return value.__name__ in _OF_MODULES
    return isinstance(value, np.ufunc | np.generic | float | int)
