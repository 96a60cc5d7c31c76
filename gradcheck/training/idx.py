"""IDX, the format MNIST is published in: a magic number, the shape, then the bytes.

::

    00 00 08 03    unsigned bytes, 3 axes
    00 00 ea 60    60,000 pictures
    00 00 00 1c    of 28 rows
    00 00 00 1c    and 28 columns
    ...            60,000 × 28 × 28 bytes, the last axis fastest

All numbers are big-endian. Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", 1998.
"""

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.dataset import DataError

UNSIGNED_BYTE = 0x08
MOST_ITEMS = 1_000_000  # a damaged count is refused before memory is asked for

GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path, item_shape: tuple[int, ...]) -> NDArray[np.uint8]:
    r"""The array of unsigned bytes in an IDX file, plain or, if its name ends in ``.gz``, compressed.

    Parameters
    ----------
    path
        The file.
    item_shape
        The shape of one item: (28, 28) for a picture, () for a label.

    Returns
    -------
    array
        Of shape (N, \*item_shape).

    Raises
    ------
    DataError
        Unless the file holds exactly that; it says what was expected and what was found.
    """
    if not path.is_file():
        raise damaged(path, "a file", "a directory" if path.is_dir() else "none that can be read")
    try:
        with _open(path) as stream:
            return _read(stream, path, item_shape)
    except gzip.BadGzipFile as error:
        raise damaged(path, "gzip data from end to end", _what(error)) from error
    except (EOFError, zlib.error) as error:
        found = f"one that is cut short or damaged ({_what(error)})"
        raise damaged(path, "a whole gzip file", found) from error
    except OSError as error:
        raise damaged(path, "a file that can be read", error.strerror or _what(error)) from error


def fingerprint(array: NDArray[np.uint8]) -> str:
    """The MD5 of the plain IDX file that would hold this array: the same picture set, the same fingerprint.

    >>> fingerprint(np.zeros((2, 28, 28), np.uint8))
    'c68c04285e046ffe9fbe29eba6f3af01'
    """
    header = struct.pack(f">HBB{array.ndim}I", 0, UNSIGNED_BYTE, array.ndim, *array.shape)
    digest = hashlib.md5(header, usedforsecurity=False)
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def damaged(path: object, expected: str, found: str, remedy: str = "") -> DataError:
    """The error for a file that is not what it should be."""
    return DataError(f"{path}: expected {expected}, found {found}.{' ' + remedy if remedy else ''}")


def _open(path: Path) -> BinaryIO | gzip.GzipFile:
    stream = path.open("rb")
    if path.suffix != ".gz":
        return stream
    start = stream.read(4)
    stream.close()
    if start[:2] == GZIP_MAGIC:
        return gzip.open(path, "rb")
    expected, found = "a gzip file (1f 8b …)", _looks_like(start)
    raise damaged(path, expected, found, "If it is not compressed, take .gz off its name.")


def _read(stream: BinaryIO | gzip.GzipFile, path: Path, item_shape: tuple[int, ...]) -> NDArray[np.uint8]:
    count = _read_header(stream, path, item_shape)
    size = count * math.prod(item_shape)
    # One byte more than is due: it shows trailing bytes, and makes gzip compare its checksum.
    data = stream.read(size + 1)
    if len(data) != size:
        found = f"{len(data):,}" if len(data) < size else f"{size:,} and more after them"
        raise damaged(path, f"{size:,} bytes for the {count:,} items its header announces", found)
    return np.frombuffer(data, np.uint8).reshape(count, *item_shape)


def _read_header(stream: BinaryIO | gzip.GzipFile, path: Path, item_shape: tuple[int, ...]) -> int:
    axes = 1 + len(item_shape)
    magic = bytes([0, 0, UNSIGNED_BYTE, axes])
    header = stream.read(4 + 4 * axes)
    if header and header[:4] != magic[: len(header)]:
        remedy = "If it is compressed, its name has to end in .gz." if header[:2] == GZIP_MAGIC else ""
        raise damaged(path, f"the magic number {magic.hex(' ')}", _looks_like(header), remedy)
    if len(header) < 4 + 4 * axes:
        found = f"{len(header)}" if header else "an empty file"
        raise damaged(path, f"a header of {4 + 4 * axes} bytes", found)
    count, *shape = struct.unpack(f">{axes}I", header[4:])
    if tuple(shape) != item_shape:
        raise damaged(path, f"pictures of {_by(item_shape)} pixels", f"pictures of {_by(shape)}")
    if not 1 <= count <= MOST_ITEMS:
        raise damaged(path, f"a count from 1 to {MOST_ITEMS:,}", f"a count of {count:,}")
    return int(count)


def _looks_like(start: bytes) -> str:
    text = start[:4].hex(" ") or "nothing"
    return f"{text}, the start of a web page" if start.lstrip()[:1] == b"<" else text


def _by(shape: tuple[int, ...] | list[int]) -> str:
    return " × ".join(f"{n:,}" for n in shape)


def _what(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
