"""Products and rearrangements without what takes itself back: double transposes, identities, repeated reshapes."""

from __future__ import annotations

from dataclasses import replace

from gradcheck.derivation.symbols import Formula, Function, Number, Symbol, spelled
from gradcheck.derivation.value import Traced


def rearranged(value: Traced, arguments: list[Formula]) -> Formula:
    """The formula of a matmul, a transpose or a reshape of these arguments."""
    if value.op == "matmul":
        return _product(value, *arguments)
    x = arguments[0]
    if isinstance(x, Function) and x.op == "broadcast_to" and isinstance(x.arguments[0], Number):  # all entries alike
        return replace(x, params={"shape": value.shape}, key=spelled({"shape": value.shape}), shape=value.shape)
    return _transposed(value, x) if value.op == "transpose" else _reshaped(value, x)


def _product(value: Traced, x: Formula, y: Formula) -> Formula:
    if _is_identity(x):
        return y
    return x if _is_identity(y) else _same(value, x, y)


def _transposed(value: Traced, x: Formula) -> Formula:
    if isinstance(x, Function) and x.op == "transpose":
        inner, outer = _order(x), _order(value)
        if [inner[k] for k in outer] == list(range(len(outer))):
            return x.arguments[0]
    return x if _is_identity(x) else _same(value, x)


def _order(transposed: Traced | Function) -> list[int]:
    """Where each axis comes from."""
    axes, n = transposed.params["axes"], len(transposed.shape)
    return list(range(n))[::-1] if axes is None else list(axes)


def _reshaped(value: Traced, x: Formula) -> Formula:
    while isinstance(x, Function) and x.op == "reshape":
        x = x.arguments[0]
    return x if x.shape == value.shape else _same(value, x)


def _same(value: Traced, *arguments: Formula) -> Formula:
    return Function(value.op, arguments, value.params, spelled(value.params), value.shape)


def _is_identity(x: Formula) -> bool:
    return isinstance(x, Symbol) and x.name.startswith("eye(")
