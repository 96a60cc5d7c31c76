"""The digits that come with scikit-learn: 1,797 pictures of 8 × 8 pixels, no network and no files needed."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gradcheck.training.dataset import DataError, Dataset


def load_digits(*, dtype: DTypeLike = np.float64) -> Dataset:
    """Scikit-learn's digits as rows of 64 numbers in [0, 1], every fifth of a class held out.

    Parameters
    ----------
    dtype
        Of the pictures; their values, sixteenths, are exact in any.

    Raises
    ------
    DataError
        If scikit-learn is not installed.

    Examples
    --------
    >>> digits = load_digits()
    >>> digits.x_train.shape, float(digits.x_train.max())
    ((1433, 64), 1.0)

    References
    ----------
    E. Alpaydin, C. Kaynak, "Optical recognition of handwritten digits", UCI Machine Learning
    Repository, 1998.
    """
    try:
        from sklearn import datasets
    except ImportError as error:
        reason = "the digits come with scikit-learn, which is not installed"
        raise DataError(f'{reason}. Run pip install "gradcheck[examples]".') from error

    x, t = datasets.load_digits(return_X_y=True)
    x = (x / 16).astype(dtype)
    held_out = _every_fifth_of_a_class(t)
    source = "bundled with scikit-learn"
    return Dataset(x[~held_out], t[~held_out], x[held_out], t[held_out], "digits", source)


def _every_fifth_of_a_class(t: NDArray[np.intp]) -> NDArray[np.bool_]:
    chosen = np.zeros(len(t), bool)
    for digit in np.unique(t):
        chosen[np.flatnonzero(t == digit)[::5]] = True
    return chosen
