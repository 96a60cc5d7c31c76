"""What JSON can hold of a report."""

from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """A value that JSON can hold: arrays as lists, what is not finite as text.

    Examples
    --------
    >>> plain(np.array([[0.5, np.nan]])), plain(np.float32(0.25)), plain(np.longdouble(2))
    ([[0.5, 'nan']], 0.25, 2.0)
    """
    if isinstance(value, np.ndarray):
        # the numbers of a wider type are no Python numbers, and tolist() leaves them as they are
        return plain((value.astype(float) if value.dtype == np.longdouble else value).tolist())
    if isinstance(value, np.generic):
        return plain(float(value) if isinstance(value, np.floating) else value.item())
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value
