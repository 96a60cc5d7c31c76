"""The files MNIST comes in, read and compared with what they should hold."""

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.idx import damaged, fingerprint, read_idx

Bytes = NDArray[np.uint8]

PICTURE = (28, 28)
SHAPES = (PICTURE, (), PICTURE, ())  # of one item in each of the four files
CLASSES = 10

# The four files, and the MD5 of each when decompressed.
CHECKSUMS = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
KERAS_NAMES = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True, eq=False)
class Raw:
    """The four arrays as they stand in the files, with a name for each to use in messages."""

    arrays: tuple[Bytes, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        for array, name, shape in zip(self.arrays, self.names, SHAPES, strict=True):
            if array.dtype != np.uint8 or array.shape[1:] != shape or not array.size:
                expected = f"unsigned bytes of shape ({', '.join(map(str, ('N', *shape)))})"
                raise damaged(name, expected, f"{array.dtype} of shape {array.shape}")
        for part in (0, 2):
            _require_labels(self.arrays[part], self.names[part], self.arrays[part + 1], self.names[part + 1])

    @property
    def genuine(self) -> bool:
        """Whether these are the very bytes of the published MNIST."""
        return all(fingerprint(a) == md5 for a, md5 in zip(self.arrays, CHECKSUMS.values(), strict=True))


def read_folder(folder: Path) -> Raw:
    """The four IDX files of a folder, plain or gzipped, in either spelling of their names.

    Raises
    ------
    DataError
        If one is missing or damaged, or a picture has no label.
    """
    paths = [find(folder, part) for part in CHECKSUMS]
    missing = [part for part, path in zip(CHECKSUMS, paths, strict=True) if path is None]
    if missing:
        raise damaged(folder, "all four MNIST files", f"no {' and no '.join(missing)} (plain or .gz)")
    found = [path for path in paths if path is not None]
    arrays = tuple(read_idx(path, shape) for path, shape in zip(found, SHAPES, strict=True))
    return Raw(arrays, tuple(map(str, found)))


def find(folder: Path, part: str) -> Path | None:
    """The file of this name, plain before gzipped; else whatever stands in its place; else None."""
    spellings = (part, part.replace("-idx", ".idx"))
    places = [folder / (name + suffix) for suffix in ("", ".gz") for name in spellings]
    present = [path for path in places if os.path.lexists(path)]
    return next((path for path in present if path.is_file()), present[0] if present else None)


def read_npz(path: Path) -> Raw:
    """The archive that Keras keeps; nothing in it is ever unpickled.

    Raises
    ------
    DataError
        If it is damaged, lacks an array, or a picture has no label.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = tuple(archive[name] for name in KERAS_NAMES)
    except KeyError as error:
        raise damaged(path, f"the arrays {', '.join(KERAS_NAMES)}", str(error.args[0])) from error
    # NumPy tells a damaged archive in as many ways as there are.
    except (OSError, EOFError, ValueError, TypeError, MemoryError, zlib.error, zipfile.BadZipFile) as error:
        raise damaged(path, "an archive of arrays (.npz)", f"one that cannot be read ({error})") from error
    return Raw(arrays, tuple(f"{name} in {path}" for name in KERAS_NAMES))


def _require_labels(pictures: Bytes, pictures_name: str, labels: Bytes, labels_name: str) -> None:
    if len(pictures) != len(labels):
        expected = f"a label for each of the {len(pictures):,} pictures in {pictures_name}"
        raise damaged(labels_name, expected, f"{len(labels):,} labels")
    if labels.max() >= CLASSES:
        first = int(np.argmax(labels >= CLASSES))
        raise damaged(labels_name, f"labels from 0 to {CLASSES - 1}", f"{labels[first]} at position {first:,}")
