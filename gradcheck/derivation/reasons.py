"""Why a step back looks as it does: where a transpose, a sum or a mask in a gradient comes from.

Every reason is read off the forward operation between two named values, as a message of the catalogue
(:mod:`gradcheck.derivation.languages`) with its numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradcheck.derivation.indexing import has_arrays
from gradcheck.derivation.notation import Python
from gradcheck.derivation.rules import RULES
from gradcheck.derivation.simplify import Simplifier
from gradcheck.derivation.trace import interior
from gradcheck.derivation.value import Traced

Remark = tuple[str, dict[str, Any]]
"""The key of a message, and what to put into it."""

_SAID = {
    **dict.fromkeys(("transpose", "reshape"), "why_rearranged"),
    **dict.fromkeys(("getitem", "move"), "why_picked"),
    **dict.fromkeys(("maximum", "minimum", "where", "absolute"), "why_choice"),
    **dict.fromkeys(("concatenate", "stack"), "why_block"),
    **dict.fromkeys(("gather", "scatter"), "why_overlap"),
    **dict.fromkeys(("cholesky", "eigvalsh", "eigenvectors"), "why_triangle"),
    "put": "why_entry",
    "assembled": "why_written",
    "max": "why_max",
    "min": "why_min",
    "prod": "why_prod",
}


def reasons(above: Traced, below: Traced) -> tuple[Remark, ...]:
    """What happened to `below` on its way to `above`, as far as it shapes the gradient."""
    found: dict[str, Remark] = {}
    for node, k in _uses(above, below):
        for key, fields in _of(node, k, below):
            found.setdefault(key, (key, fields))
    if found.keys() & {"why_transposed_left", "why_transposed_right"}:
        found.pop("why_rearranged", None)
    return tuple(found.values())


def dimensions(shape: tuple[int, ...]) -> str:
    """A shape as mathematics writes it: 784×100.

    Examples
    --------
    >>> dimensions((784, 100)), dimensions((3,)), dimensions(())
    ('784×100', '3', '1')
    """
    return "×".join(map(str, shape)) or "1"


def _uses(above: Traced, below: Traced) -> Iterator[tuple[Traced, int]]:
    """The operations between the two, each with the number of the argument that `below` comes in by."""
    carries = {id(below)}
    for node in [*interior(above), above]:
        for k, x in enumerate(node.inputs):
            if id(x) in carries and RULES[node.op].carries(k):
                carries.add(id(node))
                yield node, k


def _of(node: Traced, k: int, below: Traced) -> Iterator[Remark]:
    x = node.inputs[k]
    name = _called(x)  # `below`, or what was made of it before
    if node.op == "matmul":
        yield from _of_product(node, k, x, name)
    elif node.op == "sum" and (weight := _weight(node, x, below)) is not None:
        yield "why_weighted", {"x": below.name, "other": _called(weight)}
    elif node.op == "sum":
        key = "why_sum" if node.params["axis"] is None else "why_sum_axis"
        yield key, {"axis": _axes(node.params["axis"]), "shape": dimensions(x.shape)}
    elif node.op == "getitem" and node.size == x.size and not has_arrays(node.params["index"]):
        yield "why_rearranged", {"x": name}  # x[:, None]
    elif node.op in _SAID:
        yield _SAID[node.op], {"x": below.name if node.op == "where" else name}
    elif node.op == "einsum":
        yield "why_einsum", {"x": name, "subscripts": node.params["subscripts"]}
    elif node.op != "outer" and (repeated := _repeated(x.shape, node.shape)):
        shapes = {"shape": dimensions(x.shape), "wide": dimensions(node.shape)}
        yield "why_broadcast", {"x": name, "axes": _axes(repeated), **shapes}
    if node.op == "matmul" and x.ndim < node.ndim and x.ndim > 1:
        yield "why_broadcast", {"x": name, "shape": dimensions(x.shape), "wide": dimensions(node.shape), "axes": "0"}


def _weight(total: Traced, products: Traced, below: Traced) -> Traced | None:
    """The array by which `below` was multiplied, entry by entry, before all was added up."""
    if total.params["axis"] is not None or products.op != "multiply" or products.name:
        return None
    others = [x for x in products.inputs if x is not below]
    return others[0] if len(others) == 1 and others[0].shape == below.shape and not others[0].depends else None


def _of_product(node: Traced, k: int, x: Traced, name: str) -> Iterator[Remark]:
    other = node.inputs[1 - k]
    fields = {"x": name, "other": other.name or Python().operand(Simplifier().formula(other))}
    if x.op == "transpose" and not x.name and x.ndim == other.ndim == 2:
        name = fields["x"] = _called(x.inputs[0])
        yield ("why_transposed_left" if k == 0 else "why_transposed_right"), fields
    elif x.ndim > 1 and other.ndim == 1:
        yield "why_outer", fields
    elif other.ndim > 1 and (x.ndim > 1 or k == 1):
        yield ("why_matmul_left" if k == 0 else "why_matmul_right"), fields
    if k == 1 and node.ndim == x.ndim == other.ndim == 2:
        yield "why_shared_rows", {"x": name, "rows": other.shape[0]}


def _called(value: Traced) -> str:
    """A name, or how it is made of names."""
    return value.name or Python().write(Simplifier().formula(value))


def _axes(axis: Any) -> str:
    return str(axis).strip("(,)[]")


def _repeated(small: tuple[int, ...], large: tuple[int, ...]) -> list[int]:
    """The axes of the large shape along which the small one was repeated."""
    extra = len(large) - len(small)
    return [k for k, n in enumerate(large) if k < extra or (small[k - extra] == 1 and n != 1)]
