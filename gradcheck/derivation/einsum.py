"""Einstein sums: every axis has a letter, and what is not named in the result is summed.

The cotangent of an operand is an Einstein sum again: the operand and the result change places. With
``y_ik = Σ_j a_ij b_jk``, that is ``ij,jk->ik``, the sum for a is ``ik,jk->ij``.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase
from typing import Any

import numpy as np


def spelled_out(subscripts: str, ndims: Sequence[int]) -> str:
    """`subscripts` with a result, and a letter for every axis that dots stand for.

    Examples
    --------
    >>> spelled_out("ij,jk", [2, 2]), spelled_out("...d,de->...e", [3, 2])
    ('ij,jk->ik', 'yzd,de->yze')
    """
    given, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = given.split(",")
    free = [c for c in ascii_lowercase if c not in subscripts]
    dots = [n - len(term.replace("...", "")) for term, n in zip(terms, ndims, strict=True)]
    most = max((count for term, count in zip(terms, dots, strict=True) if "..." in term), default=0)
    letters = "".join(free[len(free) - most :])
    terms = [term.replace("...", letters[most - count :]) for term, count in zip(terms, dots, strict=True)]
    if not arrow:
        once = sorted(c for c in set("".join(terms)) if "".join(terms).count(c) == 1 and c not in letters)
        result = "..." + "".join(once)
    if any(len(set(term)) < len(term) for term in terms):
        raise TypeError(f"np.einsum('{subscripts}') takes a diagonal; write np.diagonal first")
    return f"{','.join(terms)}->{result.replace('...', letters)}"


def forward(*operands: Any, subscripts: str) -> Any:
    """The sum itself."""
    return np.einsum(subscripts, *operands)


def vjp(k: int, g: Any, ans: Any, *operands: Any, subscripts: str) -> Any:
    """The cotangent of operand `k`: it and the result change places."""
    given, _, result = subscripts.partition("->")
    terms = given.split(",")
    others = [term for i, term in enumerate(terms) if i != k]
    kept = "".join(c for c in terms[k] if c in result or any(c in term for term in others))
    if not result and others == [terms[k]]:  # a sum of products: each entry meets the other's
        return g * operands[1 - k]
    swapped = np.einsum(f"{','.join([result, *others])}->{kept}", g, *(x for i, x in enumerate(operands) if i != k))
    if kept == terms[k]:
        return swapped
    lengths = dict(zip(terms[k], operands[k].shape, strict=True))  # an axis summed by itself: every entry gets the same
    flat = swapped.reshape(tuple(lengths[c] if c in kept else 1 for c in terms[k]))
    return np.broadcast_to(flat, operands[k].shape)
