"""Small data sets in MNIST's format, written for the tests."""

import gzip
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PARTS = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
TRAIN, TEST = 30, 20


def arrays(seed: int = 0) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    return [
        rng.integers(0, 256, (TRAIN, 28, 28), np.uint8),
        np.arange(TRAIN, dtype=np.uint8) % 10,
        rng.integers(0, 256, (TEST, 28, 28), np.uint8),
        np.arange(TEST, dtype=np.uint8)[::-1] % 10,
    ]


def idx(array: NDArray[np.uint8]) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_folder(folder: Path, *, seed: int = 0, suffix: str = "", dot: str = "-") -> Path:
    """The four files of a set; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, array in zip(PARTS, arrays(seed), strict=True):
        content = idx(array)
        name = part.replace("-idx", f"{dot}idx") + suffix
        (folder / name).write_bytes(gzip.compress(content) if suffix == ".gz" else content)
    return folder


def write_npz(path: Path, *, seed: int = 0) -> Path:
    """The same set as Keras keeps it; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays(seed), strict=True)))
    return path
