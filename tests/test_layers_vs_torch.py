"""Values and gradients of every layer and loss are those of PyTorch, in float32 and float64, to rounding."""

import numpy as np
import pytest
from autograd_references import analytic, value
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.analytic import (
    BatchNormalization,
    Case,
    GroupNormalization,
    LayerNormalization,
    RMSNorm,
    cases,
)
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


@pytest.mark.parametrize(
    ("layer_type", "sizes", "shape"),
    [
        (LayerNormalization, (64,), (16, 64)),
        (RMSNorm, (64,), (16, 64)),
        (GroupNormalization, (8, 2), (4, 8, 5, 6)),
        (BatchNormalization, (8,), (64, 8)),
    ],
)
def test_far_from_zero_single_precision_loses_no_more_than_in_torch(layer_type, sizes, shape):
    """Of 1e4 + x, rounding leaves three digits of x: what is right then is what double precision makes of the rest."""
    rng = np.random.default_rng(0)
    x, dy = (1e4 + rng.normal(size=shape)).astype(np.float32), rng.normal(size=shape).astype(np.float32)
    case, exact = (
        Case("", layer_type(*sizes, dtype=dtype), (x.astype(dtype),), ("x",)) for dtype in (np.float32, np.float64)
    )
    y_torch, torch_gradients = by_torch(case, dy)
    right = {"y": value(exact), **analytic(exact, dy.astype(np.float64))}
    ours, theirs = {"y": value(case), **analytic(case, dy)}, {"y": y_torch, **torch_gradients}

    def lost(found):
        return {name: np.abs(found[name] - right[name]).max() / np.abs(right[name]).max() for name in right}

    assert all(lost(ours)[name] < 8 * error + 1e-6 for name, error in lost(theirs).items())


def test_every_layer_has_its_counterpart_or_a_reason_why_not():
    assert set(REFERENCES) | set(NOT_IN_TORCH) == set(LAYERS)
    assert not set(REFERENCES) & set(NOT_IN_TORCH)
    assert all(NOT_IN_TORCH.values())
