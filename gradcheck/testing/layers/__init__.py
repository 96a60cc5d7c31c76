"""Layers and losses with any hyper-parameters, parameters and inputs: one strategy for each class.

A new layer gets a function under ``@draws(Layer)`` in the module of its family, and with it every test that goes over
all layers.
"""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import DTypeLike

from gradcheck.analytic import Case, Layer, Loss
from gradcheck.testing.layers import (  # noqa: F401 - importing a family fills the table
    images,
    losses,
    networks,
    normalization,
    pointwise,
    sequences,
    shaping,
)
from gradcheck.testing.layers.drawing import STRATEGIES


def layer_cases(layer_type: type[Layer] | type[Loss], *, dtype: DTypeLike = np.float64) -> st.SearchStrategy[Case]:
    """A layer or loss of this type with drawn hyper-parameters and parameters, and an input it takes.

    Parameters
    ----------
    layer_type : type
        A public class of :mod:`gradcheck.analytic`.
    dtype : dtype
        Of the parameters and the input.

    Returns
    -------
    strategy of gradcheck.analytic.Case
        With ``subject`` and ``inputs``; the batch has 2 rows or more, and values stay away from kinks. Shrinks to few,
        short axes and small whole numbers.

    Raises
    ------
    ValueError
        For a class that has no entry here.

    Examples
    --------
    >>> from hypothesis import given
    >>> from gradcheck.analytic import Dense
    >>> @given(layer_cases(Dense))
    ... def test_the_last_axis_is_that_of_the_weights(case):
    ...     (x,) = case.inputs
    ...     y = case.subject.forward(x)
    ...     assert y.shape == (*x.shape[:-1], case.subject.W.shape[1])
    >>> test_the_last_axis_is_that_of_the_weights()
    """
    if layer_type not in STRATEGIES:
        raise ValueError(
            f"layer_cases: {layer_type!r} has no strategy; expected a class of gradcheck.analytic such as Dense"
        )
    return STRATEGIES[layer_type](np.dtype(dtype))
