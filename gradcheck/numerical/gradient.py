"""The textbook's numerical gradient: change one entry, look at f, put it back."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scalar = Callable[[NDArray[Any]], Any]


def numerical_gradient(f: Scalar, x: NDArray[Any], h: float = 1e-4) -> NDArray[Any]:
    """The gradient of a scalar function by central differences, entry by entry.

    ``∂f/∂x[i] ≈ (f(x + h e_i) − f(x − h e_i)) / 2h``

    Two evaluations of `f` for each entry of `x`; the error is about ``h² f'''/6`` (truncation) plus
    ``eps |f| / h`` (rounding). `x` is changed in place while `f` runs, so that a function which reads the
    array by another name sees the change too, and every entry is put back, also when `f` raises.

    Parameters
    ----------
    f : callable
        Takes `x`, returns one number (a Python number, a NumPy scalar or an array of one entry).
    x : ndarray of floats, any shape (also 0-d and empty)
        The point. It must be writeable; it is afterwards as it was.
    h : float
        The step, in the units of `x`.

    Returns
    -------
    ndarray
        The gradient, with the shape and dtype of `x`.

    Raises
    ------
    TypeError
        If `x` is no array of real floats, or `f` returns no single number.
    ValueError
        If `h` is not positive and finite, or `x` is read-only.

    Examples
    --------
    >>> x = np.array([3.0, 4.0])
    >>> numerical_gradient(lambda x: x[0] ** 2 + x[1] ** 2, x).round(6)
    array([6., 8.])

    References
    ----------
    Saito, Deep Learning from Scratch, 2017, sections 4.3 and 4.4. Press et al., Numerical Recipes, 3rd
    edition, 2007, section 5.7.
    """
    _require_float_array(x)
    if not (np.isfinite(h) and h > 0):
        raise ValueError(f"h is {h!r}; a central difference needs a positive, finite step such as 1e-4")
    if not x.flags.writeable:
        raise ValueError("x is read-only and cannot be varied in place; pass x.copy()")
    gradient = np.empty_like(x)
    with np.nditer(x, flags=["multi_index", "zerosize_ok"], op_flags=["readwrite"]) as entries:
        for _ in entries:
            i = entries.multi_index
            kept = x[i]
            try:
                x[i] = kept + h
                above = _single_number(f(x))
                x[i] = kept - h
                below = _single_number(f(x))
            finally:
                x[i] = kept
            gradient[i] = (above - below) / (2 * h)
    return gradient


def gradient_descent(f: Scalar, x0: NDArray[Any], lr: float = 0.01, steps: int = 100) -> NDArray[Any]:
    """The path of gradient descent on `f` from `x0`, with numerical gradients.

    ``x_{k+1} = x_k − lr · ∇f(x_k)``

    Parameters
    ----------
    f : callable
        Takes an array like `x0`, returns one number.
    x0 : ndarray of floats
        Where to start; it is not changed.
    lr : float
        The learning rate, in units of x² / f.
    steps : int
        How many updates.

    Returns
    -------
    ndarray, shape (steps + 1, *x0.shape)
        Every point visited: ``path[0]`` is `x0`, ``path[-1]`` the last.

    Raises
    ------
    TypeError
        As :func:`numerical_gradient`.
    ValueError
        If `steps` is negative or `lr` is not finite.

    Examples
    --------
    >>> path = gradient_descent(lambda x: x[0] ** 2 + x[1] ** 2, np.array([-3.0, 4.0]), lr=0.1, steps=100)
    >>> path.shape, bool(abs(path[-1]).max() < 1e-8)
    ((101, 2), True)

    References
    ----------
    Cauchy, Méthode générale pour la résolution des systèmes d'équations simultanées, 1847.
    """
    _require_float_array(x0)
    if steps < 0:
        raise ValueError(f"steps is {steps}; the number of updates must be 0 or more")
    if not np.isfinite(lr):
        raise ValueError(f"lr is {lr!r}; the learning rate must be a finite number such as 0.01")
    path = np.empty((steps + 1, *x0.shape), x0.dtype)
    path[0] = x0
    for k in range(steps):
        # A copy, so that an f which keeps or changes its argument cannot rewrite the path.
        path[k + 1] = path[k] - lr * numerical_gradient(f, path[k].copy())
    return path


def _require_float_array(x: Any) -> None:
    if not isinstance(x, np.ndarray):
        raise TypeError(f"x is {type(x).__name__}; pass a NumPy array of floats, np.asarray(x, float)")
    if not np.issubdtype(x.dtype, np.floating):
        raise TypeError(f"x has dtype {x.dtype}, in which x + h cannot be stored; cast it first: x.astype(float)")


def _single_number(value: Any) -> Any:
    if np.size(value) != 1:
        raise TypeError(
            f"f returned an array of shape {np.shape(value)}; a gradient needs one number, "
            "so sum the outputs or use numerical_vjp"
        )
    return np.asarray(value).reshape(())[()]
