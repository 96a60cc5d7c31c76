"""Heat maps of a gradient: analytic, numerical and their difference, on one scale.

A picture is a PNG of one pixel a cell, written here byte by byte. Its colours are blue below zero and orange above,
told apart by everyone who sees colours at all, and transparent at zero, so that they stand on a light page and on a
dark one. What was not measured is grey.
"""

import base64
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.checking.report import Comparison

Array = NDArray[Any]

CELLS = 24
"""A picture has no more rows or columns than these; of a larger tensor each cell is the largest of a block."""

LEVELS = 15
BLUE, ORANGE, GREY = (33, 113, 220), (230, 97, 1), (128, 128, 128)


def pictures(c: Comparison) -> dict[str, Any] | None:
    """Three pictures as data addresses with what is to be said of each; None of what is empty or has no gradient."""
    if c.analytic is None or not c.analytic.size:
        return None
    arrays = {"analytic": c.analytic}
    if c.numerical is not None:
        arrays |= {"numerical": c.numerical, "error": c.analytic - c.numerical}
    scale = max(_largest(arrays["analytic"]), _largest(arrays.get("numerical", np.zeros(()))))
    maps = [
        {"of": name, "image": heat_map(array, scale), "largest": f"{_largest(array):.3g}"}
        for name, array in arrays.items()
    ]
    rows, columns = folded(c.analytic).shape
    return {"scale": f"{scale:.3g}", "rows": rows, "columns": columns, "maps": maps}


def heat_map(array: Array, scale: float) -> str:
    """A PNG as a data address."""
    cells = blocks(folded(np.asarray(array, float)))
    share = np.clip(cells / scale, -1, 1) if scale > 0 else cells * 0
    levels = np.where(np.isfinite(share), np.rint(np.nan_to_num(share) * LEVELS) + LEVELS + 1, 0).astype(np.uint8)
    return f"data:image/png;base64,{base64.b64encode(_png(levels)).decode()}"


def folded(array: Array) -> Array:
    """As a table: the last axis across, all others down.

    Examples
    --------
    >>> folded(np.zeros((2, 3, 4))).shape, folded(np.zeros(5)).shape, folded(np.zeros(())).shape
    ((6, 4), (1, 5), (1, 1))
    """
    return array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)


def blocks(table: Array, most: int = CELLS) -> Array:
    """The table in no more than so many rows and columns, each cell the value largest in size of its block.

    Examples
    --------
    >>> blocks(np.array([[1.0, -3.0, 2.0, 0.0]]), most=2)
    array([[-3.,  2.]])
    """
    for axis in (0, 1):
        if table.shape[axis] > most:
            cuts = np.linspace(0, table.shape[axis], most + 1).astype(int)[:-1]
            sized = np.nan_to_num(table, nan=0.0)
            high, low = np.maximum.reduceat(sized, cuts, axis=axis), np.minimum.reduceat(sized, cuts, axis=axis)
            unknown = np.logical_and.reduceat(np.isnan(table), cuts, axis=axis)
            table = np.where(unknown, np.nan, np.where(high >= -low, high, low))
    return table


def _largest(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0, where=np.isfinite(array)))


def _png(levels: Array) -> bytes:
    rows, columns = levels.shape
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    pixels = b"".join(b"\0" + row.tobytes() for row in levels)
    colours = bytes([*GREY, *BLUE * LEVELS, *ORANGE * (LEVELS + 1)])
    strength = [round(255 * abs(k) / LEVELS) for k in range(-LEVELS, LEVELS + 1)]
    parts = {b"IHDR": header, b"PLTE": colours, b"tRNS": bytes([160, *strength]), b"IDAT": zlib.compress(pixels, 9)}
    body = b"".join(_chunk(kind, data) for kind, data in parts.items())
    return b"\x89PNG\r\n\x1a\n" + body + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
