"""What is constant in a form, such as labels and masks, as plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np


def plain(constant: Any) -> Any:
    """Labels or a mask as a plain array."""
    return np.asarray(getattr(constant, "value", constant))
