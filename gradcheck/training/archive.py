"""Archives of arrays as files: written whole or not at all, and read without trust."""

import os
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.training.dataset import DataError

Arrays = dict[str, NDArray[Any]]
HEADER = "gradcheck"  # the entry that says what the rest is
# A damaged archive is told in as many ways as there are; RuntimeError where it claims to be encrypted or of the future.
_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    MemoryError,
    SyntaxError,
    RuntimeError,
    zlib.error,
    zipfile.BadZipFile,
)


def read(path: Path) -> Arrays:
    """All arrays of an archive that is no larger unpacked than it is on the disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise DataError(f"{path}: it is compressed, which save() never does, so its size could be a trap")
            if sum(entry.file_size for entry in entries) > path.stat().st_size:
                raise DataError(f"{path}: its entries overlap, which those of save() never do; its size is a trap")
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            arrays = {name: np.asarray(found[name]) for name in found.files}
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except _DAMAGE as error:
        raise DataError(f"{path}: it is damaged, or no file of save() ({error})") from error
    if HEADER not in arrays:
        raise DataError(f"{path}: it is an archive of arrays, but none that save() has written")
    return arrays


def write_atomically(path: Path, arrays: Arrays) -> None:
    """Write the archive beside its place, then move it there."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise IsADirectoryError(f"{path}: it is a folder; give the name of a file in it")
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """What new files are denied here; the private mode of temporary files would stay otherwise."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
