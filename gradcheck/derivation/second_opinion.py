"""The gradient once more, by autograd: the same code, run with autograd's NumPy in place of NumPy."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout, suppress
from types import FunctionType
from typing import Any

import numpy as np

from gradcheck.derivation.namespace import with_numpy


def autograd_gradient(f: Callable[..., Any], point: Mapping[str, Any], name: str) -> Any:
    """∂f/∂name at `point` by autograd, or None where the code cannot be run with it."""
    if not isinstance(f, FunctionType):
        return None
    try:
        import autograd
        import autograd.numpy as anp
    except ImportError:
        return None
    ours = with_numpy(f, anp)
    quiet = redirect_stdout(io.StringIO())
    with np.errstate(all="ignore"), warnings.catch_warnings(), quiet, suppress(Exception):  # it cannot do everything
        warnings.simplefilter("ignore")
        return autograd.grad(lambda x: ours(**{**point, name: x}))(point[name])
    return None
