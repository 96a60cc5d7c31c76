"""What every layer and loss asks of the arrays it is given, said in one voice.

A message names who complains, which array, what was expected and what was found: that is what one needs to
repair the call without opening the source.
"""

from collections.abc import Mapping
from math import inf, isfinite
from operator import index
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array: TypeAlias = NDArray[np.floating[Any]]


def as_float_array(owner: object, name: str, value: Any, dtype: DTypeLike | None = None) -> Array:
    """`value` as a float array, or the `TypeError` that says what to cast it to.

    Parameters
    ----------
    owner : object
        Who asks; its ``repr`` begins the message.
    name : str
        The argument's name.
    value : array_like
        Never copied where it is an array already.
    dtype : dtype, optional
        The one type to accept; without it every real floating type is.

    Raises
    ------
    TypeError
        If the values are not real floating-point numbers, or not of type `dtype`.
    ValueError
        If they make no array, such as rows of different lengths.
    """
    array = as_array(owner, name, value)
    if array.dtype.kind != "f":
        target = np.dtype(dtype or np.float64)
        raise TypeError(
            f"{owner!r}: {name} has dtype {array.dtype}, expected real floating-point numbers; "
            f"cast it, for example {name}.astype(np.{target})"
        )
    if dtype is not None and array.dtype != dtype:
        raise TypeError(
            f"{owner!r}: {name} has dtype {array.dtype}, expected {np.dtype(dtype)}; "
            f"cast it with {name}.astype(np.{np.dtype(dtype)})"
        )
    return array


def as_array(owner: object, name: str, value: Any) -> NDArray[Any]:
    """`value` as an array, or the `ValueError` that names it: rows of different lengths are none."""
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{owner!r}: {name} cannot be made an array: {error}") from None


def require_real(owner: object, name: str, array: NDArray[Any]) -> None:
    """Raise the `TypeError` that names the dtype, unless these are real numbers: truth values, integers or floats."""
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{owner!r}: {name} has dtype {array.dtype}, expected real numbers")


def require_shape(owner: object, name: str, array: Array, expected: tuple[int, ...], why: str = "") -> None:
    """Raise the `ValueError` that names both shapes, unless they are the same."""
    if array.shape != expected:
        reason = f", {why}" if why else ""
        raise ValueError(f"{owner!r}: {name} has shape {array.shape}, expected {expected}{reason}")


def require_parameters(owner: object, params: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise unless the parameters still have the names and shapes the layer was built with."""
    for name, shape in shapes.items():
        if name not in params:
            raise ValueError(f"{owner!r}: parameter {name} is missing, expected an array of shape {shape}")
        require_shape(owner, f"parameter {name}", np.asarray(params[name]), shape)


def positive_integer(owner: str, name: str, value: Any) -> int:
    """`value` as a Python int of at least 1, or an error that names the argument."""
    number = integer(owner, name, value)
    if number < 1:
        raise ValueError(f"{owner}: {name} = {number}, expected at least 1")
    return number


def integer(owner: str, name: str, value: Any) -> int:
    """`value` as a Python int, or an error that names the argument."""
    try:
        return index(value)
    except TypeError:
        raise TypeError(f"{owner}: {name} = {value!r} is no integer") from None


def float_dtype(owner: str, dtype: DTypeLike) -> np.dtype[Any]:
    """`dtype` as a NumPy dtype, or an error unless it is a real floating type."""
    try:
        found = np.dtype(dtype)
    except TypeError as error:
        raise TypeError(f"{owner}: dtype = {dtype!r}: {error}") from None
    if not np.issubdtype(found, np.floating):
        raise TypeError(f"{owner}: dtype = {found}, expected a real floating type such as np.float64")
    return found


def real_number(owner: str, name: str, value: Any, least: float = -inf, most: float = inf) -> float:
    """`value` as a finite Python float within the bounds, or an error that names the argument."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{owner}: {name} = {value!r} is no number") from None
    if not isfinite(number):
        raise ValueError(f"{owner}: {name} = {number}, expected a finite number")
    if not least <= number <= most:
        expected = f"at least {least}" if most == inf else f"{least} to {most}"
        raise ValueError(f"{owner}: {name} = {number}, expected {expected}")
    return number
