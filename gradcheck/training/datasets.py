"""One door to the data sets."""

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.training.dataset import DataError, Dataset
from gradcheck.training.digits import load_digits
from gradcheck.training.mnist import load_mnist, named

Name = Literal["auto", "mnist", "digits"]


def load(
    dataset: Name = "auto",
    data: str | os.PathLike[str] | None = None,
    *,
    dtype: DTypeLike = np.float64,
    progress: Callable[[str, int, int], None] | None = None,
) -> Dataset:
    """A data set by name; ``"auto"`` is MNIST where it can be had, else digits, and its ``note`` says why.

    Parameters
    ----------
    dataset
        ``"auto"``, ``"mnist"`` or ``"digits"``.
    data
        Where MNIST's files are, as in :func:`load_mnist`. Files that are named, here or by
        ``GRADCHECK_DATA``, are meant: if they are damaged, ``"auto"`` is no way round the error.
    dtype
        Of the pictures.
    progress
        Called during a download with the file's name, the bytes so far, and the bytes in all.

    Raises
    ------
    DataError
        If the data is missing or damaged.
    ValueError
        If there is no data set of that name, or ``data`` is given for digits, which has no files.

    Examples
    --------
    >>> load("digits").name
    'digits'
    """
    if dataset not in get_args(Name):
        raise ValueError(f"dataset has to be one of {', '.join(get_args(Name))}; it is {dataset!r}")
    if dataset == "digits":
        if data is not None:
            raise ValueError(f"data={os.fspath(data)!r} is for MNIST; digits come with scikit-learn")
        return load_digits(dtype=dtype)
    try:
        return load_mnist(data, dtype=dtype, progress=progress)
    except DataError as error:
        if dataset == "mnist" or named(data):
            raise
        return replace(load_digits(dtype=dtype), note=str(error))
