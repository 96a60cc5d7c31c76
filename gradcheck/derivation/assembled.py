"""The primitive behind an array that is filled piece by piece: what it computes, and its step back."""

from __future__ import annotations

from typing import Any

import numpy as np


def forward(base: Any, *pieces: Any, indices: tuple[Any, ...]) -> Any:
    """`base` with each piece written at its index, one after the other."""
    whole = np.array(base, float)
    for index, piece in zip(indices, pieces, strict=True):
        whole[index] = piece
    return whole


def vjp(k: int, g: Any, ans: Any, *inputs: Any, indices: tuple[Any, ...]) -> Any:
    """Of the k-th piece: δ where it still stands; of the array before: δ where nothing was written."""
    numbers, last = [], 0
    for piece in inputs:
        numbers.append(np.arange(last, last + piece.size).reshape(piece.shape))
        last += piece.size
    stands = forward(*numbers, indices=indices)
    if k > 0:
        g, stands = g[indices[k - 1]], stands[indices[k - 1]]
    mine = stands == numbers[k]
    return g if np.all(mine) else g * mine
