"""Layers of sequences: any hyper-parameters, shapes and values."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.analytic import Case, Embedding
from gradcheck.testing.arrays import shapes
from gradcheck.testing.layers.drawing import classes, draws, with_parameters


@draws(Embedding)
@st.composite
def _embedding(draw: st.DrawFn, dtype: np.dtype[Any]) -> Case:
    *shape, V, D = draw(shapes((3, 4)))
    return Case("Embedding", draw(with_parameters(Embedding(V, D, 0, dtype))), (draw(classes((*shape, V))),))
