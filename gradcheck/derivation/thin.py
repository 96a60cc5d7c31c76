"""Formulas without the broadcasting that NumPy does anyway."""

from __future__ import annotations

import numpy as np

from gradcheck.derivation.symbols import Formula, Function, factored, multiply, power, product


def thinned(formula: Formula) -> Formula:
    """A product without the broadcasting that its other factors do anyway."""
    coefficient, powers = factored(formula)
    for base, exponent in powers:
        others = [b for b, _ in powers if b != base]
        inner = unspread(base, others)
        if inner is not base:
            rest = product(coefficient, {b: e for b, e in powers if b != base})
            return thinned(multiply(power(inner, exponent), rest))
    return formula


def unspread(x: Formula, beside: list[Formula]) -> Formula:
    """What was broadcast to `x`, if `beside` has the full shape already."""
    if not (isinstance(x, Function) and x.op == "broadcast_to"):
        return x
    inner = x.arguments[0]
    if isinstance(inner, Function) and inner.op == "reshape" and inner.shape.count(1) == len(inner.shape) - 1:
        flat = inner.arguments[0]  # (3,) made (1, 3): NumPy adds the leading axes itself
        inner = flat if inner.shape[inner.shape.count(1) :] == flat.shape else inner
    others = [other.shape for other in beside]
    return inner if np.broadcast_shapes(inner.shape, *others) == np.broadcast_shapes(x.shape, *others) else x
