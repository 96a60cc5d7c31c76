"""Values and gradients of every layer and loss are those of PyTorch, in float32 and float64, to rounding."""

import numpy as np
import pytest
from autograd_references import analytic, value
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.analytic import cases
from gradcheck.testing.strategies import cotangents, layer_cases

pytest.importorskip("torch", reason="PyTorch is the outside implementation to compare with, and is not installed")

from torch_references import NOT_IN_TORCH, REFERENCES, by_torch

LAYERS = sorted({type(case.subject) for case in cases()}, key=lambda layer_type: layer_type.__name__)
RACED = [layer_type for layer_type in LAYERS if layer_type in REFERENCES]


def close(ours, theirs):
    """Whether two arrays are the same but for a few roundings of their largest entry."""
    rounding = 64 * np.finfo(theirs.dtype).eps
    size = max(1.0, np.abs(theirs).max(initial=0.0))
    return np.shape(ours) == theirs.shape and np.allclose(ours, theirs, rtol=0, atol=rounding * size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("layer_type", RACED, ids=lambda layer_type: layer_type.__name__)
@settings(max_examples=12)
@given(data=st.data())
def test_values_and_gradients_are_those_of_torch(layer_type, dtype, data):
    case = data.draw(layer_cases(layer_type, dtype=dtype))
    y = value(case)
    dy = data.draw(cotangents(np.shape(y), dtype=dtype))
    y_torch, theirs = by_torch(case, dy)
    ours = analytic(case, dy)
    assert close(y, y_torch)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not close(ours[name], theirs[name])] == []


def test_every_layer_has_its_counterpart_or_a_reason_why_not():
    assert set(REFERENCES) | set(NOT_IN_TORCH) == set(LAYERS)
    assert not set(REFERENCES) & set(NOT_IN_TORCH)
    assert all(NOT_IN_TORCH.values())
