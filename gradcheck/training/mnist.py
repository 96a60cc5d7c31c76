"""MNIST: 70,000 handwritten digits of 28 × 28 pixels, from wherever they can be had."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gradcheck.training import download
from gradcheck.training.dataset import DataError, Dataset
from gradcheck.training.idx import damaged
from gradcheck.training.mnist_files import CHECKSUMS, Raw, find, read_folder, read_npz

VARIABLE = "GRADCHECK_DATA"

REMEDY = (
    f"Put the four files ({', '.join(name + '.gz' for name in CHECKSUMS)}) into one folder "
    f"and name it with --data, data= or {VARIABLE}."
)


def load_mnist(
    data: str | os.PathLike[str] | None = None,
    *,
    dtype: DTypeLike = np.float64,
    progress: download.Progress | None = None,
) -> Dataset:
    """MNIST as rows of 784 numbers in [0, 1] and class indices.

    It is looked for in this order, and the first that is there is taken:

    1. ``data``, else the folder named by the environment variable ``GRADCHECK_DATA``: the four IDX files,
       plain or gzipped, directly or in ``MNIST/raw`` below; or Keras' ``mnist.npz``. Any data set in this
       format will do; only the genuine one is called MNIST. If what is named is damaged or incomplete, that
       is an error: nothing else is taken in its place.
    2. What other libraries have left on this disk, if it is genuine: Keras' ``mnist.npz``, torchvision's
       ``MNIST/raw``.
    3. A download of 11 MB from the public mirrors, checked and kept for the next time (needs pooch).

    Parameters
    ----------
    data
        A folder, or an ``.npz`` file.
    dtype
        Of the pictures; in float64 they take 440 MB, in float32 half of that.
    progress
        Called during a download with the file's name, the bytes so far, and the bytes in all.

    Raises
    ------
    DataError
        If the files named are not there or damaged, or if there are none anywhere; it says what to do.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition",
    Proceedings of the IEEE 86 (11), 1998.
    """
    if place := named(data):
        raw = _read_named(Path(os.path.expanduser(place)))
        return _dataset(raw, "MNIST" if raw.genuine else "data in MNIST's format", place, dtype)
    for usual in _usual_places():
        if (found := _read_if_genuine(usual)) is not None:
            return _dataset(found, "MNIST", str(usual), dtype)
    folder, source = download.fetch(CHECKSUMS, REMEDY, progress)
    return _dataset(read_folder(folder), "MNIST", source, dtype)


def named(data: str | os.PathLike[str] | None = None) -> str:
    """The place the user asks for: the argument, else ``GRADCHECK_DATA``, else an empty string."""
    if data is None:
        return os.environ.get(VARIABLE, "")
    if not os.fspath(data):
        raise ValueError("data is empty; it has to name a folder, or be left out")
    return os.fspath(data)


def _read_named(place: Path) -> Raw:
    if place.suffix == ".npz":
        return read_npz(place)
    if not place.is_dir():
        raise damaged(place, "a folder with the MNIST files", "a file" if place.exists() else "nothing there", REMEDY)
    for folder in (place, place / "MNIST" / "raw"):
        if any(find(folder, part) for part in CHECKSUMS):
            return read_folder(folder)
    if (place / "mnist.npz").exists():
        return read_npz(place / "mnist.npz")
    raise damaged(place, "the MNIST files", "none of them", REMEDY)


def _usual_places() -> Iterator[Path]:
    keras = os.environ.get("KERAS_HOME") or os.path.expanduser("~/.keras")
    yield Path(keras) / "datasets" / "mnist.npz"
    for root in (".", "data", "datasets", "~/data", "~/datasets", "~/.cache/torch"):
        yield Path(os.path.expanduser(root)) / "MNIST" / "raw"


def _read_if_genuine(place: Path) -> Raw | None:
    """What lies here, unless it is damaged or something else: nobody has asked for it by name."""
    try:
        if not place.exists():
            return None
        raw = read_npz(place) if place.suffix == ".npz" else read_folder(place)
    except (DataError, OSError):
        return None
    return raw if raw.genuine else None


def _dataset(raw: Raw, name: str, source: str, dtype: DTypeLike) -> Dataset:
    x_train, t_train, x_test, t_test = raw.arrays
    return Dataset(
        x_train=_scaled(x_train, dtype),
        t_train=t_train.astype(np.intp),
        x_test=_scaled(x_test, dtype),
        t_test=t_test.astype(np.intp),
        name=name,
        source=source,
    )


def _scaled(pictures: NDArray[np.uint8], dtype: DTypeLike) -> NDArray[np.floating]:
    rows = pictures.reshape(len(pictures), -1).astype(dtype)
    rows /= 255  # in place: nothing here is larger than these rows
    return rows
